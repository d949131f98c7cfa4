"""Compute the months on Dask, several at once, tile by tile; the workers write, and each month becomes a file."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from distributed import Client, KilledWorker
from distributed.client import FutureCancelledError
from distributed.comm.core import CommClosedError
from rasterio.errors import RasterioError

from stac_timelapse.composite.cache import MonthStore, month_key
from stac_timelapse.composite.gaps import BLANK, Gaps
from stac_timelapse.composite.plan import MonthPlan
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.outline import Outline, part_of
from stac_timelapse.errors import AssetReadError, ProviderError
from stac_timelapse.export.parts import Part, write_part
from stac_timelapse.month_job import MonthJob, MonthResult, Progress, explained, job_for, nearest_first
from stac_timelapse.rescue import Rescued, rescued_of
from stac_timelapse.scenes.facts import MonthFacts, facts_by_month
from stac_timelapse.scenes.model import SceneSet
from stac_timelapse.tasks import Tasks
from stac_timelapse.work import compose_part, finish_month, shares_disk

__all__ = ["Builder", "MonthResult", "Progress"]

#: With this many unreadable scenes and not one readable the provider is down, not the scene.
_HOPELESS = 4
_RETRIES = 1
#: Tiles at the workers for each of their threads: one in work, one ready.
_TILES_PER_THREAD = 2
_LEAST_TILES = 4


@dataclass(slots=True)
class Builder:
    """The months of one recipe on one grid.

    Parameters
    ----------
    scenes
        Passes in use.
    grid, bands, policy, method
        What `monthly_composites` takes.
    outline
        Of the area, on the grid: what is told of a month's pixels is told of those inside.
    client
        Where the tiles are computed.
    store
        Where finished months are kept.
    gaps
        Of the rule the part that acts while a month is composed: passes of the days around it.
    tags
        Text written into every composite.
    on_progress
        Called after every tile.
    should_stop
        Asked several times a second; True ends the build with `CancelledError`.
    """

    scenes: SceneSet
    grid: Grid
    outline: Outline
    bands: Sequence[str]
    policy: MaskPolicy
    method: str
    client: Client
    store: MonthStore
    gaps: Gaps = BLANK
    tags: Mapping[str, str] = field(default_factory=dict)
    on_progress: Callable[[Progress], None] | None = None
    should_stop: Callable[[], bool] | None = None
    _readable: bool = False
    _unreadable: dict[str, str] = field(default_factory=dict)
    _jobs: list[MonthJob] = field(default_factory=list)
    _tasks: Tasks = field(init=False)
    #: How many tiles the workers get at a time; 0 before they were looked at.
    _room: int = 0
    _bright: Rescued | None = None
    _token: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    _done: int = 0
    #: Of all scenes, and of those that can be read.
    _asked: Mapping[str, MonthFacts] = field(default_factory=dict)
    _facts: Mapping[str, MonthFacts] = field(default_factory=dict)
    #: How many months become files at a time.
    _writers: int = 1
    #: Finishes months here where the workers do not share the disk.
    _here: ThreadPoolExecutor | None = None

    def __post_init__(self) -> None:
        self._tasks = Tasks(self.client, self.should_stop)

    def run(self, first: str | None = None) -> Iterator[MonthResult]:
        """Yield the months as they are finished: `first`, then its neighbours, each before those further away.

        Raises
        ------
        CancelledError
            If it was asked to stop; the months finished before stay.
        ProviderError
            If nothing at all can be read.
        """
        waiting = deque(nearest_first(self.scenes.months, first))
        self._asked = self._facts = facts_by_month(self.scenes, self.gaps.near)
        month = ""
        try:
            if self.policy.rescue:
                self._find_bright_ground()
            while waiting or self._jobs:
                self._tasks.stop_if_asked()
                while waiting and (not self._jobs or len(self._tasks) < self._room):
                    job = self._job(waiting.popleft())
                    self._jobs.append(job)
                    if not job.finished:
                        self._prepare()
                    self._submit()
                if self._jobs[0].finished:
                    yield self._finished(self._jobs.pop(0))
                    continue
                self._submit()
                if month != self._jobs[0].month:
                    month = self._jobs[0].month
                    self._report(self._jobs[0])
                self._take(*self._tasks.next())
        except (FutureCancelledError, CommClosedError, KilledWorker, OSError, RasterioError) as error:
            raise explained(error, month, self.store.folder) from error
        finally:
            self._clean()
        if self._unreadable and not self._readable:
            raise self._nothing_readable()

    def _prepare(self) -> int:
        """Look at the workers, once; return how many tiles they get at a time."""
        if self._room:
            return self._room
        if not shares_disk(self.client, self.store.folder):
            self._here = ThreadPoolExecutor(1, thread_name_prefix="months")
        threads: Mapping[str, int] = self.client.nthreads()
        self._writers = 1 if self._here is not None else max(len(threads), 1)
        self._room = max(_LEAST_TILES, _TILES_PER_THREAD * sum(threads.values()))
        return self._room

    def _find_bright_ground(self) -> None:
        """Look at the masks of all passes, if nobody did before."""
        total = len(self.scenes.months)

        def report(done: int, tiles: int) -> None:
            if self.on_progress is not None:
                self.on_progress(Progress("", 0, total, done, tiles))

        work = self._tasks, self._prepare
        self._bright, unreadable = rescued_of(self.scenes, self.grid, self.policy, self.store, work, report)
        if unreadable:
            self._unreadable |= unreadable
            left = self.scenes.without_scenes(unreadable)
            if not left.passes:
                raise self._nothing_readable()
            self._facts = facts_by_month(left, self.gaps.near)

    def _lost(self, month: str) -> dict[str, str]:
        """Return what of a month cannot be read, by other months that wanted it or by itself, scene id -> reason."""
        asked = self._asked[month]
        scenes = (scene.id for one in (*asked.used, *(asked.near or ())) for scene in one.scenes)
        return {name: self._unreadable[name] for name in scenes if name in self._unreadable}

    def _job(self, month: str) -> MonthJob:
        lost = self._lost(month)
        facts = self._facts[month]
        bright = None if self._bright is None else self._bright.digest
        key = month_key(
            month, facts, self.grid, self.outline, self.bands, self.policy, self.method, self.gaps, bright=bright
        )
        plan = MonthPlan.of(facts.used, self.grid, self.bands, self.policy, self.method, facts.near)
        tags = self.tags if self._bright is None else {**self.tags, "RESCUED_PIXELS": str(self._bright.pixels)}
        return job_for(month, facts, self.grid, plan, (self.store.path(key), self.store.take(key)), tags, lost)

    def _submit(self) -> None:
        """Hand out tiles, those of the first months first, while there is room."""
        for job in self._jobs:
            while len(self._tasks) < self._room:
                tile = job.start()
                if tile is None:
                    break
                target, corner = tile
                folder = str(job.folder) if self._here is None else None
                bright = None if self._bright is None else self._bright.tiles[corner]
                # The plan goes with each tile: of a task that it depended on, Dask would keep all tiles on the worker
                # that holds it.
                self._tasks.submit(
                    job,
                    compose_part,
                    job.plan,
                    target,
                    corner,
                    folder,
                    self.outline.near(target.transform, (target.height, target.width)),
                    bright,
                    name=f"tile-{self._token}-{job.name}-{corner[0]}-{corner[1]}",
                    priority=-self._done - self._jobs.index(job),
                    retries=_RETRIES,
                )

    def _take(self, future: Any, job: MonthJob) -> None:
        """Note what became of a tile or of a month's file."""
        error = future.exception()
        if job.finishing:
            if error is not None:
                raise explained(error, job.month, self.store.folder) from error
            job.finished = True
            job.close()
            self._finish_next()
            return
        job.running -= 1
        if isinstance(error, AssetReadError):
            job.failed[error.scene_id] = f"{error.asset}: {error.reason}"
        elif error is not None:
            raise explained(error, job.month, self.store.folder) from error
        elif not job.failed:
            self._keep(job, future.result())
            self._report(job)
        if job.ended:
            self._close(job)

    def _keep(self, job: MonthJob, done: Any) -> None:
        """Note a part, or write it where the workers could not."""
        if isinstance(done, Part):
            part = done
        else:
            tile, left, top = done
            inside = self.outline.inside(part_of(self.grid.transform, left, top), tile.shape[1:])
            part = write_part(job.folder, left, top, tile, inside)
        job.parts.append(part)
        self._readable = self._readable or part.observed > 0

    def _close(self, job: MonthJob) -> None:
        """Make the month's file, or begin it anew without the scenes that could not be read."""
        if job.failed:
            self._unreadable |= job.failed
            self._facts = facts_by_month(self.scenes.without_scenes(self._unreadable), self.gaps.near)
            if not self._readable and len(self._unreadable) >= _HOPELESS:
                raise self._nothing_readable()
            job.close()
            self._jobs[self._jobs.index(job)] = self._job(job.month)
            return
        job.complete = True
        self._finish_next()

    def _finish_next(self) -> None:
        """Let one month a worker become a file: that takes hundreds of megabytes, whatever the number of months."""
        complete = [job for job in self._jobs if job.complete and not job.finished]
        room = self._writers - sum(job.finishing for job in complete)
        for job in [job for job in complete if not job.finishing][:room]:
            job.finishing = True
            name = f"month-{self._token}-{job.name}"
            work = (job.sheet, job.parts, str(job.path))
            if self._here is not None:
                self._tasks.watch(job, name, self._here.submit(finish_month, *work))
            else:
                priority = 1 - self._done - self._jobs.index(job)
                self._tasks.submit(job, finish_month, *work, name=name, priority=priority)

    def _finished(self, job: MonthJob) -> MonthResult:
        self._readable = self._readable or bool(job.facts.used)
        self._done += 1
        self._report(job)
        return job.result()

    def _report(self, job: MonthJob) -> None:
        if self.on_progress is None:
            return
        total = len(self.scenes.months)
        if job.finished:
            self.on_progress(Progress(job.month, self._done, total, 1, 1))
        else:
            # A person follows one month at a time: the one that comes next.
            head = self._jobs[0]
            self.on_progress(Progress(head.month, self._done, total, len(head.parts), max(head.total, 1)))

    def _clean(self) -> None:
        self._tasks.cancel()
        if self._here is not None:
            self._here.shutdown(cancel_futures=True)
        for job in self._jobs:
            job.close()
        self.store.trim()

    def _nothing_readable(self) -> ProviderError:
        scene, reason = next(iter(self._unreadable.items()))
        return ProviderError(
            f"None of {len(self._unreadable)} scenes can be read; the first, {scene}: {reason}. "
            "Check the network or try again later."
        )
