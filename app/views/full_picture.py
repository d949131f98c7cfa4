"""The months at full resolution: lazy for hvplot, and cut to what is on screen."""

from __future__ import annotations

import math

import dask.array as da
import holoviews as hv
import numpy as np
import xarray as xr
from dask.delayed import delayed
from numpy.typing import NDArray

from app.frames import FullPictures
from app.results import Series

_SCREEN_PIXELS = 1400


def lazy_pictures(series: Series, pictures: FullPictures, shown: str) -> tuple[xr.DataArray, NDArray[np.uint8]]:
    """Return the months as a lazy ``(time, y, x, band)`` RGB uint8 array on the web mercator grid, and its alpha.

    Nothing is read before hvplot asks for a month. Months that are not finished are black. The alpha ``(y, x)`` is
    the same for all months: 0 where the turned UTM grid does not reach.

    Parameters
    ----------
    series
        Names the months.
    pictures
        Paints a finished month.
    shown
        A finished month; the grid is taken from it.
    """
    first, (west, south, east, north) = pictures.load(shown)
    height, width = first.shape[:2]

    def paint(month: str) -> NDArray[np.uint8]:
        if not pictures.has(month):
            return np.zeros((1, height, width, 3), np.uint8)
        return pictures.load(month)[0][np.newaxis, ..., :3]

    later = delayed(paint)
    layers = [da.from_delayed(later(month), (1, height, width, 3), np.uint8) for month in series.months]
    across, down = (east - west) / width, (north - south) / height
    months = xr.DataArray(
        da.concatenate(layers),
        dims=("time", "y", "x", "band"),
        coords={
            "time": list(series.months),
            "y": north - (np.arange(height) + 0.5) * down,
            "x": west + (np.arange(width) + 0.5) * across,
            "band": ["red", "green", "blue"],
        },
        name="picture",
    )
    return months, first[..., 3]


def on_screen(
    picture: hv.RGB,
    alpha: NDArray[np.uint8],
    x_range: tuple[float, float] | None,
    y_range: tuple[float, float] | None,
) -> hv.RGB:
    """Cut a picture to what is on screen, and thin it to about one pixel a screen pixel.

    Without this every look at a month would send all of it, and all its pixels, through the websocket. The alpha is
    given back here because hvplot takes three bands only.
    """
    west, south, east, north = picture.bounds.lbrt()
    pixels = np.dstack([*(picture.dimension_values(band, flat=False)[::-1] for band in picture.vdims), alpha])
    columns = _span(x_range, west, east, pixels.shape[1])
    rows = _span(None if y_range is None else (-y_range[1], -y_range[0]), -north, -south, pixels.shape[0])
    cut = pixels[rows[0] : rows[1], columns[0] : columns[1]]
    step = max(1, round(max(cut.shape[:2]) / _SCREEN_PIXELS))
    height, width = (size // step for size in cut.shape[:2])
    cut = cut[: height * step, : width * step]
    if step > 1:
        cut = cut.reshape(height, step, width, step, -1).mean(axis=(1, 3)).astype(np.uint8)
    across, down = (east - west) / pixels.shape[1], (north - south) / pixels.shape[0]
    left, top = west + columns[0] * across, north - rows[0] * down
    bounds = (left, top - height * step * down, left + width * step * across, top)
    return picture.clone(cut, bounds=bounds, xdensity=None, ydensity=None)


def _span(wanted: tuple[float, float] | None, low: float, high: float, size: int) -> tuple[int, int]:
    """Return the first pixel and the one after the last of the wanted part of an axis; at least one pixel."""
    if wanted is None:
        return 0, size
    scale = size / (high - low)
    first = min(max(math.floor((wanted[0] - low) * scale), 0), size - 1)
    return first, max(min(math.ceil((wanted[1] - low) * scale), size), first + 1)
