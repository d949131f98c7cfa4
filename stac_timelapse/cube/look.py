"""One pass over an area from the files' overviews: read once, then judged by any mask policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cube.clear_share import coarse_grid, inside_area, target_of_grid
from stac_timelapse.cube.granule import Granule, read_bands, read_classes, together, widened
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.mask import MAX_DILATE, MAX_OPENING, MaskPolicy, clear_pixels
from stac_timelapse.scenes.model import Pass, Scene

#: What is seen around the area is enough for any other policy.
WIDEST = MaskPolicy(dilate=MAX_DILATE, opening=MAX_OPENING, rescue=True)
#: What became of a pixel, where it is not masked by its own class (1 to 11).
CLEAR, UNSEEN, MARGIN, KEPT = 0, 255, 101, 102


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A pass under a mask policy.

    Parameters
    ----------
    reasons
        ``(y, x)`` uint8: `CLEAR`; the class that masks the pixel, 1 to 11; `MARGIN`, hidden by the margin although its
        class is clear; `KEPT`, clear although its class is not, as a small object or bright ground; `UNSEEN`.
    shares
        Reason -> share of the area, 0 to 1.
    """

    reasons: NDArray[np.uint8]
    shares: dict[int, float]

    @property
    def clear(self) -> float:
        """Share of the area that is clear, 0 to 1."""
        return self.shares.get(CLEAR, 0.0) + self.shares.get(KEPT, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One pass over an area.

    Parameters
    ----------
    grid
        At most 512 pixels a side.
    inside
        ``(y, x)``, the pixels of the area.
    classes
        Of each granule ``(y, x)``, the grid widened by the margin of `WIDEST`; 0 = no data.
    reflectance
        ``(band, y, x)`` uint16, DN without offset, cloudy or not; 0 = no data.
    """

    grid: Grid
    inside: NDArray[np.bool_]
    classes: tuple[NDArray[np.uint8] | NDArray[np.uint16], ...]
    reflectance: NDArray[np.uint16]

    def judge(self, policy: MaskPolicy, bright: NDArray[np.bool_] | None = None) -> Judged:
        """Judge it; nothing is read.

        Parameters
        ----------
        policy
            Any.
        bright
            ``(y, x)`` of the widened grid: bright ground that is no cloud, see `clear_pixels`.
        """
        margin = WIDEST.margin(self.grid.resolution)
        inner = slice(margin, margin + self.grid.height), slice(margin, margin + self.grid.width)
        fused = np.zeros(self.grid.shape, dtype=np.uint8)
        clear = np.zeros(self.grid.shape, dtype=bool)
        for classes in self.classes:
            good = clear_pixels(classes, policy, self.grid.resolution, bright)[inner]
            taken = (fused == 0) | (good & ~clear)
            fused[taken] = classes[inner][taken]
            clear |= good
        named = np.isin(fused, policy.clear)
        cases = [fused == 0, clear & named, clear, named]
        reasons = np.select(cases, [np.uint8(case) for case in (UNSEEN, CLEAR, KEPT, MARGIN)], fused)
        found, counts = np.unique(reasons[self.inside], return_counts=True)
        pixels = np.count_nonzero(self.inside)
        return Judged(reasons, {int(reason): int(count) / pixels for reason, count in zip(found, counts, strict=True)})


def look_at(one: Pass, aoi: AreaOfInterest, scenes: Sequence[Scene], bands: Sequence[str]) -> Look:
    """Read a pass over an area from overviews.

    Parameters
    ----------
    one
        The pass.
    aoi
        The area.
    scenes
        All scenes found for it, which the grid is anchored at.
    bands
        What is read beside the classes.

    Raises
    ------
    AssetReadError
        If one of its files cannot be read.
    """
    grid = coarse_grid(aoi, scenes)
    target = target_of_grid(grid)
    granules = [Granule.of(scene, bands) for scene in one.scenes]
    classes = together([(read_classes, (granule, widened(target, WIDEST))) for granule in granules])
    everywhere = np.ones(grid.shape, dtype=bool)
    reflectance = np.zeros((len(bands), *grid.shape), dtype=np.uint16)
    for layers in read_bands(granules, bands, [everywhere] * len(granules), target):
        unseen = (reflectance == 0).all(axis=0)
        reflectance[:, unseen] = layers[:, unseen]
    return Look(grid, inside_area(aoi, grid), tuple(classes), reflectance)
