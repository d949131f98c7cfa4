"""Compute the months on Dask, several at once, tile by tile; the workers write, and each month becomes a file."""

from __future__ import annotations

import queue
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
from stac_timelapse.errors import AssetReadError, CancelledError, ProviderError
from stac_timelapse.export.parts import Part, write_part
from stac_timelapse.month_job import MonthJob, MonthResult, Progress, explained, job_for
from stac_timelapse.scenes.facts import MonthFacts, facts_by_month
from stac_timelapse.scenes.model import SceneSet
from stac_timelapse.work import compose_part, finish_month, shares_disk

__all__ = ["Builder", "MonthResult", "Progress"]

#: How often a waiting build looks whether it should stop, in seconds.
_POLL = 0.2
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
    #: Name -> future and its month; what is not in here any more is old news.
    _live: dict[str, tuple[Any, MonthJob]] = field(default_factory=dict)
    _news: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    _token: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    _done: int = 0
    #: Of all scenes, and of those that can be read.
    _asked: Mapping[str, MonthFacts] = field(default_factory=dict)
    _facts: Mapping[str, MonthFacts] = field(default_factory=dict)
    #: How many months become files at a time.
    _writers: int = 1
    #: Finishes months here where the workers do not share the disk.
    _here: ThreadPoolExecutor | None = None

    def run(self, first: str | None = None) -> Iterator[MonthResult]:
        """Yield the months as they are finished: `first`, then its neighbours, each before those further away.

        Raises
        ------
        CancelledError
            If it was asked to stop; the months finished before stay.
        ProviderError
            If nothing at all can be read.
        """
        waiting = deque(_nearest_first(self.scenes.months, first))
        self._asked = self._facts = facts_by_month(self.scenes, self.gaps.near)
        room = 0
        month = ""
        try:
            while waiting or self._jobs:
                self._stop_if_asked()
                while waiting and (not self._jobs or (room and len(self._live) < room)):
                    job = self._job(waiting.popleft())
                    self._jobs.append(job)
                    if not job.finished and not room:
                        room = self._prepare()
                    self._submit(room)
                if self._jobs[0].finished:
                    yield self._finished(self._jobs.pop(0))
                    continue
                self._submit(room)
                if month != self._jobs[0].month:
                    month = self._jobs[0].month
                    self._report(self._jobs[0])
                self._take(self._next())
        except (FutureCancelledError, CommClosedError, KilledWorker, OSError, RasterioError) as error:
            raise explained(error, month, self.store.folder) from error
        finally:
            self._clean()
        if self._unreadable and not self._readable:
            raise self._nothing_readable()

    def _prepare(self) -> int:
        """Look at the workers; return how many tiles they get at a time."""
        if not shares_disk(self.client, self.store.folder):
            self._here = ThreadPoolExecutor(1, thread_name_prefix="months")
        threads: Mapping[str, int] = self.client.nthreads()
        self._writers = 1 if self._here is not None else max(len(threads), 1)
        return max(_LEAST_TILES, _TILES_PER_THREAD * sum(threads.values()))

    def _lost(self, month: str) -> dict[str, str]:
        """Return what of a month cannot be read, by other months that wanted it or by itself, scene id -> reason."""
        asked = self._asked[month]
        scenes = (scene.id for one in (*asked.used, *(asked.near or ())) for scene in one.scenes)
        return {name: self._unreadable[name] for name in scenes if name in self._unreadable}

    def _job(self, month: str) -> MonthJob:
        lost = self._lost(month)
        facts = self._facts[month]
        key = month_key(month, facts, self.grid, self.bands, self.policy, self.method, self.gaps)
        plan = MonthPlan.of(facts.used, self.grid, self.bands, self.policy, self.method, facts.near)
        return job_for(month, facts, self.grid, plan, (self.store.path(key), self.store.take(key)), self.tags, lost)

    def _submit(self, room: int) -> None:
        """Hand out tiles, those of the first months first, while there is room."""
        for job in self._jobs:
            while len(self._live) < room:
                tile = job.start()
                if tile is None:
                    break
                target, corner = tile
                folder = str(job.folder) if self._here is None else None
                # The plan goes with each tile: of a task that it depended on, Dask would keep all tiles on the worker
                # that holds it.
                future = self.client.submit(
                    compose_part,
                    job.plan,
                    target,
                    corner,
                    folder,
                    key=f"tile-{self._token}-{job.name}-{corner[0]}-{corner[1]}",
                    priority=-self._done - self._jobs.index(job),
                    retries=_RETRIES,
                )
                self._watch(str(future.key), future, job)

    def _watch(self, name: str, future: Any, job: MonthJob) -> None:
        self._live[name] = future, job
        # Not `distributed.wait`: it wants a default client, which is the default of every other thread too.
        future.add_done_callback(lambda _: self._news.put(name))

    def _next(self) -> str:
        """Return the name of what is done next, or raise as soon as the build should stop."""
        while True:
            self._stop_if_asked()
            try:
                return self._news.get(timeout=_POLL)
            except queue.Empty:
                continue

    def _stop_if_asked(self) -> None:
        if self.should_stop is not None and self.should_stop():
            raise CancelledError("The build was cancelled; the months finished before are kept.")

    def _take(self, name: str) -> None:
        """Note what became of a tile or of a month's file."""
        if name not in self._live:
            return
        future, job = self._live.pop(name)
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
            part = write_part(job.folder, left, top, tile)
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
                self._watch(name, self._here.submit(finish_month, *work), job)
            else:
                priority = 1 - self._done - self._jobs.index(job)
                self._watch(name, self.client.submit(finish_month, *work, key=name, priority=priority), job)

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
        futures = [future for future, _ in self._live.values()]
        self._live.clear()
        if self._here is not None:
            self._here.shutdown(cancel_futures=True)
        elif futures and self.client.status == "running":
            self.client.cancel(futures)
        for job in self._jobs:
            job.close()
        self.store.trim()

    def _nothing_readable(self) -> ProviderError:
        scene, reason = next(iter(self._unreadable.items()))
        return ProviderError(
            f"None of {len(self._unreadable)} scenes can be read; the first, {scene}: {reason}. "
            "Check the network or try again later."
        )


def _nearest_first(months: Sequence[str], first: str | None) -> list[str]:
    if first not in months:
        return list(months)
    at = months.index(first)
    return [month for _, month in sorted((abs(number - at), month) for number, month in enumerate(months))]
