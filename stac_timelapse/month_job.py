"""Where one month of a build is: which tiles are still to be made, which are written, what could not be read."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import rasterio
from distributed import KilledWorker
from distributed.client import FutureCancelledError
from distributed.comm.core import CommClosedError
from rasterio.errors import RasterioError

from stac_timelapse.composite.gaps import QUALITY_MEANS
from stac_timelapse.composite.plan import MonthPlan
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.raster import Target
from stac_timelapse.cube.stack import targets
from stac_timelapse.errors import ProviderError, TimelapseError, cause_of
from stac_timelapse.export.parts import Part, Sheet, new_folder, remove_folder
from stac_timelapse.scenes.facts import MonthFacts
from stac_timelapse.storage import CACHE_VARIABLE


@dataclass(frozen=True, slots=True)
class MonthResult:
    """One finished month.

    Parameters
    ----------
    month
        ``"YYYY-MM"``.
    path
        Its composite, a Cloud Optimized GeoTIFF.
    passes_used
        Passes that went into it.
    scene_ids
        Their scenes.
    observations_mean
        Mean number of clear passes a pixel.
    clear_share
        Share of the pixels with at least one, 0 to 1.
    filled_share
        Share of the pixels without one that got a value all the same, by the rule for gaps.
    facts
        The passes used and rejected.
    from_store
        Whether it was there already, so that nothing was read.
    unreadable
        ``(scene id, reason)`` of the scenes that had to be left out.
    seconds
        Time it took.
    rescued_pixels
        Pixels taken for bright ground, whatever their class; None where none is told from clouds.
    """

    month: str
    path: Path
    passes_used: int
    scene_ids: tuple[str, ...]
    observations_mean: float
    clear_share: float
    filled_share: float
    facts: MonthFacts
    from_store: bool
    unreadable: tuple[tuple[str, str], ...]
    seconds: float
    rescued_pixels: int | None = None

    @property
    def empty(self) -> bool:
        """Whether no pixel of the month is clear."""
        return self.clear_share == 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a build is: tiles of the month in work, months of the whole.

    Before the first month the masks of all passes may have to be looked at; then there is no month.
    """

    month: str
    months_done: int
    months_total: int
    tiles_done: int
    tiles_total: int


@dataclass(slots=True, eq=False)
class MonthJob:
    """One month on its way to a file.

    Parameters
    ----------
    month
        ``"YYYY-MM"``.
    facts
        What it is made of, and what not.
    plan
        Text of its `MonthPlan`.
    sheet, path
        What it becomes, and where.
    tiles
        Still to be started: tile, left column and top row.
    total
        Tiles in all.
    from_store
        Whether it was there already.
    lost
        Scene id -> reason, of those left out before this attempt.
    """

    month: str
    facts: MonthFacts
    plan: str
    sheet: Sheet
    path: Path
    tiles: list[tuple[Target, tuple[int, int]]]
    total: int
    from_store: bool
    lost: dict[str, str]
    failed: dict[str, str] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    running: int = 0
    complete: bool = False
    finishing: bool = False
    finished: bool = False
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    _folder: Path | None = None
    _begun: float = field(default_factory=time.monotonic)
    _seconds: float = 0.0

    @property
    def folder(self) -> Path:
        """Where its parts are written; made when it is first asked for."""
        if self._folder is None:
            self._folder = new_folder(self.path.parent)
        return self._folder

    @property
    def ended(self) -> bool:
        """Whether no tile is under way and none will be started."""
        return not self.running and (bool(self.failed) or not self.tiles)

    def start(self) -> tuple[Target, tuple[int, int]] | None:
        """Take the next tile, or None where there is none or the month will be made anew."""
        if self.failed or not self.tiles or self.finished:
            return None
        self.running += 1
        return self.tiles.pop(0)

    def close(self) -> None:
        """Remove its parts."""
        self._seconds = time.monotonic() - self._begun
        if self._folder is not None:
            remove_folder(self._folder)
            self._folder = None

    def result(self) -> MonthResult:
        """Return what it became."""
        return result_of(self.month, self.path, self.facts, self.lost, self._seconds, from_store=self.from_store)


def result_of(
    month: str, path: Path, facts: MonthFacts, lost: Mapping[str, str], seconds: float, *, from_store: bool
) -> MonthResult:
    """Return what is to be said of a month's file; its shares stand in its tags."""
    with rasterio.open(path) as composite:
        tags: Mapping[str, str] = composite.tags()
    return MonthResult(
        month=month,
        path=path,
        passes_used=len(facts.used),
        scene_ids=tuple(scene.id for one in facts.used for scene in one.scenes),
        observations_mean=float(tags["OBSERVATIONS_MEAN"]),
        clear_share=float(tags["CLEAR_SHARE"]),
        filled_share=float(tags["FILLED_SHARE"]),
        facts=facts,
        from_store=from_store,
        unreadable=tuple(sorted(lost.items())),
        seconds=seconds,
        rescued_pixels=int(tags["RESCUED_PIXELS"]) if "RESCUED_PIXELS" in tags else None,
    )


def placed_targets(grid: Grid) -> Iterator[tuple[Target, tuple[int, int]]]:
    """Yield the tiles of a grid with their left columns and top rows."""
    for target in targets(grid):
        left = round((target.west - grid.west) / grid.resolution)
        top = round((grid.north - target.north) / grid.resolution)
        yield target, (left, top)


def job_for(
    month: str,
    facts: MonthFacts,
    grid: Grid,
    plan: MonthPlan,
    place: tuple[Path, bool],
    tags: Mapping[str, str],
    lost: dict[str, str],
) -> MonthJob:
    """Prepare a month; `place` is its path and whether it is finished there."""
    path, from_store = place
    sheet = Sheet(
        bands=plan.bands,
        width=grid.width,
        height=grid.height,
        epsg=grid.epsg,
        transform=(grid.resolution, 0.0, grid.west, 0.0, -grid.resolution, grid.north),
        month=month,
        tags={**tags, **facts.tags()},
        quality="" if plan.near is None else QUALITY_MEANS,
    )
    tiles = [] if from_store else list(placed_targets(grid))
    job = MonthJob(month, facts, plan.to_text(), sheet, path, tiles, len(tiles), from_store, lost)
    job.finished = from_store
    return job


def nearest_first(months: Sequence[str], first: str | None) -> list[str]:
    """Return the months in the order in which they are built: one, then its neighbours; all in order without one."""
    if first not in months:
        return list(months)
    at = months.index(first)
    return [month for _, month in sorted((abs(number - at), month) for number, month in enumerate(months))]


def explained(error: BaseException, month: str, folder: Path) -> TimelapseError:
    """Return what stopped a month in one sentence."""
    if isinstance(error, (FutureCancelledError, CommClosedError)):
        return ProviderError(
            f"The Dask scheduler was lost while it computed {month}: start it again; "
            "the months finished before are kept."
        )
    if isinstance(error, KilledWorker):
        return ProviderError(
            f"Dask's workers died while they computed {month}, most likely for want of memory: "
            "choose a coarser resolution or a smaller area."
        )
    if isinstance(error, (OSError, RasterioError)):
        return ProviderError(
            f"The month {month} cannot be written to {folder} ({cause_of(error)}): free some space there, "
            f"or name another folder in {CACHE_VARIABLE}."
        )
    return ProviderError(
        f"A Dask worker failed ({type(error).__name__}: {cause_of(error)}): give the workers the same "
        "packages as this machine."
    )
