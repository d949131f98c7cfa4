"""How a series comes to the page: a preview, then month by month; or all of it in other colours."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from app.engine import Engine, measured
from app.frames import FramePainter
from app.jobs import Job, JobRunner
from app.results import Frame, Series
from app.state import AppState, assign
from app.workspace import Workspace
from stac_timelapse.build import MonthResult, Progress
from stac_timelapse.cube.clear_share import Seen
from stac_timelapse.errors import CancelledError, TimelapseError
from stac_timelapse.estimate import Estimate
from stac_timelapse.picture.appearance import Appearance
from stac_timelapse.picture.settled import Settled
from stac_timelapse.pipeline import choose, nothing_left
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.model import SceneSet

_log = logging.getLogger(__name__)
_Dated = TypeVar("_Dated", MonthResult, Frame)


class SeriesJobs:
    """Builds and paints the series of one session.

    Parameters
    ----------
    state, engine, jobs, workspace
        The session's.
    on_error
        See `JobRunner.start`.
    """

    def __init__(
        self,
        state: AppState,
        engine: Engine,
        jobs: JobRunner,
        workspace: Workspace,
        on_error: Callable[[str, TimelapseError | None], None],
    ) -> None:
        self.state = state
        self._engine = engine
        self._jobs = jobs
        self._workspace = workspace
        self._on_error = on_error
        #: What painted the series on display.
        self.painter: FramePainter | None = None
        self._folders: list[Path] = []

    def build(self, recipe: Recipe, known: SceneSet | None, seen: Mapping[str, Seen], first: str | None) -> None:
        """Start a build; `known` is what was found for it, if it was, and `seen` how much of the area that saw."""
        shown = self.state.series
        # Months that are finished already would give way to coarse ones.
        coarse = shown is None or shown.recipe != recipe or not shown.results
        self._jobs.start(
            "build", lambda job: self._build(job, recipe, known, seen, first, coarse=coarse), on_error=self._on_error
        )

    def recolour(self) -> None:
        """Paint the series on display as it shall be shown now, if the bands for that were built."""
        state, series = self.state, self.state.series
        if series is None or not series.results or state.busy or state.exporting:
            return
        appearance = state.appearance
        if series.appearance != appearance and set(state.picture.needs) <= set(series.recipe.bands):
            self._jobs.start("paint", lambda job: self._recolour(job, series, appearance), on_error=self._on_error)

    def _build(
        self,
        job: Job,
        recipe: Recipe,
        known: SceneSet | None,
        seen: Mapping[str, Seen],
        first: str | None,
        *,
        coarse: bool,
    ) -> None:
        found = known if known is not None else self._engine.search(recipe)
        seen = seen or (measured(self._engine, recipe, found) if recipe.limits_the_area else {})
        scenes = choose(recipe, found, seen)
        if not scenes.passes:
            raise nothing_left(recipe, found)
        estimate = self._engine.estimate(recipe, scenes)
        self._jobs.tell(job, self._planned, recipe, found, seen, estimate)
        if coarse and estimate.preview_resolution is not None:
            self._preview(job, recipe, scenes, estimate.preview_resolution, first)
        painter = FramePainter(self._workspace.new_folder(), recipe.appearance, recipe.bands)
        months: dict[str, MonthResult] = {}
        for result, frame in self._painted(job, recipe, scenes, painter, first, self._progress(job)):
            months[result.month] = result
            self._jobs.tell(job, self._add_month, job.number, recipe, painter, result, frame)
        results = list(months.values())
        frames = painter.repaint(results) if painter.lock(results) else None
        self._jobs.tell(job, self._built, frames, painter.settled)

    def _painted(
        self,
        job: Job,
        recipe: Recipe,
        scenes: SceneSet,
        painter: FramePainter,
        first: str | None,
        on_progress: Callable[[Progress], None],
    ) -> Iterator[tuple[MonthResult, Frame]]:
        """Yield the months as they are built and painted; the painter's folder goes if there is none."""
        painted = False
        try:
            for result in self._engine.build(
                recipe, scenes, first=first, on_progress=on_progress, should_stop=job.stop.is_set
            ):
                frame = painter.paint(result)
                if not painted:
                    painter.full.load(result.month)  # here, because the view needs one when it is first drawn
                painted = True
                yield result, frame
        except TimelapseError:
            if not painted:
                self._workspace.remove(painter.folder)
            raise

    def _preview(self, job: Job, recipe: Recipe, scenes: SceneSet, resolution: float, first: str | None) -> None:
        """Show all months from the files' overviews, before any is built as it should be."""
        self._jobs.tell(job, lambda: assign(self.state, message="A quick preview first …"))
        painter = FramePainter(self._workspace.new_folder(), recipe.appearance, recipe.bands)
        results: list[MonthResult] = []
        try:
            coarse = recipe.but(resolution=resolution)
            for result, frame in self._painted(job, coarse, scenes, painter, first, lambda _progress: None):
                results.append(result)
                self._jobs.tell(job, self._add_previews, job.number, recipe, painter, (frame,))
        except CancelledError:
            raise
        except TimelapseError as error:
            # The build itself meets the same and tells it, with what it could finish.
            _log.info("no preview: %s", error)
        else:
            if painter.lock(results):
                self._jobs.tell(job, self._add_previews, job.number, recipe, painter, painter.repaint(results))
        self._jobs.tell(job, lambda: assign(self.state, message=""))

    def _add_previews(self, number: int, recipe: Recipe, painter: FramePainter, frames: tuple[Frame, ...]) -> None:
        series = self._series(number, recipe, painter)
        previews = {one.month: one for one in (*series.previews, *frames)}
        self._display(replace(series, previews=tuple(previews.values())), frames[0].month)

    def _planned(self, recipe: Recipe, scenes: SceneSet, seen: Mapping[str, Seen], estimate: Estimate) -> None:
        assign(self.state, scenes=scenes, seen=dict(seen), searched=recipe, estimate=estimate, refusal="")

    def _progress(self, job: Job) -> Callable[[Progress], None]:
        """Return a callback that shows the newest progress and never queues more than one message."""
        lock = threading.Lock()
        newest: list[Progress] = []

        def show() -> None:
            with lock:
                progress = newest.pop()
                newest.clear()
            assign(self.state, progress=progress)

        def report(progress: Progress) -> None:
            with lock:
                idle = not newest
                newest[:] = [progress]
            if idle:
                self._jobs.tell(job, show)

        return report

    def _add_month(self, number: int, recipe: Recipe, painter: FramePainter, result: MonthResult, frame: Frame) -> None:
        series = self._series(number, recipe, painter)
        series = replace(
            series,
            # A month may come again, filled from others.
            results=_by_month((*series.results, result)),
            frames=_by_month((*series.frames, frame)),
        )
        self._display(series, result.month)

    def _series(self, number: int, recipe: Recipe, painter: FramePainter) -> Series:
        """Return the series of a build; the one before stays on display until this one has its first picture."""
        before = series = self.state.series
        if series is None or series.number != number:
            series = Series(recipe, painter.appearance, recipe.months, number=number, scenes=self.state.used)
            # The files are of the series before; what was unticked there stays so where the place is the same.
            kept = before is None or before.recipe.aoi == recipe.aoi
            hidden = tuple(one for one in self.state.hidden if kept and one in recipe.months)
            assign(self.state, downloads=(), hidden=hidden)
            self._replace_painter(painter)
        elif self.painter is not painter:
            # Its previews stay until its last month is finished.
            self._replace_painter(painter, keep=True)
        return series

    def _display(self, series: Series, month: str) -> None:
        current = self.state.current
        assign(self.state, series=series, current=current if current in series.shown else month)

    def _replace_painter(self, painter: FramePainter, *, keep: bool = False) -> None:
        if self.painter is not None and self.painter is not painter:
            self._folders.append(self.painter.folder)
        self.painter = painter
        if not keep:
            self._tidy()

    def _tidy(self) -> None:
        """Delete the pictures that are not on display any more."""
        for folder in self._folders:
            self._workspace.remove(folder)
        self._folders.clear()

    def _built(self, frames: tuple[Frame, ...] | None, settled: Settled | None) -> None:
        series = self.state.series
        if frames is not None and series is not None:
            series = replace(series, frames=_by_month(frames))
        if series is not None:
            series = replace(series, previews=(), settled=settled)
        assign(self.state, phase="ready", message="", progress=None, series=series)
        self._tidy()
        self.recolour()  # as was chosen meanwhile

    def _recolour(self, job: Job, series: Series, appearance: Appearance) -> None:
        painter = FramePainter(self._workspace.new_folder(), appearance, series.recipe.bands)
        painter.lock(series.results)
        frames = []
        for one in series.results:
            if job.stop.is_set():  # another choice was made meanwhile
                self._workspace.remove(painter.folder)
                return
            frames.append(painter.paint(one))
        painter.full.load(frames[0].month)
        shown = replace(series, appearance=appearance, frames=tuple(frames), previews=(), settled=painter.settled)
        self._jobs.tell(job, self._recoloured, painter, shown)

    def _recoloured(self, painter: FramePainter, series: Series) -> None:
        self._replace_painter(painter)
        assign(self.state, series=series, downloads=())


def _by_month(those: Iterable[_Dated]) -> tuple[_Dated, ...]:
    """Return the last of each month, in order."""
    newest = {one.month: one for one in those}
    return tuple(newest[month] for month in sorted(newest))
