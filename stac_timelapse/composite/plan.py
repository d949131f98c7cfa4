"""One month as a worker gets it: which granules, in which passes, and what to make of them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.composite.gaps import OBSERVED, WIDENED
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
#: Of very many granules fewer rows are, although some blocks are then fetched more than once. Bytes.
MOST_BYTES = 512 * 1024**2


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
    near
        What fills pixels that none of these sees; None where nothing is to fill them.
    """

    granules: tuple[Granule, ...]
    extents: tuple[Bounds, ...]
    pass_of: tuple[int, ...]
    order: tuple[int, ...]
    origin_north: float
    bands: tuple[str, ...]
    policy: MaskPolicy
    method: str
    near: Self | None = None

    @classmethod
    def of(
        cls,
        passes: Sequence[Pass],
        grid: Grid,
        bands: Sequence[str],
        policy: MaskPolicy,
        method: str,
        near: Sequence[Pass] | None = None,
    ) -> Self:
        """Describe the passes of a month, and those near it that fill what they do not see.

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
            near=None if near is None else cls.of(near, grid, bands, policy, method),
        )

    @property
    def layers(self) -> int:
        """Layers of a tile: the bands, the quality where pixels are filled, the observation count."""
        return len(self.bands) + (1 if self.near is None else 2)

    def to_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(self._values(), separators=(",", ":"))

    def _values(self) -> dict[str, Any]:
        return {
            "granules": [granule.to_json() for granule in self.granules],
            "extents": self.extents,
            "pass_of": self.pass_of,
            "order": self.order,
            "origin_north": self.origin_north,
            "bands": self.bands,
            "policy": asdict(self.policy),
            "method": self.method,
            "near": None if self.near is None else self.near._values(),  # noqa: SLF001 - its own kind
        }

    @classmethod
    def from_text(cls, text: str) -> MonthPlan:
        """Parse what `to_text` wrote; the tiles of a month share the result."""
        return _parsed(text)

    def touching(self, target: Target) -> list[int]:
        """Return the numbers of the granules that reach into a window."""
        return [index for index, extent in enumerate(self.extents) if _overlap(extent, target)]

    def compose(self, target: Target, rescued: NDArray[np.bool_] | None = None) -> NDArray[np.uint16]:
        """Read and reduce one tile, with the memory of one tile.

        Parameters
        ----------
        target
            The tile.
        rescued
            ``(y, x)`` of the tile widened by the mask's margin: bright ground that is no cloud, see `clear_pixels`.

        Returns
        -------
        ndarray of uint16
            ``(layer, y, x)``: DN with 0 = no data, the quality (see `QUALITY_MEANS`) where there is something to fill
            with, and last the observation count.

        Raises
        ------
        AssetReadError
            If a scene cannot be read.
        """
        seen = self._seen(target, rescued)
        if self.near is None:
            return seen
        quality = (seen[-1] > 0).astype(np.uint16) * OBSERVED
        todo = seen[-1] == 0
        if todo.any():
            filler = self.near._seen(target, rescued, todo)  # noqa: SLF001 - its own kind
            quality[filler[-1] > 0] = WIDENED
            # Where the month saw nothing it is 0.
            seen[:-1] |= filler[:-1]
        return np.concatenate([seen[:-1], quality[None], seen[-1:]])

    def _seen(
        self, target: Target, rescued: NDArray[np.bool_] | None, todo: NDArray[np.bool_] | None = None
    ) -> NDArray[np.uint16]:
        """Reduce the passes of a tile, ``(band + 1, y, x)`` with the count last; of all pixels or of some."""
        numbers = self.touching(target)
        if not numbers:
            return np.zeros((len(self.bands) + 1, target.height, target.width), dtype=np.uint16)
        granules = [self.granules[number] for number in numbers]
        masks = read_masks(granules, self.policy, target, rescued)
        if todo is not None:
            masks = [clear & todo for clear in masks]
        out = np.empty((len(self.bands) + 1, target.height, target.width), dtype=np.uint16)
        for rows, strip in self._strips(target, len(granules)):
            out[:, rows] = self.reduce(
                read_bands(granules, self.bands, [clear[rows] for clear in masks], strip), numbers
            )
        return out

    def reduce(self, stack: NDArray[np.uint16], numbers: Sequence[int]) -> NDArray[np.uint16]:
        """Reduce granules of these numbers, ``(granule, band, y, x)``; see `reduce_month`."""
        pass_of = np.array([self.pass_of[number] for number in numbers], dtype=np.int64)
        return reduce_month(stack, pass_of, self.method, self.bands, np.array(self.order, dtype=np.int64))

    def _strips(self, target: Target, granules: int) -> Iterator[tuple[slice, Target]]:
        """Cut a tile at the files' block edges: half of it at a time is half the memory, and as many requests."""
        above = round((self.origin_north - target.north) / target.resolution)
        most = _STRIP
        while most > 1 and 2 * granules * len(self.bands) * most * target.width > MOST_BYTES:
            most //= 2
        first, height = 0, most - above % most
        while first < target.height:
            last = min(first + height, target.height)
            north = target.north - first * target.resolution
            yield slice(first, last), replace(target, north=north, height=last - first)
            first, height = last, most


def clearest_first(passes: Sequence[Pass]) -> tuple[int, ...]:
    """Return the numbers of the passes, the least cloudy first, the earlier of equals first."""
    return tuple(sorted(range(len(passes)), key=lambda number: (passes[number].cloud_cover, number)))


@functools.lru_cache(maxsize=_PLANS)
def _parsed(text: str) -> MonthPlan:
    return _plan(json.loads(text))


def _plan(values: Mapping[str, Any]) -> MonthPlan:
    west_south_east_north = [tuple(extent) for extent in values["extents"]]
    return MonthPlan(
        granules=tuple(Granule.from_json(granule) for granule in values["granules"]),
        extents=tuple(west_south_east_north),
        pass_of=tuple(values["pass_of"]),
        order=tuple(values["order"]),
        origin_north=values["origin_north"],
        bands=tuple(values["bands"]),
        policy=MaskPolicy(**values["policy"]),
        method=values["method"],
        near=None if values["near"] is None else _plan(values["near"]),
    )


def _overlap(extent: Bounds, target: Target) -> bool:
    west, south, east, north = extent
    right = target.west + target.width * target.resolution
    bottom = target.north - target.height * target.resolution
    return west < right and east > target.west and south < target.north and north > bottom
