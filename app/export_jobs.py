"""Write the finished months to a file that the browser then fetches over HTTP."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.jobs import Job, JobRunner
from app.results import Download, Series
from app.state import AppState, assign
from app.workspace import Workspace
from stac_timelapse.build import MonthResult
from stac_timelapse.clip import clip
from stac_timelapse.errors import CancelledError, TimelapseError
from stac_timelapse.export.geotiff import zip_months
from stac_timelapse.export.gif import write_gif
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.picture.render import Stretch
from stac_timelapse.report import provenance

_ENDINGS = {"gif": ".gif", "geotiff": "_geotiff.zip"}
_NAME_LENGTH = 40


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

    def start(self, kind: str, stretch: Stretch) -> None:
        """Write the series on display; the file is offered in the state's downloads."""
        series = self._state.series
        if series is None or not series.results or self._state.busy or self._state.exporting:
            return
        # Months are built whole; only what is saved may be clipped.
        series = replace(series, recipe=series.recipe.but(clip=self._state.clip))
        assign(self._state, exporting=kind, export_share=0.0, export_error="", message="")
        self._jobs.start("export", lambda job: self._write(job, kind, series, stretch), on_error=self._failed)

    def _write(self, job: Job, kind: str, series: Series, stretch: Stretch) -> None:
        folder = self._workspace.new_folder()
        out = folder / file_name(series, kind)
        try:
            with tempfile.TemporaryDirectory(dir=folder) as clipped:
                if series.recipe.clip:
                    series = replace(series, results=tuple(self._clipped(job, series, Path(clipped))))
                if kind == "gif":
                    self._gif(job, series, stretch, out)
                else:
                    zip_months([one.path for one in series.results], out, _recipe_of(series))
            job.check()
        except BaseException:
            self._workspace.remove(folder)
            raise
        done = Download.of(kind, out)
        self._jobs.tell(job, self._done, done)

    def _clipped(self, job: Job, series: Series, folder: Path) -> Iterator[MonthResult]:
        for one in clip(series.results, series.recipe.aoi, folder):
            job.check()
            yield one

    def _gif(self, job: Job, series: Series, stretch: Stretch, out: Path) -> None:
        def on_progress(done: int, total: int) -> None:
            job.check()
            self._jobs.tell(job, self._share, done / total)

        write_gif(
            [(one.month, one.path) for one in series.results],
            out,
            preset=PRESETS[series.preset],
            stretch=stretch,
            fps=self._state.speed,
            title=PRESETS[series.preset].titled(series.recipe.aoi.name),
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
    place = re.sub(r"[^a-z0-9]+", "-", series.recipe.aoi.name.lower()).strip("-")[:_NAME_LENGTH]
    middle = "".join(f"_{part}" for part in (place, "" if series.preset == "true-colour" else series.preset) if part)
    some = "" if series.complete else f"_{len(series.results)}-of-{len(series.months)}-months"
    clipped = "_clipped" if series.recipe.clip else ""
    return f"timelapse{middle}_{series.months[0]}_{series.months[-1]}{some}{clipped}{_ENDINGS[kind]}"
