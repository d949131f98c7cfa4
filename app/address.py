"""The page's address: it always says what is chosen and shown, and a link brings it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

from app.actions import Actions
from app.state import EXAMPLE, LOOK, AppState, assign
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.link import query_of, values_of
from stac_timelapse.picture.appearance import OWN
from stac_timelapse.recipe import Recipe

#: What a link holds of the choices, by the name that state and recipe share.
CHOICES = (
    "catalog",
    "aoi",
    "start",
    "end",
    "months_of_year",
    "period",
    "max_area_cloud",
    *LOOK,
    "resolution",
    "clear",
    "dilate",
    "opening",
    "rescue",
    "gaps",
    "method",
    "excluded",
    "kept",
)
#: What it says beside them: how far its sender had come, the month on display, the months left out of play.
_FOUND, _MONTH, _WITHOUT = "found", "month", "without"
_USUAL: dict[str, Any] = {
    **{one.name: one.default for one in fields(Recipe) if one.name in CHOICES and one.default is not MISSING},
    "preset": "true-colour",
    "palette": "",
    "formula": EXAMPLE,
}


class Address:
    """Follows the state with a query for the address bar, and the other way round.

    A question that was searched or built is an entry of the browser's history: what is chosen afterwards begins a new
    one, which changes until it is searched in its turn.

    Parameters
    ----------
    state, actions
        The session's.
    tell
        Called with the query, and whether it begins a new entry.
    """

    def __init__(self, state: AppState, actions: Actions, tell: Callable[[str, bool], None]) -> None:
        self._state = state
        self._actions = actions
        self._tell = tell
        self._query = ""
        #: The choices of the present entry, once they were searched.
        self._entered: str | None = None
        state.param.watch(self._follow, [*CHOICES, "phase", "series", "current", "scenes", "hidden"])

    def open(self, query: str) -> None:
        """Choose what a query says, and search and build it as far as the link's sender had."""
        self._actions.in_turn(lambda: self._open(query))

    def _open(self, query: str) -> None:
        state = self._state
        try:
            values = values_of(query)
            month, found, hidden = values.pop(_MONTH, ""), values.pop(_FOUND, ""), values.pop(_WITHOUT, ())
            chosen = _checked(state, values, hidden)
        except InvalidInputError as error:
            assign(state, phase="refused", message=f"The link cannot be opened. {error}")
            return
        if not chosen:
            return
        self._entered = query_of(_told({**_present(state), **chosen}))
        assign(state, **chosen, hidden=hidden)
        if state.aoi is None or not (month or found):
            return
        if month and state.is_built:
            self._actions.show(month)
            return
        if not state.is_current:
            self._actions.search()
        if month:
            self._actions.show(month)
            self._actions.build()

    def _follow(self, *_events: Any) -> None:
        state = self._state
        try:
            choices = "" if state.aoi is None else query_of(_told(_present(state)))
            shown = state.series is not None and not state.is_outdated
            seen = (
                {_MONTH: state.current, _WITHOUT: state.hidden}
                if shown
                else {_FOUND: "yes"}
                if state.is_current
                else {}
            )
            query = "&".join(part for part in (choices, query_of(seen) if choices else "") if part)
        except InvalidInputError:
            # An address that says half of it would be worse than none.
            choices = query = ""
        begins = self._entered is not None and choices != self._entered
        if state.phase in {"searching", "building"}:
            self._entered = choices
        elif begins:
            self._entered = None
        if query != self._query:
            self._query = query
            self._tell(query, begins)


def _present(state: AppState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in CHOICES}


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """Return choices without those that have no effect."""
    formula = values["formula"] if values["preset"] == OWN else None
    return {**values, "formula": formula, "palette": values["palette"] or None}


def _checked(state: AppState, values: dict[str, Any], hidden: tuple[str, ...]) -> dict[str, Any]:
    """Return a link's choices, with the recipe's default for what it does not name; nothing where it names none."""
    values = {name: value for name, value in values.items() if name in CHOICES}
    if not values:
        return {}
    for name, value in values.items():
        try:
            AppState(**{name: value})
        except ValueError as error:
            raise InvalidInputError(f"Its {name.replace('_', ' ')} {value!r} is not offered here.") from error
    chosen = {**_USUAL, **values}
    trial = AppState(**{**_present(state), **chosen})
    if trial.aoi is not None:
        trial.recipe().but(without=hidden)
    return chosen
