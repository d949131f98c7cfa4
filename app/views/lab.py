"""The mask lab: one pass as it is, and what the present mask hides of it."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.actions import Actions
from app.results import Trial
from app.state import LOOK, AppState
from app.views.passes import pass_name
from app.views.quiet import Quiet
from app.views.styles import PAGE_CSS
from app.views.words import share_words
from stac_timelapse.cube.look import CLEAR, KEPT, MARGIN, UNSEEN
from stac_timelapse.cube.mask import SCL_CLASSES
from stac_timelapse.picture.classes import CHANGE_COLOURS, SCL_COLOURS

_CSS = """
.lab { font: 12.5px/1.45 Roboto, system-ui, sans-serif; color: var(--ink); }
.lab .pair { display: flex; gap: 14px; }
.lab figure { margin: 0; flex: 1 1 0; min-width: 0; }
.lab .stack { position: relative; background: var(--blank); border-radius: 6px; overflow: hidden; height: 46vh; }
.lab img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; image-rendering: pixelated; }
.lab figcaption small { color: var(--ink-soft); font-weight: 400; margin-left: 6px; font-size: 12px; }
.lab figcaption { padding: 6px 2px; font-weight: 500; }
.lab ul { list-style: none; margin: 4px 0 0; padding: 0; display: grid; gap: 2px 18px;
  grid-template-columns: repeat(auto-fill, minmax(236px, 1fr)); }
.lab li { display: flex; align-items: center; gap: 8px; }
.lab li i { width: 12px; height: 12px; border: 1px solid #8a9a9d; border-radius: 3px; flex: none; }
.lab li b { margin-left: auto; font-weight: 500; font-variant-numeric: tabular-nums; }
.lab .note { color: var(--ink-soft); padding: 10px 2px; }
"""
_NONE = "Choose a pass …"


class LabView:
    """A tab of its own, so that the mask in the sidebar stays at hand.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        self._actions = actions
        self._quiet = Quiet(actions.in_turn)
        self._pass = pmui.Select(
            label="Pass",
            options={_NONE: ""},
            value="",
            size="small",
            sizing_mode="stretch_width",
            max_width=430,
            margin=0,
            css_classes=["t-lab-pass"],
        )
        self._html = pn.pane.HTML(
            "", stylesheets=[PAGE_CSS, _CSS], sizing_mode="stretch_width", margin=(10, 0, 0, 0), css_classes=["t-lab"]
        )
        self.panel = pn.Column(
            self._pass,
            self._html,
            sizing_mode="stretch_both",
            margin=0,
            styles={"padding": "16px 18px"},
            scroll="y-auto",
        )
        self._pass.param.watch(self._changed, "value")
        state.param.watch(self._list, "scenes")
        state.param.watch(self._show, ["trial", "trial_of", "trial_note", "scenes"])
        # What a cloud limit leaves out tells nothing of bright ground.
        state.param.watch(lambda *_events: actions.repaint_trial(), [*LOOK])
        causes = ["clear", "dilate", "opening", "rescue", "max_area_cloud", "kept", "excluded", "seen"]
        state.param.watch(lambda *_events: actions.judge_trial(), causes)
        self._list()
        self._show()

    def _changed(self, *_events: Any) -> None:
        self._quiet.pass_on(lambda: self._actions.try_pass(self._pass.value))

    def _list(self, *_events: Any) -> None:
        scenes = self._state.scenes
        # Words that stay: the browser knows an option by them.
        passes = {} if scenes is None else {pass_name(one): one.key for one in scenes.passes}
        self._set(options={_NONE: "", **passes}, value=self._state.trial_of, disabled=scenes is None)

    def _show(self, *_events: Any) -> None:
        state = self._state
        if self._pass.value != state.trial_of:
            self._set(value=state.trial_of)
        if state.scenes is None:
            note = "Search first: then any pass can be looked at here, before and after the mask of step 3, Advanced."
        elif not state.trial_of:
            note = "Choose a pass to see it before and after the mask of step 3, Advanced. It follows the mask."
        else:
            note = state.trial_note
        told = f'<div class="note">{escape(note)}</div>' if note else ""
        self._html.object = f'<div class="lab">{told}{trial_html(state.trial) if state.trial_of else ""}</div>'

    def _set(self, **values: Any) -> None:
        with self._quiet:
            self._pass.param.update(**values)


def trial_html(trial: Trial | None) -> str:
    """Return the pass before and after the mask, and the shares of the area."""
    if trial is None:
        return ""
    before = f'<img class="before" src="{trial.picture}" alt="The pass as the satellite saw it">'
    after = f'{before}<img class="after" src="{trial.overlay}" alt="What the mask hides">'
    rows = "".join(
        f'<li><i style="background:{colour}"></i>{escape(name)}<b>{100 * share:.1f} %</b></li>'
        for reason, share in trial.shares
        for name, colour in [_named(reason)]
        if name
    )
    return (
        f'<div class="pair"><figure><div class="stack">{before}</div>'
        f"<figcaption>Before <small>{escape(trial.title)}</small></figcaption></figure>"
        f'<figure><div class="stack">{after}</div>'
        f'<figcaption class="clear">After: {share_words(trial.clear)} of the area clear</figcaption></figure></div>'
        f"<ul>{rows}</ul>"
    )


def _named(reason: int) -> tuple[str, str]:
    if reason == CLEAR:
        return "", ""
    if reason == UNSEEN:
        return "No data", "#d2d2d2"
    if reason in CHANGE_COLOURS:
        return {MARGIN: "Hidden by the margin", KEPT: "Kept: small, or bright ground"}[reason], CHANGE_COLOURS[reason]
    return SCL_CLASSES.get(reason, "Not a class"), SCL_COLOURS.get(reason, SCL_COLOURS[0])
