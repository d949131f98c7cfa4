"""A cloud-free overview of the demo landscape for the map."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.warp import calculate_default_transform, reproject

from stac_timelapse.demo.items import union_bounds
from stac_timelapse.demo.spec import EPSG, PIXEL, DemoSpec
from stac_timelapse.demo.truth import surface

_PICTURE, _WHERE = "quicklook.jpg", "quicklook.json"
_DAY = date(2022, 6, 8)


def quicklook(root: Path) -> tuple[Path, tuple[float, float, float, float]]:
    """Return the overview picture of a built catalogue and where it lies.

    Parameters
    ----------
    root
        Folder from `build`.

    Returns
    -------
    path
        JPEG in true colour, without clouds, in EPSG:3857.
    bounds
        West, south, east, north in metres of EPSG:3857.
    """
    west, south, east, north = json.loads((root / _WHERE).read_text(encoding="utf-8"))["bounds"]
    return root / _PICTURE, (west, south, east, north)


def write_quicklook(root: Path, spec: DemoSpec) -> None:
    """Write what `quicklook` returns."""
    ground = surface(_DAY, ("B04", "B03", "B02"), spec.window)
    bright = (np.clip((ground - 80) / 2500, 0.004, 1) ** (1 / 1.7) * 255).astype(np.uint8)
    bounds = union_bounds(spec)
    west, _, _, north = bounds
    source = from_origin(west, north, PIXEL, PIXEL)
    transform, width, height = calculate_default_transform(
        f"EPSG:{EPSG}", "EPSG:3857", bright.shape[2], bright.shape[1], *bounds
    )
    # Nearest at the margin: the turned rectangle's corners take the colour of its edge, not black.
    warped = np.zeros((3, height, width), dtype=np.uint8)
    reproject(
        bright,
        warped,
        src_transform=source,
        src_crs=f"EPSG:{EPSG}",
        dst_transform=transform,
        dst_crs="EPSG:3857",
        resampling=Resampling.bilinear,
        dst_nodata=0,
    )
    filled = warped.max(axis=0) > 0
    inside = _largest_box(filled)
    Image.fromarray(np.moveaxis(warped[:, inside[0], inside[1]], 0, -1)).save(root / _PICTURE, quality=85)
    left, top = transform.c + transform.a * inside[1].start, transform.f + transform.e * inside[0].start
    right, bottom = transform.c + transform.a * inside[1].stop, transform.f + transform.e * inside[0].stop
    (root / _WHERE).write_text(json.dumps({"bounds": [left, bottom, right, top]}), encoding="utf-8")


def _largest_box(filled: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> tuple[slice, slice]:
    """Return the rows and columns around the middle that are filled to their last pixel."""
    rows, columns = [0, filled.shape[0]], [0, filled.shape[1]]
    while not filled[rows[0] : rows[1], columns[0] : columns[1]].all():
        part = filled[rows[0] : rows[1], columns[0] : columns[1]]
        gaps = [(~part[0]).mean(), (~part[-1]).mean(), (~part[:, 0]).mean(), (~part[:, -1]).mean()]
        worst = int(np.argmax(gaps))
        side = rows if worst < 2 else columns  # noqa: PLR2004 - the first two are rows
        side[worst % 2] += 1 if worst % 2 == 0 else -1
    return slice(*rows), slice(*columns)
