"""What is behind the pixel that was clicked: read in the background, month by month."""

from __future__ import annotations

from app.engine import Engine
from app.jobs import Job, JobRunner, Post
from app.results import Download, Pixel, Series
from app.state import AppState, assign
from app.workspace import Workspace
from stac_timelapse.errors import TimelapseError
from stac_timelapse.probe import PixelMonth, Probe
from stac_timelapse.probe_report import to_csv


class PixelProbe:
    """The pixel that one session looks into. It has jobs of its own: neither a search nor a build is disturbed.

    Parameters
    ----------
    state, engine, workspace
        The session's.
    post
        See `JobRunner`.
    """

    def __init__(self, state: AppState, engine: Engine, workspace: Workspace, post: Post) -> None:
        self._state = state
        self._engine = engine
        self._workspace = workspace
        self._jobs = JobRunner(post)
        self._probe: Probe | None = None
        self._series: Series | None = None

    def open(self, lon: float, lat: float) -> None:
        """Look into the pixel of the series on display in which a place lies."""
        series = self._state.series
        if series is None or series.scenes is None:
            return
        scenes, recipe = series.scenes, series.recipe
        lost = {scene: reason for result in series.results for scene, reason in result.unreadable}
        try:
            probe = self._engine.probe(recipe, scenes, (lon, lat), lost)
        except TimelapseError:
            # Beside the picture there is nothing to say: the click closes what was open.
            self.put_away()
            return
        self._probe, self._series = probe, series
        self._show(probe, None)
        assign(self._state, pixel_file=None)
        self._look()

    def follow(self) -> None:
        """Look into the same place in the month, or the series, that is now on display."""
        state, pixel = self._state, self._state.pixel
        if pixel is None or self._series is None or state.series is None:
            return
        if state.series.number != self._series.number:
            self.open(pixel.lon, pixel.lat)
        elif pixel.month is None or pixel.month.month != state.current:
            self._look()

    def save(self) -> None:
        """Read all months, and offer their table."""
        probe, series = self._probe, self._series
        if probe is not None and series is not None:
            assign(self._state, pixel_note="Reading the whole series …")
            self._jobs.start("pixel", lambda job: self._write(job, probe, series), on_error=self._failed)

    def put_away(self) -> None:
        """Let go of the pixel."""
        self._jobs.drop()
        self._probe = self._series = None
        assign(self._state, pixel=None, pixel_note="", pixel_file=None)

    def close(self) -> None:
        """End with the session."""
        self._jobs.close()

    def _look(self) -> None:
        probe, month = self._probe, self._state.current
        if probe is not None and month in probe.recipe.months:
            assign(self._state, pixel_note="Reading the passes …")
            self._jobs.start("pixel", lambda job: self._read(job, probe, month), on_error=self._failed)

    def _read(self, job: Job, probe: Probe, month: str) -> None:
        self._jobs.tell(job, self._found, probe, probe.look(month))

    def _found(self, probe: Probe, month: PixelMonth) -> None:
        self._show(probe, month)
        assign(self._state, pixel_note="")

    def _show(self, probe: Probe, month: PixelMonth | None) -> None:
        recipe = probe.recipe
        assign(self._state, pixel=Pixel(probe.lon, probe.lat, probe.ring, month, recipe.bands, recipe.method))

    def _write(self, job: Job, probe: Probe, series: Series) -> None:
        found = []
        for read, month in enumerate(series.months):
            job.check()
            self._jobs.tell(job, self._progress, f"Reading the whole series … {read} of {len(series.months)}")
            found.append(probe.look(month))
        with self._workspace.filling() as folder:
            out = folder / f"pixel_{probe.lon:.5f}_{probe.lat:.5f}_{series.months[0]}_{series.months[-1]}.csv"
            out.write_text(to_csv(probe, found), encoding="utf-8")
            job.check()
        self._jobs.tell(job, self._saved, Download.of("csv", out))

    def _progress(self, note: str) -> None:
        assign(self._state, pixel_note=note)

    def _saved(self, download: Download) -> None:
        assign(self._state, pixel_note="", pixel_file=download)
        self.follow()

    def _failed(self, sentence: str, _error: TimelapseError | None) -> None:
        assign(self._state, pixel_note=sentence)
