"""What the buttons do: search, build, cancel, recolour, export, as background jobs."""

from __future__ import annotations

from collections.abc import Callable

from app.change_maps import ChangeMaps
from app.charts import Charts
from app.engine import Engine, measured
from app.export_jobs import Exporter
from app.frames import FramePainter
from app.jobs import Job, JobRunner, Post
from app.mask_lab import MaskLab
from app.pixel_probe import PixelProbe
from app.place_search import PlaceSearch
from app.series_jobs import SeriesJobs
from app.state import AppState, assign
from app.workspace import Workspace
from stac_timelapse.cube.clear_share import Seen
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.errors import CancelledError, InvalidInputError, NothingFoundError, TimelapseError, TooBigError
from stac_timelapse.estimate import Estimate
from stac_timelapse.pipeline import choose, nothing_left
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.model import SceneSet
from stac_timelapse.scenes.union import title_of


class Actions:
    """The actions of one session. Every method returns at once; what it does arrives in the state.

    Even the first change that an action makes goes through `post`, like the answers of its job: what Panel sends from
    within an event's handler may reach the browser after what is sent later, and the page would keep the older state.

    Parameters
    ----------
    state
        Read when an action starts, written through `post`.
    engine
        Shared by all sessions.
    workspace
        The session's files.
    post
        Runs a function under the session's document lock, from any thread.
    """

    def __init__(self, state: AppState, engine: Engine, workspace: Workspace, post: Post) -> None:
        self.state = state
        self._engine = engine
        self._workspace = workspace
        self._post = post
        self._jobs = JobRunner(post)
        self._series_jobs = SeriesJobs(state, engine, self._jobs, workspace, self._failed)
        self._exporter = Exporter(state, self._jobs, workspace)
        self._lab = MaskLab(state, engine, post)
        self._pixel = PixelProbe(state, engine, workspace, post)
        #: What the chart under the player shows. Its methods are called in turn.
        self.charts = Charts(state, workspace, post)
        #: The map of changes over the months. Its methods are called in turn.
        self.changes = ChangeMaps(state, workspace, post)
        self._places = PlaceSearch(state, post)
        #: What the passes were measured with.
        self._policy: MaskPolicy | None = None
        #: Whether to build as soon as the search under way has found something.
        self._then_build = False

    @property
    def painter(self) -> FramePainter | None:
        """What painted the series on display."""
        return self._series_jobs.painter

    def in_turn(self, change: Callable[[], None]) -> None:
        """Make a change of the state or the page in its turn, after those asked for before.

        Whatever answers a widget goes this way: Panel calls it without the document's lock, and what it then sends may
        overtake, or be overtaken by, what else goes to the page.
        """
        self._post(change)

    # -- search ------------------------------------------------------------------------------------

    def search(self) -> None:
        """Look for scenes and estimate the build."""
        self._post(self._start_search)

    def _start_search(self) -> None:
        recipe = self._recipe()
        if recipe is None:
            return
        self._lab.put_away()
        self._then_build = False
        assign(
            self.state,
            phase="searching",
            message=f"Searching {title_of(recipe.sources)} …",
            scenes=None,
            seen={},
            searched=None,
            estimate=None,
            refusal="",
            exporting="",
        )
        self._jobs.start("search", lambda job: self._search(job, recipe), on_error=self._failed)

    def _search(self, job: Job, recipe: Recipe) -> None:
        scenes = self._engine.search(recipe)
        job.check()
        estimate, refusal = self._estimate(recipe, choose(recipe, scenes, {}))
        self._jobs.tell(job, self._found, recipe, scenes, estimate, refusal)
        self._measure(recipe, scenes)

    def _measure(self, recipe: Recipe, scenes: SceneSet) -> None:
        recipe = recipe.but(rescue=False)  # it is measured without
        self._policy = recipe.policy
        self._post(lambda: assign(self.state, measuring=True))
        try:
            seen = measured(self._engine, recipe, scenes)
        finally:
            self._post(lambda: assign(self.state, measuring=False))
        if seen and self._policy == recipe.policy:
            # Not an answer of the job: a build may have begun meanwhile, and the figures are as true.
            self._post(lambda: self._measured(scenes, seen))

    def _measured(self, scenes: SceneSet, seen: dict[str, Seen]) -> None:
        state = self.state
        if state.scenes is not scenes:
            return
        assign(state, seen=seen)
        self._estimate_again()
        if state.phase == "found" and state.used is not None and not state.used.passes:
            assign(state, phase="all_cloudy", message=str(nothing_left(state.recipe(), scenes)))

    def _found(self, recipe: Recipe, scenes: SceneSet, estimate: Estimate | None, refusal: str) -> None:
        there = {one.key for one in scenes.passes}
        assign(
            self.state,
            phase="found",
            message="",
            scenes=scenes,
            searched=recipe,
            estimate=estimate,
            refusal=refusal,
            # What was left out stays out, if it is among what was found.
            excluded=tuple(key for key in self.state.excluded if key in there),
            kept=tuple(key for key in self.state.kept if key in there),
        )
        if self._then_build and not refusal:
            self._start_build()

    def _estimate(self, recipe: Recipe, scenes: SceneSet) -> tuple[Estimate | None, str]:
        """Return the cost of building what was chosen, or why it may not be built."""
        try:
            return self._engine.estimate(recipe, scenes), ""
        except TooBigError as error:
            return None, str(error)

    def estimate(self) -> None:
        """Estimate again after the resolution changed; nothing is searched."""
        self._post(self._estimate_again)

    def _estimate_again(self) -> None:
        state = self.state
        used, scenes = state.used, state.scenes
        if state.busy or state.exporting or used is None or scenes is None or not state.is_current:
            return
        recipe = state.recipe()
        estimate, refusal = self._estimate(recipe, used)
        assign(state, estimate=estimate, refusal=refusal)
        if recipe.but(rescue=False).policy != self._policy:
            assign(state, seen={})
            self._jobs.start("measure", lambda _job: self._measure(recipe, scenes), on_error=self._failed)

    # -- build -------------------------------------------------------------------------------------

    def build(self) -> None:
        """Compute the months of what was found, or is found by the search under way; the month on display first."""
        self._post(self._start_build)

    def _start_build(self) -> None:
        if self.state.phase == "searching":
            self._then_build = True  # the button may be pressed before the page shows that it searches
            return
        recipe = self._recipe()
        scenes, searched = self.state.scenes, self.state.searched
        if recipe is None or scenes is None or searched is None:
            return
        known = scenes if recipe.bands == searched.bands else None
        first = self.state.current if self.state.current in recipe.months else None
        assign(self.state, phase="building", message="", progress=None, exporting="", export_error="", downloads=())
        self._series_jobs.build(recipe, known, self.state.seen, first)

    # -- the rest ----------------------------------------------------------------------------------

    def put_away(self) -> None:
        """Go back from a state that needed an answer to the one before it."""
        self._post(self._put_away)

    def _put_away(self) -> None:
        if self.state.phase in {"refused", "no_scenes", "all_cloudy", "failed", "cancelled"}:
            assign(self.state, phase="found" if self.state.is_current else "idle", message="")

    def show(self, month: str) -> None:
        """Make a month the one on display."""
        self._post(lambda: assign(self.state, current=month))

    def cancel(self) -> None:
        """Stop what is under way; everything finished and everything chosen stays."""
        self._post(self._cancel)

    def _cancel(self) -> None:
        if self.state.phase == "searching":
            self._jobs.drop()
            assign(self.state, phase="idle", message="")
        elif self.state.phase == "building" or self.state.exporting:
            assign(self.state, message="Cancelling …")
            self._jobs.cancel()

    def recolour(self) -> None:
        """Paint the series on display as it shall be shown now, if the bands for that were built."""
        self._post(self._series_jobs.recolour)

    def export(self, kind: str) -> None:
        """Write the finished months as ``"gif"`` or ``"geotiff"`` and offer the file."""
        self._post(lambda: self._start_export(kind))

    def _start_export(self, kind: str) -> None:
        if self.painter is not None and self.painter.settled is not None:
            self._exporter.start(kind, self.painter.settled)

    def try_pass(self, key: str) -> None:
        """Look at a pass in the mask lab; an empty key puts it away."""
        self._post(lambda: self._lab.open(key))

    def repaint_trial(self) -> None:
        """Show the pass in the mask lab as the series shall be shown now."""
        self._post(self._lab.repaint)

    def judge_trial(self) -> None:
        """Judge the pass in the mask lab by the present mask."""
        self._post(self._lab.judge)

    def look_into(self, lon: float, lat: float) -> None:
        """Tell what is behind the pixel at a place of the series on display."""
        self._post(lambda: self._pixel.open(lon, lat))

    def follow_pixel(self) -> None:
        """Tell it of the month that is now on display."""
        self._post(self._pixel.follow)

    def save_pixel(self) -> None:
        """Write the table of all months of the pixel and offer the file."""
        self._post(self._pixel.save)

    def leave_pixel(self) -> None:
        """Put the pixel away."""
        self._post(self._pixel.put_away)

    def find_place(self, text: str, geocoder: str = "") -> None:
        """Look for a place by name or coordinates, also online where the address of a geocoder is given."""
        self._post(lambda: self._places.find(text, geocoder))

    def close(self) -> None:
        """End the session: stop its jobs, delete its files."""
        self._lab.close()
        self._pixel.close()
        self.charts.close()
        self.changes.close()
        self._places.close()
        self._policy = None
        self._jobs.close()
        self._workspace.close()

    def _recipe(self) -> Recipe | None:
        try:
            recipe = self.state.recipe()
            self._engine.check(recipe)
        except InvalidInputError as error:
            assign(self.state, phase="refused", message=str(error))
            return None
        return recipe

    def _failed(self, sentence: str, error: TimelapseError | None) -> None:
        phase = "failed"
        if isinstance(error, NothingFoundError):
            phase = error.reason
        elif isinstance(error, CancelledError):
            phase = "cancelled"
        elif isinstance(error, InvalidInputError):
            phase = "refused"
        assign(self.state, phase=phase, message=sentence, progress=None)
