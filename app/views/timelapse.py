"""The Timelapse tab: the series' figure above its player."""

from __future__ import annotations

import asyncio
from typing import Any

import panel as pn

from app.actions import Actions
from app.frames import FramePainter
from app.results import Series
from app.state import AppState, assign
from app.views.changes import ChangesPanel
from app.views.chart import ChartPanel
from app.views.compare import STAGE_CSS, Comparison, compared_months, moving_choices
from app.views.film import Film
from app.views.pixel import PixelCard
from app.views.player import MonthPlayer, month_entries, ramp_of
from app.views.series import SeriesFigure
from app.views.stage_tools import StageTools
from app.views.styles import PAGE_CSS

# The picture keeps a height that shows something; in a low window all of it scrolls.
UPPER_CSS = """
:host { min-height: 240px !important; flex-shrink: 0 !important; }
@media (max-width: 699px) { :host { flex-direction: column !important; min-height: min-content !important; } }
"""


class TimelapseView:
    """Shows the series of a session and follows it while months come in.

    Parameters
    ----------
    state, actions
        The session's.
    tile_url
        Template of the local basemap.
    """

    def __init__(self, state: AppState, actions: Actions, tile_url: str) -> None:
        self._state = state
        self._actions = actions
        self._tile_url = tile_url
        self._figure: SeriesFigure | None = None
        self._painter: FramePainter | None = None
        self._shown: Series | None = None
        self._rested = ""
        self._chart = ChartPanel(state, actions)
        self._changes = ChangesPanel(state, actions)
        self.player = MonthPlayer(chart=self._chart.name, sizing_mode="stretch_width", css_classes=["t-player"])
        self._pane = pn.pane.HoloViews(
            None, widgets={"time": self.player}, sizing_mode="stretch_both", linked_axes=False, margin=0
        )
        self._stage = pn.Column(sizing_mode="stretch_both", margin=0, css_classes=["t-stage"])
        self._pixel = PixelCard(state, actions)
        self._hint = pn.pane.HTML(
            '<div class="over">Click the picture to see what is behind a pixel</div>',
            stylesheets=[PAGE_CSS],
            margin=0,
            css_classes=["t-hint"],
        )
        fill: dict[str, Any] = {"sizing_mode": "stretch_both", "margin": 0}
        self._other = pn.Column(**fill, css_classes=["t-other"])
        self._twin_of: SeriesFigure | None = None
        self.compare = Comparison(**fill, css_classes=["t-compare"])
        self._tools = StageTools()
        self.film = Film(state, actions, self.player, (self._stage, self.compare, self._hint, self._tools))
        layers = (self._stage, self._other, self.compare, self._hint, self._tools, self.film.grid)
        picture = pn.Column(*layers, **fill, stylesheets=[STAGE_CSS])
        # All is unfolded by buttons of the filmstrip, in one row, so that the picture stays large.
        below = (self.player, self.film.strip, self._changes.panel, self._chart.panel)
        # Its name is what the full screen button looks for; a full screen has no colour of its own.
        paper = [":host { overflow-y: auto; } :host(:fullscreen) { background: var(--page); }"]
        upper = pn.Row(picture, self._pixel.panel, **fill, stylesheets=[UPPER_CSS])
        self.panel = pn.Column(upper, *below, **fill, css_classes=["t-series"], stylesheets=paper)
        self.player.param.watch(self._rest, "rested")
        self.player.param.watch(self._pace, "speed")
        self.compare.param.watch(lambda _event: actions.in_turn(self._pair), "mode")
        state.param.watch(self._follow, ["series", "current"])
        state.param.watch(self._mark, "pixel")
        self._changes.on_lay(self._lay)

    def _follow(self, *_events: Any) -> None:
        series = self._state.series
        painter = self._actions.painter
        if series is None or painter is None:
            return
        if series is not self._shown:
            if self._figure is None or painter is not self._painter:
                self._replace(series, painter)
            elif self._figure.set_frames(series):
                self._figure.refresh()
            preset, settled = series.picture, painter.settled
            ramp = [] if settled is None else ramp_of(preset, settled.stretch)
            evened = " · brightness evened out" if settled is not None and settled.gains else ""
            entries = month_entries(series)
            self.player.param.update(months=entries, picture=f"{preset.title}{evened}", ramp=ramp)
            self.compare.param.update(months=compared_months(series, entries), choices=moving_choices(series))
            self.film.show(series, entries)
            self._shown = series
        # Where the slider came to rest by itself it is left alone: it may have moved on already.
        if self._state.current != self._rested:
            self.player.current = self._state.current

    def _replace(self, series: Series, painter: FramePainter) -> None:
        """Show another series; the part of the map on screen is kept if the area is the same."""
        view = None
        if self._figure is not None and self._shown is not None and self._shown.recipe.aoi == series.recipe.aoi:
            view = self._figure.view()
        self._figure = SeriesFigure(series, painter.full, self._tile_url, self._actions.look_into, view)
        self._mark()
        self._lay()
        self._painter = painter
        self.player.figure = self.compare.figure = self._tools.figure = self._figure.name
        self._changes.panel.figure = self._figure.name
        self.player.value = self._figure.first
        self._pane.object = self._figure.overlay
        if not self._stage.objects:
            self._stage.append(self._pane)
        self.compare.other = ""
        self._actions.in_turn(self._pair)  # once this figure is drawn

    def _pair(self) -> None:
        """Make the figure of the other month when one is first asked for; the browser then shows and hides it."""
        if self._figure is None or self._twin_of is self._figure:
            return
        self._other.clear()
        twin = None if self.compare.mode == "off" else self._figure.twin()
        if twin is not None:
            self._other.append(pn.pane.Bokeh(twin, sizing_mode="stretch_both", margin=0))
            self._twin_of = self._figure
            self.compare.other = f"{self._figure.name}-other"

    def _mark(self, *_events: Any) -> None:
        pixel = self._state.pixel
        self._hint.visible = pixel is None
        if self._figure is not None:
            self._figure.mark(() if pixel is None else pixel.ring)

    def _lay(self) -> None:
        if self._figure is not None:
            self._figure.lay(*self._changes.laid)

    async def _rest(self, _event: Any) -> None:
        """Draw the month at rest at full resolution; it is painted in a thread, so nobody waits for it."""
        month, painter = self.player.rested, self._painter
        if painter is None or not painter.full.has(month):
            return
        self._actions.in_turn(lambda: self._stay(month))
        await asyncio.to_thread(painter.full.load, month)
        self._actions.in_turn(lambda: self._sharpen(month, painter))

    def _stay(self, month: str) -> None:
        # A rest that a later one has overtaken would pull the slider back.
        if self.player.rested == month:
            self._rested = month
            self._actions.show(month)

    def _sharpen(self, month: str, painter: FramePainter) -> None:
        if painter is self._painter and self.player.rested == month:
            self.player.value = month

    def _pace(self, _event: Any) -> None:
        self._actions.in_turn(lambda: assign(self._state, speed=self.player.speed))
