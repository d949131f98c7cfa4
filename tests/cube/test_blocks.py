"""Blocks copied one by one against the same windows read by GDAL."""

from __future__ import annotations

import http.server
import re
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rasterio.shutil import copy as copy_raster
from world import Granule, write_cog

from stac_timelapse.cube.blocks import view
from stac_timelapse.cube.decode import unpack
from stac_timelapse.cube.fetch import ByteFile, NotFetchedError
from stac_timelapse.cube.granule import Granule as Files
from stac_timelapse.cube.granule import read_bands, read_masks
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.raster import Source, Target, read_window
from stac_timelapse.cube.tiff import NotPlainError, parse
from stac_timelapse.errors import AssetReadError

WEST, NORTH = 499_980.0, 5_200_020.0
ROWS, COLS = 1337, 1100
BOUNDS = (WEST, NORTH - ROWS * 20.0, WEST + COLS * 20.0, NORTH)


def values(dtype=np.uint16):
    noise = np.random.default_rng(3).integers(0, np.iinfo(dtype).max, (ROWS, COLS), endpoint=True)
    noise[:, 300:340] = 0
    return noise.astype(dtype)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("blocks")


@pytest.fixture(scope="module")
def scene(folder):
    data = values()
    path = write_cog(folder / "B11.tif", data, Granule("scene", "2023-01-01T10:00:00Z", {}, data), 20)
    return Source("scene", "B11", str(path), 32633, BOUNDS)


def target_at(col, row, width, height, resolution=20.0):
    return Target(32633, WEST + col * resolution, NORTH - row * resolution, resolution, width, height)


def read_granules(granules, bands, policy, target):
    return read_bands(granules, bands, read_masks(granules, policy, target), target)


def copied(source, target, clear=None, offset=0):
    seen = view(source, target)
    out = np.zeros((target.height, target.width), dtype=np.uint16)
    clear = np.ones(out.shape, dtype=bool) if clear is None else clear
    for piece in seen.pieces(clear):
        seen.fill(piece, clear, out, offset)
    return out


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    col=st.integers(-40, COLS + 40),
    row=st.integers(-40, ROWS + 40),
    width=st.integers(1, 700),
    height=st.integers(1, 700),
    resolution=st.sampled_from([10.0, 20.0, 20.0, 40.0, 80.0]),
)
@example(col=464, row=ROWS + 39, width=10, height=473, resolution=10.0)  # in the padding of the last block
@example(col=COLS + 10, row=0, width=10, height=10, resolution=20.0)
def test_any_window_is_what_gdal_reads(scene, col, row, width, height, resolution):
    factor = 20.0 / resolution
    target = target_at(round(col * factor), round(row * factor), width, height, resolution)
    try:
        got = copied(scene, target)
    except NotPlainError:
        # Only where the last pixel of an overview is cut, which GDAL stretches.
        assert resolution > 20
        return
    np.testing.assert_array_equal(got, read_window(scene, target))


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 99), share=st.sampled_from([0.0, 0.001, 0.5]), offset=st.sampled_from([0, -1000]))
def test_what_is_not_clear_is_zero_and_what_is_never_falls_to_it(scene, seed, share, offset):
    target = target_at(100, 50, 600, 600)
    clear = np.random.default_rng(seed).random((600, 600)) < share
    stored = read_window(scene, target).astype(int)
    expected = np.where(clear & (stored > 0), np.maximum(stored + offset, 1), 0)
    np.testing.assert_array_equal(copied(scene, target, clear, offset), expected)


def test_one_wrong_bit_of_a_block_does_not_go_unnoticed(scene):
    file = ByteFile(scene.href)
    layout = parse(file.read)
    level = layout.levels[0]
    block = bytearray(file.read(int(level.offsets[0]), int(level.counts[0])))
    whole = unpack(bytes(block), layout, level)
    random = np.random.default_rng(4)
    for place in random.integers(8, len(block) - 8, 100):
        block[place] ^= 1 << int(random.integers(8))
        with pytest.raises(NotPlainError):
            unpack(bytes(block), layout, level)
        block = bytearray(file.read(int(level.offsets[0]), int(level.counts[0])))
    np.testing.assert_array_equal(unpack(bytes(block), layout, level), whole)


