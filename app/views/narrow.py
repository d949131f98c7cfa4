"""The page on a narrow screen, where the sidebar lies over everything."""

from __future__ import annotations

from typing import Any

import param
from panel.custom import JSComponent

from app.state import AppState
from app.views.styles import script


class NarrowPage(JSComponent):
    """Opens the sidebar where the next step is in it, and closes it when there is something to see; it shows nothing.

    Parameters
    ----------
    state
        The session's.
    """

    area = param.Boolean(default=False, doc="Whether an area is chosen.")
    series = param.Integer(default=0, doc="Number of the series on display.")

    _esm = script("dom.js", "narrow.js")

    def __init__(self, state: AppState) -> None:
        super().__init__(width=0, height=0, margin=0)  # type: ignore[no-untyped-call]
        self._state = state
        state.param.watch(self._follow, ["aoi", "series"])

    def _follow(self, *_events: Any) -> None:
        series = self._state.series
        self.param.update(area=self._state.aoi is not None, series=0 if series is None else series.number)
