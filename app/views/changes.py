"""The map of changes over the months: its choices, its legend by month, and its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import param
from panel.custom import JSComponent

from app.actions import Actions
from app.change_maps import hectares, indices_of
from app.changed import ON_DISPLAY
from app.frames import Bounds
from app.results import Series
from app.state import AppState
from app.views.styles import CHANGES_CSS, script
from app.views.words import brief_words
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.scenes.periods import words_of

#: What a visitor may choose; the smallest and largest change that counts are those of the slider.
LEAST, MOST = 0.05, 1.0
_SEASONS = " The seasons are changes too: compare like with like."


class ChangesBar(JSComponent):
    """Choices, legend and file. What the user wants arrives in `wish`, numbered so that each is another one.

    How opaque the map is the browser changes by itself; the server hears of it for the maps that come.
    """

    options = param.List(default=[], doc="Name, title and whether it was built, of every index.")
    months = param.List(default=[], doc="Pairs of a finished month and its words.")
    chosen = param.Dict(default={}, doc="The choices on display, and the number of the wish that they answer.")
    legend = param.List(default=[], doc="One mapping a month with changes: words, colour, hectares, share of the most.")
    ramp = param.List(default=[], doc="Of a difference: the lower limit, colours as CSS, the upper limit.")
    note = param.String(default="", doc="A sentence.")
    busy = param.Boolean(default=False, doc="Whether another map is on its way.")
    file = param.String(default="", doc="Address of the GeoTIFF, relative to the page.")
    figure = param.String(default="", doc="Name of the figure that shows the months.")
    opacity = param.Number(default=0.85, bounds=(0, 1), doc="Of the map.")
    wish = param.Dict(default={}, doc="What was chosen, and its number.")

    _esm = script("dom.js", "changes.js")


class ChangesPanel:
    """Follows the state and calls the actions.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        self._actions = actions
        self._number = 0
        self._lay: Callable[[], None] | None = None
        self._laid: tuple[str, Bounds, float] | None = None
        look: dict[str, Any] = {"stylesheets": [CHANGES_CSS], "margin": 0}
        self.panel = ChangesBar(visible=False, sizing_mode="stretch_width", css_classes=["t-changes"], **look)
        self.panel.param.watch(lambda _event: actions.in_turn(self._choose), "wish")
        self.panel.param.watch(lambda _event: actions.in_turn(self._show), "opacity")
        follow = ["series", "phase", "current"]
        state.param.watch(lambda *_events: actions.in_turn(actions.changes.follow), follow)
        state.param.watch(lambda *_events: actions.in_turn(actions.changes.look), ["pixel", "changes", "changes_open"])
        state.param.watch(
            self._show, ["changes", "changes_open", "changes_of", "changes_note", "series", "current", "phase"]
        )

    @property
    def laid(self) -> tuple[str, Bounds, float]:
        """What lies over the pictures: the address of the map, or nothing, its bounds and its opacity."""
        shown = self._state.changes
        if shown is None or not self._state.changes_open:
            return "", (0.0, 0.0, 0.0, 0.0), self.panel.opacity
        return shown.url, shown.bounds, self.panel.opacity

    def on_lay(self, lay: Callable[[], None]) -> None:
        """Call a function when another map, or none, is to lie over the pictures."""
        self._lay = lay

    def _choose(self) -> None:
        wish = dict(self.panel.wish)
        self._number = int(wish.pop("number"))
        wish["least"] = min(max(float(wish["least"]), LEAST), MOST)
        self._actions.changes.choose(**wish)
        self._show()

    def _show(self, *_events: Any) -> None:
        state, shown = self._state, self._state.changes
        self.panel.visible = state.changes_open
        if self._lay is not None and self._laid != self.laid:
            self._laid = self.laid
            self._lay()
        series, asked = state.series, self._actions.changes.asked
        if series is None or not state.changes_open:
            return
        wish = asked or state.changes_of
        chosen = {name: getattr(wish, name) for name in ("kind", "quantity", "least", "rise", "lasting", "earlier")}
        later = ON_DISPLAY if state.changes_of.later == ON_DISPLAY else wish.later
        most = max((one.hectares for one in shown.months), default=1.0) if shown is not None else 1.0
        note = state.changes_note or ("" if shown is None else f"{shown.sentence}{_hint(series, shown.sentence)}")
        self.panel.param.update(
            options=_options(series),
            months=[[one.month, words_of(one.month)] for one in series.results],
            chosen={**chosen, "later": later, "number": self._number},
            legend=[] if shown is None else [_entry(one, most) for one in shown.months],
            ramp=[] if shown is None else [*shown.ramp],
            note=note,
            busy=bool(state.changes_note) and shown is not None,
            file="" if shown is None else shown.file.url,
        )


def _options(series: Series) -> list[list[Any]]:
    """Return every index: its name, its title, and whether the series has its bands."""
    there = {one.name for one in indices_of(series)}
    known = [one for one in PRESETS.values() if one.kind == "index"]
    return [[one.name, one.title, one.name in there] for one in known]


def _entry(one: Any, most: float) -> dict[str, Any]:
    return {
        "month": one.month,
        "label": words_of(one.month),
        "brief": brief_words(one.month),
        "colour": one.colour,
        "size": hectares(one.hectares),
        "share": one.hectares / most,
    }


def _hint(series: Series, sentence: str) -> str:
    """Return what a reader has to keep in mind of a series that runs through the year."""
    through = series.recipe.period == "month" and len(series.recipe.months_of_year) > 6  # noqa: PLR2004 - half a year
    return _SEASONS if through and not sentence.startswith("No ") else ""
