"""The search field on the map: find a place by name or coordinates, go there, mark it."""

from __future__ import annotations

from typing import Any

import param
from panel.custom import JSComponent

from app.actions import Actions
from app.results import FoundPlace
from app.state import AppState
from app.views.area_map import AreaMap
from app.views.styles import ASSETS, script

_CSS = (ASSETS / "place_box.css").read_text(encoding="utf-8")
_PLACE = {
    "position": "absolute",
    "left": "30px",
    "top": "12px",
    "width": "min(330px, calc(100% - 42px))",
    "z-index": "6",
}


class PlaceBox(JSComponent):
    """A field with a list of answers: the browser's part."""

    asked = param.Dict(default={}, doc="Counter, text, and whether it was ended with Enter.")
    chosen = param.Dict(default={}, doc="Counter, the text of the answer, and which of its places; -1 for none.")
    found = param.Dict(default={}, doc="The answer, see `PlaceAnswer`; `go` where the map has gone there already.")

    _esm = script("dom.js", "place_box.js")


class PlaceView:
    """Shows the answers in the field, and what was chosen on the map; the area stays as it is.

    Parameters
    ----------
    state, actions
        The session's.
    area_map
        Carries the field.
    geocoder
        Address of an online search, asked only after Enter; empty where there is none.
    """

    def __init__(self, state: AppState, actions: Actions, area_map: AreaMap, geocoder: str) -> None:
        self._state = state
        self._actions = actions
        self._map = area_map
        self._geocoder = geocoder
        self._entered = ""
        self.box = PlaceBox(stylesheets=[_CSS], css_classes=["t-places"], styles=_PLACE, margin=0)
        area_map.carry(self.box)
        self.box.param.watch(self._ask, "asked")
        self.box.param.watch(lambda _event: actions.in_turn(self._choose), "chosen")
        state.param.watch(self._answered, "places")

    def _ask(self, event: Any) -> None:
        text, entered = str(event.new["text"]), bool(event.new["entered"])
        self._entered = text if entered else ""
        answer = self._state.places
        if entered and not self._geocoder and answer is not None and answer.text == text:
            self._actions.in_turn(self._answered)  # it is known already
        else:
            self._actions.find_place(text, self._geocoder if entered else "")

    def _answered(self, *_events: Any) -> None:
        answer = self._state.places
        if answer is None:
            self.box.found = {}
            return
        entered = bool(self._entered) and self._entered == answer.text
        go = entered and bool(answer.places) and (answer.sure or not self._geocoder)
        self.box.found = {
            "text": answer.text,
            "places": [{"name": one.name, "kind": one.kind, "where": one.where} for one in answer.places],
            "sentence": answer.sentence,
            "bad": answer.bad,
            "credit": answer.credit,
            "go": go,
            "turn": self.box.found.get("turn", 0) + 1,  # an equal answer is told again
        }
        if go:
            self._go(answer.places[0])

    def _choose(self) -> None:
        answer, chosen = self._state.places, self.box.chosen
        if chosen["at"] < 0:
            self._map.set_found(None)
        elif answer is not None and answer.text == chosen["text"]:
            self._go(answer.places[chosen["at"]])

    def _go(self, place: FoundPlace) -> None:
        self._map.zoom_to(place.bbox)
        # A dot in the middle of a country would mark nothing.
        wide = place.kind in {"country", "region"}
        self._map.set_found(None if wide else (place.lon, place.lat, place.name))
