"""Which of the passes found are used, and what is said of the others."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.errors import NothingFoundError
from stac_timelapse.recipe import Recipe
from stac_timelapse.report import provenance
from stac_timelapse.scenes.model import AREA_CLOUD, BY_HAND, NOT_SEEN, SCENE_CLOUD

WEST, NORTH = 499_980.0, 5_200_020.0
SIZE = 128
AREA = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 5, NORTH - 635, WEST + 1275, NORTH - 5))


def classes(hidden, unseen=0.0):
    """Return classes of which the right share is cloud, and on the left a share has no data."""
    scl = np.full((SIZE, SIZE), 4)
    scl[:, : round(SIZE * unseen)] = 0
    scl[:, SIZE - round(SIZE * hidden) :] = 9
    return scl


def granule(name, day, scl, *, cloud=10.0, value=1000):
    pixels = {"B04": np.full((SIZE, SIZE), value)}
    return Granule(name, f"2022-06-{day:02d}T10:00:00Z", pixels, scl, cloud=cloud, platform=f"sentinel-2{name[0]}")


@pytest.fixture
def recipe(tmp_path):
    path = write_catalog(
        tmp_path / "scenes",
        [
            granule("a-clear", 3, classes(0.0), cloud=70.0),
            granule("b-half", 8, classes(0.5), cloud=20.0, value=2000),
            # A quarter of the area is not seen; of the rest two thirds are cloud: half of all.
            granule("a-edge", 13, classes(0.5, 0.25), cloud=5.0, value=3000),
            granule("a-outside", 18, classes(0.0, 1.0), cloud=0.0),
            granule("b-cloudy", 23, classes(1.0), cloud=95.0),
        ],
    )
    return Recipe(str(path), AREA, "2022-06", "2022-06", bands=("B04",), max_cloud=90.0)


def used(scenes):
    return [scene.id for scene in scenes.scenes]


def rejected(scenes):
    return [(scene.id, other.reason) for other in scenes.rejected for scene in other.one.scenes]


def test_the_limit_acts_on_what_a_pass_saw_of_the_area(recipe):
    every = pipeline.find(recipe)
    assert used(every) == ["a-clear", "b-half", "a-edge", "a-outside"]
    assert rejected(every) == [("b-cloudy", SCENE_CLOUD)]
    at_60 = pipeline.find(recipe.but(max_area_cloud=60.0))
    assert used(at_60) == ["a-clear", "b-half"]
    assert rejected(at_60) == [("a-edge", AREA_CLOUD), ("a-outside", NOT_SEEN), ("b-cloudy", SCENE_CLOUD)]
    # The provider's figure for the whole scene is higher for the clear one.
    assert used(pipeline.find(recipe.but(max_area_cloud=0.0))) == ["a-clear"]
    assert pipeline.grid_of(recipe, at_60) == pipeline.grid_of(recipe, every)


def test_passes_are_left_out_and_kept_by_hand(recipe):
    keys = {one.scenes[0].id: one.key for one in pipeline.search(recipe).passes}
    chosen = pipeline.find(recipe.but(max_area_cloud=60.0, excluded=(keys["a-clear"],), kept=(keys["a-edge"],)))
    assert used(chosen) == ["b-half", "a-edge"]
    assert rejected(chosen)[:2] == [("a-clear", BY_HAND), ("a-outside", NOT_SEEN)]
    assert pipeline.choose(recipe, chosen) == chosen


def test_where_nothing_is_left_the_limits_are_named(recipe):
    keys = tuple(one.key for one in pipeline.search(recipe).passes)
    with pytest.raises(
        NothingFoundError, match="None of the 4 passes found is left: 4 were left out by hand"
    ) as caught:
        pipeline.find(recipe.but(excluded=keys))
    assert caught.value.reason == "all_cloudy"


def test_what_was_used_and_rejected_is_in_the_file_and_in_the_report(recipe, tmp_path):
    recipe = recipe.but(max_area_cloud=60.0)
    scenes = pipeline.find(recipe)
    with connect(ClusterSpec(workers=1, threads_per_worker=2)) as client:
        (month,) = pipeline.build(recipe, scenes, client=client, store=MonthStore(tmp_path / "store"))
    with rasterio.open(month.path) as file:
        tags = file.tags()
    assert tags["SCENES"] == "a-clear b-half"
    assert tags["MEDIAN_DAY"] == "2022-06-03"
    assert tags["SENSORS"] == "sentinel-2a 1, sentinel-2b 1"
    assert tags["REJECTED"] == (
        "a-edge: too cloudy in the area; a-outside: without data in the area; b-cloudy: above the cloud limit"
    )
    report = json.loads(json.dumps(provenance(recipe, scenes, [month])))
    assert [(scene["id"], scene["used"], scene["reason"]) for scene in report["scenes"]] == [
        ("a-clear", True, None),
        ("b-half", True, None),
        ("a-edge", False, AREA_CLOUD),
        ("a-outside", False, NOT_SEEN),
        ("b-cloudy", False, SCENE_CLOUD),
    ]
    (facts,) = report["months"]
    assert facts["passes"] == [one.key for one in scenes.passes]
    assert [other["reason"] for other in facts["rejected"]] == [AREA_CLOUD, NOT_SEEN, SCENE_CLOUD]
