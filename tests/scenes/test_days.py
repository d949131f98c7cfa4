"""The day of a pass is that on which it began, in every catalogue and whatever months are asked for."""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from servers import stac_api

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.scenes.catalog import catalog_of
from stac_timelapse.scenes.facts import catalog_lines
from stac_timelapse.scenes.search import SceneQuery, find_scenes

AREA = AreaOfInterest.from_bbox(150.4, 46.4, 150.5, 46.5)
#: It begins ten minutes before February; one catalogue dates it by its start, the other one by the tile.
DATATAKE = "GS2A_20220131T235241_034567_N03.01"
FEBRUARY = datetime(2022, 2, 1, tzinfo=UTC)


def item(name, when, datatake=None, tile="56TKS", **properties):
    ring = [[150, 46], [151, 46], [151, 47], [150, 47], [150, 46]]
    stamp = when[:19].replace("-", "").replace(":", "")
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": "sentinel-2-l2a",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "links": [],
        "properties": {
            "datetime": when,
            "platform": "sentinel-2a",
            "proj:epsg": 32656,
            "s2:mgrs_tile": tile,
            "s2:datatake_id": datatake or f"GS2A_{stamp}_000001_N03.01",
            "s2:datastrip_id": "S2A_OPER_MSI_L2A_DS_X_20220201T020000_S20220131T235500_N03.01",
            "s2:processing_baseline": "03.01",
            **properties,
        },
        "assets": {key: {"href": f"https://example.org/{name}/{key}.tif"} for key in ("B04", "SCL")},
    }


def silent(made):
    """Return an item without its datatake: satellite and day have to stand for it."""
    made = copy.deepcopy(made)
    del made["properties"]["s2:datatake_id"]
    return made


BY_START = [
    item("start-jan", "2022-01-10T23:40:00Z"),
    item("start", "2022-01-31T23:52:41Z", DATATAKE),
    item("start-feb", "2022-02-10T23:40:00Z"),
]
BY_TILE = [
    item("tile-jan", "2022-01-10T23:49:00Z", "GS2A_20220110T234000_000001_N03.01"),
    item("tile", "2022-02-01T00:01:30Z", DATATAKE),
    item("tile-feb", "2022-02-10T23:49:00Z", "GS2A_20220210T234000_000001_N03.01"),
]
ASKED = {("2022-01", "2022-01"), ("2022-02", "2022-02"), ("2022-01", "2022-02")}


@pytest.fixture
def catalogue(tmp_path):
    def write(name, items):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
        return catalog_of(str(path))

    return write


def found_in(catalogs, start, end, area=AREA, **more):
    return find_scenes(catalogs, SceneQuery(area, start, end, bands=("B04",), **more))


def passes_in(found):
    """Return month -> the ids of each of its passes."""
    return {month: [[scene.id for scene in one.scenes] for one in found.passes_of(month)] for month in found.months}


@pytest.mark.parametrize("asked", sorted(ASKED))
@pytest.mark.parametrize("first", ["start", "tile"])
@pytest.mark.parametrize("stated", [True, False])
def test_two_catalogues_agree_on_the_month_of_a_pass(catalogue, asked, first, stated):
    tiled = BY_TILE if stated else [silent(one) for one in BY_TILE]
    catalogs = [catalogue("start", BY_START), catalogue("tile", tiled)]
    found = found_in(catalogs if first == "start" else catalogs[::-1], *asked)
    each = {"2022-01": [[f"{first}-jan"], [first]], "2022-02": [[f"{first}-feb"]]}
    assert passes_in(found) == {month: each[month] for month in found.months}
    number = sum(len(each[month]) for month in found.months)
    assert (found.n_items, found.n_twins) == (2 * number, 0)
    # Nobody lacks anything, and no month is gained.
    assert all(line.endswith("; lacked none.") for line in catalog_lines(found))
    assert {share.n_items for share in found.catalogs} == {number}
    # The day that people read is the pass's own.
    assert {f"{one.datetime:%Y-%m-%d %H:%M}" for one in found.passes_of("2022-01")} <= {
        "2022-01-10 23:40",
        "2022-01-31 23:52",
    }


@pytest.mark.parametrize("items", [BY_START, BY_TILE], ids=["start", "tile"])
@pytest.mark.parametrize("asked", sorted(ASKED))
def test_one_catalogue_over_http_says_the_same(tmp_path, items, asked):
    names = [one["id"] for one in items]
    with stac_api(tmp_path, items) as url:
        found = found_in([catalog_of(url)], *asked)
    each = {"2022-01": [[names[0]], [names[1]]], "2022-02": [[names[2]]]}
    assert passes_in(found) == {month: each[month] for month in found.months}
    assert found.n_items == found.n_scenes


