"""Several catalogues searched as one: their names, what each had, and one that is down."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from servers import answering, stac_api

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import InvalidInputError, NothingFoundError, ProviderError
from stac_timelapse.scenes.catalog import CATALOGS
from stac_timelapse.scenes.facts import catalog_lines
from stac_timelapse.scenes.provider import Patience
from stac_timelapse.scenes.search import SceneQuery, find_scenes
from stac_timelapse.scenes.union import attribution_of, catalogs_of, names_of

#: In tile 13TDE, and in the smaller half of 2024-05-30 too.
AREA = AreaOfInterest.from_bbox(-105.3, 39.8, -105.25, 39.85)
BOTH = ("Microsoft Planetary Computer", "Earth Search (Element 84)")
AT_ONCE = Patience(longest_wait=0)


@pytest.fixture(scope="module")
def items(real):
    """Return the items of both providers: 100 and 10 of one tile."""
    planetary = real / "stac" / "planetary-computer" / "100-sentinel-2-items.json"
    earth = real / "stac" / "c1" / "server-sentinel-2" / "item-collection.json"
    return json.loads(planetary.read_text())["features"], json.loads(earth.read_text())["features"]


def written(path, items):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    return str(path)


def query(start="2024-03", end="2024-05", **more):
    return SceneQuery(AREA, start, end, bands=("B04",), **more)


def day_of(item):
    return item["properties"]["datetime"][:10]


def in_area(item):
    west, south, east, north = AREA.bbox
    bbox = item["bbox"]
    return bbox[0] < west and bbox[1] < south and bbox[2] > east and bbox[3] > north


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("earth-search", ["earth-search"]),
        ("planetary-computer+earth-search", ["planetary-computer", "earth-search"]),
        ("https://a.example/stac+earth-search", ["https://a.example/stac", "earth-search"]),
        ("https://a.example/a+b/stac", ["https://a.example/a+b/stac"]),
        ("https://a.example/a+b+https://b.example/c+d", ["https://a.example/a+b", "https://b.example/c+d"]),
        ("earth-search+https://a.example/?q=1+1", ["earth-search", "https://a.example/?q=1+1"]),
        ("earth-search+nowhere", ["earth-search", "nowhere"]),
        ("earth-search+", ["earth-search", ""]),
        ("+earth-search", ["", "earth-search"]),
        ("a+b", ["a", "b"]),
    ],
)
def test_a_plus_joins_names_and_stays_in_addresses(text, names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert list(names_of(text)) == names


def test_a_plus_stays_in_the_paths_that_are_there(tmp_path):
    folder = tmp_path / "june+july"
    folder.mkdir()
    items, other = written(folder / "a+b.json", []), written(tmp_path / "june", [])
    assert list(names_of(items)) == [items]
    assert list(names_of(f"{items}+earth-search+{other}")) == [items, "earth-search", other]
    # The longer name counts where both are there.
    assert [catalog.title for catalog in catalogs_of(f"{other}+{items}")] == ["june", "a+b.json"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("earth-search+nowhere", "'nowhere' is not known"),
        ("earth-search+", "'' is not known"),
        ("earth-search+earth-search", r"Earth Search \(Element 84\) is named twice"),
        (f"earth-search+{CATALOGS['earth-search'].url}", "is named twice"),
    ],
)
def test_names_that_cannot_be_joined(text, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError, match=words):
        catalogs_of(text)


def test_the_credit_names_every_catalogue():
    assert attribution_of(catalogs_of("earth-search")) == "Contains modified Copernicus Sentinel data"
    assert attribution_of(catalogs_of("planetary-computer+earth-search")) == (
        "Contains modified Copernicus Sentinel data, from Microsoft Planetary Computer and Earth Search (Element 84)"
    )
    assert attribution_of(catalogs_of("demo+earth-search")).startswith(
        "Synthetic demo landscape, not satellite data, from"
    )


def test_files_of_the_same_name_are_told_apart_by_their_paths(tmp_path):
    (tmp_path / "a").mkdir()
    first, second = written(tmp_path / "items.json", []), written(tmp_path / "a" / "items.json", [])
    assert [catalog.title for catalog in catalogs_of(f"{first}+{second}")] == [first, second]


def test_the_union_of_real_items_is_told_by_catalogue(items, tmp_path):
    planetary, earth = items
    # The first lacks two passes, one of them the only one of March that is in both; the second has only ten.
    first = [item for item in planetary if day_of(item) not in {"2024-03-31", "2024-04-12"}]
    paths = written(tmp_path / "first", first), written(tmp_path / "second", earth)
    found = find_scenes(catalogs_of("+".join(paths)), query())
    listed = [item for item in first if day_of(item) < "2024-06" and in_area(item)]
    # Every pass of the first, and the two.
    assert {f"{one.datetime:%Y-%m-%d}" for one in found.passes} == {day_of(item) for item in listed} | {
        "2024-03-31",
        "2024-04-12",
    }
    one, other = found.catalogs
    gained = [item["id"] for item in earth if day_of(item) in {"2024-03-31", "2024-04-12"}]
    assert (one.title, one.lacked, one.gained) == ("first", tuple(gained[::-1]), ("2024-03", "2024-04"))
    assert (one.n_items, other.n_items) == (len(listed), len([item for item in earth if in_area(item)]))
    days = {day_of(item) for item in earth}
    assert set(other.lacked) == {item["id"] for item in listed if day_of(item) not in days}
    assert other.gained == ("2024-03", "2024-04", "2024-05")
    assert (found.n_of("first"), found.n_of("second")) == (len(listed), 2)
    assert found.n_twins == 0
    assert len({scene.id for scene in found.found}) == found.n_scenes == len(listed) + 2


def test_each_scene_keeps_its_signing_and_addresses(items, tmp_path, monkeypatch):
    planetary, earth = items
    earth = [item for item in earth if day_of(item) == "2024-04-12"]
    first = [item for item in planetary if day_of(item) == "2024-04-15"]
    with stac_api(tmp_path / "p", first) as one, stac_api(tmp_path / "e", earth, "sentinel-2-c1-l2a") as two:
        monkeypatch.setitem(CATALOGS, "planetary-computer", moved("planetary-computer", one))
        monkeypatch.setitem(CATALOGS, "earth-search", moved("earth-search", two, "sentinel-2-c1-l2a"))
        found = find_scenes(catalogs_of("planetary-computer+earth-search"), query())
    assert [(scene.catalog, scene.signing) for scene in found.scenes] == [
        (BOTH[1], "none"),
        (BOTH[0], "planetary-computer"),
    ]
    assert [scene.assets["B04"].href for scene in found.scenes] == [
        earth[0]["assets"]["red"]["href"],
        first[0]["assets"]["B04"]["href"],
    ]


def moved(key, url, collection=None):
    known = CATALOGS[key]
    return replace(known, url=url, collection=collection or known.collection)


@pytest.mark.parametrize("first", [True, False])
def test_where_one_is_down_the_other_serves_and_a_sentence_says_so(items, tmp_path, first):
    catalogs = catalogs_of(f"{written(tmp_path / 'items', items[1])}+http://127.0.0.1:9")
    found = find_scenes(catalogs if first else catalogs[::-1], query(), AT_ONCE)
    up, down = found.catalogs if first else found.catalogs[::-1]
    assert found.n_scenes == len([item for item in items[1] if in_area(item)])
    assert (up.title, up.failure, up.lacked, up.n_items) == ("items", "", (), found.n_items)
    assert (down.title, down.lacked, down.gained, down.n_items) == ("http://127.0.0.1:9", (), (), 0)
    *_, sentence = catalog_lines(found)
    assert sentence.startswith("items served alone: http://127.0.0.1:9 cannot be reached (")
    assert "\n" not in sentence


def test_where_all_are_down_nothing_is_found_and_every_reason_given():
    with answering(lambda _: (503, {}, b"")) as url:
        catalogs = catalogs_of(f"{url}+http://127.0.0.1:9")
        with pytest.raises(ProviderError, match=r"None of the 2 catalogues .*status 503.*; .*cannot be reached"):
            find_scenes(catalogs, query(), AT_ONCE)


def test_a_catalogue_that_is_up_and_has_nothing_is_listed_with_all_that_it_lacks(items, tmp_path):
    paths = written(tmp_path / "empty", []), written(tmp_path / "items", items[1])
    found = find_scenes(catalogs_of("+".join(paths)), query())
    empty, full = found.catalogs
    assert (empty.failure, empty.n_items) == ("", 0)
    assert set(empty.lacked) == {scene.id for scene in found.scenes}
    assert empty.gained == ("2024-03", "2024-04")
    assert (full.lacked, full.gained) == ((), ())


def test_nothing_found_with_one_down_is_the_providers_fault(items, tmp_path):
    names = f"{written(tmp_path / 'items', items[1])}+http://127.0.0.1:9"
    with pytest.raises(ProviderError, match=r"items has no scenes of 2019-01 .* searched alone: .* cannot be reached"):
        find_scenes(catalogs_of(names), query("2019-01", "2019-01"), AT_ONCE)
    paths = written(tmp_path / "empty", []), written(tmp_path / "items", items[1])
    with pytest.raises(NothingFoundError, match=r"empty \+ items has no scenes"):
        find_scenes(catalogs_of("+".join(paths)), query("2019-01", "2019-01"))


def test_two_acquisitions_of_one_id_are_told_apart(items, tmp_path):
    earth = items[1]
    same = {**earth[0], "id": earth[1]["id"]}
    paths = written(tmp_path / "first", [same]), written(tmp_path / "second", earth[1:2])
    found = find_scenes(catalogs_of("+".join(paths)), query())
    assert (found.n_items, found.n_scenes) == (2, 1)
    assert found.skipped == (
        f"Item {earth[1]['id']} of second has the id of another acquisition in first and was left out.",
    )


def test_a_tile_more_of_a_pass_is_lacked_and_gains_no_month(real, tmp_path):
    folder = real / "scenes" / "earth-search-33T" / "sentinel-2-l2a"
    tiles = {
        tile: [json.loads(path.read_text()) for path in sorted(folder.glob(f"*_{tile}_*/*.json"))]
        for tile in ("33TWL", "33TWM")
    }
    paths = [written(tmp_path / tile, listed) for tile, listed in tiles.items()]
    both = SceneQuery(AreaOfInterest.from_bbox(16.0, 46.0, 16.1, 46.1), "2023-08", "2023-08", bands=("B04",))
    found = find_scenes(catalogs_of("+".join(paths)), both)
    assert [sorted(scene.tile for scene in one.scenes) for one in found.passes] == [["33TWL", "33TWM"]] * 5
    assert [len(share.lacked) for share in found.catalogs] == [5, 5]
    assert [share.gained for share in found.catalogs] == [(), ()]
