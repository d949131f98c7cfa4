"""Real Sentinel-2 pixels against plain rasterio and numpy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
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


def test_the_cog_scene_equals_the_reference(real, tmp_path):
    folder = next((real / "scenes" / "cog-29RKH").rglob("S2A_29RKH_20200219_0_L2A"))
    item = json.loads((folder / f"{folder.name}.json").read_text())
    for name, band in {"red": "B04", "green": "B03", "blue": "B02", "nir": "B08", "scl": "SCL"}.items():
        item["assets"][name]["href"] = str(folder / f"{band}.tif")
    path: Path = tmp_path / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [item]}))
    recipe = Recipe(
        catalog=str(path),
        aoi=AreaOfInterest.from_bbox(-11.9, 24.5, -11.3, 25.1),
        start="2020-02",
        end="2020-02",
        max_cloud=100,
        bands=BANDS,
        resolution=100,
    )
    reflectance, observations, transform = composed(recipe)
    files = {band: folder / f"{band}.tif" for band in (*BANDS, "SCL")}
    median, count = month_median([[files]], BANDS, transform, observations.shape, CLEAR)
    np.testing.assert_array_equal(observations, count)
    np.testing.assert_array_equal(reflectance, np.nan_to_num(median))
    assert (transform.c - 199_980) % 100 == 0
    assert (transform.f - 2_800_020) % 100 == 0
