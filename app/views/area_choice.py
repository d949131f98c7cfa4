"""Which of the areas of an uploaded file is meant: all together, or one of them."""

from __future__ import annotations

from typing import Any

import panel as pn

from app.actions import Actions
from app.state import AppState, assign
from app.views.words import area_words
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.area.formats import VectorContent
from stac_timelapse.area.vector import area_of, titles_of

_CSS = """
label { font: 12px/1.4 Roboto, system-ui, sans-serif; color: var(--ink-soft); padding: 0 2px 2px; }
select {
  font: 14px/1.4 Roboto, system-ui, sans-serif; color: var(--ink); height: 36px;
  background: var(--paper) !important; border: 1px solid var(--border) !important; border-radius: 4px;
  appearance: auto !important; padding: 0 8px;
}
select:focus-visible { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
"""
#: More cannot be chosen singly: a browser would be busy with the list.
MOST = 500


def options_of(content: VectorContent, filename: str) -> dict[str, AreaOfInterest]:
    """Return what can be chosen of a file: a label with the size -> the area; all together, then each of the first.

    Raises
    ------
    InvalidInputError
        If it holds no usable polygon.
    """
    whole = area_of(content, filename)
    titles = titles_of(content, filename)
    if len(titles) == 1:
        return {_label(titles[0], whole): whole}
    options = {_label(f"All {len(titles)} together", whole): whole}
    for number, title in enumerate(titles[:MOST], 1):
        area = AreaOfInterest(content.areas[number - 1].geometry, title, content.places)
        label = _label(title, area)
        # A name may be what another area without one is called.
        options[label if label not in options else f"{label} ({number})"] = area
    return options


def _label(title: str, area: AreaOfInterest) -> str:
    return f"{title} · {area_words(area.area_km2)}"


class AreaChoice:
    """A select of the areas of the file that was loaded last, while the area on the map is one of them.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        self._actions = actions
        self._areas: list[AreaOfInterest] = []
        # The browser's own select: it opens, and finds a name as it is typed, by the keyboard too.
        self.panel = pn.widgets.Select(
            label="Area of the file",
            options={},
            margin=(6, 0, 2, 0),
            stylesheets=[_CSS],
            visible=False,
            css_classes=["t-area-choice"],
            sizing_mode="stretch_width",
        )
        self.panel.param.watch(self._chosen, "value")
        state.param.watch(self._follow, "aoi")

    def offer(self, options: dict[str, AreaOfInterest]) -> None:
        """Show the areas of a file, of which the first is the one on the map; a single one is no choice."""
        self._areas = list(options.values())
        self.panel.param.update(
            options={label: number for number, label in enumerate(options)},
            value=0,
            visible=len(options) > 1,
        )

    def _chosen(self, _event: Any) -> None:
        self._actions.in_turn(self._take)

    def _take(self) -> None:
        number = self.panel.value
        if self.panel.visible and number is not None:
            assign(self._state, aoi=self._areas[number])

    def _follow(self, _event: Any) -> None:
        """Go away when the area was drawn, typed or changed by hand."""
        if self._state.aoi not in self._areas:
            self._areas = []
            self.panel.visible = False
