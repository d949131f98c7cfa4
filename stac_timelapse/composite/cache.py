"""Finished months on disk, each under the hash of exactly what determines its pixels."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stac_timelapse.composite.gaps import Gaps
from stac_timelapse.composite.methods import Method
from stac_timelapse.composite.plan import clearest_first
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.outline import Outline
from stac_timelapse.scenes.facts import MonthFacts
from stac_timelapse.scenes.model import Pass, Scene
from stac_timelapse.scenes.sensors import MASK_BAND

#: Of the finished months, unless the caller says otherwise: some 200 of a whole Sentinel-2 tile.
_LIMIT = 40 << 30
#: A month used so recently is kept whatever the limit: somebody may be looking at it.
_IN_USE = 3600.0
#: Source that determines what is in a month's file, overviews and filled pixels as well.
_PIXELS = ("cube/*.py", "composite/*.py", "export/parts.py", "export/overviews.py", "fill.py")
#: Parts untouched for so long belong to nobody: their build was killed.
_ABANDONED = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class MonthStore:
    """A folder of composites. An entry appears whole or not at all, so several processes may share it.

    Parameters
    ----------
    folder
        Made when the first month is written.
    limit
        Bytes that the months may take; those unused for longest go first.
    """

    folder: Path
    limit: int = _LIMIT

    def path(self, key: str) -> Path:
        """Return where the month of this key is, or will be."""
        return self.folder / f"{key}.tif"

    def has(self, key: str) -> bool:
        """Tell whether the month of this key is finished."""
        return self.path(key).is_file()

    def take(self, key: str) -> bool:
        """Tell whether the month of this key is finished, and keep it from being removed for a while."""
        return self.keeps(self.path(key))

    def keeps(self, path: Path) -> bool:
        """Tell whether a file of the store is there, and keep it from being removed for a while."""
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        except PermissionError:
            # Somebody else's store: it is theirs to keep in bounds.
            return path.is_file()
        return True

    def trim(self) -> None:
        """Remove the months unused for longest until the rest fits the limit, and what killed builds left."""
        now = time.time()
        months: list[tuple[float, int, Path]] = []
        for path in (*self.folder.glob("*.tif"), *self.folder.glob("*.bright")):
            with suppress(FileNotFoundError):
                state = path.stat()
                months.append((state.st_mtime, state.st_size, path))
        excess = sum(size for _, size, _ in months) - self.limit
        for used, size, path in sorted(months):
            if excess <= 0 or now - used < _IN_USE:
                break
            # Another process may have removed it; one that has it open reads on.
            with suppress(OSError):
                path.unlink()
                excess -= size
        for folder in self.folder.glob(".part-*"):
            with suppress(OSError):
                if now - folder.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(folder)


def month_key(
    month: str,
    facts: MonthFacts,
    grid: Grid,
    outline: Outline,
    bands: Sequence[str],
    policy: MaskPolicy,
    method: str,
    gaps: Gaps,
    *,
    bright: str | None = None,
) -> str:
    """Hash what determines a month's file: scenes in order, grid, area, bands, mask, reducer, code.

    Of bright ground that is no cloud its own hash counts, not the passes of the series that it was found by. What was
    rejected or left out counts as well, for the file tells it, and the area, of which the file tells the shares.

    Addresses are left out: the same scene has another one on every server and after every signing. Files of this
    machine, which somebody may have changed, count with their size and time.
    """
    passes = (*facts.used, *(facts.near or ()))
    content: dict[str, Any] = {
        "code": code_digest(),
        "month": month,
        "passes": [
            [(scene.id, scene.baseline, scene.generated, scene.offset) for scene in one.scenes] for one in passes
        ],
        "near": [gaps.days, len(facts.near or ())],
        "rejected": facts.rejections,
        "found": [facts.n_items, facts.left_out, facts.down],
        "files": [_state_of(scene, bands) for one in passes for scene in one.scenes],
        "grid": _place(grid),
        "area": outline.geometry.wkb_hex,
        "bands": list(bands),
        "mask": asdict(policy),
        "bright": bright,
        "method": method,
    }
    if Method.parse(method).name == "first-clear":
        content["order"] = clearest_first(passes)
    return _hashed(content)


def series_key(passes: Sequence[Pass], grid: Grid, policy: MaskPolicy) -> str:
    """Hash what determines the bright ground of a series, cut in tiles: its masks, the grid, the margin of a tile."""
    content: dict[str, Any] = {
        "code": code_digest(),
        "passes": [[(scene.id, scene.baseline, scene.generated) for scene in one.scenes] for one in passes],
        "files": [_state_of(scene, ()) for one in passes for scene in one.scenes],
        "grid": [*_place(grid), *grid.origin],
        "margin": policy.margin(grid.resolution),
    }
    return _hashed(content)


def _hashed(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def _place(grid: Grid) -> list[float]:
    return [grid.epsg, grid.resolution, grid.west, grid.north, grid.width, grid.height]


def _state_of(scene: Scene, bands: Sequence[str]) -> list[tuple[int, int] | None]:
    """Return ``(size, time of change)`` of a scene's files where they lie on this machine."""
    hrefs = [scene.assets[band].href for band in (*bands, MASK_BAND)]
    return [None if "://" in href else _stamp(Path(href)) for href in hrefs]


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


@functools.cache
def code_digest() -> str:
    """Hash the source that computes pixels: a month made by other code is another month."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    modules = [module for pattern in _PIXELS for module in sorted(package.glob(pattern))]
    for module in modules:
        digest.update(module.name.encode() + module.read_bytes())
    return digest.hexdigest()
