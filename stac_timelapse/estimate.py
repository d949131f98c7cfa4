"""What a build will cost, known before a pixel is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stac_timelapse.composite.plan import MOST_BYTES
from stac_timelapse.cube.grid import Grid, project_bounds
from stac_timelapse.cube.stack import TILE
from stac_timelapse.errors import TooBigError
from stac_timelapse.scenes.model import Asset, Scene, SceneSet
from stac_timelapse.scenes.sensors import MASK_BAND

#: One Sentinel-2 tile at 10 m: what is allowed unless the caller says otherwise.
MAX_PIXELS = 10_980**2
#: Compressed share of uint16 reflectance and of the classification in the archives' files.
_PACKED = {"band": 2 * 0.6, "mask": 1 * 0.1}
_MASK_RESOLUTION = 20.0
#: A preview has at most so many pixels on its longer side, and is made where that spares most of the work.
_PREVIEW_PIXELS = 320
_WORTH_IT = 4
#: Pixel sizes in metres that are offered and suggested.
RESOLUTIONS = (10, 20, 40, 60, 100, 200, 500, 1000, 2000, 5000, 10_000)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The size of a build.

    Parameters
    ----------
    width, height
        Pixels of one month.
    resolution
        Metres.
    epsg
        CRS of the result.
    months, passes, scenes
        Counts.
    read_bytes
        About what will be read, in bytes.
    memory_bytes
        About what the workers hold at most, in bytes.
    """

    width: int
    height: int
    resolution: float
    epsg: int
    months: int
    passes: int
    scenes: int
    read_bytes: int
    memory_bytes: int

    @property
    def pixels(self) -> int:
        """Pixels of one month."""
        return self.width * self.height

    @property
    def preview_resolution(self) -> float | None:
        """Pixel size of a quick preview in metres, that of a file's overview; None where the whole is as quick."""
        longer = max(self.width, self.height)
        factor = 2 ** math.ceil(math.log2(max(longer / _PREVIEW_PIXELS, 1)))
        return self.resolution * factor if factor >= _WORTH_IT else None


def estimate_of(
    scenes: SceneSet,
    grid: Grid,
    bands: Sequence[str],
    *,
    rescue: bool = False,
    threads: int = 8,
    max_pixels: int = MAX_PIXELS,
) -> Estimate:
    """Estimate a build; to rescue bright ground every mask is read once more.

    Raises
    ------
    TooBigError
        If a month would hold more than `max_pixels`; the text names a resolution that fits.
    """
    pixels = grid.width * grid.height
    if pixels > max_pixels:
        needed = grid.resolution * math.sqrt(pixels / max_pixels)
        fitting = next((step for step in RESOLUTIONS if step >= needed), math.ceil(needed))
        raise TooBigError(
            f"The area is too big at {grid.resolution:g} m: a month would have {grid.width:,} x {grid.height:,} = "
            f"{pixels:,} pixels, and {max_pixels:,} are allowed; choose {fitting} m or a smaller area."
        )
    read = sum(_scene_bytes(scene, grid, bands, masks=2 if rescue else 1) for scene in scenes.scenes)
    most = max((sum(len(one.scenes) for one in passes) for passes in scenes.by_month().values()), default=0)
    tile = min(TILE, grid.width) * min(TILE, grid.height)
    at_once = min(threads, math.ceil(grid.width / TILE) * math.ceil(grid.height / TILE))
    # Half a tile's scenes are held at a time, two bytes a pixel and band, and the masks of all of it.
    memory = (min(most * len(bands) * tile, MOST_BYTES) + most * tile) * at_once
    return Estimate(
        width=grid.width,
        height=grid.height,
        resolution=grid.resolution,
        epsg=grid.epsg,
        months=len(scenes.months),
        passes=len(scenes.passes),
        scenes=scenes.n_scenes,
        read_bytes=round(read),
        memory_bytes=memory,
    )


def _scene_bytes(scene: Scene, grid: Grid, bands: Sequence[str], masks: int) -> float:
    west, south, east, north = project_bounds(scene.bounds, scene.epsg, grid.epsg)
    left, bottom, right, top = grid.bounds
    square_metres = max(min(east, right) - max(west, left), 0) * max(min(north, top) - max(south, bottom), 0)

    def packed(asset: Asset, native: float, kind: str) -> float:
        pixel = max(asset.resolution or native, grid.resolution)
        return square_metres / pixel**2 * _PACKED[kind]

    return masks * packed(scene.assets[MASK_BAND], _MASK_RESOLUTION, "mask") + sum(
        packed(scene.assets[band], 10.0, "band") for band in bands
    )
