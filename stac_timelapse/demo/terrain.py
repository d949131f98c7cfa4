"""The ground of the demo landscape: river, heights, reservoir bed, relief."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stac_timelapse.demo.noise import Field, fractal, smoothstep

#: Rows and columns of the whole landscape; a pixel is 10 m.
WORLD_SHAPE = (900, 1650)
#: Column where the dam crosses the river, its row there, and how far it leans.
_DAM_COLUMN, _DAM_ROW, _DAM_LEAN = 1012.0, 505.0, 0.3
#: Height of the full reservoir over the valley floor at the dam, in metres.
_DAM_HEIGHT = 24.0
#: In pixels: how far from the river the reservoir reaches, and half the dam's width and greatest length.
_VALLEY_REACH, _DAM_HALF_WIDTH, _DAM_HALF_LENGTH = 210, 1.7, 100
#: The river ends where the full reservoir is this deep, in metres.
_RIVER_MOUTH = 0.5
#: Pixels around the landscape in which the river's course is followed as well.
_AROUND = 30
_FLOOR = 372.0
_FALL_PER_PIXEL = 0.055


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Heights and water courses.

    Parameters
    ----------
    height
        ``(y, x)`` float32, metres above sea level.
    lake_depth
        ``(y, x)`` float32, metres below the full level of the reservoir; at most 0 outside of it.
    river
        ``(y, x)`` float32, share of the pixel that is flowing water, 0 to 1.
    river_distance
        ``(y, x)`` float32, pixels to the middle of the river.
    relief
        ``(y, x)`` float32, slope towards the morning sun (rise over run), negative on the far side.
    dam
        ``(y, x)`` bool, the dam.
    """

    height: Field
    lake_depth: Field
    river: Field
    river_distance: Field
    relief: Field
    dam: NDArray[np.bool_]


def make_terrain() -> Terrain:
    """Return the ground, always the same."""
    shape = WORLD_SHAPE
    distance, along = _river_coordinates(shape)
    rough = fractal(shape, 11, beta=2.5, longest=420, shortest=22)
    side = fractal(shape, 12, beta=2.2, longest=170, shortest=16)
    far = smoothstep(distance, 30, 330)
    valley = 1.1e-2 * np.minimum(distance, 70) ** 1.75
    hills = 78 * far + far * (46 * rough + 13 * side) + _highlands(shape) * (190 + 42 * rough)
    # Side valleys reach down to the river and give the reservoir its arms.
    arms = 15 * smoothstep(distance, 8, 80) * side
    height = _FLOOR + _FALL_PER_PIXEL * along + valley + hills + arms
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    upstream = x - _DAM_COLUMN + _DAM_LEAN * (y - _DAM_ROW)
    full = height[(np.abs(upstream) < 2) & (distance < 1.5)].mean() + _DAM_HEIGHT  # noqa: PLR2004 - at the dam
    lake_depth = _connected(np.where((upstream > 0) & (distance < _VALLEY_REACH), full - height, -50), upstream)
    width = 1.7 + 0.7 * smoothstep(-along, -1400, -200)
    river = np.clip(width - distance + 0.5, 0, 1) * (lake_depth < _RIVER_MOUTH)
    crest = (np.abs(upstream) < _DAM_HALF_WIDTH) & (height < full + 3) & (distance < _DAM_HALF_LENGTH)
    dam = crest & ndimage.binary_dilation(lake_depth > 0, iterations=3)
    rows, columns = np.gradient(ndimage.gaussian_filter(height, 1.2) / 10)
    # The sun stands in the south-east: ground that rises towards the north-west is lit.
    relief = 0.66 * columns - 0.75 * rows
    return Terrain(
        height=height.astype(np.float32),
        lake_depth=lake_depth.astype(np.float32),
        river=river.astype(np.float32),
        river_distance=distance,
        relief=(-relief).astype(np.float32),
        dam=dam,
    )


def _highlands(shape: tuple[int, int]) -> Field:
    """Return 0 in the lowland and 1 on the two ranges in the north."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    bend = 60 * fractal(shape, 13, beta=2.2, longest=700, shortest=60)
    west = np.exp(-(((x - 120 + bend) / 330) ** 2) - ((y + 20 - bend) / 250) ** 2)
    east = np.exp(-(((x - 1400 + bend) / 420) ** 2) - ((y - 30 + bend) / 235) ** 2)
    return np.asarray(np.clip(west + east, 0, 1.1), dtype=np.float32)


def _river_coordinates(shape: tuple[int, int]) -> tuple[Field, Field]:
    """Return for every pixel its distance to the river and where along the river the nearest point lies."""
    s = np.arange(0, 2600, 0.5)
    # A meandering river's direction swings like a sine along its own length (Langbein and Leopold 1966).
    swing = 1.35 * np.sin(2 * np.pi * s / 210 + 1.1 * np.sin(s / 190)) * (0.68 + 0.32 * np.cos(s / 260 + 0.4))
    drift = 0.16 * np.sin(s / 300 + 2.4)
    x = -40 + np.cumsum(np.cos(swing + drift)) * 0.5
    y = 640 + np.cumsum(np.sin(swing + drift)) * 0.5
    y = _steered(x, y)
    inside = (x >= -_AROUND) & (x < shape[1] + _AROUND) & (y >= -_AROUND) & (y < shape[0] + _AROUND)
    grid = np.full((shape[0] + 2 * _AROUND, shape[1] + 2 * _AROUND), np.nan, dtype=np.float32)
    grid[(y[inside] + _AROUND).astype(int), (x[inside] + _AROUND).astype(int)] = s[inside]
    distance, nearest = ndimage.distance_transform_edt(np.isnan(grid), return_indices=True)
    along = ndimage.gaussian_filter(grid[tuple(nearest)], 4)
    cut = (slice(_AROUND, -_AROUND), slice(_AROUND, -_AROUND))
    return distance[cut].astype(np.float32), along[cut].astype(np.float32)


def _steered(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring the river to its course: in from the east, around the town, out in the west."""
    course = np.interp(x, [-40, 300, 700, 1000, 1300, 1700], [690, 640, 545, 520, 470, 560])
    trend = np.polynomial.Polynomial.fit(x, y, 4)(x)
    return np.asarray(y - trend + course)


def _connected(depth: NDArray[np.floating], upstream: Field) -> NDArray[np.floating]:
    """Leave only the water that stands behind the dam."""
    labels, _ = ndimage.label(depth > 0)
    behind = labels[(upstream < 60) & (depth > 0)]  # noqa: PLR2004 - pixels behind the dam
    near = ndimage.binary_dilation(labels == np.bincount(behind).argmax(), iterations=6)
    return np.asarray(np.where(near, depth, -50))
