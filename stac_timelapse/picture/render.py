"""From reflectance to colours under a stretch, gaps marked as gaps."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.features import geometry_mask
from rasterio.vrt import WarpedVRT
from rasterio.warp import calculate_default_transform, transform_geom

from stac_timelapse.composite.gaps import OBSERVED, QUALITY
from stac_timelapse.picture.indices import Preset
from stac_timelapse.picture.stretch import Stretch

#: The hatch that stands for "no clear observation": two light greys that no land has.
GAP_COLOURS = (226, 208)
_HATCH_PERIOD, _HATCH_WIDTH = 14, 4
#: Light lines over what is filled, one pixel wide.
_LINE, _LINE_PERIOD = 255, 12
#: Longest side in pixels of what a stretch is settled by.
SAMPLE_SIZE = 512

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class RenderedFrame:
    """One month as a picture.

    Parameters
    ----------
    rgb
        ``(y, x, 3)`` uint8, or ``(y, x, 4)`` with the outside of the data transparent.
    bounds
        ``(west, south, east, north)`` in the picture's CRS.
    """

    rgb: NDArray[np.uint8]
    bounds: Bounds


def sample(path: Path, preset: Preset, size: int = SAMPLE_SIZE) -> NDArray[np.uint16]:
    """Read a composite thinned out to at most `size` pixels a side, ``(band, y, x)`` in the preset's order."""
    with rasterio.open(path) as composite:
        shape = _fitted(composite.height, composite.width, size)
        values: NDArray[np.uint16] = composite.read(
            _indexes(composite, preset), out_shape=(len(preset.bands), *shape), resampling=Resampling.nearest
        )
    return values


