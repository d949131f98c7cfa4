"""Write the finished months to a file that the browser then fetches over HTTP."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.jobs import Job, JobRunner
from app.results import Download, Series
from app.state import AppState, assign
from app.workspace import Workspace, plain_name
from stac_timelapse.build import MonthResult
from stac_timelapse.clip import clip
from stac_timelapse.errors import CancelledError, TimelapseError
from stac_timelapse.export.geotiff import zip_months
from stac_timelapse.export.gif import write_gif
from stac_timelapse.picture.settled import Settled
from stac_timelapse.report import provenance

_ENDINGS = {"gif": ".gif", "geotiff": "_geotiff.zip"}
_NONE_TICKED = "Every month is unticked: tick one in the filmstrip, and save the GIF again."


class Exporter:
    """The export jobs of one session.

    Parameters
    ----------
    state, jobs, workspace
        The session's.
    """

    def __init__(self, state: AppState, jobs: JobRunner, workspace: Workspace) -> None:
        self._state = state
        self._jobs = jobs
        self._workspace = workspace

    def start(self, kind: str, settled: Settled) -> None:
        """Write the series on display; the file is offered in the state's downloads."""
        series = self._state.series
        if series is None or not series.results or self._state.busy or self._state.exporting:
            return
        # Months are built whole; only what is saved may be clipped, and all of them; the GIF has those that are ticked.
        recipe = series.as_shown.but(clip=self._state.clip, without=self._state.hidden)
        drawn = tuple(one for one in series.results if kind != "gif" or one.month not in recipe.without)
        if not drawn:
            assign(self._state, export_error=_NONE_TICKED)
            return
        series = replace(series, recipe=recipe, results=drawn)
        assign(self._state, exporting=kind, export_share=0.0, export_error="", message="")
        self._jobs.start("export", lambda job: self._write(job, kind, series, settled), on_error=self._failed)

    def _write(self, job: Job, kind: str, series: Series, settled: Settled) -> None:
        with self._workspace.filling() as folder:
            out = folder / file_name(series, kind)
            with tempfile.TemporaryDirectory(dir=folder) as clipped:
                if series.recipe.clip:
                    series = replace(series, results=tuple(self._clipped(job, series, Path(clipped))))
                if kind == "gif":
                    self._gif(job, series, settled, out)
                else:
                    zip_months([one.path for one in series.results], out, _recipe_of(series))
            job.check()
        done = Download.of(kind, out)
        self._jobs.tell(job, self._done, done)

    def _clipped(self, job: Job, series: Series, folder: Path) -> Iterator[MonthResult]:
        for one in clip(series.results, series.recipe.aoi, folder):
            job.check()
            yield one

    def _gif(self, job: Job, series: Series, settled: Settled, out: Path) -> None:
        def on_progress(done: int, total: int) -> None:
            job.check()
            self._jobs.tell(job, self._share, done / total)

        write_gif(
            [(one.month, one.path) for one in series.results],
            out,
            preset=series.picture,
            stretch=settled.stretch,
            gains=settled.gains,
            fps=self._state.speed,
            title=series.picture.titled(series.recipe.aoi.name),
            attribution=series.recipe.attribution,
            aoi=series.recipe.aoi,
            on_progress=on_progress,
        )

    def _share(self, share: float) -> None:
        assign(self._state, export_share=min(max(share, 0.0), 1.0))

    def _done(self, download: Download) -> None:
        assign(self._state, exporting="", export_share=1.0, downloads=(download, *self._state.downloads))

    def _failed(self, sentence: str, error: TimelapseError | None) -> None:
        cancelled = isinstance(error, CancelledError)
        assign(self._state, exporting="", export_share=0.0, message="", export_error="" if cancelled else sentence)


def _recipe_of(series: Series) -> str:
    """Return the recipe with all that it led to, as the command line writes it."""
    if series.scenes is None:
        return series.recipe.to_json()
    return json.dumps(provenance(series.recipe, series.scenes, series.results), indent=2)


def file_name(series: Series, kind: str) -> str:
    """Return a name that says what is in the file, e.g. ``timelapse_reservoir_ndvi_2023-01_2023-12.gif``."""
    own = series.appearance.formula is not None
    shown = plain_name(series.picture.title) or series.preset if own else series.preset.replace("true-colour", "")
    middle = "".join(f"_{part}" for part in (plain_name(series.recipe.aoi.name), shown) if part)
    some = "" if series.complete else f"_{len(series.results)}-of-{len(series.months)}-months"
    clipped = "_clipped" if series.recipe.clip else ""
    return f"timelapse{middle}_{series.months[0]}_{series.months[-1]}{some}{clipped}{_ENDINGS[kind]}"
