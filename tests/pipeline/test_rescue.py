"""Bright ground that passes for cloud, and small objects, in builds on Dask, against scipy on whole pictures."""

from __future__ import annotations

import os

import numpy as np
import pytest
import rasterio
from reference import bright_ground, clear_picture, month_median, pixels
from scipy import ndimage
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore, month_key
from stac_timelapse.composite.gaps import BLANK
from stac_timelapse.composite.monthly import month_array
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.outline import Outline
from stac_timelapse.errors import CancelledError, InvalidInputError, ProviderError
from stac_timelapse.export.parts import PART
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.facts import facts_by_month

WEST, NORTH = 499_980.0, 5_200_020.0
SIZE, SEEN = 1150, np.s_[900:, 900:]
#: Around the corner of four tiles, so that roofs and clouds lie on their edges.
MIDDLE = (WEST + 10_240, NORTH - 10_240)
AREA = AreaOfInterest.from_bbox(*lonlat_bbox(MIDDLE[0] - 600, MIDDLE[1] - 600, MIDDLE[0] + 600, MIDDLE[1] + 600))
PASSES = 24
CLEAR = (4, 5, 6, 7)


def sky(number):
    """Return the classes of a pass: clouds and shadows of all sizes, and roofs that are nearly always flagged."""
    rng = np.random.default_rng(number)
    shape = 250, 250
    scl = np.full(shape, 4)
    if number % 6 != 5:  # else the sky is clear
        field = ndimage.gaussian_filter(rng.standard_normal(shape), 9)
        scl[field > np.quantile(field, 0.8)] = 9
        scl[field > np.quantile(field, 0.9)] = 8
        scl[np.roll(field, 14, axis=1) > np.quantile(field, 0.9)] = 3
        scl[ndimage.binary_dilation(rng.random(shape) < 0.001, iterations=2)] = 10
    if number % 12 != 4:
        scl[110:130, 115:135] = 8  # across the tiles' corner
        scl[70:74, 80:84] = 9
    if number % 2:
        scl[130, 115:135] = 8  # a rim that is taken for cloud now and then
    if number % 5 == 0:
        scl[:, 150:] = 0
    whole = np.zeros((SIZE, SIZE))
    whole[SEEN] = scl
    return whole


def granule(number):
    rng = np.random.default_rng(1000 + number)
    red = np.zeros((SIZE, SIZE))
    red[SEEN] = rng.integers(1, 9000, (250, 250))
    day = f"2022-0{1 + number % 3}-{1 + number // 3 * 3:02d}T10:00:00Z"
    return Granule(f"scene-{number:02d}", day, {"B04": red}, sky(number))


@pytest.fixture(scope="module")
def client():
    with connect(ClusterSpec(workers=2, threads_per_worker=1)) as client:
        yield client


@pytest.fixture
def recipe(tmp_path):
    path = write_catalog(tmp_path / "scenes", [granule(number) for number in range(PASSES)])
    return Recipe(str(path), AREA, "2022-01", "2022-03", bands=("B04",), max_cloud=100, rescue=True)


def build(recipe, client, folder, **more):
    scenes = pipeline.find(recipe)
    results = list(pipeline.build(recipe, scenes, client=client, store=MonthStore(folder), **more))
    return sorted(results, key=lambda result: result.month)


def expected(recipe, scenes, result, bright):
    """Return the month's medians and counts, with masks judged on whole pictures."""

    def judge(scl):
        good = np.zeros(scl.shape, dtype=bool)
        good[SEEN] = clear_picture(
            scl[SEEN], CLEAR, 10, dilate=recipe.dilate, opening=recipe.opening, bright=bright if recipe.rescue else None
        )
        return good

    passes = [
        [{band: asset.href for band, asset in scene.assets.items()} for scene in one.scenes]
        for one in scenes.passes_of(result.month)
    ]
    with rasterio.open(result.path) as file:
        return month_median(passes, ("B04",), file.transform, file.shape, judge)


def masks(scenes):
    return [pixels(scene.assets["SCL"].href)[0][SEEN] for scene in scenes.found]


