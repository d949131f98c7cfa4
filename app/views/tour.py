"""The tour: what a first visitor is shown, one real control after the other."""

from __future__ import annotations

from typing import Any

import param
from panel.custom import JSComponent

from app.views.styles import ASSETS, script


def _stop(name: str, title: str, text: str, at: list[str], *, tab: str = "", sidebar: bool = False) -> dict[str, Any]:
    return {"name": name, "title": title, "text": text, "at": at, "tab": tab, "sidebar": sidebar}


#: Of what `at` selects the first that is on screen is set off; without a series the page says what will be there.
STOPS = [
    _stop(
        "where",
        "Where",
        "Draw a box or a polygon around your place. The field above finds places by name, and a map file or "
        "coordinates work as well.",
        [".map-ui .bar"],
        tab="Map",
    ),
    _stop(
        "when",
        "When",
        "Choose the first and last month. The cloud limit leaves out passes that saw too little of your area.",
        [".t-step-when"],
        tab="Map",
        sidebar=True,
    ),
    _stop(
        "how",
        "What you see",
        "Natural colours, plants, water, burnt ground, or a formula of your own. Clouds are taken out pixel by pixel; "
        "how strictly, you decide here.",
        [".t-step-how"],
        tab="Map",
        sidebar=True,
    ),
    _stop(
        "build",
        "Search, then build",
        "Search lists what the satellites saw and costs nothing. Build then makes one clear picture of each month.",
        [".t-build", ".t-search", ".t-cancel"],
        tab="Map",
        sidebar=True,
    ),
    _stop(
        "player",
        "Watch it change",
        "Drag the slider or press play. The arrow keys step through the months, C compares two of them, and a click "
        "on the picture shows what is behind a pixel.",
        [".t-player", ".coming .play", ".t-state"],
        tab="Timelapse",
    ),
    _stop(
        "save",
        "Take it away",
        "Save an animation to show, or GeoTIFFs to measure in. The link in the address bar opens the same timelapse "
        "again.",
        [".t-exports", ".coming .save", ".t-state"],
        tab="Timelapse",
    ),
]


class Tour(JSComponent):
    """The button that opens the tour, and the tour itself, which lies over the whole page."""

    stops = param.List(default=STOPS, doc="What is shown, in this order.")
    styles_of_card = param.String(default="", doc="Style sheet of what lies over the page.")
    asked = param.Integer(default=0, doc="Counts how often it was asked for elsewhere on the page.")

    _esm = script("dom.js", "tour.js")

    def __init__(self) -> None:
        style = (ASSETS / "tour_button.css").read_text(encoding="utf-8")
        card = (ASSETS / "tour.css").read_text(encoding="utf-8")
        super().__init__(  # type: ignore[no-untyped-call]
            styles_of_card=card, stylesheets=[style], margin=0, css_classes=["t-tour-button"]
        )

    def ask(self) -> None:
        """Open the tour."""
        self.asked += 1
