"""The Timelapse tab: the series' figure above its player."""

from __future__ import annotations

import asyncio
from typing import Any

import panel as pn

from app.actions import Actions
from app.frames import FramePainter
from app.results import Series
from app.state import AppState, assign
from app.views.pixel import PixelCard
from app.views.player import MonthPlayer, month_entries, ramp_of
from app.views.series import SeriesFigure
from app.views.styles import PAGE_CSS
from stac_timelapse.picture.indices import PRESETS


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
        self.player = MonthPlayer(sizing_mode="stretch_width", css_classes=["t-player"])
        self._pane = pn.pane.HoloViews(
            None, widgets={"time": self.player}, sizing_mode="stretch_both", linked_axes=False, margin=0
        )
        self._stage = pn.Column(sizing_mode="stretch_both", margin=0, css_classes=["t-stage"])
        self._pixel = PixelCard(state, actions)
        self._hint = pn.pane.HTML(
            '<div class="over">Click the picture to see what is behind a pixel</div>',
            stylesheets=[PAGE_CSS],
            margin=0,
            styles={"position": "absolute", "right": "22px", "top": "22px", "pointer-events": "none", "z-index": "5"},
        )
        fill: dict[str, Any] = {"sizing_mode": "stretch_both", "margin": 0}
        picture = pn.Column(self._stage, self._hint, **fill, styles={"position": "relative"})
        self.panel = pn.Column(pn.Row(picture, self._pixel.panel, **fill), self.player, **fill)
        self.player.param.watch(self._rest, "rested")
        self.player.param.watch(self._pace, "speed")
        state.param.watch(self._follow, ["series", "current"])
        state.param.watch(self._mark, "pixel")

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
            preset = PRESETS[series.preset]
            self.player.param.update(months=month_entries(series), picture=preset.title, ramp=ramp_of(preset))
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
        self._painter = painter
        self.player.figure = self._figure.name
        self.player.value = self._figure.first
        self._pane.object = self._figure.overlay
        if not self._stage.objects:
            self._stage.append(self._pane)

    def _mark(self, *_events: Any) -> None:
        pixel = self._state.pixel
        self._hint.visible = pixel is None
        if self._figure is not None:
            self._figure.mark(() if pixel is None else pixel.ring)

    async def _rest(self, _event: Any) -> None:
        """Draw the month at rest at full resolution; it is painted in a thread, so nobody waits for it."""
        month, painter = self.player.rested, self._painter
        if painter is None or not painter.full.has(month):
            return
        self._rested = month
        self._actions.show(month)
        await asyncio.to_thread(painter.full.load, month)
        self._actions.in_turn(lambda: self._sharpen(month, painter))

    def _sharpen(self, month: str, painter: FramePainter) -> None:
        if painter is self._painter and self.player.rested == month:
            self.player.value = month

    def _pace(self, _event: Any) -> None:
        self._actions.in_turn(lambda: assign(self._state, speed=self.player.speed))
