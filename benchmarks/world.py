"""Scenes for the benchmark: files of Sentinel-2's full size and blocks, filled where they are needed.

The noise is chosen so that a block compresses like the archives' (to about 0.6), and the clouds so that some 45 %
of the pixels and about a third of the blocks are covered.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.shutil import copy
from rasterio.transform import from_origin
from rasterio.warp import transform_geom
from rasterio.windows import Window
from scipy import ndimage

from benchmarks import BANDS, MONTHS, PASSES

EPSG = 32633
WEST, NORTH = 499_980.0, 5_200_020.0
FULL = 10_980
BLOCK = 512
#: Where the area's upper left pixel lies: off the blocks' edges, as any drawn area is.
OFFSET = 777
_NOISE = 45.0
_VEGETATION, _SOIL, _CLOUD = 4, 5, 9
#: Beyond this size the scenes of a month share their reflectance files, under names of their own, to spare the disk.
_SHARED_FROM = 6000


def make(folder: Path, size: int) -> Path:
    """Write the scenes of one area size unless they are there; return the folder."""
    home = folder / f"scenes-{size}"
    if (home / "ready").exists():
        return home
    home.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    for number in range(len(MONTHS) * PASSES):
        _scene(home, number, size, random)
    (home / "ready").touch()
    return home


def items(home: Path, root: str) -> list[dict[str, Any]]:
    """Return the STAC items of the scenes, their files under `root`."""
    return [_item(home, root, number) for number in range(len(MONTHS) * PASSES)]


def offset_of(size: int) -> int:
    """Return the column and row of the area's first pixel."""
    return min(OFFSET, FULL - size)


def bounds_of(size: int) -> tuple[float, float, float, float]:
    """Return the projected bounds of an area of so many pixels a side."""
    first = offset_of(size) * 10
    return WEST + first, NORTH - first - size * 10, WEST + first + size * 10, NORTH - first


def name_of(number: int) -> str:
    """Return the id of a scene."""
    return f"S2A_{MONTHS[number // PASSES].replace('-', '')}{1 + 5 * (number % PASSES):02d}"


def _scene(home: Path, number: int, size: int, random: np.random.Generator) -> None:
    scene = home / name_of(number)
    scene.mkdir(exist_ok=True)
    for index, band in enumerate(BANDS):
        path = scene / f"{band}.tif"
        twin = home / name_of(0) / f"{band}.tif"
        if size >= _SHARED_FROM and number:
            path.hardlink_to(twin)
        elif not path.exists():
            _write(path, _window(size, 1), 10, lambda shape, base=500 + 200 * index: _ground(shape, base, random))
    _write(scene / "SCL.tif", _window(size, 2), 20, lambda shape: _classes(shape, random))


def _window(size: int, factor: int) -> Window:
    """Return the whole blocks that an area touches, in pixels of a file `factor` times coarser."""
    full = FULL // factor
    first = offset_of(size) // factor // BLOCK * BLOCK
    last = min(-(-(offset_of(size) + size) // factor // BLOCK) * BLOCK + BLOCK, full)
    return Window(first, first, last - first, last - first)


def _write(path: Path, window: Window, pixel: int, fill: Any) -> None:
    shape = (int(window.height), int(window.width))
    data = fill(shape)
    full = FULL * 10 // pixel
    plain = path.with_suffix(".plain.tif")
    profile = {"driver": "GTiff", "width": full, "height": full, "count": 1, "dtype": data.dtype, "nodata": 0}
    place = {"crs": f"EPSG:{EPSG}", "transform": from_origin(WEST, NORTH, pixel, pixel)}
    blocks = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "SPARSE_OK": "TRUE"}
    with rasterio.open(plain, "w", **profile, **place, **blocks) as target:
        target.write(data, 1, window=window)
    predictor = "YES" if data.dtype == np.uint16 else "NO"
    options = {"COMPRESS": "DEFLATE", "PREDICTOR": predictor, "BLOCKSIZE": str(BLOCK), "SPARSE_OK": "TRUE"}
    copy(plain, path, driver="COG", LEVEL="6", NUM_THREADS="2", OVERVIEW_RESAMPLING="NEAREST", **options)
    plain.unlink()


def _ground(shape: tuple[int, int], base: int, random: np.random.Generator) -> NDArray[np.uint16]:
    rows = np.sin(np.arange(shape[0], dtype=np.float32) / 190)[:, None]
    columns = np.cos(np.arange(shape[1], dtype=np.float32) / 230)[None, :]
    noise = random.standard_normal(shape, dtype=np.float32) * np.float32(_NOISE)
    ground: NDArray[np.uint16] = np.clip(base + 300 * rows * columns + noise, 1, 10_000).astype(np.uint16)
    return ground


def _classes(shape: tuple[int, int], random: np.random.Generator) -> NDArray[np.uint8]:
    """Clouds in fields of some kilometres with ragged edges, about 45 % of the pixels."""
    coarse = random.standard_normal((shape[0] // 32 + 2, shape[1] // 32 + 2)).astype(np.float32)
    field = ndimage.gaussian_filter(coarse, 5)
    field /= field.std()
    field += 0.25 * ndimage.gaussian_filter(coarse, 1)
    smooth = ndimage.zoom(field, 32, order=1)[: shape[0], : shape[1]]
    fields = ndimage.gaussian_filter(random.standard_normal(shape, dtype=np.float32), 4)
    land = np.where(fields > 0, np.uint8(_VEGETATION), np.uint8(_SOIL))
    return np.where(smooth > np.quantile(smooth, 0.55), np.uint8(_CLOUD), land)


def _item(home: Path, root: str, number: int) -> dict[str, Any]:
    name = name_of(number)
    east, south = WEST + FULL * 10, NORTH - FULL * 10
    ring = [[WEST, south], [east, south], [east, NORTH], [WEST, NORTH], [WEST, south]]
    geometry = transform_geom(f"EPSG:{EPSG}", "EPSG:4326", {"type": "Polygon", "coordinates": [ring]})
    xs, ys = zip(*geometry["coordinates"][0], strict=True)
    stamp = name.rpartition("_")[2]
    when = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:]}T10:00:00Z"
    assets = {
        band: {
            "href": f"{root}/{home.name}/{name}/{band}.tif",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "proj:shape": [FULL * 10 // pixel] * 2,
            "proj:transform": [pixel, 0, WEST, 0, -pixel, NORTH],
        }
        for band, pixel in {**dict.fromkeys(BANDS, 10), "SCL": 20}.items()
    }
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": name,
        "collection": "sentinel-2-l2a",
        "geometry": geometry,
        "bbox": [min(xs), min(ys), max(xs), max(ys)],
        "links": [],
        "properties": {
            "datetime": when,
            "platform": "sentinel-2a",
            "eo:cloud_cover": 45.0,
            "proj:epsg": EPSG,
            "s2:mgrs_tile": "33TWM",
            "s2:processing_baseline": "03.01",
            "s2:datatake_id": f"GS2A_{stamp}T100000_000001_N03.01",
            "s2:datastrip_id": f"S2A_OPER_MSI_L2A_DS_X_{stamp}T000000_S{stamp}T000000_N03.01",
            "s2:generation_time": when,
        },
        "assets": assets,
    }


def write_items(home: Path, root: str) -> Path:
    """Write the items as an ItemCollection; return its path."""
    path = home / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": items(home, root)}))
    return path
