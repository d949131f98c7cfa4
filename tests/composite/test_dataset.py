"""The lazy Dataset as others read it: CF terms, NetCDF, rioxarray; and that it is lazy."""

from __future__ import annotations

import dask
import numpy as np
import pytest
import rasterio
import xarray as xr
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.stack import masked_cube
from stac_timelapse.recipe import Recipe

WEST, NORTH = 499_980.0, 5_200_020.0
SIZE = 64
AREA = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 5, NORTH - 635, WEST + 635, NORTH - 5))


@pytest.fixture
def recipe(tmp_path):
    scl = np.full((SIZE, SIZE), 4)
    scl[:, :20] = 9
    granules = [
        Granule("a", "2022-01-03T10:00:00Z", {"B04": np.full((SIZE, SIZE), 2345)}, scl),
        Granule("b", "2022-01-13T10:00:00Z", {"B04": np.full((SIZE, SIZE), 2345)}, scl),
    ]
    return Recipe(str(write_catalog(tmp_path, granules)), AREA, "2022-01", "2022-02", bands=("B04",), max_cloud=100)


def test_decoded_it_is_reflectance_with_gaps(recipe):
    data = pipeline.lazy(recipe, pipeline.find(recipe))
    assert data.attrs["Conventions"].startswith("CF-")
    assert {name: data[name].attrs["units"] for name in ("reflectance", "observations", "x", "y")} == {
        "reflectance": "1", "observations": "1", "x": "m", "y": "m",
    }  # fmt: skip
    decoded = xr.decode_cf(data.compute())
    assert decoded["reflectance"].dtype.kind == "f"
    assert decoded["reflectance"][0, 0, :, 20:].to_numpy() == pytest.approx(0.2345)
    assert decoded["reflectance"][0, 0, :, :20].isnull().all()
    assert decoded["reflectance"][1].isnull().all()
    # No observation is a number, not a gap.
    assert decoded["observations"].dtype == np.uint16
    assert set(np.unique(decoded["observations"])) == {0, 2}


def test_written_to_netcdf_and_read_back(recipe, tmp_path):
    data = pipeline.lazy(recipe, pipeline.find(recipe)).compute()
    data.to_netcdf(tmp_path / "months.nc")
    with xr.open_dataset(tmp_path / "months.nc", decode_coords="all") as back:
        assert back.rio.crs.to_epsg() == 32633
        assert back.rio.transform() == data.rio.transform()
        np.testing.assert_array_equal(back["observations"], data["observations"])
        red = back["reflectance"].sel(band="B04", time="2022-01-01").to_numpy()
        assert red[:, 20:] == pytest.approx(0.2345)
        assert np.isnan(red[:, :20]).all()
    with xr.open_dataset(tmp_path / "months.nc", mask_and_scale=False) as raw:
        np.testing.assert_array_equal(raw["reflectance"], data["reflectance"])


def test_rioxarray_knows_crs_grid_and_nodata(recipe, tmp_path):
    data = pipeline.lazy(recipe, pipeline.find(recipe))
    month = data["reflectance"].isel(time=0)
    assert month.rio.crs.to_epsg() == 32633
    assert month.rio.nodata == 0
    assert month.rio.resolution() == (10, -10)
    month.rio.to_raster(tmp_path / "month.tif")
    with rasterio.open(tmp_path / "month.tif") as file:
        assert (file.dtypes[0], file.nodata, file.scales[0]) == ("uint16", 0, 0.0001)
        assert (file.read(1)[:, 20:] == 2345).all()


def test_nothing_is_read_or_computed_before_it_is_asked_for(recipe, monkeypatch):
    def refuse(*_args, **_kwargs):
        pytest.fail("something was read or computed")

    monkeypatch.setattr(rasterio, "open", refuse)
    with dask.config.set(scheduler=refuse):
        scenes = pipeline.find(recipe)
        scenes.to_geodataframe()
        grid = pipeline.grid_of(recipe, scenes)
        cube = masked_cube(scenes.scenes, grid, recipe.bands, MaskPolicy())
        assert cube.shape == (2, 1, SIZE, SIZE)
        assert pipeline.estimate(recipe, scenes).read_bytes > 0
        data = pipeline.lazy(recipe, scenes)
        data.isel(time=0).sel(band="B04")
        for lazy in (cube, data):
            with pytest.raises(pytest.fail.Exception, match="read or computed"):
                lazy.compute()
