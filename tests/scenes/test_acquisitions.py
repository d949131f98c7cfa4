"""Real items of Planetary Computer and Earth Search, matched by acquisition."""

from __future__ import annotations

import copy
import json
import re

import pytest

from stac_timelapse.scenes.acquisitions import newest_of_twins, union_of
from stac_timelapse.scenes.items import scene_of

PLANETARY, EARTH = "Planetary", "Earth"


@pytest.fixture(scope="module")
def planetary(real):
    """Return 100 items of tile 13TDE, two of them the halves of one pass."""
    return json.loads((real / "stac" / "planetary-computer" / "100-sentinel-2-items.json").read_text())["features"]


@pytest.fixture(scope="module")
def earth(real):
    """Return 10 items of the same tile, all of passes that the other lists too."""
    path = real / "stac" / "c1" / "server-sentinel-2" / "item-collection.json"
    return json.loads(path.read_text())["features"]


def scenes(items, title):
    return [scene_of(item, ("B04",), catalog=title) for item in items]


def united(planetary, earth, order=(PLANETARY, EARTH)):
    return union_of([*scenes(planetary, PLANETARY), *scenes(earth, EARTH)], order)


def acquisition(item):
    """Return what the file names of ESA say: satellite, datatake, start of the strip and tile."""
    properties = item["properties"]
    return (
        properties["s2:datatake_id"][:20],
        re.search(r"_S(\d{8}T\d{6})_", properties["s2:datastrip_id"]).group(1),
        item["id"].split("_T")[1][:5],
    )


def without(items, *names):
    items = copy.deepcopy(items)
    for item in items:
        for name in names:
            del item["properties"][name]
    return items


def test_both_providers_say_the_same_of_an_acquisition(planetary, earth):
    listed = {acquisition(item): item["id"] for item in planetary}
    assert len(listed) == 100
    both = {each.scene.id for each in united(planetary, earth) if len(each.catalogs) == 2}
    assert both == {listed[acquisition(item)] for item in earth}
    assert len(both) == 10


def test_of_equal_baselines_the_catalogue_named_first_is_used(planetary, earth):
    names = {item["id"] for item in earth}
    # Planetary Computer's are processed an hour or two later, and that does not count.
    later = {acquisition(item): item["properties"]["s2:generation_time"] for item in planetary}
    assert all(later[acquisition(item)] > item["properties"]["s2:generation_time"] for item in earth)
    assert names.isdisjoint(each.scene.id for each in united(planetary, earth))
    used = united(planetary, earth, (EARTH, PLANETARY))
    assert len(used) == 100
    assert names <= {each.scene.id for each in used}


def test_a_newer_baseline_is_used_whoever_lists_it(planetary, earth):
    newer = copy.deepcopy(earth[:1])
    newer[0]["properties"]["s2:processing_baseline"] = "05.11"
    used = {each.scene.id for each in united(planetary, [*newer, *earth[1:]])}
    assert {item["id"] for item in earth} & used == {newer[0]["id"]}


PRODUCT = ("s2:datatake_id", "s2:product_uri")


@pytest.mark.parametrize("names", [("s2:datastrip_id",), PRODUCT, ("s2:datastrip_id", *PRODUCT)])
def test_items_that_do_not_state_strip_or_datatake_find_their_acquisition(planetary, earth, names):
    matched = united(planetary, without(earth, *names))
    assert len(matched) == 100
    assert sum(len(each.catalogs) == 2 for each in matched) == 10
    assert {each.scene.datatake for each in matched} == {scene.datatake for scene in scenes(planetary, PLANETARY)}


def test_the_halves_of_a_tile_are_never_taken_for_one(planetary):
    halves = [item for item in planetary if "_20240530T174909_" in item["id"]]
    assert len(halves) == 2
    # One catalogue lists one half, the other one the other and does not state the strip.
    for one, other in (halves, halves[::-1]):
        assert len(united([one], without([other], "s2:datastrip_id"))) == 2
        # And where both list both, there are two.
        assert len(united(halves, without([other, one], "s2:datastrip_id"))) == 2
    assert len(newest_of_twins(scenes(without(halves, "s2:datastrip_id"), PLANETARY))) == 2


def test_halves_without_a_strip_are_kept_in_one_catalogue_as_well(real):
    paths = sorted((real / "stac" / "antimeridian").glob("*_A032288_T01VCG.json"))
    halves = scenes([json.loads(path.read_text()) for path in paths], EARTH)
    assert len({scene.datatake for scene in halves}) == 1
    assert {scene.strip for scene in halves} == {""}
    assert len(newest_of_twins(halves)) == 2
    # Their items say zone 1, others say 01.
    assert {scene.tile for scene in halves} == {"01VCG"}


def test_overflights_of_one_satellite_on_one_day_stay_apart(planetary, earth):
    # Ninety minutes later the satellite is on its next orbit.
    item = copy.deepcopy(without(earth[:1], "s2:datastrip_id", *PRODUCT))
    item[0]["properties"]["datetime"] = "2024-04-22T19:30:00Z"
    assert len(united(planetary, item)) == 101
