"""Step 3: the picture, the resolution, and what counts as clear."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.actions import Actions
from app.state import AppState, assign
from app.views.mask import MaskChoice
from app.views.styles import PAGE_CSS
from stac_timelapse.estimate import RESOLUTIONS
from stac_timelapse.picture.indices import PRESETS

_GAPS = {
    "Leave blank (hatched)": "blank",
    "Hold the last clear month": "hold",
    "Blend between clear months": "blend",
    "Look 10 days further": "widen:10",
}


class HowStep:
    """The widgets of the third step.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        self._actions = actions
        self._following = False
        wide: dict[str, Any] = {"sizing_mode": "stretch_width", "size": "small"}
        self._preset = pmui.Select(
            label="Picture",
            options={preset.title: name for name, preset in PRESETS.items()},
            margin=(4, 0, 0, 0),
            css_classes=["t-preset"],
            **wide,
        )
        self._about = pn.pane.HTML("", stylesheets=[PAGE_CSS], margin=(0, 0, 6, 0), sizing_mode="stretch_width")
        self._resolution = pmui.Select(
            label="Resolution", options=_resolutions(10), margin=(4, 0), css_classes=["t-resolution"], **wide
        )
        self._gaps = pmui.Select(
            label="Where no pass saw the ground", options=_GAPS, margin=(8, 0, 4, 0), css_classes=["t-gaps"], **wide
        )
        advanced = pmui.Accordion(
            (
                "Advanced",
                pn.Column(self._gaps, MaskChoice(state, actions).panel, sizing_mode="stretch_width", margin=0),
            ),
            elevation=0,
            disable_gutters=True,
            margin=(4, 0, 0, 0),
            sizing_mode="stretch_width",
            css_classes=["t-advanced"],
            title_variant="body2",
        )
        self.panel = pn.Column(
            self._preset, self._about, self._resolution, advanced, sizing_mode="stretch_width", margin=0
        )
        self._link()

    def summary(self) -> str:
        """Return the picture and the resolution."""
        return f"{escape(PRESETS[self._state.preset].title)} · {self._state.resolution:g} m"

    def _link(self) -> None:
        for widget in (self._preset, self._resolution, self._gaps):
            widget.param.watch(self._changed, "value")
        self._state.param.watch(self._follow, ["preset", "resolution", "gaps"])
        self._follow()

    def _changed(self, *_events: Any) -> None:
        if not self._following:
            self._actions.in_turn(self._choose)

    def _choose(self) -> None:
        assign(
            self._state,
            preset=self._preset.value,
            resolution=float(self._resolution.value),
            gaps=self._gaps.value,
        )

    def _follow(self, *_events: Any) -> None:
        self._following = True
        try:
            state = self._state
            self._preset.value = state.preset
            self._about.object = f'<p class="hint">{escape(PRESETS[state.preset].description)}</p>'
            self._resolution.options = _resolutions(state.resolution)
            self._resolution.value = state.resolution
            self._gaps.value = state.gaps
        finally:
            self._following = False


def _resolutions(chosen: float) -> dict[str, float]:
    steps = sorted({*map(float, RESOLUTIONS), float(chosen)})
    return {f"{step:g} m" + (" (the finest)" if step == RESOLUTIONS[0] else ""): step for step in steps}
