"""The months as small pictures: the filmstrip under the player, and the grid of years that lies over the figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import param
from panel.custom import JSComponent

from app.actions import Actions
from app.results import Series
from app.state import AppState, assign
from app.views.player import MonthPlayer
from app.views.styles import ASSETS, script
from app.views.year_table import table_of
from stac_timelapse.scenes.periods import PERIODS


class Filmstrip(JSComponent):
    """A small picture of every month with a tick, and the buttons of what else there is to see.

    What is ticked it tells the server.
    """

    months = param.List(default=[], doc="See `app.views.player.month_entries`.")
    hidden = param.List(default=[], doc="Months that are unticked.")
    aspect = param.Number(default=1.0, doc="Width of a picture divided by its height.")
    noun = param.String(default="month", doc="What one of them is called.")
    grid = param.Boolean(default=False, doc="Whether the grid is wanted.")
    chart = param.Boolean(default=False, doc="Whether the chart is wanted.")
    changes = param.Boolean(default=False, doc="Whether the map of changes is wanted.")

    _esm = script("dom.js", "filmstrip.js")


class YearGrid(JSComponent):
    """The table of years and months."""

    months = param.List(default=[], doc="See `app.views.player.month_entries`.")
    hidden = param.List(default=[], doc="Months that are unticked.")
    aspect = param.Number(default=1.0, doc="Width of a picture divided by its height.")
    table = param.Dict(default={}, doc="See `app.views.year_table.table_of`.")
    chosen = param.Integer(default=0, doc="Counts the clicks on a month.")

    _esm = script("dom.js", "year_grid.js")


class Film:
    """Keeps the filmstrip and the grid true to the state.

    Parameters
    ----------
    state, actions
        The session's.
    player
        Passes over what is unticked.
    layers
        Hold the figure and what floats above it, which the grid replaces.
    """

    def __init__(self, state: AppState, actions: Actions, player: MonthPlayer, layers: Sequence[Any]) -> None:
        self._state = state
        self._actions = actions
        self._player = player
        self._layers = layers
        styles = [(ASSETS / name).read_text(encoding="utf-8") for name in ("filmstrip.css", "year_grid.css")]
        self.strip = Filmstrip(
            stylesheets=styles[:1], sizing_mode="stretch_width", margin=0, css_classes=["t-filmstrip"]
        )
        self.grid = YearGrid(
            stylesheets=styles[1:],
            visible=False,
            sizing_mode="stretch_both",
            margin=0,
            css_classes=["t-grid"],
            styles={"position": "absolute", "inset": "0", "z-index": "6"},
        )
        self.strip.param.watch(lambda _event: actions.in_turn(self._tick), "hidden")
        self.strip.param.watch(lambda _event: actions.in_turn(self._turn), "grid")
        self.strip.param.watch(lambda *_events: actions.in_turn(self._unfold), ["chart", "changes"])
        self.grid.param.watch(lambda _event: actions.in_turn(self._leave), "chosen")
        state.param.watch(self._follow, "hidden")
        # Each by itself: what was clicked meanwhile and waits for its turn is not taken back.
        state.param.watch(lambda event: self.strip.param.update(chart=event.new), "chart_open")
        state.param.watch(lambda event: self.strip.param.update(changes=event.new), "changes_open")

    def show(self, series: Series, entries: list[dict[str, Any]]) -> None:
        """Show the months of a series, as `app.views.player.month_entries` has them."""
        west, south, east, north = series.pictures[0].bounds
        aspect = round((east - west) / (north - south), 3)
        self.strip.param.update(months=entries, aspect=aspect, noun=PERIODS[series.recipe.period].noun)
        self.grid.param.update(months=entries, aspect=aspect, table=table_of(series.months, series.recipe.period))

    def _tick(self) -> None:
        assign(self._state, hidden=tuple(self.strip.hidden))

    def _unfold(self) -> None:
        state, chart, changes = self._state, self.strip.chart, self.strip.changes
        if chart != state.chart_open:
            self._actions.charts.unfold(shown=chart)
        if changes != state.changes_open:
            self._actions.changes.unfold(shown=changes)

    def _follow(self, *_events: Any) -> None:
        hidden = list(self._state.hidden)
        for part in (self.strip, self.grid, self._player):
            if part.hidden != hidden:
                part.hidden = hidden

    def _leave(self) -> None:
        self.strip.grid = False
        self._turn()

    def _turn(self) -> None:
        """Lay the grid over the figure or take it away; the figure keeps its size and its place, unseen."""
        self.grid.visible = self.strip.grid
        for layer in self._layers:
            # Bokeh takes no style back: it wants another one.
            layer.styles = {**layer.styles, "visibility": "hidden" if self.strip.grid else "inherit"}