FORMATS = [
    {"driver": "COG", "COMPRESS": "DEFLATE", "PREDICTOR": "YES", "BLOCKSIZE": "256"},
    {"driver": "COG", "COMPRESS": "DEFLATE", "BIGTIFF": "YES"},
    {"driver": "COG", "COMPRESS": "NONE"},
    {"driver": "GTiff", "COMPRESS": "DEFLATE", "TILED": "YES", "BLOCKXSIZE": "128", "BLOCKYSIZE": "64"},
]
OTHER_FORMATS = [
    {"driver": "COG", "COMPRESS": "ZSTD"},
    {"driver": "COG", "COMPRESS": "LZW", "PREDICTOR": "YES"},
    {"driver": "GTiff", "COMPRESS": "DEFLATE"},
    {"driver": "GTiff", "COMPRESS": "DEFLATE", "TILED": "YES", "ENDIANNESS": "BIG"},
    {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"},
]


def rewritten(scene, folder, options, dtype=np.uint16, nodata=0):
    name = "-".join([*options.values(), np.dtype(dtype).name, str(nodata)])
    plain, path = folder / f"{name}.plain.tif", folder / f"{name}.tif"
    with rasterio.open(scene.href) as file:
        profile = {"driver": "GTiff", "width": COLS, "height": ROWS, "count": 1, "dtype": dtype, "nodata": nodata}
        with rasterio.open(plain, "w", **profile, crs=file.crs, transform=file.transform) as target:
            target.write(values(dtype), 1)
    copy_raster(plain, path, **options)
    return Source("scene", "B11", str(path), 32633, BOUNDS)


@pytest.mark.parametrize("options", FORMATS, ids=lambda options: "-".join(options.values()))
@pytest.mark.parametrize(("dtype", "nodata"), [(np.uint16, 0), (np.uint8, 0), (np.uint16, 77), (np.uint8, 200)])
def test_the_formats_whose_blocks_are_copied(scene, folder, options, dtype, nodata):
    source = rewritten(scene, folder, options, dtype, nodata)
    target = target_at(250, 200, 400, 700)
    np.testing.assert_array_equal(copied(source, target), read_window(source, target))


@pytest.mark.parametrize("options", OTHER_FORMATS, ids=lambda options: "-".join(options.values()))
def test_other_formats_are_left_to_gdal(scene, folder, options):
    source = rewritten(scene, folder, options)
    with pytest.raises(NotPlainError):
        view(source, target_at(0, 0, 8, 8))
    got = read_granules([files(source, folder)], ["B11"], MaskPolicy(), target_at(250, 200, 400, 700))
    np.testing.assert_array_equal(got[0, 0], values()[200:900, 250:650])


def test_another_zone_and_other_pixels_are_left_to_gdal(scene):
    for target in (Target(32632, WEST, NORTH, 20.0, 8, 8), Target(32633, WEST + 5, NORTH, 20.0, 8, 8)):
        with pytest.raises(NotPlainError):
            view(scene, target)


def files(source, folder, scl=4):
    """Return a scene of one band whose mask is clear everywhere but in its upper left block."""
    path = folder / f"SCL-{scl}.tif"
    if not path.exists():
        classes = np.full((ROWS, COLS), 4, dtype=np.uint8)
        classes[:512, :512] = scl
        write_cog(path, classes, Granule("scene", "2023-01-01T10:00:00Z", {}, classes), 20)
    return Files("scene", {"B11": source.href, "SCL": str(path)}, 0, 32633, BOUNDS, "none")


@contextmanager
def ranges(folder, answers=()):
    """Serve a folder by ranges; yield its address and the list of ``(name, first, last)`` asked for."""
    asked, odd = [], list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())
            asked.append((self.path.lstrip("/"), first, last))
            data = (folder / self.path.lstrip("/")).read_bytes()
            status = odd.pop(0) if odd else 206
            body = data[first : last + 1] if status == 206 else b"go away"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Range", f"bytes {first}-{first + len(body) - 1}/{len(data)}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()


