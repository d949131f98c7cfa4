"""Compute the months on Dask, tile by tile, and write each one to disk as it is finished."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import dask.array as da
import rasterio
from distributed import Client, Future, KilledWorker, futures_of
from distributed.client import FutureCancelledError
from distributed.comm.core import CommClosedError
from rasterio.errors import RasterioError
from rasterio.windows import Window

from stac_timelapse.composite.cache import MonthStore, month_key
from stac_timelapse.composite.monthly import month_array
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.errors import AssetReadError, CancelledError, ProviderError, cause_of
from stac_timelapse.export.geotiff import CompositeWriter
from stac_timelapse.scenes.model import Pass, SceneSet
from stac_timelapse.storage import CACHE_VARIABLE

#: How often a waiting build looks whether it should stop, in seconds.
_POLL = 0.2
#: With this many unreadable scenes and not one readable the provider is down, not the scene.
_HOPELESS = 4
_RETRIES = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a build is: tiles of the month in work, months of the whole."""

    month: str
    months_done: int
    months_total: int
    tiles_done: int
    tiles_total: int


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
    from_store
        Whether it was there already, so that nothing was read.
    unreadable
        ``(scene id, reason)`` of the scenes that had to be left out.
    seconds
        Time it took.
    """

    month: str
    path: Path
    passes_used: int
    scene_ids: tuple[str, ...]
    observations_mean: float
    clear_share: float
    from_store: bool
    unreadable: tuple[tuple[str, str], ...]
    seconds: float

    @property
    def empty(self) -> bool:
        """Whether no pixel of the month is clear."""
        return self.clear_share == 0.0


@dataclass(slots=True)
class Builder:
    """The months of one recipe on one grid.

    Parameters
    ----------
    scenes
        Passes in use.
    grid, bands, policy, method
        What `month_array` takes.
    client
        Where the tiles are computed.
    store
        Where finished months are kept.
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
    tags: Mapping[str, str] = field(default_factory=dict)
    on_progress: Callable[[Progress], None] | None = None
    should_stop: Callable[[], bool] | None = None
    _readable: int = 0
    _unreadable: dict[str, str] = field(default_factory=dict)

    def run(self, first: str | None = None) -> Iterator[MonthResult]:
        """Yield the months as they are finished, `first` before the others.

        Raises
        ------
        CancelledError
            If it was asked to stop; the months yielded before stay.
        ProviderError
            If nothing at all can be read.
        """
        months = sorted(self.scenes.months, key=lambda month: (month != first, month))
        for done, month in enumerate(months):
            yield self._month(month, done, len(months))
        if self._unreadable and not self._readable:
            raise self._nothing_readable()

    def _month(self, month: str, done: int, total: int) -> MonthResult:
        begun = time.monotonic()
        failed: dict[str, str] = {}
        while True:
            passes = self.scenes.without_scenes(self._unreadable).passes_of(month)
            key = month_key(month, passes, self.grid, self.bands, self.policy, self.method)
            from_store = self.store.has(key)
            if not from_store:
                newly = self._compute(month, passes, self.store.path(key), (done, total))
                if newly:
                    failed |= newly
                    self._unreadable |= newly
                    if not self._readable and len(self._unreadable) >= _HOPELESS:
                        raise self._nothing_readable()
                    continue
            self._readable += len(passes)
            self._report(Progress(month, done + 1, total, 1, 1))
            return self._result(month, passes, key, failed, (from_store, time.monotonic() - begun))

    def _compute(self, month: str, passes: Sequence[Pass], path: Path, counts: tuple[int, int]) -> dict[str, str]:
        """Compute one month into a file; return the scenes that could not be read instead, if any."""
        array = month_array(passes, self.grid, self.bands, self.policy, self.method)
        try:
            return self._to_file(month, passes, path, array, counts)
        except (FutureCancelledError, CommClosedError) as error:
            raise ProviderError(
                f"The Dask scheduler was lost while it computed {month}: start it again; "
                "the months finished before are kept."
            ) from error
        except KilledWorker as error:
            raise ProviderError(
                f"Dask's workers died while they computed {month}, most likely for want of memory: "
                "choose a coarser resolution or a smaller area."
            ) from error
        except (OSError, RasterioError) as error:
            raise ProviderError(
                f"The month {month} cannot be written to {path.parent} ({cause_of(error)}): free some space there, "
                f"or name another folder in {CACHE_VARIABLE}."
            ) from error

    def _to_file(
        self, month: str, passes: Sequence[Pass], path: Path, array: da.Array, counts: tuple[int, int]
    ) -> dict[str, str]:
        rows, columns = _starts(array.chunks[1]), _starts(array.chunks[2])
        persisted = self.client.persist(array, retries=_RETRIES)
        futures: list[Future[Any]] = futures_of(persisted, client=self.client)
        finished: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        # Not `distributed.wait`: it wants a default client, which is the default of every other thread too.
        for future in futures:
            future.add_done_callback(finished.put)
        total = len(futures)
        with CompositeWriter(
            path,
            bands=self.bands,
            width=self.grid.width,
            height=self.grid.height,
            epsg=self.grid.epsg,
            transform=self.grid.transform,
            month=month,
            tags={**self.tags, **_month_tags(passes)},
        ) as writer:
            self._report(Progress(month, *counts, 0, total))
            for tiles_done in range(1, total + 1):
                future = self._next(finished)
                failed = _failures([future, *_drained(finished)]) if future.status == "error" else {}
                if failed:
                    writer.discard()
                    return failed
                # dask names a block (array, layer, row, column)
                _, _, row, column = cast("tuple[str, int, int, int]", future.key)
                tile = future.result()
                writer.write(Window(columns[column], rows[row], tile.shape[2], tile.shape[1]), tile)
                future.release()
                self._report(Progress(month, *counts, tiles_done, total))
        return {}

    def _next(self, finished: queue.SimpleQueue[Future[Any]]) -> Future[Any]:
        """Return the next finished tile, or raise as soon as the build should stop."""
        while True:
            if self.should_stop is not None and self.should_stop():
                raise CancelledError("The build was cancelled; the months finished before are kept.")
            try:
                return finished.get(timeout=_POLL)
            except queue.Empty:
                continue

    def _report(self, progress: Progress) -> None:
        if self.on_progress is not None:
            self.on_progress(progress)

    def _result(
        self, month: str, passes: Sequence[Pass], key: str, failed: dict[str, str], timing: tuple[bool, float]
    ) -> MonthResult:
        path = self.store.path(key)
        with rasterio.open(path) as composite:
            tags: Mapping[str, Any] = composite.tags()
        return MonthResult(
            month=month,
            path=path,
            passes_used=len(passes),
            scene_ids=tuple(scene.id for one in passes for scene in one.scenes),
            observations_mean=float(tags["OBSERVATIONS_MEAN"]),
            clear_share=float(tags["CLEAR_SHARE"]),
            from_store=timing[0],
            unreadable=tuple(sorted(failed.items())),
            seconds=timing[1],
        )

    def _nothing_readable(self) -> ProviderError:
        scene, reason = next(iter(self._unreadable.items()))
        return ProviderError(
            f"None of {len(self._unreadable)} scenes can be read; the first, {scene}: {reason}. "
            "Check the network or try again later."
        )


