"""Finished months on disk, each under the hash of exactly what determines its pixels."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.scenes.catalog import MASK_BAND
from stac_timelapse.scenes.model import Pass, Scene


@dataclass(frozen=True, slots=True)
class MonthStore:
    """A folder of composites. An entry appears whole or not at all, so several processes may share it.

    Parameters
    ----------
    folder
        Made when the first month is written.
    """

    folder: Path

    def path(self, key: str) -> Path:
        """Return where the month of this key is, or will be."""
        return self.folder / f"{key}.tif"

    def has(self, key: str) -> bool:
        """Tell whether the month of this key is finished."""
        return self.path(key).is_file()


def month_key(
    month: str, passes: Sequence[Pass], grid: Grid, bands: Sequence[str], policy: MaskPolicy, method: str
) -> str:
    """Hash what determines the pixels of a month: scenes in order, grid, bands, mask, reducer, code version.

    Addresses are left out: the same scene has another one on every server and after every signing. Files of this
    machine, which somebody may have changed, count with their size and time.
    """
    content = {
        "code": _code_digest(),
        "month": month,
        "passes": [
            [(scene.id, scene.baseline, scene.generated, scene.offset) for scene in one.scenes] for one in passes
        ],
        "files": [_state_of(scene, bands) for one in passes for scene in one.scenes],
        "grid": [grid.epsg, grid.resolution, grid.west, grid.north, grid.width, grid.height],
        "bands": list(bands),
        "clear": list(policy.clear),
        "dilate": policy.dilate,
        "method": method,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


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
def _code_digest() -> str:
    """Hash the source that computes pixels: a month made by other code is another month."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for stage in ("cube", "composite"):
        for module in sorted((package / stage).glob("*.py")):
            digest.update(module.name.encode() + module.read_bytes())
    return digest.hexdigest()