def test_only_blocks_with_a_clear_pixel_are_fetched_and_neighbours_together(scene, folder):
    with ranges(folder) as (url, asked):
        there = files(Source("scene", "B11", f"{url}/B11.tif", 32633, BOUNDS), folder, scl=9)
        got = read_granules([there], ["B11"], MaskPolicy(), target_at(0, 0, 1024, 1024))
    expected = values()[:1024, :1024].copy()
    expected[:512, :512] = 0
    np.testing.assert_array_equal(got[0, 0], expected)
    blocks = [one for one in asked if one[0] == "B11.tif"][1:]
    # The upper right block by itself, the two lower ones, which lie side by side, in one request.
    assert len(blocks) == 2
    needed = sum(
        block.length
        for block in view(scene, target_at(0, 0, 1024, 1024)).blocks
        if block.rows.start or block.columns.start
    )
    assert needed <= sum(last - first + 1 for _, first, last in blocks) <= needed + 16


@pytest.mark.usefixtures("scene")
def test_nothing_clear_is_nothing_fetched(folder):
    with ranges(folder) as (url, asked):
        there = files(Source("scene", "B11", f"{url}/B11.tif", 32633, BOUNDS), folder, scl=9)
        got = read_granules([there], ["B11"], MaskPolicy(), target_at(100, 100, 300, 300))
    assert not got.any()
    assert asked == []


@pytest.mark.usefixtures("scene")
def test_a_busy_server_is_asked_again(folder, monkeypatch):
    monkeypatch.setattr("stac_timelapse.cube.fetch._FIRST_PAUSE", 0.001)
    with ranges(folder, answers=[503, 429]) as (url, asked):
        source = Source("scene", "B11", f"{url}/B11.tif", 32633, BOUNDS)
        np.testing.assert_array_equal(copied(source, target_at(0, 0, 100, 100)), values()[:100, :100])
    assert len(asked) == 4


def test_a_file_that_changed_is_noticed(folder):
    data = values()
    granule = Granule("scene", "2023-01-01T10:00:00Z", {}, data)
    path = write_cog(folder / "changing.tif", data, granule, 20)
    with ranges(folder) as (url, _):
        source = Source("scene", "B11", f"{url}/changing.tif", 32633, BOUNDS)
        copied(source, target_at(0, 0, 100, 100))
        path.write_bytes(path.read_bytes() + b"more")
        with pytest.raises(NotFetchedError, match="it has changed"):
            copied(source, target_at(0, 0, 100, 100))


def test_a_damaged_block_is_an_error_not_a_black_patch(scene, folder):
    data = bytearray(Path(scene.href).read_bytes())
    data[len(data) // 2 : len(data) // 2 + 400_000] = b"\x17" * 400_000
    path = folder / "damaged.tif"
    path.write_bytes(bytes(data))
    damaged = files(Source("scene", "B11", str(path), 32633, BOUNDS), folder)
    with pytest.raises(AssetReadError, match="Scene scene: B11 could not be read"):
        read_granules([damaged], ["B11"], MaskPolicy(), target_at(0, 0, COLS, ROWS))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 4000), byte=st.integers(0, 255))
@example(at=311, byte=0)  # blocks of no height
def test_nonsense_in_the_directories_is_refused_or_harmless(scene, folder, at, byte):
    data = bytearray(Path(scene.href).read_bytes())
    data[at] = byte
    path = folder / f"nonsense-{at}-{byte}.tif"
    path.write_bytes(bytes(data))
    try:
        copied(Source("scene", "B11", str(path), 32633, BOUNDS), target_at(0, 0, 60, 60))
    except (NotPlainError, NotFetchedError):
        pass
    finally:
        path.unlink()