@pytest.mark.parametrize(
    "changes", [{}, {"dilate": 60.0, "opening": 20.0}, {"dilate": 60.0, "opening": 20.0, "rescue": False}]
)
def test_months_equal_masks_that_are_judged_on_whole_pictures(recipe, client, tmp_path, changes):
    recipe = recipe.but(**changes)
    scenes = pipeline.find(recipe)
    bright = bright_ground(masks(scenes))
    assert bright.sum() == 20 * 20 + 4 * 4
    steps = []
    for result in build(recipe, client, tmp_path / "store", on_progress=steps.append):
        medians, count = expected(recipe, scenes, result, bright)
        with rasterio.open(result.path) as file:
            np.testing.assert_array_equal(file.read(2), count)
            np.testing.assert_array_equal(file.read(1), np.floor(np.nan_to_num(medians[0]) + 0.5))
            tags = file.tags()
        assert (tags["CLOUD_OPENING_METRES"], tags["CLOUD_MARGIN_METRES"]) == (
            f"{recipe.opening:g}", f"{recipe.dilate:g}",
        )  # fmt: skip
        assert tags["BRIGHT_GROUND_RESCUED"] == ("yes" if recipe.rescue else "no")
        # All of it lies in the area.
        assert result.rescued_pixels == (416 if recipe.rescue else None)
        assert tags.get("RESCUED_PIXELS") == ("416" if recipe.rescue else None)
    assert bool([step for step in steps if not step.month and step.tiles_total == 4]) == recipe.rescue


def test_leaving_out_a_pass_by_hand_changes_its_month_and_no_other(recipe, client, tmp_path):
    first = build(recipe, client, tmp_path / "store")
    key = next(one.key for one in pipeline.find(recipe).passes if one.scenes[0].id == "scene-01")
    again = build(recipe.but(excluded=(key,)), client, tmp_path / "store")
    assert [result.month for result in again if not result.from_store] == ["2022-02"]
    assert [one.path == other.path for one, other in zip(first, again, strict=True)] == [True, False, True]


def test_a_second_build_reads_no_scene(recipe, client, tmp_path):
    first = build(recipe, client, tmp_path / "store")
    for file in (tmp_path / "scenes").rglob("*.tif"):
        status = file.stat()
        file.write_bytes(b"x" * status.st_size)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    steps = []
    second = build(recipe, client, tmp_path / "store", on_progress=steps.append)
    assert all(result.from_store for result in second)
    assert [result.path for result in first] == [result.path for result in second]
    assert all(step.month for step in steps)


def test_the_series_counts_and_too_few_looks_say_nothing(recipe, client, tmp_path):
    whole = build(recipe, client, tmp_path / "store")
    part = build(recipe.but(end="2022-02"), client, tmp_path / "store")
    # 16 passes: the same months, of which nothing is known to be bright.
    assert [result.rescued_pixels for result in part] == [0, 0]
    assert not {result.path for result in part} & {result.path for result in whole}
    assert part[0].observations_mean < whole[0].observations_mean
    # The same as without asking for it, but for what the files say.
    plain = build(recipe.but(end="2022-02", rescue=False), client, tmp_path / "store")
    for one, other in zip(part, plain, strict=True):
        with rasterio.open(one.path) as rescued, rasterio.open(other.path) as left:
            np.testing.assert_array_equal(rescued.read(), left.read())
            assert one.path != other.path


def test_a_mask_that_cannot_be_read_is_left_out_of_everything_and_named(recipe, client, tmp_path):
    scenes = pipeline.find(recipe)
    bright = bright_ground(
        [mask for mask, scene in zip(masks(scenes), scenes.scenes, strict=True) if "06" not in scene.id]
    )
    (tmp_path / "scenes" / "scene-06" / "SCL.tif").write_bytes(b"not a raster")
    results = build(recipe, client, tmp_path / "store")
    assert [[scene for scene, _ in result.unreadable] for result in results] == [["scene-06"], [], []]
    assert results[0].unreadable[0][1].startswith("SCL: ")
    assert "scene-06" not in results[0].scene_ids
    assert results[0].rescued_pixels == bright.sum()
    left = scenes.without_scenes(dict(results[0].unreadable))
    _, count = expected(recipe, left, results[0], bright)
    with rasterio.open(results[0].path) as file:
        np.testing.assert_array_equal(file.read(2), count)


