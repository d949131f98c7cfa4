"""The fast path against the plain ones: our cube scene by scene; stackstac's own reader with `where` and `median`."""

from __future__ import annotations

import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import dask
import numpy as np
import pytest
import stackstac
from rasterio.shutil import copy as copy_raster
from shapely.geometry import box
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.composite.monthly import month_array, monthly_composites
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.model import Asset, Pass, Scene, SceneSet

WEST, NORTH = 499_980.0, 5_200_020.0
SIZE = 700
AREA = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 605, NORTH - 6595, WEST + 6595, NORTH - 605))
BANDS = ("B04", "B08")
DAYS = ("2022-01-03", "2022-01-13", "2022-01-23", "2022-02-03", "2022-02-13")


def granule(number, day, **more):
    rng = np.random.default_rng(number)
    fields = rng.choice([4, 5, 9], p=[0.3, 0.3, 0.4], size=(SIZE // 50, SIZE // 50)).repeat(25, 0).repeat(25, 1)
    pixels = {band: rng.integers(0, 9000, (SIZE, SIZE)) for band in BANDS}
    return Granule(f"scene-{number}", f"{day}T10:00:00Z", pixels, fields, scl_resolution=20, cloud=number, **more)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """Five passes, the last one also with a granule of the neighbouring zone and one as JPEG 2000."""
    last = {"datatake": "GS2A_20220213T100000_000001_N05.09", "baseline": "05.09"}
    granules = [granule(number, day) for number, day in enumerate(DAYS[:-1])]
    granules.append(granule(4, DAYS[-1], **last))
    granules.append(granule(5, DAYS[-1], tile="32TQS", epsg=32632, west=961_000, north=5_213_000, **last))
    granules.append(granule(6, DAYS[-1], tile="33TXM", **last))
    path = write_catalog(tmp_path_factory.mktemp("scenes"), granules)
    content = json.loads(path.read_text())
    asset = content["features"][-1]["assets"]["B04"]
    copy_raster(asset["href"], asset["href"][:-3] + "jp2", driver="JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES")
    asset["href"] = asset["href"][:-3] + "jp2"
    path.write_text(json.dumps(content))
    return path


def recipe_of(catalog, **changes):
    return Recipe(str(catalog), AREA, "2022-01", "2022-03", bands=BANDS, max_cloud=100).but(**changes)


@pytest.mark.parametrize("method", ["median", "mean", "percentile:30", "first-clear", "max-ndvi", "medoid"])
@pytest.mark.parametrize(("resolution", "dilate", "opening"), [(10, 0, 0), (10, 60, 250), (20, 0, 0), (30, 0, 0)])
def test_fused_months_equal_cubes_that_are_read_scene_by_scene(catalog, method, resolution, dilate, opening):
    recipe = recipe_of(catalog, method=method, resolution=resolution, dilate=dilate, opening=opening)
    scenes = pipeline.find(recipe)
    grid = pipeline.grid_of(recipe, scenes)
    with dask.config.set(scheduler="synchronous"):
        fast = monthly_composites(scenes, grid, BANDS, recipe.policy, method, tile=512).compute()
        for number, month in enumerate(scenes.months):
            plain = month_array(scenes.passes_of(month), grid, BANDS, recipe.policy, method, tile=256).compute()
            np.testing.assert_array_equal(fast["reflectance"][number], plain[:-1])
            np.testing.assert_array_equal(fast["observations"][number], plain[-1])
    assert fast["observations"].max() >= 2


def test_fused_months_equal_the_workflow_with_stackstacs_own_reader(catalog):
    recipe = recipe_of(catalog, end="2022-01")
    scenes = pipeline.find(recipe)
    grid = pipeline.grid_of(recipe, scenes)
    items = [
        item for item in json.loads(catalog.read_text())["features"] if "2022-01" in item["properties"]["datetime"]
    ]
    cube = stackstac.stack(
        items, assets=[*BANDS, "SCL"], epsg=grid.epsg, resolution=10, bounds=grid.bounds, snap_bounds=False
    )
    clear = cube.sel(band="SCL").isin([4, 5, 6, 7])
    medians = cube.sel(band=list(BANDS)).where(clear).resample(time="1MS").median("time")
    with warnings.catch_warnings(), ThreadPoolExecutor(1) as aside:
        warnings.simplefilter("ignore", RuntimeWarning)
        # stackstac's reader leaves its GDAL options with the thread that it ran in: not with the tests'.
        months = aside.submit(medians.compute, scheduler="synchronous").result()
    fast = pipeline.lazy(recipe, scenes).compute(scheduler="synchronous")
    expected = np.floor(np.nan_to_num(months.to_numpy()) + 0.5)
    np.testing.assert_array_equal(fast["reflectance"], expected)


def test_the_graph_grows_with_months_and_tiles_not_with_scenes(catalog):
    recipe = recipe_of(catalog)
    scenes = pipeline.find(recipe)
    data = monthly_composites(scenes, pipeline.grid_of(recipe, scenes), BANDS, recipe.policy, tile=256)
    months, tiles = 3, len(data.chunks["y"]) * len(data.chunks["x"])
    (optimised,) = dask.optimize(data["reflectance"])
    assert tiles == 9
    assert len(dict(optimised.__dask_graph__())) <= months * tiles * 2 + 2 * months


def many(passes, first=datetime(2000, 1, 1, 10, tzinfo=UTC)):
    """Return so many passes, one every 18 hours, of one granule each."""
    outline = box(14.0, 46.0, 15.0, 47.0)
    bounds = (WEST, NORTH - 109_800, WEST + 109_800, NORTH)
    made = []
    for number in range(passes):
        when = first + number * timedelta(hours=18)
        assets = {band: Asset(f"https://example.com/{number}/{band}.tif", 10.0) for band in (*BANDS, "SCL")}
        scene = Scene(
            id=f"scene-{number}", datetime=when, tile="33TWM", platform="sentinel-2a", baseline="05.09",
            datatake=f"take-{number}", strip="", generated="", cloud_cover=number % 100, footprint=outline, epsg=32633,
            bounds=bounds, assets=assets, offset=-1000,
        )  # fmt: skip
        made.append(Pass(f"pass-{number}", (scene,)))
    months = tuple(sorted({one.month for one in made}))
    return SceneSet(tuple(made), months)


def test_ten_thousand_passes_on_ten_thousand_tiles_are_planned_without_reading():
    def refuse(*_args, **_kwargs):
        pytest.fail("planning computed something")

    scenes = many(10_000)
    grid = Grid(32633, 10.0, WEST, NORTH, 102_400, 102_400, (WEST, NORTH))
    with dask.config.set(scheduler=refuse):
        data = monthly_composites(scenes, grid, BANDS, MaskPolicy())
    assert data["reflectance"].data.numblocks == (len(scenes.months), 1, 100, 100)
    # What is held of it now is the months, not the million blocks.
    graph = data["reflectance"].__dask_graph__()
    assert sum(len(layer) for layer in graph.layers.values() if layer.is_materialized()) <= 2 * len(scenes.months)
