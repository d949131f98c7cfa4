"""One pass tried under the present mask: read once, judged again at every change of the policy, in the background."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.engine import Engine
from app.jobs import Job, JobRunner, Post
from app.results import Trial
from app.state import AppState, assign
from stac_timelapse.cube.look import Look
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.errors import InvalidInputError, TimelapseError
from stac_timelapse.picture.classes import mask_overlay
from stac_timelapse.picture.indices import preset_for
from stac_timelapse.picture.render import render
from stac_timelapse.picture.stretch import stretch_of
from stac_timelapse.recipe import Recipe
from stac_timelapse.rescue import looked_at
from stac_timelapse.scenes.model import SceneSet

#: With less of the picture clear the stretch is settled by all of it.
_ENOUGH = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class _Bench:
    """What is held of the pass on trial: its pixels, its picture, and the bright ground by some passes' masks."""

    look: Look
    #: Its bands, and how they are shown.
    recipe: Recipe
    picture: str
    title: str
    bright: NDArray[np.bool_] | None = None
    #: Keys of those passes, None before bright ground was looked for.
    told_by: tuple[str, ...] | None = None


class MaskLab:
    """The mask lab of one session. It has jobs of its own: neither a search nor a build is disturbed.

    Parameters
    ----------
    state, engine
        The session's.
    post
        See `JobRunner`.
    """

    def __init__(self, state: AppState, engine: Engine, post: Post) -> None:
        self._state = state
        self._engine = engine
        self._jobs = JobRunner(post)
        self._bench: _Bench | None = None

    def open(self, key: str) -> None:
        """Read a pass of what was found and show it."""
        scenes, searched = self._state.scenes, self._state.searched
        self.put_away()
        if key and scenes is not None and searched is not None:
            assign(self._state, trial_of=key, trial_note="Reading the pass …")
            recipe = self._as_shown(searched)
            self._start(lambda job: self._read(job, recipe, scenes, key))

    def repaint(self) -> None:
        """Show the pass on trial as the series shall be shown now; it is read again for other bands only."""
        bench, searched = self._bench, self._state.searched
        if bench is None or searched is None:
            return
        recipe = self._as_shown(searched)
        if recipe.bands == bench.recipe.bands:
            self._start(lambda job: self._repaint(job, bench, recipe))
        else:
            self.open(self._state.trial_of)

    def _as_shown(self, searched: Recipe) -> Recipe:
        """Return what was searched with the picture that is chosen, if its bands are known: those searched for are."""
        picture = self._state.picture
        if not set(picture.built) <= set(searched.bands):
            return searched
        # One pass is not reduced; a reducer may ask for bands that this picture has not.
        return searched.but(bands=picture.built, method="median", **self._state.appearance.fields())

    def judge(self) -> None:
        """Judge the pass on trial by the present policy."""
        bench, state, used = self._bench, self._state, self._state.used
        if bench is None or used is None:
            return
        try:
            policy = MaskPolicy(state.clear, state.dilate, state.opening, state.rescue)
        except InvalidInputError as error:
            assign(state, trial_note=str(error))
            return
        if policy.rescue and bench.told_by != _told_by(used):
            assign(state, trial_note="Looking for bright ground in all passes …")
        self._start(lambda job: self._judge(job, bench, policy, used))

    def put_away(self) -> None:
        """Let go of the pass on trial."""
        self._jobs.drop()
        self._bench = None
        assign(self._state, trial_of="", trial=None, trial_note="")

    def close(self) -> None:
        """End with the session."""
        self._jobs.close()

    def _start(self, work: Callable[[Job], None]) -> None:
        self._jobs.start("mask", work, on_error=self._failed)

    def _failed(self, sentence: str, _error: TimelapseError | None) -> None:
        assign(self._state, trial_note=sentence)

    def _read(self, job: Job, recipe: Recipe, scenes: SceneSet, key: str) -> None:
        look = self._engine.look_at(recipe, scenes, key)
        self._jobs.tell(job, self._opened, _Bench(look, recipe, *_painted(look, recipe)))

    def _repaint(self, job: Job, bench: _Bench, recipe: Recipe) -> None:
        picture, title = _painted(bench.look, recipe)
        self._jobs.tell(job, self._opened, replace(bench, recipe=recipe, picture=picture, title=title))

    def _opened(self, bench: _Bench) -> None:
        self._bench = bench
        self.judge()

    def _judge(self, job: Job, bench: _Bench, policy: MaskPolicy, used: SceneSet) -> None:
        passes = _told_by(used)
        if policy.rescue and bench.told_by != passes:
            bench = replace(bench, bright=self._engine.bright_ground(used, bench.look), told_by=passes)
        judged = bench.look.judge(policy, bench.bright if policy.rescue else None)
        overlay = _data_url(mask_overlay(judged), "PNG")
        trial = Trial(bench.picture, bench.title, overlay, judged.clear, tuple(sorted(judged.shares.items())))
        self._jobs.tell(job, self._judged, bench, trial)

    def _judged(self, bench: _Bench, trial: Trial) -> None:
        self._bench = bench
        assign(self._state, trial=trial, trial_note="")


def _told_by(used: SceneSet) -> tuple[str, ...]:
    return tuple(one.key for one in looked_at(used))


def _painted(look: Look, recipe: Recipe) -> tuple[str, str]:
    """Return the pass as a picture, stretched for its clear ground, and what the picture shows."""
    preset = recipe.appearance.picture(recipe.bands)
    if not preset.needs:
        preset = preset_for(None, recipe.bands)
    clear = look.judge(MaskPolicy()).reasons == 0
    settled = np.where(clear, look.reflectance, 0) if clear.mean() > _ENOUGH else look.reflectance
    stretch = stretch_of([settled.astype(np.uint16)], preset, recipe.appearance.tone)
    return _data_url(render(look.reflectance, preset, stretch), "JPEG", quality=88), preset.title


def _data_url(picture: NDArray[np.uint8], kind: str, **options: Any) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"
