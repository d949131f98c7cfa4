"""The card beside the picture that tells what is behind the pixel that was clicked."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.actions import Actions
from app.results import Pixel
from app.state import AppState
from app.views.exports import Saver
from app.views.styles import PAGE_CSS
from app.views.words import count, satellite_words
from stac_timelapse.picture.classes import SCL_COLOURS
from stac_timelapse.probe import Observation, PixelMonth
from stac_timelapse.probe_report import reflectance
from stac_timelapse.scenes.periods import words_of

#: A width that Panel knows would widen a narrow page.
_CSS = """
:host { width: 404px !important; flex: none !important; box-sizing: border-box; padding: 12px 16px;
  background: var(--paper); border-left: 1px solid var(--line); }
@media (max-width: 699px) {
  :host { width: 100% !important; height: 220px !important; border: solid var(--line); border-width: 1px 0; }
}
"""
#: What people call the bands.
COLOURS = {"B02": "blue", "B03": "green", "B04": "red", "B08": "infrared", "B11": "SWIR 1", "B12": "SWIR 2"}


class PixelCard:
    """Shown while a pixel is looked into; it follows the month on display.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        self._html = pn.pane.HTML(
            "", stylesheets=[PAGE_CSS], sizing_mode="stretch_width", margin=0, css_classes=["t-pixel"]
        )
        small: dict[str, Any] = {"size": "small", "margin": 0}
        self._save = pmui.Button(
            label="Save CSV, whole series", icon="table", variant="outlined", css_classes=["t-pixel-csv"], **small
        )
        self._close = pmui.Button(label="Close", variant="text", css_classes=["t-pixel-close"], **small)
        self._saver = Saver(width=0, height=0, margin=0)
        self._save.on_click(lambda _event: actions.save_pixel())
        self._close.on_click(lambda _event: actions.leave_pixel())
        self.panel = pn.Column(
            pn.Column(self._html, sizing_mode="stretch_both", margin=0, scroll="y-auto"),
            pn.Row(self._save, self._close, self._saver, margin=(8, 0, 0, 0), styles={"gap": "8px"}),
            sizing_mode="stretch_both",
            visible=False,
            margin=0,
            stylesheets=[_CSS],
        )
        state.param.watch(self._show, ["pixel", "pixel_note", "current", "changes_at"])
        state.param.watch(self._offer, "pixel_file")
        state.param.watch(lambda *_events: actions.follow_pixel(), ["current", "series"])

    def _show(self, *_events: Any) -> None:
        pixel = self._state.pixel
        self.panel.visible = pixel is not None
        if pixel is not None:
            self._html.object = pixel_html(pixel, self._state.pixel_note, self._state.current, self._state.changes_at)

    def _offer(self, *_events: Any) -> None:
        file = self._state.pixel_file
        if file is not None:
            self._saver.url = file.url


def pixel_html(pixel: Pixel, note: str, current: str, changed: str = "") -> str:
    """Return when it changed, and a table of the month's observations, used or not and why, and of what they make.

    It is pale while another month than the `current` one is told of.
    """
    month = pixel.month
    title = "Pixel" if month is None else f"Pixel in {words_of(month.month)}"
    place = f"{abs(pixel.lat):.5f}° {'NS'[pixel.lat < 0]}, {abs(pixel.lon):.5f}° {'EW'[pixel.lon < 0]}"
    head = f"<h3>{escape(title)}</h3><p>{place}</p>"
    head += f'<p class="changed">{escape(changed)}</p>' if changed else ""
    told = f'<p role="status">{escape(note)}</p>' if note else ""
    if month is None:
        return f'<div class="pixel">{head}{told}</div>'
    bands = "".join(
        f'<th class="n">{escape(band)}<small>{COLOURS.get(band, "&nbsp;")}</small></th>' for band in pixel.bands
    )
    shade = "" if month.month == current else " before"
    rows = "".join(_row(one, len(pixel.bands)) for one in month.observations)
    return (
        f'<div class="pixel{shade}">{head}{told}<table><thead><tr><th>Pass</th><th>Class</th>{bands}</tr></thead>'
        f"<tbody>{_sum(month, pixel.method)}{rows}</tbody></table></div>"
    )


def _row(seen: Observation, bands: int) -> str:
    when = seen.scene.overflight
    by = escape(f"{satellite_words(seen.scene.platform)} · {seen.scene.tile}")
    first = f"{when.day} {when:%b %H:%M}<small>{by}</small>"
    if seen.scl is None:
        name = "Not read"
    else:
        name = f'<i style="background:{SCL_COLOURS.get(seen.scl, SCL_COLOURS[0])}"></i>{escape(seen.scl_name)}'
    why = f'<small class="why">{escape(seen.reason)}</small>' if seen.reason else ""
    values = _cells(seen.values or (0,) * bands)
    return f'<tr class="{"in" if seen.kept else "out"}"><td>{first}</td><td>{name}{why}</td>{values}</tr>'


def _sum(month: PixelMonth, method: str) -> str:
    passes = f"{method.capitalize()} of {count(month.count, 'pass', 'passes')}" if month.count else "Composite"
    words = f"{escape(passes)}<small>{escape(month.origin)}</small>"
    return f'<tr class="sum"><td colspan="2">{words}</td>{_cells(month.values)}</tr>'


def _cells(values: tuple[int, ...]) -> str:
    known = [reflectance(value) for value in values]
    return "".join(f'<td class="n">{"–" if value is None else f"{value:.4f}"}</td>' for value in known)
