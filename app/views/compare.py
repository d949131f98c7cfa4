"""Two months at the same place: what is chosen, the handle between the pictures, and what each of them shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import param
from panel.custom import JSComponent

from app.results import Series
from app.views.styles import ASSETS, script
from stac_timelapse.scenes.periods import PERIODS, words_of, year_before

#: Of the column that holds both figures; the browser says in ``data-compare`` how they lie.
STAGE_CSS = (ASSETS / "compare_stage.css").read_text(encoding="utf-8")
_CSS = (ASSETS / "compare.css").read_text(encoding="utf-8")


class Comparison(JSComponent):
    """The layer over the pictures of a series: the choice of what to compare, the handle, and their names.

    It follows the player in the browser, so that playing, scrubbing and dragging the handle need no server, which only
    makes the other figure when `mode` first asks for it. While nothing is compared it still tells of a month without a
    picture.
    """

    mode = param.String(default="off", doc='How the two pictures lie: "off", "swipe" or "side".')
    against = param.String(
        default="", doc='The other month: "year", "before", a label of the series, or nothing chosen yet.'
    )
    figure = param.String(default="", doc="Name of the figure that shows the player's month.")
    other = param.String(default="", doc="Name of the figure that shows the other month, once there is one.")
    months = param.List(default=[], doc="One mapping a month: its words, and what is a year and one month before it.")
    choices = param.List(default=[], doc="Pairs of a value of `against` that moves with the player, and its words.")

    _esm = script("dom.js", "compare.js")

    def __init__(self, **params: Any) -> None:
        super().__init__(stylesheets=[_CSS], **params)  # type: ignore[no-untyped-call]


def moving_choices(series: Series) -> list[list[str]]:
    """Return the choices of another month that move with the player, the most telling first."""
    noun = PERIODS[series.recipe.period].noun
    choices = []
    if noun != "year" and any(year_before(month) in series.months for month in series.months):
        choices.append(["year", f"Same {noun} a year before"])
    if len(series.months) > 1:
        choices.append(["before", f"{noun.capitalize()} before"])
    return choices


def compared_months(series: Series, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the layer says about each month, and which are the others to compare it with.

    Parameters
    ----------
    series
        Names the months, in order.
    entries
        Of each month what the player says.
    """
    noun = PERIODS[series.recipe.period].noun
    found = []
    for number, entry in enumerate(entries):
        month = entry["month"]
        earlier = year_before(month)
        there = earlier in series.months
        found.append(
            {
                **{name: entry[name] for name in ("month", "label", "state", "note")},
                "year": earlier if there else "",
                "no_year": "" if there or earlier is None else f"{words_of(earlier)} is not in this timelapse",
                "before": series.months[number - 1] if number else "",
                "no_before": "" if number else f"No {noun} before {words_of(month)} in this timelapse",
            }
        )
    return found
