"""Bright ground that is no cloud: found once a build from the masks of all passes, tile by tile on Dask's workers."""

from __future__ import annotations

import functools
import hashlib
import uuid
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stac_timelapse.composite.cache import MonthStore, series_key
from stac_timelapse.composite.plan import MonthPlan
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.export.parts import new_folder, remove_folder
from stac_timelapse.month_job import explained, placed_targets
from stac_timelapse.scenes.model import BY_HAND, Pass, SceneSet
from stac_timelapse.tasks import Tasks
from stac_timelapse.work import bright_part

Corner = tuple[int, int]
_RETRIES = 1


@dataclass(frozen=True)
class Rescued:
    """The bright ground of a grid.

    Parameters
    ----------
    tiles
        Left column and top row of a tile -> its pixels and those around it, see `pack`.
    pixels
        How many pixels of the grid are such.
    """

    tiles: Mapping[Corner, bytes]
    pixels: int

    @functools.cached_property
    def digest(self) -> str:
        """Hash of the pixels, however they are compressed."""
        digest = hashlib.sha256()
        for corner, bits in sorted(self.tiles.items()):
            digest.update(repr(corner).encode() + zlib.decompress(bits))
        return digest.hexdigest()

    def save(self, path: Path) -> None:
        """Write it; it appears whole or not at all."""
        folder = new_folder(path.parent)
        try:
            with zipfile.ZipFile(folder / path.name, "w") as archive:
                archive.comment = str(self.pixels).encode()
                for (left, top), bits in self.tiles.items():
                    archive.writestr(f"{left},{top}", bits)
            (folder / path.name).replace(path)
        finally:
            remove_folder(folder)

    @classmethod
    def load(cls, path: Path) -> Rescued:
        """Read what `save` wrote."""
        with zipfile.ZipFile(path) as archive:
            corners = {name: name.split(",") for name in archive.namelist()}
            tiles = {(int(left), int(top)): archive.read(name) for name, (left, top) in corners.items()}
            return cls(tiles, int(archive.comment))


def looked_at(scenes: SceneSet) -> tuple[Pass, ...]:
    """Return the passes that bright ground is told by: those in use, and those left out by hand.

    With the latter leaving one out changes no month but its own. Passes above a cloud limit do not count: overcast
    skies would make everything look bright.
    """
    by_hand = [other.one for other in scenes.rejected if other.reason == BY_HAND]
    return tuple(sorted((*scenes.passes, *by_hand), key=lambda one: (one.datetime, one.key)))


def rescued_of(
    scenes: SceneSet,
    grid: Grid,
    policy: MaskPolicy,
    store: MonthStore,
    work: tuple[Tasks, Callable[[], int]],
    on_progress: Callable[[int, int], None],
) -> tuple[Rescued, dict[str, str]]:
    """Find the bright ground of a series, or take it from the store.

    Parameters
    ----------
    scenes
        The whole series.
    grid, policy
        Of the build.
    store
        Keeps what was found, beside the months.
    work
        Where it is computed, and what tells how many tiles the workers get at a time; asked only if needed.
    on_progress
        Called with the tiles done and all tiles.

    Returns
    -------
    rescued
        For each tile.
    unreadable
        Scene id -> reason: left out from all tiles, and not to be used for a month either.
    """
    unreadable: dict[str, str] = {}
    while True:
        passes = looked_at(scenes.without_scenes(unreadable))
        path = store.folder / f"{series_key(passes, grid, policy)}.bright"
        if store.keeps(path):
            return Rescued.load(path), unreadable
        rescued, failed = _computed(passes, grid, policy, store, work, on_progress)
        if not failed:
            rescued.save(path)
            return rescued, unreadable
        unreadable |= failed


def _computed(
    passes: Sequence[Pass],
    grid: Grid,
    policy: MaskPolicy,
    store: MonthStore,
    work: tuple[Tasks, Callable[[], int]],
    on_progress: Callable[[int, int], None],
) -> tuple[Rescued, dict[str, str]]:
    """Look at every tile until some of it cannot be read."""
    tasks, room = work[0], work[1]()
    plan = MonthPlan.of(passes, grid, (), policy, "median").to_text()
    waiting = deque(placed_targets(grid))
    total, pixels = len(waiting), 0
    tiles: dict[Corner, bytes] = {}
    failed: dict[str, str] = {}
    token = uuid.uuid4().hex[:12]
    on_progress(0, total)
    while (waiting and not failed) or len(tasks):
        while waiting and not failed and len(tasks) < room:
            target, corner = waiting.popleft()
            name = f"bright-{token}-{corner[0]}-{corner[1]}"
            tasks.submit(corner, bright_part, plan, target, name=name, retries=_RETRIES)
        future, corner = tasks.next()
        error = future.exception()
        if error is not None:
            raise explained(error, "the masks of the whole series", store.folder) from error
        bits, inside, lost = future.result()
        tiles[corner] = bits
        pixels += inside
        failed |= lost
        on_progress(len(tiles), total)
    return Rescued(tiles, pixels), failed
