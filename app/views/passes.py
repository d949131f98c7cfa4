"""The passes that were found, what each saw of the area, and a tick by which a hazy one is left out."""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.actions import Actions
from app.state import AppState, assign
from app.views.styles import PAGE_CSS
from app.views.words import count, satellite_words, share_words
from stac_timelapse.cube.clear_share import Seen
from stac_timelapse.scenes.model import Pass, SceneSet

_BOXES = """
:host { font: 12.5px/1.4 Roboto, system-ui, sans-serif; color: var(--ink); }
.bk-input-group { max-height: 260px; overflow-y: auto; }
label { display: flex; align-items: center; gap: 8px; padding: 2px 0; white-space: pre; }
label { font-variant-numeric: tabular-nums; }
label:has(input:not(:checked)) { color: var(--ink-soft); text-decoration: line-through; }
.bk-input-group label > * { position: static; margin: 0; line-height: 20px; }
.bk-input-group label > input { accent-color: var(--accent); width: 15px; height: 15px; flex: none; transform: none; }
"""
#: As wide as a digit, so that shares stand below each other.
_FIGURE_SPACE = "\N{FIGURE SPACE}"


class PassList:
    """A list that unfolds; unticking a pass takes it out of its month, and of no other.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        self._toggle = pmui.Button(variant="text", size="small", margin=0, css_classes=["t-show-passes"])
        self._words = pn.pane.HTML("", stylesheets=[PAGE_CSS], sizing_mode="stretch_width", margin=0, visible=False)
        self._boxes = pn.widgets.CheckBoxGroup(
            options={},
            stylesheets=[_BOXES],
            sizing_mode="stretch_width",
            margin=(2, 0, 6, 0),
            css_classes=["t-passes"],
            visible=False,
        )
        self.panel = pn.Column(self._toggle, self._words, self._boxes, margin=0, sizing_mode="stretch_width")
        self._toggle.on_click(lambda _event: actions.in_turn(self._unfold))
        self._boxes.param.watch(lambda _event: actions.in_turn(self._choose), "value")
        state.param.watch(self._follow, ["scenes", "seen", "max_area_cloud", "excluded", "kept", "phase"])
        self._follow()

    def _follow(self, *_events: Any) -> None:
        scenes, seen, used = self._state.scenes, self._state.seen, self._state.used
        self.panel.visible = scenes is not None
        if scenes is None or used is None:
            return
        out = len(scenes.passes) - len(used.passes)
        verb = "Hide" if self._boxes.visible else "Show"
        self._toggle.label = f"{verb} the passes" + (f" ({out} left out)" if out else "")
        what = "How much of your area each saw clear (and saw at all)" if seen else "Cloud cover of whole scenes"
        self._words.object = (
            f'<p class="quiet">{what}. Untick one to leave it out, tick one to use it in spite of the cloud limit.</p>'
        )
        self._boxes.param.update(
            options={pass_words(one, seen.get(one.key)): one.key for one in scenes.passes},
            value=[one.key for one in used.passes],
            disabled=self._state.busy,
        )

    def _unfold(self) -> None:
        shown = not self._boxes.visible
        self._boxes.visible = self._words.visible = shown
        self._follow()

    def _choose(self) -> None:
        scenes = self._state.scenes
        if scenes is None or self._state.busy:
            return
        ticked = set(self._boxes.value)
        below = {one.key for one in self._state.chosen().passes}
        assign(self._state, excluded=_ordered(scenes, below - ticked), kept=_ordered(scenes, ticked - below))


def _ordered(scenes: SceneSet, keys: set[str]) -> tuple[str, ...]:
    return tuple(one.key for one in scenes.passes if one.key in keys)


def pass_words(one: Pass, seen: Seen | None) -> str:
    """Return one pass in a line: when, by which satellite, what it saw of the area (or the provider's cloud cover)."""
    share = f"{one.cloud_cover:.0f} % cloud" if seen is None else f"{share_words(seen.clear)} clear"
    part = "" if seen is None or seen.covered > 0.995 else f", {share_words(seen.covered)} seen"  # noqa: PLR2004 - nearly all
    granules = "" if len(one.scenes) == 1 else f", {count(len(one.scenes), 'scene')}"
    return f"{pass_name(one)}  {share.rjust(12, _FIGURE_SPACE)}{part}{granules}"


def pass_name(one: Pass) -> str:
    """Return when it was and by which satellite, e.g. ``"2022-06-03 10:00 S2A"``."""
    return f"{one.datetime:%Y-%m-%d %H:%M} {satellite_words(one.platform)}"