def render(
    reflectance: NDArray[np.uint16], preset: Preset, stretch: Stretch, filled: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Colour one month.

    Parameters
    ----------
    reflectance
        ``(band, y, x)`` DN in the preset's order, 0 = no observation.
    preset, stretch
        Picture and stretch.
    filled
        ``(y, x)``, True where the value is not of this month.

    Returns
    -------
    ndarray of uint8
        ``(y, x, 3)``; a calm diagonal hatch where a band has no data or an index has no
        value, fine light lines over what is filled.
    """
    gap = (reflectance == 0).any(axis=0)
    if preset.of_one_value:
        values = preset.values(reflectance)
        gap |= np.isnan(values)
        picture = _coloured(values, preset, stretch)
    else:
        channels = [
            _lookup(low, high, stretch.gamma)[band]
            for band, low, high in zip(reflectance, stretch.lows, stretch.highs, strict=True)
        ]
        picture = np.stack(channels * (3 // len(channels)), axis=-1)
    if filled is not None and filled.any():
        lined = filled & lines(filled.shape)
        picture[lined] = (2 * picture[lined].astype(np.uint16) + _LINE) // 3
    if gap.any():
        picture[gap] = hatch(gap.shape)[gap][:, None]
    return picture


def hatch(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the ``(y, x)`` greys that mark pixels without an observation."""
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    light, dark = GAP_COLOURS
    return np.where((rows + cols) % _HATCH_PERIOD < _HATCH_WIDTH, dark, light).astype(np.uint8)


def lines(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the ``(y, x)`` lines over filled pixels; they lean the other way than the hatch of gaps."""
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    crossed: NDArray[np.bool_] = (cols - rows) % _LINE_PERIOD == 0
    return crossed


def render_cog(
    path: Path, preset: Preset, stretch: Stretch, max_size: int | None = None, crs: str | None = None
) -> RenderedFrame:
    """Colour a composite on disk, from its overviews where it is shown smaller.

    Parameters
    ----------
    path
        The composite.
    preset, stretch
        Picture and stretch.
    max_size
        Longest side of the picture in pixels; None for all pixels.
    crs
        CRS of the picture; None for the composite's own. Another CRS gives a transparent outside.
    """
    with rasterio.open(path) as composite:
        if crs is None:
            shape = _fitted(composite.height, composite.width, max_size)
            indexes = [*_indexes(composite, preset), *_quality(composite)]
            values = composite.read(indexes, out_shape=(len(indexes), *shape), resampling=Resampling.nearest)
            return RenderedFrame(_marked(values, preset, stretch), tuple(composite.bounds))
        _, width, height = calculate_default_transform(
            composite.crs, crs, composite.width, composite.height, *composite.bounds
        )
        factor = max(width, height) / max(_fitted(height, width, max_size))
        levels = composite.overviews(1)
        indexes = [*_indexes(composite, preset), *_quality(composite)]
    level = max((i for i, overview in enumerate(levels) if overview <= factor), default=None)
    options = {} if level is None else {"OVERVIEW_LEVEL": level}
    with rasterio.open(path, **options) as composite:
        # An overview opened as a dataset does not know the bands' names any more: the numbers go along.
        values, bounds, inside = _warped(composite, indexes, _fitted(height, width, max_size), crs)
    return RenderedFrame(np.dstack([_marked(values, preset, stretch), inside.astype(np.uint8) * 255]), bounds)


def _marked(layers: NDArray[np.uint16], preset: Preset, stretch: Stretch) -> NDArray[np.uint8]:
    """Colour the preset's bands; a layer more is the quality."""
    number = len(preset.bands)
    filled = layers[number] > OBSERVED if len(layers) > number else None
    return render(layers[:number], preset, stretch, filled)


def _warped(
    composite: rasterio.DatasetReader, indexes: list[int], shape: tuple[int, int], crs: str
) -> tuple[NDArray[np.uint16], Bounds, NDArray[np.bool_]]:
    """Return the bands in another CRS, the bounds there, and where the composite lies."""
    west, south, east, north = composite.bounds
    ring = [[west, north], [east, north], [east, south], [west, south], [west, north]]
    outline = transform_geom(composite.crs, crs, {"type": "Polygon", "coordinates": [_dense(ring)]})
    xs, ys = zip(*outline["coordinates"][0], strict=True)
    bounds = (min(xs), min(ys), max(xs), max(ys))
    height, width = shape
    transform = Affine((bounds[2] - bounds[0]) / width, 0, bounds[0], 0, (bounds[1] - bounds[3]) / height, bounds[3])
    with WarpedVRT(
        composite, crs=crs, transform=transform, width=width, height=height, resampling=Resampling.nearest, nodata=0
    ) as warped:
        values = warped.read(indexes)
    inside = geometry_mask([outline], out_shape=shape, transform=transform, invert=True)
    return values, bounds, inside


def _dense(ring: list[list[float]], points: int = 21) -> list[list[float]]:
    dense = []
    for (x0, y0), (x1, y1) in itertools.pairwise(ring):
        dense += [[x0 + (x1 - x0) * i / points, y0 + (y1 - y0) * i / points] for i in range(points)]
    return [*dense, ring[-1]]


def _lookup(low: float, high: float, gamma: float) -> NDArray[np.uint8]:
    """Return the grey of every DN."""
    span = np.clip((np.arange(65_536, dtype=np.float32) - low) / (high - low), 0, 1)
    greys: NDArray[np.uint8] = np.round(255 * span ** (1 / gamma)).astype(np.uint8)
    return greys


def _coloured(value: NDArray[np.float32], preset: Preset, stretch: Stretch) -> NDArray[np.uint8]:
    low, high = stretch.lows[0], stretch.highs[0]
    step = np.round(np.clip((np.nan_to_num(value) - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    picture: NDArray[np.uint8] = preset.palette()[step]
    return picture


def _indexes(composite: rasterio.DatasetReader, preset: Preset) -> list[int]:
    return [composite.descriptions.index(band) + 1 for band in preset.bands]


def _quality(composite: rasterio.DatasetReader) -> list[int]:
    return [composite.descriptions.index(QUALITY) + 1] if QUALITY in composite.descriptions else []


def _fitted(height: int, width: int, max_size: int | None) -> tuple[int, int]:
    factor = 1.0 if max_size is None else max(height, width) / max_size
    if factor <= 1:
        return height, width
    return max(1, round(height / factor)), max(1, round(width / factor))
