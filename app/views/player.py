"""The time slider of the series, with play, step, speed and the strip of months."""

from __future__ import annotations

from typing import Any

import param
from panel.custom import JSComponent
from panel.widgets.base import WidgetBase

from app.results import Series
from app.views.styles import PLAYER_CSS, script
from app.views.words import alt_words, brief_words, result_words, share_words, ticks_of
from stac_timelapse.picture.indices import Preset
from stac_timelapse.picture.legend import legend_of
from stac_timelapse.picture.stretch import Stretch
from stac_timelapse.scenes.periods import words_of


class MonthPlayer(JSComponent, WidgetBase):
    """hvplot's time control: a slider over the months that also plays them.

    Scrubbing and playing happen in the browser. `rested` follows when the slider comes to rest, and
    `value`, which hvplot's view of the series follows, is set by the server once that month's
    full-resolution picture is ready to be drawn.
    """

    value = param.String(default="", doc="Month of the full-resolution view, YYYY-MM.")
    rested = param.String(default="", doc="Month at which the slider rests, YYYY-MM.")
    current = param.String(default="", doc="Month that the slider should move to, YYYY-MM.")
    figure = param.String(default="", doc="Name of the figure that shows the months.")
    chart = param.String(default="", doc="Name of the figure that charts them.")
    picture = param.String(default="", doc="What the months show, e.g. True colour.")
    ramp = param.List(default=[], doc="Of a picture with a palette: its limits and, between them, colours as CSS.")
    months = param.List(default=[], doc="One mapping a month: what the strip, the caption and the note say.")
    speed = param.Integer(default=4, bounds=(1, 30), doc="Months a second while playing.")

    hidden = param.List(default=[], doc="Months that playing passes over.")

    _esm = script("dom.js", "frames.js", "player.js")

    def __init__(self, **params: Any) -> None:
        # Panel finds the dimension a widget belongs to by the widget's label.
        super().__init__(label="time", stylesheets=[PLAYER_CSS], **params)  # type: ignore[no-untyped-call]


def ramp_of(preset: Preset, stretch: Stretch) -> list[str]:
    """Return a palette's lower limit, its colours and its upper limit; nothing for pictures without one."""
    legend = legend_of(preset, stretch)
    return [] if legend is None else [legend.low, *(f"rgb{colour}" for colour in legend.colours), legend.high]


def month_entries(series: Series) -> list[dict[str, Any]]:
    """Return what the player, the filmstrip and the grid say and show of each month of a series."""
    entries = []
    pictures = {one.month: one for one in series.pictures}
    ticks = dict(zip(series.months, ticks_of(series.months), strict=True))
    for month in series.months:
        result = series.result(month)
        state, note, share = "waiting", f"{words_of(month)} is not built yet", 0.0
        detail = result_words(result)
        picture = pictures.get(month)
        if result is not None:
            share = result.clear_share
            state = "empty" if result.empty and not result.filled_share else "ready"
            note = f"{words_of(month)}: {detail}" if result.empty else ""
        elif month in series.shown:
            state, detail = "preview", "preview, not built yet"
            note = f"Preview of {words_of(month)}: coarse, not built yet"
        entries.append(
            {
                "month": month,
                "label": words_of(month),
                "tick": ticks[month][0],
                "year": ticks[month][1],
                "state": state,
                "share": share,
                "filled": 0.0 if result is None else result.filled_share,
                "note": note,
                "detail": detail,
                "url": picture.url if picture is not None else "",
                "thumb": picture.thumb if picture is not None else "",
                "brief": brief_words(month),
                "clear": share_words(share),
                "alt": alt_words(month, result, preview=state == "preview"),
            }
        )
    return entries
