"""A map of changes as a picture for the browser: a veil where nothing changed, so that no look is taken for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import Resampling
from rasterio.transform import array_bounds, from_bounds
from rasterio.vrt import WarpedVRT
from rasterio.warp import calculate_default_transform

from app.frames import WEB_MERCATOR, Bounds
from stac_timelapse.change import Changes
from stac_timelapse.composite.monthly import SCALE
from stac_timelapse.difference import Difference
from stac_timelapse.picture.palettes import PALETTES, steps_of

#: Longest side. Small areas are drawn larger than they are, so that their pixels keep their edges on the screen.
_PIXELS = 2048
#: Of white, 0 to 255, where nothing changed: the month below shows through, paler than any change.
VEIL = 150
#: Colours beside the veil.
_SLOTS = 255
#: The part of inferno that stands out from dark forest: early is dark, late is pale.
_EARLIEST = 0.38


def month_colours(number: int) -> list[tuple[int, int, int]]:
    """Return a colour for each month of a series, from early to late; lightness runs one way."""
    steps = steps_of(PALETTES["inferno"], 1000)[int(1000 * _EARLIEST) :]
    picked = steps[np.linspace(0, len(steps) - 1, number).round().astype(int)]
    return [(int(red), int(green), int(blue)) for red, green, blue in picked]


def fall_to_rise(number: int) -> NDArray[np.uint8]:
    """Return ``(number, 3)`` uint8 colours from a fall, ochre, over no difference to a rise, blue."""
    return steps_of(PALETTES["blue-ochre"][::-1], number)


def limit_of(found: Difference) -> float:
    """Return at which difference the colours end, on both sides."""
    return max(0.1, round(found.high, 1), round(2 * found.least, 1))


def paint(found: Changes | Difference, path: Path) -> Bounds:
    """Write the picture of a map of changes.

    Parameters
    ----------
    found
        The map.
    path
        Of the PNG.

    Returns
    -------
    tuple of float
        West, south, east, north in web mercator metres.
    """
    if isinstance(found, Changes):
        months, bounds = _warped(found.path, 2)
        number = len(found.months)
        # A series may have more months than a picture has colours.
        slots = months if number <= _SLOTS else np.where(months > 0, 1 + (months - 1) * (_SLOTS - 1) // (number - 1), 0)
        _write(path, slots, month_colours(min(number, _SLOTS)))
        return bounds
    steps, bounds = _warped(found.path, 1)
    limit, least = limit_of(found), np.rint(found.least / SCALE)
    share = np.clip(steps * SCALE / limit, -1, 1) / 2 + 0.5
    slots = np.where((np.abs(steps) >= least) & (steps > np.iinfo(np.int16).min), 1 + share * (_SLOTS - 1), 0)
    _write(path, np.rint(slots).astype(np.int64), fall_to_rise(_SLOTS).tolist())
    return bounds


def _warped(path: Path, band: int) -> tuple[NDArray[np.int64], Bounds]:
    with rasterio.open(path) as file:
        transform, width, height = calculate_default_transform(
            file.crs, WEB_MERCATOR, file.width, file.height, *file.bounds
        )
        west, south, east, north = array_bounds(height, width, transform)
        factor = _PIXELS / max(width, height)
        width, height = max(1, round(width * factor)), max(1, round(height * factor))
        grid = {"transform": from_bounds(west, south, east, north, width, height), "width": width, "height": height}
        with WarpedVRT(file, crs=WEB_MERCATOR, resampling=Resampling.nearest, **grid) as warped:
            return warped.read(band).astype(np.int64), (west, south, east, north)


def _write(path: Path, slots: NDArray[np.int64], colours: Sequence[Sequence[int]]) -> None:
    # A grey picture that is given a palette is one of its colours.
    picture = Image.fromarray(slots.astype(np.uint8))
    picture.putpalette([255, 255, 255, *(value for colour in colours for value in colour)])
    picture.save(path, "PNG", transparency=bytes([VEIL, *[255] * len(colours)]))
