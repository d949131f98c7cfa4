"""The chart under the player: its button is the filmstrip's; what is charted, a legend, and a table to save."""

from __future__ import annotations

from typing import Any

import panel as pn
import param
from panel.custom import JSComponent

from app.actions import Actions
from app.results import Chart
from app.state import AppState
from app.views.chart_figure import MOST_PLACES, ChartFigure, drawn
from app.views.exports import Saver
from app.views.styles import CHART_CSS, script
from stac_timelapse.quantity import quantities_of
from stac_timelapse.recipe import Recipe


class ChartBar(JSComponent):
    """The line above the chart. What the user wants arrives in `wish`, numbered so that each is another one."""

    options = param.List(default=[], doc="What may be charted: pairs of a heading and of pairs of name and title.")
    chosen = param.String(default="", doc="Name of what is.")
    lines = param.List(default=[], doc="One mapping a line: its name, its looks, and its number if it was clicked.")
    note = param.String(default="", doc="A sentence.")
    savable = param.Boolean(default=False, doc="Whether there is a table to save.")
    wish = param.Dict(default={}, doc="What was asked for: choose, remove or save, and of what.")

    _esm = script("dom.js", "chart_bar.js")


class ChartPanel:
    """Follows the state and calls the actions.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        self._actions = actions
        self._figure = ChartFigure()
        self._drawn: Chart | None = None
        #: Under which the player finds the figure.
        self.name = self._figure.name
        self._bar = ChartBar(
            visible=False,
            stylesheets=[CHART_CSS],
            sizing_mode="stretch_width",
            margin=0,
            css_classes=["t-chart-bar"],
        )
        self._saver = Saver(width=0, height=0, margin=0)
        wide: dict[str, Any] = {"sizing_mode": "stretch_width", "margin": 0}
        self._stage = pn.Column(
            pn.pane.Bokeh(self._figure.model, **wide), visible=False, css_classes=["t-chart"], **wide
        )
        self._stage.styles = {"padding": "0 16px 8px", "box-sizing": "border-box"}
        self.panel = pn.Column(self._bar, self._stage, self._saver, **wide)
        self._bar.param.watch(self._wished, "wish")
        state.param.watch(lambda *_events: actions.in_turn(actions.charts.follow), "series")
        state.param.watch(lambda *_events: actions.in_turn(actions.charts.follow_pixel), "pixel")
        state.param.watch(self._show, ["chart", "chart_open", "chart_of", "chart_note", "series"])
        state.param.watch(self._offer, "chart_file")

    def _wished(self, event: Any) -> None:
        what, of = event.new.get("what"), event.new.get("of")
        charts = self._actions.charts
        answers = {
            "choose": lambda: charts.choose(str(of)),
            "remove": lambda: charts.remove(int(of)),
            "save": charts.save,
        }
        if what in answers:
            self._actions.in_turn(answers[what])

    def _show(self, *_events: Any) -> None:
        state, chart = self._state, self._state.chart
        self._bar.visible = self._stage.visible = state.chart_open
        charts = self._actions.charts
        quantity = charts.quantity
        if quantity is None or state.series is None:
            return
        self._bar.param.update(
            options=[[heading, [[one.name, one.title] for one in some]] for heading, some in charts.choices()],
            chosen=quantity.name,
            note=state.chart_note or _note(chart, state.series.recipe),
        )
        if chart is None or chart is self._drawn or not state.chart_open:
            return
        self._drawn = chart
        self._figure.show(chart)
        looks = ("name", "colour", "marker", "dash", "clicked")
        lines = [{name: line[name] for name in looks} for line in drawn(chart)]
        self._bar.param.update(lines=lines, savable=bool(chart.measured.area))

    def _offer(self, *_events: Any) -> None:
        file = self._state.chart_file
        if file is not None:
            self._saver.url = file.url


def _note(chart: Chart | None, recipe: Recipe) -> str:
    """Return what a reader has to know of a chart, or nothing."""
    if chart is None or not chart.measured.area:
        return ""
    said = []
    places = len(chart.measured.places) - chart.clicked
    if places > MOST_PLACES:
        said.append(f"{MOST_PLACES} of {places} places are drawn; the table has all.")
    pixel = chart.measured.area[0].resolution
    if pixel > recipe.resolution:
        said.append(f"Measured at {pixel:g} m, for the area is large.")
    if chart.measured.quantity.kind == "band" and not any(one.is_index for one in quantities_of(recipe.bands)):
        said.append("An index needs other bands: choose one as the picture, and build.")
    return " ".join(said)
