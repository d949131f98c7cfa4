"""What granules hold at one pixel of a grid, clear or not."""

from __future__ import annotations

import math
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from stac_timelapse.composite.plan import MonthPlan
from stac_timelapse.cube.granule import Granule, read_bands, read_mask
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.raster import Target
from stac_timelapse.errors import AssetReadError, InvalidInputError

#: Granules read at a time; each is a few requests, one after the other.
_TOGETHER = 16


@dataclass(frozen=True, slots=True)
class Look:
    """What one granule holds at the pixel.

    Parameters
    ----------
    scl
        Class of the scene classification, 0 = no data.
    clear
        Whether the mask policy calls it clear.
    values
        ``(band,)`` DN with the offset removed, 0 = no data, also where it is not clear.
    """

    scl: int
    clear: bool
    values: NDArray[np.uint16]


def pixel_at(grid: Grid, lon: float, lat: float) -> Target:
    """Return the pixel in which a place lies, as a window of its own.

    Parameters
    ----------
    grid
        Of the composites.
    lon, lat
        Degrees, WGS 84.

    Raises
    ------
    InvalidInputError
        If the place is not on the grid.
    """
    x, y = Transformer.from_crs(4326, grid.epsg, always_xy=True).transform(lon, lat)
    west, south, east, north = grid.bounds
    if not (west <= x < east and south < y <= north):
        around = Transformer.from_crs(grid.epsg, 4326, always_xy=True).transform_bounds(*grid.bounds)
        corners = ", ".join(f"{degrees:.4f}" for degrees in around)
        raise InvalidInputError(
            f"The place {lon:.5f}, {lat:.5f} (longitude, latitude) is not on the picture, which lies within "
            f"{corners}: choose a place inside."
        )
    size = grid.resolution
    row, col = math.floor((north - y) / size), math.floor((x - west) / size)
    return Target(grid.epsg, west + col * size, north - row * size, size, 1, 1)


def looks_at(
    plan: MonthPlan, pixel: Target, lost: Collection[str] = (), rescued: NDArray[np.bool_] | None = None
) -> tuple[dict[int, Look], list[AssetReadError]]:
    """Read the granules of a plan that reach a pixel, as a build reads them.

    Parameters
    ----------
    plan
        Names granules, bands and what is clear.
    pixel
        See `pixel_at`.
    lost
        Ids of scenes that are not read.
    rescued
        ``(y, x)`` of the pixel widened by the mask's margin: bright ground, see `MonthPlan.compose`.

    Returns
    -------
    looks
        Number of a granule in the plan -> what it holds.
    errors
        One for each that cannot be read.
    """
    numbers = [number for number in plan.touching(pixel) if plan.granules[number].scene_id not in lost]
    # Threads of their own: those that wait for bytes must not wait for each other.
    with ThreadPoolExecutor(_TOGETHER, thread_name_prefix="pixel") as pool:
        found = list(pool.map(partial(_look, plan, pixel, rescued), [plan.granules[number] for number in numbers]))
    looks = {number: one for number, one in zip(numbers, found, strict=True) if isinstance(one, Look)}
    return looks, [one for one in found if isinstance(one, AssetReadError)]


def _look(plan: MonthPlan, pixel: Target, rescued: NDArray[np.bool_] | None, granule: Granule) -> Look | AssetReadError:
    try:
        classes, clear = read_mask(granule, plan.policy, pixel, rescued)
        values = read_bands([granule], plan.bands, [np.ones((1, 1), dtype=bool)], pixel)[0, :, 0, 0].copy()
    except AssetReadError as error:
        return error
    return Look(int(classes[0, 0]), bool(clear[0, 0]), values)
