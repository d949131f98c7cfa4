"""One month as a worker gets it: which granules, in which passes, and what to make of them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.composite.methods import Method
from stac_timelapse.composite.reducers import reduce_month
from stac_timelapse.cube.granule import Granule, read_bands, read_masks
from stac_timelapse.cube.grid import Grid, project_bounds
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.raster import Target
from stac_timelapse.scenes.model import Bounds, Pass

_PLANS = 32
#: Rows that are read and reduced at a time: a row of blocks.
_STRIP = 512


@dataclass(frozen=True, slots=True)
class MonthPlan:
    """What determines the pixels of one month, without the grid.

    Parameters
    ----------
    granules
        Pass by pass.
    extents
        ``(west, south, east, north)`` of each granule in the grid's CRS.
    pass_of
        Number of each granule's pass.
    order
        Numbers of the passes, the least cloudy first.
    origin_north
        Upper edge of the files' blocks, in metres.
    bands, policy, method
        See `monthly_composites`.
    """

    granules: tuple[Granule, ...]
    extents: tuple[Bounds, ...]
    pass_of: tuple[int, ...]
    order: tuple[int, ...]
    origin_north: float
    bands: tuple[str, ...]
    policy: MaskPolicy
    method: str

    @classmethod
    def of(cls, passes: Sequence[Pass], grid: Grid, bands: Sequence[str], policy: MaskPolicy, method: str) -> Self:
        """Describe the passes of a month.

        Raises
        ------
        InvalidInputError
            If there is no such method, or it needs other bands.
        """
        Method.parse(method).check(bands)
        scenes = [(number, scene) for number, one in enumerate(passes) for scene in one.scenes]
        return cls(
            granules=tuple(Granule.of(scene, bands) for _, scene in scenes),
            extents=tuple(project_bounds(scene.bounds, scene.epsg, grid.epsg) for _, scene in scenes),
            pass_of=tuple(number for number, _ in scenes),
            order=clearest_first(passes),
            origin_north=grid.origin[1],
            bands=tuple(bands),
            policy=policy,
            method=method,
        )

    def to_text(self) -> str:
        """Return it as JSON."""
        values = {
            "granules": [granule.to_json() for granule in self.granules],
            "extents": self.extents,
            "pass_of": self.pass_of,
            "order": self.order,
            "origin_north": self.origin_north,
            "bands": self.bands,
            "clear": self.policy.clear,
            "dilate": self.policy.dilate,
            "method": self.method,
        }
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> MonthPlan:
        """Parse what `to_text` wrote; the tiles of a month share the result."""
        return _parsed(text)

    def compose(self, target: Target) -> NDArray[np.uint16]:
        """Read and reduce one tile, with the memory of one tile.

        Returns
        -------
        ndarray of uint16
            ``(band + 1, y, x)``: DN with 0 = no clear observation, and last the observation count.

        Raises
        ------
        AssetReadError
            If a scene cannot be read.
        """
        touching = [index for index, extent in enumerate(self.extents) if _overlap(extent, target)]
        if not touching:
            return np.zeros((len(self.bands) + 1, target.height, target.width), dtype=np.uint16)
        granules = [self.granules[index] for index in touching]
        pass_of = np.array([self.pass_of[index] for index in touching], dtype=np.int64)
        order = np.array(self.order, dtype=np.int64)
        masks = read_masks(granules, self.policy, target)
        out = np.empty((len(self.bands) + 1, target.height, target.width), dtype=np.uint16)
        for rows, strip in self._strips(target):
            stack = read_bands(granules, self.bands, [clear[rows] for clear in masks], strip)
            out[:, rows] = reduce_month(stack, pass_of, self.method, self.bands, order)
        return out

    def _strips(self, target: Target) -> Iterator[tuple[slice, Target]]:
        """Cut a tile at the files' block edges: half of it at a time is half the memory, and as many requests."""
        above = round((self.origin_north - target.north) / target.resolution)
        first, height = 0, _STRIP - above % _STRIP
        while first < target.height:
            last = min(first + height, target.height)
            north = target.north - first * target.resolution
            yield slice(first, last), replace(target, north=north, height=last - first)
            first, height = last, _STRIP


def clearest_first(passes: Sequence[Pass]) -> tuple[int, ...]:
    """Return the numbers of the passes, the least cloudy first, the earlier of equals first."""
    return tuple(sorted(range(len(passes)), key=lambda number: (passes[number].cloud_cover, number)))


@functools.lru_cache(maxsize=_PLANS)
def _parsed(text: str) -> MonthPlan:
    values: dict[str, Any] = json.loads(text)
    west_south_east_north = [tuple(extent) for extent in values["extents"]]
    return MonthPlan(
        granules=tuple(Granule.from_json(granule) for granule in values["granules"]),
        extents=tuple(west_south_east_north),
        pass_of=tuple(values["pass_of"]),
        order=tuple(values["order"]),
        origin_north=values["origin_north"],
        bands=tuple(values["bands"]),
        policy=MaskPolicy(tuple(values["clear"]), values["dilate"]),
        method=values["method"],
    )


def _overlap(extent: Bounds, target: Target) -> bool:
    west, south, east, north = extent
    right = target.west + target.width * target.resolution
    bottom = target.north - target.height * target.resolution
    return west < right and east > target.west and south < target.north and north > bottom