def test_a_mask_of_the_days_around_a_month_that_cannot_be_read_is_named_too(recipe, client, tmp_path):
    (tmp_path / "scenes" / "scene-01" / "SCL.tif").write_bytes(b"not a raster")  # of 1 February
    (january,) = build(recipe.but(end="2022-01", gaps="widen:10"), client, tmp_path / "store")
    assert [scene for scene, _ in january.unreadable] == ["scene-01"]
    assert "scene-04" in [scene.id for one in january.facts.near for scene in one.scenes]


def test_no_mask_at_all_is_the_providers_failure(recipe, client, tmp_path):
    scenes = pipeline.find(recipe)
    for file in (tmp_path / "scenes").rglob("SCL.tif"):
        file.unlink()
    with pytest.raises(ProviderError, match=r"None of 24 scenes can be read; the first, scene-\d\d: SCL: "):
        list(pipeline.build(recipe, scenes, client=client, store=MonthStore(tmp_path / "store")))
    assert not list((tmp_path / "store").glob("*.tif"))


def test_it_is_cancelled_while_it_looks_for_bright_ground(recipe, client, tmp_path):
    steps = []
    with pytest.raises(CancelledError):
        build(recipe, client, tmp_path / "store", on_progress=steps.append, should_stop=lambda: bool(steps))
    assert {step.month for step in steps} == {""}
    assert [path for path in (tmp_path / "store").iterdir() if not path.name.startswith(PART)] == []


def test_workers_without_the_stores_disk(recipe, client, tmp_path, monkeypatch):
    here = build(recipe, client, tmp_path / "store")
    monkeypatch.setattr("stac_timelapse.build.shares_disk", lambda _client, _folder: False)
    for one, other in zip(here, build(recipe, client, tmp_path / "other"), strict=True):
        with rasterio.open(one.path) as mine, rasterio.open(other.path) as theirs:
            np.testing.assert_array_equal(mine.read(), theirs.read())
            assert mine.tags() == theirs.tags()


def test_what_is_known_of_bright_ground_goes_with_the_months_unused_for_longest(recipe, client, tmp_path):
    store = MonthStore(tmp_path / "store", limit=0)
    build(recipe, client, tmp_path / "store")
    (known,) = store.folder.glob("*.bright")
    store.trim()
    assert known.exists()  # used within the hour
    os.utime(known, (0, 0))
    store.trim()
    assert not known.exists()


def test_what_is_lazy_refuses_it_in_a_sentence(recipe):
    scenes = pipeline.find(recipe)
    with pytest.raises(InvalidInputError, match="which a lazy cube or Dataset has not read: build the months instead"):
        pipeline.lazy(recipe, scenes)
    with pytest.raises(InvalidInputError, match="or leave the rescue out"):
        month_array(scenes.passes, pipeline.grid_of(recipe, scenes), recipe.bands, recipe.policy, "median")


def test_each_setting_of_the_mask_makes_another_month(recipe):
    scenes = pipeline.find(recipe)
    grid, facts = pipeline.grid_of(recipe, scenes), facts_by_month(scenes)["2022-01"]
    settings = [
        (MaskPolicy(), None),
        (MaskPolicy(dilate=20), None),
        (MaskPolicy(opening=20), None),
        (MaskPolicy(rescue=True), "one ground"),
        (MaskPolicy(rescue=True), "another"),
    ]
    outline = Outline.on(recipe.aoi, grid.epsg, grid.transform, grid.shape)
    keys = {
        month_key("2022-01", facts, grid, outline, ("B04",), policy, "median", BLANK, bright=bright)
        for policy, bright in settings
    }
    assert len(keys) == len(settings)
