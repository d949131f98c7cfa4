"""Real items of both providers, as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from shapely.geometry import box, shape

from stac_timelapse.scenes.acquisitions import group_passes, newest_of_twins
from stac_timelapse.scenes.items import UnusableItemError, scene_of

RGB = ("B04", "B03", "B02")


def load(path: Path) -> dict:
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def baselines(real):
    """Return Earth Search items, one a processing baseline, by name."""
    found = {}
    for path in sorted((real / "stac" / "earth-search-baselines").rglob("S2*")):
        if path.is_file():
            item = load(path)
            found[item["id"]] = item
    return found


@pytest.mark.parametrize(
    ("name", "baseline", "offset"),
    [
        ("S2A_33TWN_20161202_0_L2A", "00.01", 0),
        ("S2A_33TWN_20200202_0_L2A", "02.13", 0),
        ("S2A_33TWN_20220122_0_L2A", "03.01", 0),
        ("S2B_33TWN_20220130_0_L2A", "04.00", 0),  # corrected by the provider
        ("S2B_33TWN_20220226_0_L2A", "04.00", -1000),  # of the same baseline, not corrected
        ("S2A_32TMS_20221207_0_L2A", "05.09", 0),
        ("S2A_12RWT_20240106_0_L2A", "05.10", 0),
    ],
)
def test_the_offset_is_decided_by_the_item(baselines, name, baseline, offset):
    scene = scene_of(baselines[name], RGB)
    assert (scene.baseline, scene.offset) == (baseline, offset)


def test_collection_1_needs_its_offset(real):
    items = load(real / "stac" / "c1" / "server-sentinel-2" / "item-collection.json")["features"]
    scenes = [scene_of(item, RGB) for item in items]
    assert {scene.offset for scene in scenes} == {-1000}
    assert scenes[0].tile == "13TDE"
    assert scenes[0].datatake == "S2A_20240422T173911"


def test_planetary_computer_never_corrects(real):
    items = load(real / "stac" / "planetary-computer" / "100-sentinel-2-items.json")["features"]
    scenes = [scene_of(item, (*RGB, "B8A"), "planetary-computer") for item in items]
    assert len(scenes) == 100
    assert {scene.offset for scene in scenes} == {-1000}
    assert {scene.tile for scene in scenes} == {"13TDE"}
    assert {scene.epsg for scene in scenes} == {32613}
    assert {scene.bounds for scene in scenes} == {(399_960.0, 4_390_200.0, 509_760.0, 4_500_000.0)}
    assert all(scene.assets["B04"].resolution == 10 for scene in scenes)
    assert all(scene.assets["SCL"].resolution == 20 for scene in scenes)


def test_old_planetary_computer_items_without_projection_find_their_place(real):
    items = load(real / "stac" / "planetary-computer" / "site2-2020_jun_jul-35MNM.geojson")["features"]
    scenes = [scene_of(item, RGB) for item in items]
    assert {scene.offset for scene in scenes} == {0}
    assert {scene.epsg for scene in scenes} == {32735}
    for scene in scenes:
        west, south, east, north = scene.bounds
        assert 0 < east - west <= 112_000
        assert 0 < north - south <= 112_000


def test_twins_leave_the_newest_and_halves_stay(baselines):
    item = baselines["S2A_33TWN_20220122_0_L2A"]
    old = scene_of(item, RGB)
    properties = item["properties"]
    newer = scene_of({**item, "id": "newer", "properties": {**properties, "s2:processing_baseline": "05.00"}}, RGB)
    half_strip = properties["s2:datastrip_id"].replace("_S2022", "_S1999")
    half = scene_of({**item, "id": "half", "properties": {**properties, "s2:datastrip_id": half_strip}}, RGB)
    assert [scene.id for scene in newest_of_twins([old, newer])] == ["newer"]
    assert [scene.id for scene in newest_of_twins([newer, old])] == ["newer"]
    assert len(newest_of_twins([old, half])) == 2
    assert len(group_passes([old, half], {})) == 1


def test_passes_of_the_real_catalogue(real):
    folder = real / "scenes" / "earth-search-33T" / "sentinel-2-l2a"
    scenes = [scene_of(load(path), RGB) for path in sorted(folder.glob("*/S2*.json"))]
    passes = group_passes(scenes, {})
    assert [f"{one.datetime:%m-%d}" for one in passes] == ["08-10", "08-13", "08-15", "08-18", "08-20"]
    assert all([scene.tile for scene in one.scenes] == ["33TWL", "33TWM"] for one in passes)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"assets": {}}, "has no B04 file"),
        ({"geometry": None, "bbox": None}, "has no outline"),
        ({"properties": {}}, "has no date"),
    ],
)
def test_an_item_that_lacks_something_says_what(baselines, change, words):
    with pytest.raises(UnusableItemError, match=words):
        scene_of({**baselines["S2A_33TWN_20220122_0_L2A"], **change}, RGB)


def test_outlines_drawn_around_the_world_are_taken_for_what_they_are(real):
    items = [load(path) for path in sorted((real / "stac" / "antimeridian").glob("*.json"))]
    assert len(items) == 6
    for item in items:
        wrong = shape(item["geometry"])
        scene = scene_of(item, RGB)
        # Less than a tile of 110 km at 56 to 68 degrees north, and on both sides of the line or near it.
        assert scene.footprint.area < 4 < wrong.area or wrong.area < 1
        assert min(abs(abs(lon) - 180) for lon, _ in shapely.get_coordinates(scene.footprint)) < 0.01
        assert not scene.footprint.intersects(box(-170, 50, 170, 70))
        assert scene.footprint.is_valid


def test_a_box_across_the_antimeridian_without_an_outline(baselines):
    item = {**baselines["S2A_33TWN_20220122_0_L2A"], "geometry": None, "bbox": [179.5, 10, 0, -179.5, 11, 100]}
    footprint = scene_of(item, RGB).footprint
    assert footprint.bounds == (-180, 10, 180, 11)
    assert footprint.area == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"geometry": {"type": "Polygon", "coordinates": "x"}}, "is malformed"),
        ({"geometry": {"type": "Point", "coordinates": [1, 2]}}, "outline without an area"),
        ({"assets": {"red": {}, "green": {}, "blue": {}, "scl": {}}}, r"is malformed \(KeyError: 'href'\)"),
        ({"assets": [1]}, "has no B04 file"),
        ({"properties": {"datetime": "yesterday"}}, "is malformed"),
        ({"properties": {"datetime": "2022-01-01T00:00:00Z", "s2:processing_baseline": "new"}}, "baseline 'new'"),
        ({"properties": None}, "has no date"),
        ({"bbox": [1, 2], "geometry": None}, "is malformed"),
    ],
)
def test_a_malformed_item_is_left_out_with_a_sentence(baselines, change, words):
    with pytest.raises(UnusableItemError, match=words) as caught:
        scene_of({**baselines["S2A_33TWN_20220122_0_L2A"], **change}, RGB)
    assert "was left out" in str(caught.value)


@pytest.mark.parametrize("item", [None, 3, "text", [], {}])
def test_what_is_no_item_is_left_out_with_a_sentence(item):
    with pytest.raises(UnusableItemError, match="was left out"):
        scene_of(item, RGB)
