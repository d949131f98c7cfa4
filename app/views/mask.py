"""The cloud mask: classes that count as clear, small objects, the margin, and bright ground."""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.models import PrintfTickFormatter

from app.actions import Actions
from app.state import AppState, assign
from app.views.quiet import Quiet
from app.views.styles import PAGE_CSS
from stac_timelapse.composite.persistent import LEAST_LOOKS, SHARE
from stac_timelapse.cube.mask import DEFAULT_CLEAR, SCL_CLASSES
from stac_timelapse.picture.classes import SCL_COLOURS

#: Heading -> classes.
_GROUPS = {
    "Ground.": (4, 5, 6, 7, 11),
    "Clouds and shadows.": (8, 9, 10, 3, 2),
    "Sensor": (1,),
}
_HINTS = {
    "Ground.": "Tick snow to keep it: without, a snowed-in month is a gap.",
    "Clouds and shadows.": "Usually none. What is ticked is kept, and has no margin.",
}
_BOXES = """
:host { font: 12.5px/1.4 Roboto, system-ui, sans-serif; color: var(--ink); }
.bk-input-group label { display: flex; align-items: center; gap: 8px; padding: 2px 0; }
.bk-input-group label > * { position: static; margin: 0; line-height: 20px; }
.bk-input-group label > input { accent-color: var(--accent); width: 15px; height: 15px; flex: none; transform: none; }
.bk-input-group label > span { order: 2; }
.bk-input-group label::before { content: ""; order: 1; flex: none; width: 12px; height: 12px; border: 1px solid #8a9a9d;
  border-radius: 3px; }
"""
_USUAL = 'content: "usual"; order: 3; font-size: 11px; color: var(--ink-soft);'


class MaskChoice:
    """The widgets of the mask.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        self._actions = actions
        self._quiet = Quiet(actions.in_turn)
        self._boxes = {heading: _boxes(classes) for heading, classes in _GROUPS.items()}
        self._usual = pmui.Button(
            label="Back to the usual classes", variant="text", size="small", margin=0, css_classes=["t-usual"]
        )
        self._opening = _slider("Ignore small clouds, radius", 100, 10, "t-opening")
        self._dilate = _slider("Margin around clouds", 300, 20, "t-dilate")
        self._rescue = pmui.Switch(
            label="Rescue bright ground", margin=(8, 0, 0, 2), size="small", css_classes=["t-rescue"]
        )
        about = f"Roofs or beaches flagged as cloud in more than {SHARE} % of at least {LEAST_LOOKS} passes are kept."
        groups = [part for heading, boxes in self._boxes.items() for part in (_head(heading), boxes)]
        self.panel = pn.Column(
            _words(_strong("Classes that count as clear"), (0, 0, 0, 0)),
            *groups,
            self._usual,
            self._opening,
            self._dilate,
            self._rescue,
            _words(about, (0, 0, 4, 0)),
            sizing_mode="stretch_width",
            margin=0,
        )
        self._link()

    def _link(self) -> None:
        for widget in (*self._boxes.values(), self._rescue):
            widget.param.watch(self._changed, "value")
        for slider in (self._opening, self._dilate):
            slider.param.watch(self._changed, "value_throttled")
        self._usual.on_click(lambda _event: self._actions.in_turn(lambda: assign(self._state, clear=DEFAULT_CLEAR)))
        self._state.param.watch(self._follow, ["clear", "dilate", "opening", "rescue"])
        self._follow()

    def _changed(self, *_events: Any) -> None:
        self._quiet.pass_on(self._choose)

    def _choose(self) -> None:
        assign(
            self._state,
            clear=tuple(sorted(number for boxes in self._boxes.values() for number in boxes.value)),
            dilate=float(self._dilate.value),
            opening=float(self._opening.value),
            rescue=bool(self._rescue.value),
        )

    def _follow(self, *_events: Any) -> None:
        with self._quiet:
            state = self._state
            for heading, boxes in self._boxes.items():
                boxes.value = [number for number in _GROUPS[heading] if number in state.clear]
            self._usual.visible = state.clear != DEFAULT_CLEAR
            self._opening.value = round(state.opening)
            self._dilate.value = round(state.dilate)
            self._rescue.value = state.rescue


def _boxes(classes: tuple[int, ...]) -> pn.widgets.CheckBoxGroup:
    """Return boxes with the classes' colours before, and a mark behind those that are ticked by default."""
    rules = [_BOXES]
    for place, number in enumerate(classes, start=1):
        label = f".bk-input-group label:nth-of-type({place})"
        rules.append(f"{label}::before {{ background: {SCL_COLOURS[number]}; }}")
        if number in DEFAULT_CLEAR:
            rules.append(f"{label}::after {{ {_USUAL} }}")
    return pn.widgets.CheckBoxGroup(
        options={SCL_CLASSES[number]: number for number in classes},
        stylesheets=["\n".join(rules)],
        css_classes=["t-clear"],
        sizing_mode="stretch_width",
        margin=(0, 8, 0, 0),
    )


def _head(heading: str) -> pn.pane.HTML:
    return _words(f"{_strong(heading)} {_HINTS.get(heading, '')}", (6, 0, 2, 0))


def _strong(text: str) -> str:
    return f'<b style="color:var(--ink);font-weight:500">{text}</b>'


def _words(html: str, margin: tuple[int, int, int, int]) -> pn.pane.HTML:
    text = f'<p class="quiet">{html}</p>'
    return pn.pane.HTML(text, stylesheets=[PAGE_CSS], sizing_mode="stretch_width", margin=margin)


def _slider(label: str, end: int, step: int, name: str) -> pmui.IntSlider:
    return pmui.IntSlider(
        label=label,
        start=0,
        end=end,
        step=step,
        format=PrintfTickFormatter(format="%d m"),
        margin=(4, 8, 0, 8),
        size="small",
        sizing_mode="stretch_width",
        css_classes=[name],
    )
