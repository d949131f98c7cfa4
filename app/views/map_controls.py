"""The controls that float above the area map: toolbar, zoom buttons, size, hint, scale bar and credit line."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from bokeh.models.widgets.markups import Div

from app.basemap import ATTRIBUTION

_STYLE = (Path(__file__).parent / "area_map.css").read_text(encoding="utf-8")

_ICONS = {
    "box": '<rect x="4" y="5.5" width="16" height="13" rx="1"/>',
    "polygon": '<path d="M12 3.5 20.5 10 17 20H7L3.5 10Z"/>',
    "edit": '<path d="m14.5 5.5 4 4L8 20l-4.5.5L4 16Z"/>',
    "pan": '<path d="M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3"/>',
    "clear": '<path d="M4 7h16M10 7V4h4v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5"/>',
    "closer": '<path d="M12 5v14M5 12h14"/>',
    "farther": '<path d="M5 12h14"/>',
    "home": '<path d="M12 3v4M12 17v4M3 12h4M17 12h4"/><circle cx="12" cy="12" r="5"/>',
    "full": '<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>',
}


def _icon(name: str) -> str:
    return f'<svg viewBox="0 0 24 24" aria-hidden="true">{_ICONS[name]}</svg>'


def _mode_button(mode: str, title: str, description: str) -> str:
    return (
        f'<button type="button" data-mode="{mode}" aria-pressed="false" title="{description}">'
        f"{_icon(mode)}<span>{title}</span></button>"
    )


def _action_button(action: str, description: str, title: str = "") -> str:
    text = f"<span>{title}</span>" if title else ""
    return (
        f'<button type="button" data-action="{action}" title="{description}" aria-label="{title or description}">'
        f"{_icon(action)}{text}</button>"
    )


def controls(basemaps: Mapping[str, str]) -> Div:
    """Toolbar, zoom buttons, size chip, hint, scale bar and attribution.

    Parameters
    ----------
    basemaps
        Titles of the basemaps to choose from by name; with a single one there is nothing to choose.
    """
    chooser = ""
    if len(basemaps) > 1:
        options = "".join(f'<option value="{name}">{escape(title)}</option>' for name, title in basemaps.items())
        about = 'aria-label="Basemap" title="The map below your area"'
        chooser = f'<div class="basemap"><select {about}>{options}</select></div>'
    toolbar = "".join(
        (
            _mode_button("box", "Box", "Draw a rectangle"),
            _mode_button("polygon", "Polygon", "Draw a polygon"),
            _mode_button("edit", "Edit", "Move, add or delete corners of the area"),
            _mode_button("pan", "Move map", "Drag the map, turn the wheel to zoom"),
            "<i></i>",
            _action_button("clear", "Remove the area", "Clear"),
        )
    )
    zoom = "".join(
        (
            _action_button("closer", "Zoom in"),
            _action_button("farther", "Zoom out"),
            _action_button("home", "Show the whole area"),
            _action_button("full", "Full screen"),
        )
    )
    text = (
        '<div class="map-ui">'
        f'<div class="bar" role="toolbar" aria-label="Draw the area">{toolbar}</div>{chooser}'
        '<div class="chip" role="status" aria-label="Size of the area" hidden><b></b><span></span></div>'
        f'<div class="zoom" role="group" aria-label="Zoom">{zoom}</div>'
        '<div class="tag" aria-hidden="true" hidden></div>'
        '<div class="hint" role="status" aria-live="polite"></div>'
        '<div class="scale" aria-hidden="true"></div>'
        f'<div class="foot attribution">{ATTRIBUTION}</div>'
        "</div>"
    )
    # Inline, because Bokeh's own layout rules beat a style sheet's.
    place = {"position": "absolute", "inset": "0", "width": "auto", "height": "auto", "z-index": "4"}
    styles: dict[str, str | None] = {**place, "margin": "0", "pointer-events": "none"}
    return Div(text=text, stylesheets=[_STYLE], styles=styles, disable_math=True, syncable=False)
