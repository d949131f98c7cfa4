"""What the area map puts into its Bokeh figure: layers, the gesture script, the controls that float above.

Everything a mouse move changes lives in sources that are never sent to the server (``syncable=False``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bokeh.core.properties import Bool, Float, List, String
from bokeh.events import DoubleTap, MouseLeave, MouseMove, Pan, PanEnd, PanStart, Press, Tap
from bokeh.model import DataModel
from bokeh.models import ColumnDataSource, CustomJS, HoverTool, MultiPolygons, PanTool, TileSource, WMTSTileSource
from bokeh.models.renderers import GlyphRenderer, TileRenderer
from bokeh.models.sources import DataSource
from bokeh.models.widgets.markups import Div

from app.basemap import ATTRIBUTION
from app.views.graticule import add_graticule

_HERE = Path(__file__).parent
_SCRIPT = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("map_measure.js", "area_map.js"))
_STYLE = (_HERE / "area_map.css").read_text(encoding="utf-8")

AREA_COLOUR = "#e8590c"
_FOOTPRINT_COLOUR = "#4c6670"


class WebBasemap(NamedTuple):
    """A map of another host."""

    title: str
    url: str
    attribution: str


#: Shown only where the operator allows it, asked for only once a user chooses one.
WEB_BASEMAPS = {
    "osm": WebBasemap(
        "OpenStreetMap",
        "https://tile.openstreetmap.org/{Z}/{X}/{Y}.png",
        "© OpenStreetMap contributors",
    ),
    "imagery": WebBasemap(
        "Satellite picture",
        "https://server.arcgisonline.com/ArcGIS/rest/services/World_Imagery/MapServer/tile/{Z}/{Y}/{X}",
        "Esri, Maxar, Earthstar Geographics",
    ),
}

_ICONS = {
    "box": '<rect x="4" y="5.5" width="16" height="13" rx="1"/>',
    "polygon": '<path d="M12 3.5 20.5 10 17 20H7L3.5 10Z"/>',
    "edit": '<path d="m14.5 5.5 4 4L8 20l-4.5.5L4 16Z"/>',
    "pan": '<path d="M12 3v18M3 12h18M9 6l3-3 3 3M9 18l3 3 3-3M6 9l-3 3 3 3M18 9l3 3-3 3"/>',
    "clear": '<path d="M4 7h16M10 7V4h4v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5"/>',
    "closer": '<path d="M12 5v14M5 12h14"/>',
    "farther": '<path d="M5 12h14"/>',
    "home": '<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>',
}


class MapChannel(DataModel):
    """What the server and the gesture script tell each other; every list of coordinates is in EPSG:3857 metres."""

    mode = String("pan", help="pan, box, polygon or edit")
    home = List(Float, help="west, south, east, north that the home button shows when there is no area")
    target = List(Float, help="west, south, east, north to show now, and a counter")
    notice = String("", help="a counter, a line break, a sentence to show for some seconds")
    dark = Bool(default=False)


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
        options = "".join(f'<option value="{name}">{title}</option>' for name, title in basemaps.items())
        chooser = f'<div class="basemap"><select aria-label="Basemap">{options}</select></div>'
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
        )
    )
    text = (
        '<div class="map-ui">'
        f'<div class="bar" role="toolbar" aria-label="Draw the area">{toolbar}</div>{chooser}'
        '<div class="chip" role="status" aria-label="Size of the area" hidden><b></b><span></span></div>'
        f'<div class="zoom" role="group" aria-label="Zoom">{zoom}</div>'
        '<div class="hint" role="status" aria-live="polite"></div>'
        '<div class="scale" aria-hidden="true"></div>'
        f'<div class="foot attribution">{ATTRIBUTION}</div>'
        "</div>"
    )
    # Inline, because Bokeh's own layout rules beat a style sheet's.
    place = {"position": "absolute", "inset": "0", "width": "auto", "height": "auto", "z-index": "4"}
    styles: dict[str, str | None] = {**place, "margin": "0", "pointer-events": "none"}
    return Div(text=text, stylesheets=[_STYLE], styles=styles, disable_math=True, syncable=False)


def _private_source(*columns: str) -> ColumnDataSource:
    return ColumnDataSource({column: [] for column in columns}, syncable=False)


@dataclass(slots=True)
class Layers:
    """The sources that the server fills; coordinates in EPSG:3857 metres."""

    quicklook: ColumnDataSource = field(
        default_factory=lambda: ColumnDataSource({"url": [], "x": [], "y": [], "w": [], "h": []})
    )
    footprints: ColumnDataSource = field(
        default_factory=lambda: ColumnDataSource({"xs": [], "ys": [], "label": [], "fill": [], "line": []})
    )
    places: ColumnDataSource = field(default_factory=lambda: ColumnDataSource({"x": [], "y": [], "name": []}))
    holed: ColumnDataSource = field(default_factory=lambda: ColumnDataSource({"xs": [], "ys": []}))


def add_layers_below(figure: Any, layers: Layers, area: DataSource) -> HoverTool:
    """Quicklook, footprints and the area's white rim, in this order above the tiles and below the area."""
    figure.image_url(
        url="url", x="x", y="y", w="w", h="h", anchor="top_left", source=layers.quicklook, level="underlay"
    )
    footprints = figure.patches(
        "xs",
        "ys",
        source=layers.footprints,
        fill_color=_FOOTPRINT_COLOUR,
        fill_alpha="fill",
        line_color=_FOOTPRINT_COLOUR,
        line_alpha="line",
        line_width=1,
        level="underlay",
    )
    hole_fill = MultiPolygons(xs="xs", ys="ys", fill_color=AREA_COLOUR, fill_alpha=0.12, line_color=None)
    figure.add_glyph(layers.holed, hole_fill, level="underlay")
    figure.patches(
        "xs", "ys", source=area, fill_alpha=0, line_color="white", line_alpha=0.75, line_width=6, level="underlay"
    )
    hover = HoverTool(renderers=[footprints], tooltips="@label", limit=4, visible=False)
    figure.add_tools(hover)
    return hover


