"""Composites of a small world, from the files to the Dataset, against closed-form answers."""

from __future__ import annotations

import dask
import numpy as np
import pytest
from world import EARTH_SEARCH_NAMES, Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.recipe import Recipe

WEST, NORTH = 499_980.0, 5_200_020.0
SIZE = 96
AREA = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 5, NORTH - 955, WEST + 955, NORTH - 5))


def flat(value):
    return np.full((SIZE, SIZE), value)


def classes(value=4, **patches):
    scl = np.full((SIZE // 2, SIZE // 2), value)
    for rows_cols, cls in patches.values():
        scl[rows_cols] = cls
    return scl


def granule(name, when, red, scl=None, **more):
    bands = {"B04": np.asarray(red), "B08": np.asarray(red) * 2}
    return Granule(name, when, bands, classes() if scl is None else scl, scl_resolution=20, **more)


def compose(folder, granules, **changes):
    path = write_catalog(folder, granules)
    recipe = Recipe(str(path), AREA, "2022-01", "2022-03", bands=("B04", "B08"), max_cloud=100).but(**changes)
    return pipeline.lazy(recipe, pipeline.find(recipe))


def test_the_whole_of_one_small_world(tmp_path):
    cloud = classes(4, cloud=(np.s_[0:10, 0:48], 9))
    data = compose(
        tmp_path,
        [
            granule("a", "2022-01-03T10:00:00Z", flat(1000)),
            granule("b", "2022-01-13T10:00:00Z", flat(3000), cloud),
            granule("c", "2022-01-23T10:00:00Z", flat(1400), baseline="03.01"),
            granule("d", "2022-03-03T10:00:00Z", flat(3000), baseline="04.00"),
        ],
    )
    assert data["reflectance"].dims == ("time", "band", "y", "x")
    assert data["reflectance"].dtype == np.uint16
    assert data["observations"].dtype == np.uint16
    assert data.rio.crs.to_epsg() == 32633
    assert data["reflectance"].attrs["scale_factor"] == 0.0001
    assert [str(value)[:10] for value in data["time"].values] == ["2022-01-01", "2022-02-01", "2022-03-01"]
    assert (np.diff(data["y"]) == -10).all()
    assert data["x"].values[0] == WEST + 5
    done = data.compute()
    red = done["reflectance"].sel(band="B04")
    # January: three passes below the cloud, two under it (20 rows of 10 m).
    assert (red[0, 20:] == 1400).all()
    assert (red[0, :20] == 1200).all()
    assert (done["reflectance"].sel(band="B08")[0, 20:] == 2800).all()
    assert (done["observations"][0, :20] == 2).all()
    assert (done["observations"][0, 20:] == 3).all()
    # February keeps its slot, empty.
    assert not red[1].any()
    assert not done["observations"][1].any()
    # March is of baseline 04.00: DN 3000 is reflectance 0.2.
    assert (red[2] == 2000).all()


def test_nothing_is_read_before_it_is_asked_for(tmp_path):
    def refuse(*_args, **_kwargs):
        pytest.fail("a lazy step computed something")

    path = write_catalog(tmp_path, [granule("a", "2022-01-03T10:00:00Z", flat(1000))])
    for file in tmp_path.rglob("*.tif"):
        file.unlink()
    recipe = Recipe(str(path), AREA, "2022-01", "2022-03", bands=("B04",), max_cloud=100)
    with dask.config.set(scheduler=refuse):
        scenes = pipeline.find(recipe)
        pipeline.estimate(recipe, scenes)
        data = pipeline.lazy(recipe, scenes)
        assert data["reflectance"].isel(time=0).shape == (1, 96, 96) or data.sizes["y"] > 0
        with pytest.raises(pytest.fail.Exception):
            data["reflectance"].compute()


def test_granules_of_one_pass_are_fused_before_the_median(tmp_path):
    # Two granules of one datatake overlap everywhere; counted twice, 5000 would win the median.
    same = {"datatake": "GS2A_20220103T100000_000001_N03.01"}
    data = compose(
        tmp_path,
        [
            granule("left", "2022-01-03T10:00:00Z", flat(5000), tile="33TWM", **same),
            granule("right", "2022-01-03T10:00:15Z", flat(5000), tile="33TXM", **same),
            granule("b", "2022-01-13T10:00:00Z", flat(1000)),
            granule("c", "2022-01-23T10:00:00Z", flat(1200)),
        ],
    ).compute()
    assert (data["reflectance"].sel(band="B04")[0] == 1200).all()
    assert (data["observations"][0] == 3).all()


def test_dark_pixels_of_the_new_baseline_are_not_lost(tmp_path):
    # DN 900 minus 1000 is negative: kept as 1, never 0, which means no observation.
    data = compose(tmp_path, [granule("a", "2022-01-03T10:00:00Z", flat(900), baseline="04.00")]).compute()
    assert (data["reflectance"].sel(band="B04")[0] == 1).all()
    assert (data["observations"][0] == 1).all()


def test_earth_search_names_and_flags(tmp_path):
    corrected = {"earthsearch:boa_offset_applied": True}
    data = compose(
        tmp_path,
        [granule("es", "2022-03-03T10:00:00Z", flat(700), baseline="05.09", names=EARTH_SEARCH_NAMES, extra=corrected)],
    ).compute()
    assert (data["reflectance"].sel(band="B04")[2] == 700).all()


def test_no_data_in_the_file_stays_no_data(tmp_path):
    edge = flat(2000)
    edge[:, :30] = 0
    data = compose(tmp_path, [granule("a", "2022-03-03T10:00:00Z", edge, baseline="04.00")]).compute()
    red = data["reflectance"].sel(band="B04")[2]
    assert not red[:, :30].any()
    assert (red[:, 30:] == 1000).all()
    assert not data["observations"][2, :, :30].any()


def test_the_margin_reaches_across_tiles(tmp_path):
    scl = classes(4, cloud=(np.s_[24:25, 0:48], 9))
    path = write_catalog(tmp_path, [granule("a", "2022-01-03T10:00:00Z", flat(1000), scl)])
    recipe = Recipe(str(path), AREA, "2022-01", "2022-01", bands=("B04",), max_cloud=100, dilate=40)
    scenes = pipeline.find(recipe)
    from stac_timelapse.composite.monthly import monthly_composites  # noqa: PLC0415 - the chunk size is internal

    grid = pipeline.grid_of(recipe, scenes)
    whole = monthly_composites(scenes, grid, recipe.bands, recipe.policy, tile=1024).compute()
    pieces = monthly_composites(scenes, grid, recipe.bands, recipe.policy, tile=16).compute()
    np.testing.assert_array_equal(whole["reflectance"], pieces["reflectance"])
    # Cloudy rows 48 and 49, and 40 m on either side.
    empty_rows = np.flatnonzero((whole["observations"][0] == 0).all(dim="x"))
    assert empty_rows.tolist() == list(range(44, 54))
