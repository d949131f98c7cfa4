"""How much of the area each pass saw clear, from the overviews of the scene classification, before a band is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cube.granule import Granule, read_mask, together
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.outline import Outline
from stac_timelapse.cube.raster import Target
from stac_timelapse.errors import AssetReadError
from stac_timelapse.scenes.model import Pass, Scene

#: The classification's own pixel size in metres; its overviews have twice, four times ... that.
_FINEST = 20.0
#: Pixels on the longer side of the area, at most: enough for a share to a tenth of a percent.
_PIXELS = 512


@dataclass(frozen=True, slots=True)
class Seen:
    """What a pass saw of the area.

    Parameters
    ----------
    covered
        Share of the area with data, 0 to 1: less than 1 at the edge of a swath.
    clear
        Share of the area that the mask policy calls clear, 0 to 1.
    """

    covered: float
    clear: float

    @property
    def hidden(self) -> float:
        """Share of what it saw of the area that is not clear, 0 to 1; 1 where it saw nothing."""
        return 1.0 - self.clear / self.covered if self.covered else 1.0


def measure(passes: Sequence[Pass], aoi: AreaOfInterest, policy: MaskPolicy) -> tuple[dict[str, Seen], dict[str, str]]:
    """Measure passes inside the area itself, not on the 110 km tile for which a catalogue states a cloud cover.

    Parameters
    ----------
    passes
        At least one.
    aoi
        The area; which pixels count says `Outline`.
    policy
        What counts as clear. Bright ground is not rescued, for it is told by the masks at the build's own pixel size:
        of some roofs the share is told a little too low.

    Returns
    -------
    seen
        Key of the pass -> what it saw. A pass none of whose scenes can be read is missing.
    unreadable
        Scene id -> reason.
    """
    grid = coarse_grid(aoi, [scene for one in passes for scene in one.scenes])
    target = target_of_grid(grid)
    inside = inside_area(aoi, grid)
    plain = replace(policy, rescue=False)
    found = together([(_look, (one, target, inside, plain)) for one in passes])
    seen = {one.key: share for one, (share, _) in zip(passes, found, strict=True) if share is not None}
    return seen, {scene: reason for _, lost in found for scene, reason in lost.items()}


def coarse_grid(aoi: AreaOfInterest, scenes: Sequence[Scene]) -> Grid:
    """Return the grid of the finest overview with at most 512 pixels on the longer side of an area."""
    resolution = _FINEST
    grid = Grid.for_area(aoi, resolution, scenes)
    while max(grid.shape) > _PIXELS:
        resolution *= 2
        grid = Grid.for_area(aoi, resolution, scenes)
    return grid


def inside_area(aoi: AreaOfInterest, grid: Grid) -> NDArray[np.bool_]:
    """Return ``(y, x)``, the pixels of a grid that belong to an area; see `Outline`."""
    return Outline.on(aoi, grid.epsg, grid.transform, grid.shape).inside(grid.transform, grid.shape)


def target_of_grid(grid: Grid) -> Target:
    """Return all pixels of a grid as one window."""
    return Target(grid.epsg, grid.west, grid.north, grid.resolution, grid.width, grid.height)


def _look(
    one: Pass, target: Target, inside: NDArray[np.bool_], policy: MaskPolicy
) -> tuple[Seen | None, Mapping[str, str]]:
    covered, clear = np.zeros_like(inside), np.zeros_like(inside)
    lost: dict[str, str] = {}
    for scene in one.scenes:
        try:
            classes, good = read_mask(Granule.of(scene, ()), policy, target)
        except AssetReadError as error:
            lost[scene.id] = error.reason
            continue
        covered |= classes != 0
        clear |= good
    if len(lost) == len(one.scenes):
        return None, lost
    pixels = np.count_nonzero(inside)
    return Seen(np.count_nonzero(covered & inside) / pixels, np.count_nonzero(clear & inside) / pixels), lost