def add_layers_above(figure: Any, layers: Layers, sketch: dict[str, ColumnDataSource]) -> None:
    """Places, then what is being drawn, above the area."""
    figure.scatter(
        "x",
        "y",
        source=layers.places,
        size=9,
        fill_color="#0b6b74",
        line_color="white",
        line_width=2,
        level="annotation",
    )
    figure.text(
        "x",
        "y",
        text="name",
        source=layers.places,
        x_offset=9,
        anchor="center_left",
        text_font_size="12px",
        text_color="#16323a",
        background_fill_color="white",
        background_fill_alpha=0.85,
        border_radius=4,
        padding=3,
        level="annotation",
    )
    figure.patches(
        "xs",
        "ys",
        source=sketch["sketch"],
        fill_color=AREA_COLOUR,
        fill_alpha=0.14,
        line_color=AREA_COLOUR,
        line_width=2.5,
        line_dash=[7, 4],
        level="annotation",
    )
    for source, size, fill in ((sketch["dots"], 9, "white"), (sketch["handles"], "size", "fill")):
        figure.scatter(
            "x",
            "y",
            source=source,
            size=size,
            fill_color=fill,
            line_color=AREA_COLOUR,
            line_width=2,
            level="annotation",
        )


def add_gestures(
    figure: Any,
    *,
    area: GlyphRenderer[Any],
    layers: Layers,
    channel: MapChannel,
    overlay: Div,
    basemaps: Mapping[str, TileSource],
) -> None:
    """Add the layers and let the gesture script listen to the figure."""
    add_graticule(figure)
    hover = add_layers_below(figure, layers, area.data_source)
    sketch = {
        "sketch": _private_source("xs", "ys"),
        "dots": _private_source("x", "y"),
        "handles": _private_source("x", "y", "size", "fill"),
    }
    add_layers_above(figure, layers, sketch)
    tiles = next(renderer for renderer in figure.renderers if isinstance(renderer, TileRenderer))
    tiles.update(tile_source=basemaps["local"])
    script = CustomJS(
        code=_SCRIPT,
        args={
            "figure": figure,
            "area": area.data_source,
            "areaGlyph": area.glyph,
            "channel": channel,
            "overlay": overlay,
            "hover": hover,
            "tiles": tiles,
            "pan": next(tool for tool in figure.tools if isinstance(tool, PanTool)),
            "sources": dict(basemaps),
            "attributions": {"local": ATTRIBUTION} | {name: WEB_BASEMAPS[name].attribution for name in WEB_BASEMAPS},
            **sketch,
        },
    )
    for event in (Tap, Press, DoubleTap, MouseMove, MouseLeave, PanStart, Pan, PanEnd):
        figure.js_on_event(event, script)
    for attribute in ("inner_width", "inner_height"):
        figure.js_on_change(attribute, script)
    for axis in (figure.x_range, figure.y_range):
        axis.js_on_change("start", script)
    for attribute in ("mode", "target", "notice", "dark"):
        channel.js_on_change(attribute, script)
    area.data_source.js_on_change("data", script)


def tile_source(url: str, max_zoom: int) -> WMTSTileSource:
    """Make a source of 256 px web tiles; it asks for nothing before it is shown.

    Bokeh shows a tile at one to two times its size. Called 181 px wide it is shown at 0.7 to 1.4 times the 256 px that
    it was drawn for, which leaves its lettering readable at every zoom.
    """
    size = round(256 / math.sqrt(2))
    return WMTSTileSource(
        url=url,
        attribution="",  # stands in the map's own corner, in the map's own type
        max_zoom=max_zoom,
        tile_size=size,
        initial_resolution=2 * math.pi * 6378137 / size,
    )
