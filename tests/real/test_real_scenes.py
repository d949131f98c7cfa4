"""Real Sentinel-2 pixels against plain rasterio and numpy."""

from __future__ import annotations

import json
import shutil

import dask
import numpy as np
import pytest
import rasterio
from reference import month_median

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.recipe import Recipe

BANDS = ("B04", "B03", "B02", "B08")
CLEAR = (4, 5, 6, 7)


def composed(recipe):
    data = pipeline.lazy(recipe, pipeline.find(recipe)).compute()
    return data["reflectance"][0].to_numpy(), data["observations"][0].to_numpy(), data.rio.transform()


@pytest.fixture(scope="module")
def august(real):
    """Return the recipe of the area that one tile covers, August 2023."""
    return Recipe(
        catalog=str(real / "scenes" / "earth-search-33T" / "catalog.json"),
        aoi=AreaOfInterest.from_bbox(15.5, 46.3, 15.7, 46.45),
        start="2023-08",
        end="2023-08",
        max_cloud=100,
        bands=BANDS,
        resolution=120,
    )


def passes_of(real, tiles):
    folder = real / "scenes" / "earth-search-33T" / "sentinel-2-l2a"
    days = ("20230810", "20230813", "20230815", "20230818", "20230820")
    return [
        [
            {band: next(folder.glob(f"*_{tile}_{day}_0_L2A")) / f"{band}.tif" for band in (*BANDS, "SCL")}
            for tile in tiles
        ]
        for day in days
    ]


def test_one_tile_equals_the_reference(real, august):
    reflectance, observations, transform = composed(august)
    median, count = month_median(passes_of(real, ["33TWM"]), BANDS, transform, observations.shape, CLEAR)
    np.testing.assert_array_equal(observations, count)
    np.testing.assert_array_equal(reflectance > 0, ~np.isnan(median))
    assert np.nanmax(np.abs(np.where(count > 0, reflectance - median, np.nan))) <= 1
    assert (count > 0).mean() > 0.95
    # The provider has removed the +1000 already: removed twice, the darkest tenth would sit at DN 1.
    assert 100 < np.percentile(reflectance[2][count > 0], 10) < 1000


def test_two_granules_a_pass_count_once(august):
    recipe = august.but(aoi=AreaOfInterest.from_bbox(16.0, 46.0, 16.1, 46.1))
    reflectance, observations, _ = composed(recipe)
    assert observations.max() <= 5
    assert (reflectance[:, observations > 0] > 0).any(axis=0).all()


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_scenes_without_their_sidecars_are_placed_by_their_items(real, august, tmp_path, scheduler):
    # The .aux.xml files hold CRS, transform and nodata of the JPEG2000 files; without them only the items know, and
    # these describe pixels of 10 m where there are 120.
    scenes = tmp_path / "scenes"
    shutil.copytree(real / "scenes" / "earth-search-33T", scenes, ignore=shutil.ignore_patterns("*.aux.xml", "*33TWL*"))
    for document in (scenes / "catalog.json", scenes / "sentinel-2-l2a" / "collection.json"):
        content = json.loads(document.read_text())
        content["links"] = [link for link in content["links"] if "33TWL" not in link["href"]]
        document.write_text(json.dumps(content))
    with rasterio.open(next(scenes.rglob("B04.tif"))) as file:
        assert (file.driver, file.crs) == ("JP2OpenJPEG", None)
    with dask.config.set(scheduler=scheduler):
        reflectance, observations, transform = composed(august.but(catalog=str(scenes / "catalog.json")))
    median, count = month_median(passes_of(real, ["33TWM"]), BANDS, transform, observations.shape, CLEAR)
    np.testing.assert_array_equal(observations, count)
    assert np.nanmax(np.abs(np.where(count > 0, reflectance - median, np.nan))) <= 1