@pytest.mark.parametrize("stated", [True, False])
def test_a_pass_across_midnight_keeps_all_its_granules(catalogue, stated):
    datatake = "GS2A_20220131T235940_034567_N03.01"
    halves = [
        item("before", "2022-01-31T23:59:57Z", datatake),
        item("after", "2022-02-01T00:00:06Z", datatake, tile="56TLS"),
        item("later", "2022-02-20T23:59:00Z"),
    ]
    catalogs = [catalogue("one", halves if stated else [silent(one) for one in halves])]
    alone = [passes_in(found_in(catalogs, month, month)) for month in ("2022-01", "2022-02")]
    assert alone == [{"2022-01": [["before", "after"]]}, {"2022-02": [["later"]]}]
    assert passes_in(found_in(catalogs, "2022-01", "2022-02")) == {**alone[0], **alone[1]}
    halved = found_in(catalogs, "2022-01", "2022-02", period="half-month")
    assert passes_in(halved)["2022-01-16_2022-01-31"] == [["before", "after"]]


@pytest.mark.parametrize("stated", [True, False])
def test_a_granule_above_the_cloud_limit_does_not_move_the_others(catalogue, stated):
    datatake = "GS2A_20220131T235940_034567_N03.01"
    halves = [
        item("before", "2022-01-31T23:59:57Z", datatake, **{"eo:cloud_cover": 99.0}),
        item("after", "2022-02-01T00:00:06Z", datatake, tile="56TLS"),
    ]
    found = found_in(
        [catalogue("one", halves if stated else [silent(one) for one in halves])], "2022-01", "2022-02", max_cloud=50
    )
    assert passes_in(found) == {"2022-01": [["after"]], "2022-02": []}


def test_twins_dated_on_both_sides_of_midnight_are_twins(catalogue):
    newer = item("newer", "2022-02-01T00:01:30Z", DATATAKE, **{"s2:processing_baseline": "05.00"})
    for month in ("2022-01", "2022-02"):
        catalogs = [catalogue("one", [BY_START[1], newer, BY_START[2]])]
        found = found_in(catalogs, month, month)
        assert found.n_twins == (month == "2022-01")
        assert [scene.id for scene in found.scenes] == (["newer"] if month == "2022-01" else ["start-feb"])


def test_a_datatake_of_another_day_does_not_move_a_scene(catalogue):
    # Half an orbit away it cannot be the scene's own.
    wrong = item("wrong", "2022-02-03T23:50:00Z", DATATAKE)
    assert passes_in(found_in([catalogue("one", [wrong])], "2022-02", "2022-02")) == {"2022-02": [["wrong"]]}


def test_days_around_reach_as_far_as_they_say(catalogue):
    # 31 days before March is January.
    items = [item("january", "2022-01-29T10:00:00Z"), item("march", "2022-03-05T10:00:00Z")]
    items += [item("too-early", "2022-01-28T10:00:00Z"), item("too-late", "2022-05-02T10:00:00Z")]
    found = found_in([catalogue("one", items)], "2022-03", "2022-03", days_around=31)
    assert [scene.id for scene in found.scenes] == ["january", "march"]
    assert SceneQuery(AREA, "2022-03", "2022-03", days_around=31).days == {
        date(2022, 1, 29) + timedelta(at) for at in range(3 + 28 + 31 + 30 + 1)
    }


def moved(made, by):
    """Return a real item as if it had been sensed some time later or earlier."""
    made = copy.deepcopy(made)
    properties = made["properties"]
    when = datetime.fromisoformat(properties["datetime"])
    properties["datetime"] = (when + by).isoformat()

    def later(text):
        return f"{datetime.strptime(text[0], '%Y%m%dT%H%M%S').replace(tzinfo=UTC) + by:%Y%m%dT%H%M%S}"

    properties["s2:datatake_id"] = re.sub(r"\d{8}T\d{6}", later, properties["s2:datatake_id"])
    # The product's name says the datatake as well.
    properties.pop("s2:product_uri", None)
    made["id"] = f"{made['id'][-12:]}-moved"
    return made


@pytest.mark.parametrize("minutes", [1, 7, 13])
def test_real_items_are_of_the_same_month_alone_and_together(real, catalogue, minutes):
    """Ten acquisitions, as two providers list them a quarter of an hour apart, moved across the end of a month."""
    planetary = json.loads((real / "stac" / "planetary-computer" / "100-sentinel-2-items.json").read_text())["features"]
    path = real / "stac" / "c1" / "server-sentinel-2" / "item-collection.json"
    earth = json.loads(path.read_text())["features"]
    area = AreaOfInterest.from_bbox(-105.3, 39.8, -105.25, 39.85)
    for one in earth:
        datatake = one["properties"]["s2:datatake_id"][:20]
        same = [other for other in planetary if other["properties"]["s2:datatake_id"][:20] == datatake]
        start = datetime.strptime(datatake[5:], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        by = FEBRUARY - timedelta(minutes=minutes) - start
        catalogs = [catalogue("planetary", [moved(other, by) for other in same]), catalogue("earth", [moved(one, by)])]
        for ordered in (catalogs, catalogs[::-1]):
            together = found_in(ordered, "2022-01", "2022-02", area)
            alone = found_in(ordered, "2022-01", "2022-01", area)
            assert together.passes == alone.passes
            assert [len(together.passes_of(month)) for month in together.months] == [1, 0]
            assert [share.gained for share in alone.catalogs] == [(), ()]
