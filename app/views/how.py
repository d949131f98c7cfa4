"""Step 3: the picture and its colours, the resolution, and what counts as clear."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.actions import Actions
from app.state import AppState, assign
from app.views.brightness import Brightness
from app.views.formula import FormulaChoice
from app.views.mask import MaskChoice
from app.views.quiet import Quiet
from app.views.styles import PAGE_CSS
from stac_timelapse.estimate import RESOLUTIONS
from stac_timelapse.picture.appearance import OWN
from stac_timelapse.picture.indices import PRESETS

_GAPS = {
    "Leave blank (hatched)": "blank",
    "Hold the last clear month": "hold",
    "Blend between clear months": "blend",
    **{f"Look {days} days further": f"widen:{days}" for days in (5, 10, 20)},
}
_METHODS = {
    "Median (the usual)": "median",
    "Mean": "mean",
    "25th percentile: darker, less haze": "percentile:25",
    "First clear: the least cloudy pass": "first-clear",
    "Greenest (highest NDVI)": "max-ndvi",
    "Medoid: the pass nearest to the median": "medoid",
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
        self._quiet = Quiet(actions.in_turn)
        wide: dict[str, Any] = {"sizing_mode": "stretch_width", "size": "small"}
        self._preset = pmui.Select(
            label="Picture",
            options={**{preset.title: name for name, preset in PRESETS.items()}, "Own formula or index": OWN},
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
        self._method = pmui.Select(
            label="Several clear passes become one by",
            options=_METHODS,
            margin=(8, 0, 4, 0),
            css_classes=["t-method"],
            **wide,
        )
        more = pmui.Accordion(
            ("Brightness and colours", Brightness(state, actions).panel),
            (
                "Advanced",
                pn.Column(
                    self._method, self._gaps, MaskChoice(state, actions).panel, sizing_mode="stretch_width", margin=0
                ),
            ),
            elevation=0,
            disable_gutters=True,
            margin=(4, 0, 0, 0),
            sizing_mode="stretch_width",
            css_classes=["t-advanced"],
            title_variant="body2",
        )
        self.panel = pn.Column(
            self._preset,
            self._about,
            FormulaChoice(state, actions).panel,
            self._resolution,
            more,
            sizing_mode="stretch_width",
            margin=0,
        )
        self._link()

    def summary(self) -> str:
        """Return the picture, the resolution, and what is not as usual."""
        state = self._state
        words = [escape(state.picture.title), f"{state.resolution:g} m"]
        words += [state.method] * (state.method != "median")
        words += [f"{state.dilate:g} m margin"] * (state.dilate > 0)
        words += [{"hold": "gaps held", "blend": "gaps blended"}.get(state.gaps, "gaps: days around")] * (
            state.gaps != "blank"
        )
        return " · ".join(words)

    def _link(self) -> None:
        for widget in (self._preset, self._resolution, self._gaps, self._method):
            widget.param.watch(self._changed, "value")
        self._state.param.watch(self._follow, ["preset", "resolution", "gaps", "method"])
        self._follow()

    def _changed(self, *_events: Any) -> None:
        self._quiet.pass_on(self._choose)

    def _choose(self) -> None:
        other = self._preset.value != self._state.preset
        # What was set for another picture does not fit this one.
        plain: dict[str, Any] = {"limits": (), "percentiles": None, "palette": ""} if other else {}
        assign(
            self._state,
            **plain,
            preset=self._preset.value,
            resolution=float(self._resolution.value),
            gaps=self._gaps.value,
            method=self._method.value,
        )

    def _follow(self, *_events: Any) -> None:
        with self._quiet:
            state = self._state
            self._preset.value = state.preset
            self._about.visible = state.preset != OWN
            if state.preset != OWN:
                self._about.object = f'<p class="hint">{escape(PRESETS[state.preset].description)}</p>'
            self._resolution.options = _resolutions(state.resolution)
            self._resolution.value = state.resolution
            self._gaps.value = state.gaps
            self._method.value = state.method


def _resolutions(chosen: float) -> dict[str, float]:
    steps = sorted({*map(float, RESOLUTIONS), float(chosen)})
    return {f"{step:g} m" + (" (the finest)" if step == RESOLUTIONS[0] else ""): step for step in steps}