def _drained(finished: queue.SimpleQueue[Future[Any]]) -> Iterator[Future[Any]]:
    """Yield what else is finished already, without waiting."""
    while not finished.empty():
        yield finished.get()


def _failures(futures: Sequence[Future[Any]]) -> dict[str, str]:
    """Return ``{scene id: reason}`` of unreadable scenes; any other error is raised."""
    failed: dict[str, str] = {}
    for future in futures:
        if future.status == "error":
            error = future.exception()
            if isinstance(error, KilledWorker):
                raise error
            if not isinstance(error, AssetReadError):
                raise ProviderError(
                    f"A Dask worker failed ({type(error).__name__}: {cause_of(error)}): give the workers the same "
                    "packages as this machine."
                ) from error
            failed[error.scene_id] = f"{error.asset}: {error.reason}"
    return failed


def _month_tags(passes: Sequence[Pass]) -> dict[str, str]:
    scenes = [scene for one in passes for scene in one.scenes]
    return {
        "PASSES": str(len(passes)),
        "SCENES": " ".join(scene.id for scene in scenes),
        "BASELINES": " ".join(scene.baseline or "unknown" for scene in scenes),
        "OFFSETS": " ".join(str(scene.offset) for scene in scenes),
    }


def _starts(chunks: Sequence[int]) -> list[int]:
    starts = [0]
    for size in chunks:
        starts.append(starts[-1] + size)
    return starts
