from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from reference import read_at, undecided
from servers import serving_files
from world import Granule, write_cog

from stac_timelapse.cube import raster
from stac_timelapse.cube.raster import Source, Target, read_window
from stac_timelapse.errors import AssetReadError

WEST, NORTH = 499_980.0, 5_200_020.0


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Return a file of 600 x 700 pixels of 20 m with telling values (row * 100 + column + 1)."""
    rows, cols = np.mgrid[0:600, 0:700]
    data = (rows * 90 + cols + 1).astype(np.uint16)
    granule = Granule("scene", "2023-01-01T10:00:00Z", {}, data)
    path = write_cog(tmp_path_factory.mktemp("raster") / "B11.tif", data, granule, 20, overviews="NEAREST")
    return Source("scene", "B11", str(path), 32633, (WEST, NORTH - 12_000, WEST + 14_000, NORTH)), data


def at(col, row, width, height, resolution=20.0):
    """Return the target whose upper left corner is at a pixel of the given size."""
    return Target(32633, WEST + col * resolution, NORTH - row * resolution, resolution, width, height)


def test_the_files_own_grid_is_copied(scene):
    source, data = scene
    np.testing.assert_array_equal(read_window(source, at(10, 20, 30, 40)), data[20:60, 10:40])


def test_outside_the_file_is_no_data(scene):
    source, data = scene
    got = read_window(source, at(-5, 590, 20, 30))
    assert (got[:, :5] == 0).all()
    assert (got[10:] == 0).all()
    np.testing.assert_array_equal(got[:10, 5:], data[590:600, 0:15])
    assert not read_window(source, at(2000, 2000, 8, 8)).any()


def test_finer_pixels_repeat_the_files_own(scene):
    source, data = scene
    got = read_window(source, at(3, 5, 9, 8, resolution=10.0))
    np.testing.assert_array_equal(got, data.repeat(2, 0).repeat(2, 1)[5:13, 3:12])


def test_coarser_pixels_come_from_the_overview(scene):
    source, _ = scene
    with rasterio.open(source.href, OVERVIEW_LEVEL=0) as overview:
        expected = overview.read(1)
    np.testing.assert_array_equal(read_window(source, at(4, 6, 50, 60, resolution=40.0)), expected[6:66, 4:54])


def test_half_a_pixel_off_is_the_nearest_pixel_as_gdal_warps_it(scene):
    source, _ = scene
    target = Target(32633, WEST + 10, NORTH - 10, 20.0, 40, 30)
    assert_as_gdal(source, target)


@pytest.mark.parametrize("size", [(300, 200), (1024, 1024)])
def test_of_another_zone_the_nearest_pixel_is_taken_and_no_other(scene, size):
    source, _ = scene
    with rasterio.open(source.href) as file:
        west, _, _, north = rasterio.warp.transform_bounds(file.crs, "EPSG:32632", *file.bounds)
    width, height = size
    target = Target(32632, round(west + 2000), round(north - 2000), 10.0, width, height)
    place = rasterio.transform.from_origin(target.west, target.north, 10, 10), (height, width), 32632
    sure = ~undecided(Path(source.href), *place)
    assert sure.mean() > 0.99
    got, nearest = read_window(source, target), read_at(Path(source.href), *place)
    assert got.any()
    np.testing.assert_array_equal(got[sure], nearest[sure])


def assert_as_gdal(source, target):
    with (
        rasterio.open(source.href) as file,
        WarpedVRT(
            file,
            crs=f"EPSG:{target.epsg}",
            transform=rasterio.transform.from_origin(target.west, target.north, target.resolution, target.resolution),
            width=target.width,
            height=target.height,
            resampling=Resampling.nearest,
        ) as warped,
    ):
        np.testing.assert_array_equal(read_window(source, target), warped.read(1))


def test_a_file_without_georeference_takes_it_from_its_item(scene, tmp_path):
    source, data = scene
    bare = tmp_path / "bare.jp2"
    options = {"width": 700, "height": 600, "count": 1, "dtype": "uint16", "QUALITY": "100", "REVERSIBLE": "YES"}
    with rasterio.open(bare, "w", driver="JP2OpenJPEG", **options) as target:
        target.write(data, 1)
    known = Source("scene", "B11", str(bare), 32633, source.bounds)
    np.testing.assert_array_equal(read_window(known, at(10, 20, 30, 40)), data[20:60, 10:40])


def test_an_unreadable_file_names_the_scene_and_hides_the_signature(tmp_path):
    path = tmp_path / "broken.tif"
    path.write_bytes(b"II*\0 not a raster at all")
    with pytest.raises(AssetReadError, match="Scene S2A: B04 could not be read") as caught:
        read_window(Source("S2A", "B04", str(path), 32633, (0, 0, 1, 1)), at(0, 0, 4, 4))
    assert caught.value.scene_id == "S2A"
    gone = Source("S2A", "B04", "http://127.0.0.1:9/x.tif?sig=secret", 32633, (0, 0, 1, 1))
    with pytest.raises(AssetReadError) as caught:
        read_window(gone, at(0, 0, 4, 4))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "behind"),
    [(403, False), (404, False), (500, False), (403, True), (404, True), (500, True), ("cut", True), ("reset", True)],
)
def test_what_gdal_could_not_read_once_is_asked_for_anew(tmp_path, monkeypatch, fault, behind):
    # A JPEG 2000 file is read by GDAL alone, which remembers failures as long as the process lives.
    short = {"GDAL_HTTP_MAX_RETRY": "1", "GDAL_HTTP_RETRY_DELAY": "0.01"}
    monkeypatch.setattr(raster, "GDAL_OPTIONS", {**raster.GDAL_OPTIONS, **short})
    data = np.random.default_rng(1).integers(1, 9000, (500, 500)).astype(np.uint16)
    options = {"width": 500, "height": 500, "count": 1, "dtype": "uint16", "QUALITY": "100", "REVERSIBLE": "YES"}
    with rasterio.open(tmp_path / "b.jp2", "w", driver="JP2OpenJPEG", **options) as target:
        target.write(data, 1)
    with serving_files(tmp_path) as server:
        source = Source("S2A", "B04", f"{server.url}/b.jp2", 32633, (WEST, NORTH - 5000, WEST + 5000, NORTH))
        target = at(0, 0, 500, 500, resolution=10.0)
        server.fault = lambda _path, start: fault if bool(start) == behind else None
        with pytest.raises(AssetReadError) as caught:
            read_window(source, target)
        assert "previous exception" not in caught.value.reason
        server.fault = lambda _path, _start: None
        np.testing.assert_array_equal(read_window(source, target), data)
        left = [fault]
        server.fault = lambda _path, start: left.pop() if left and bool(start) == behind else None
        np.testing.assert_array_equal(read_window(source, target), data)


def test_a_truncated_file_is_an_error_not_a_black_patch(scene, tmp_path):
    source, _ = scene
    whole = Path(source.href).read_bytes()
    cut = tmp_path / "cut.tif"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AssetReadError):
        read_window(Source("S2A", "B04", str(cut), 32633, source.bounds), at(0, 0, 700, 600))


@pytest.fixture(scope="module", params=["B04", "SCL"])
def blocks(request, tmp_path_factory):
    """Return a JPEG 2000 file of several blocks, as ESA's originals are, and its pixels."""
    band, kind = {"B04": (9000, "uint16"), "SCL": (12, "uint8")}[request.param]
    data = np.random.default_rng(7).integers(1, band, (1000, 1000)).astype(kind)
    path = tmp_path_factory.mktemp("blocks") / f"{request.param}.jp2"
    options = {"QUALITY": "100", "REVERSIBLE": "YES", "BLOCKYSIZE": 256}
    place = {"crs": "EPSG:32633", "transform": rasterio.transform.from_origin(WEST, NORTH, 20, 20)}
    with rasterio.open(
        path, "w", driver="JP2OpenJPEG", width=1000, height=1000, count=1, dtype=kind, **place, **options
    ) as target:
        target.write(data, 1)
    with rasterio.open(path) as file:
        assert file.block_shapes == [(256, 1000)]
        np.testing.assert_array_equal(file.read(1), data)
    return Source("S2A", request.param, str(path), 32633, (WEST, NORTH - 20_000, WEST + 20_000, NORTH)), data


#: Copied, from an overview, and warped: half a pixel off.
WHOLE = [at(0, 0, 1000, 1000), at(0, 0, 500, 500, resolution=40.0), at(0.5, 0.5, 998, 998)]


@pytest.mark.parametrize(("target", "share"), [*((target, 0.99) for target in WHOLE), (WHOLE[0], 0.6)])
def test_a_truncated_file_of_many_blocks_is_an_error_not_garbage(blocks, tmp_path, share, target):
    source, _ = blocks
    assert read_window(source, target).any()
    whole = Path(source.href).read_bytes()
    cut = tmp_path / "cut.jp2"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(AssetReadError, match=f"Scene S2A: {source.asset} could not be read"):
        read_window(replace(source, href=str(cut)), target)


def test_a_coarse_mask_of_jpeg_2000_has_no_class_that_its_file_has_not(blocks):
    source, data = blocks
    coarse = read_window(source, at(0, 0, 500, 500, resolution=40.0))
    among = np.stack([data[i::2, j::2] for i in (0, 1) for j in (0, 1)])
    assert (coarse == among).any(axis=0).all() == (
        source.asset == "SCL"
    )  # of bands it is the mean, as their files have it
