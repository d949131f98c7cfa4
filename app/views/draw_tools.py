"""What the area map puts into its Bokeh figure: layers and the gesture script.

Everything a mouse move changes lives in sources that are never sent to the server (``syncable=False``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bokeh.core.properties import Float, List, String, value
from bokeh.events import DoubleTap, MouseLeave, MouseMove, Pan, PanEnd, PanStart, Press, Tap
from bokeh.model import DataModel
from bokeh.models import ColumnDataSource, CustomJS, HoverTool, PanTool, TileSource, WMTSTileSource
from bokeh.models.glyphs import ImageURL, MultiPolygons, Patches, Scatter, Text
from bokeh.models.renderers import GlyphRenderer, TileRenderer
from bokeh.models.sources import DataSource
from bokeh.models.widgets.markups import Div

from app.basemap import ATTRIBUTION
from app.settings import AppSettings
from app.views.graticule import add_graticule

_HERE = Path(__file__).parent
_SCRIPT = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("map_measure.js", "area_map.js"))

AREA_COLOUR = "#e8590c"
FOUND_COLOUR = "#7a1fa2"
#: Of the pass that the list of passes points at.
POINTED_COLOUR = "#1f5fbf"
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


def offered_basemaps(settings: AppSettings) -> dict[str, WebBasemap]:
    """Return the maps of other hosts that the operator offers, by name."""
    own = settings.own_basemap
    first = {} if own is None else {"own": WebBasemap(own.title, own.url, own.attribution)}
    return {**first, **(WEB_BASEMAPS if settings.web_basemaps else {})}


class MapChannel(DataModel):
    """What the server and the gesture script tell each other; every list of coordinates is in EPSG:3857 metres."""

    mode = String("pan", help="pan, box, polygon or edit")
    home = List(Float, help="west, south, east, north that the home button shows when there is no area")
    target = List(Float, help="west, south, east, north to show now, and a counter")
    notice = String("", help="a counter, a line break, a sentence to show for some seconds")
    advice = String("", help="what comes next, once there is an area")


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
    passes: ColumnDataSource = field(
        default_factory=lambda: ColumnDataSource({"xs": [], "ys": [], "number": [], "words": []})
    )
    places: ColumnDataSource = field(default_factory=lambda: ColumnDataSource({"x": [], "y": [], "name": []}))
    found: ColumnDataSource = field(default_factory=lambda: ColumnDataSource({"x": [], "y": [], "name": []}))
    holed: ColumnDataSource = field(default_factory=lambda: ColumnDataSource({"xs": [], "ys": []}))


def add_layers_below(figure: Any, layers: Layers, area: DataSource) -> HoverTool:
    """Quicklook, footprints and the area's white rim, in this order above the tiles and below the area."""
    place: dict[str, Any] = {"x": "x", "y": "y", "w": "w", "h": "h", "anchor": "top_left"}
    figure.add_glyph(layers.quicklook, ImageURL(url="url", **place), level="underlay")
    outlines = Patches(
        fill_color=_FOOTPRINT_COLOUR,
        fill_alpha="fill",
        line_color=_FOOTPRINT_COLOUR,
        line_alpha="line",
    )
    # A glyph by itself: with `figure.patches` three more of each would be sent, for selections that are not made here.
    footprints = figure.add_glyph(layers.footprints, outlines, level="underlay")
    hole_fill = MultiPolygons(fill_color=AREA_COLOUR, fill_alpha=0.12, line_color=None)
    figure.add_glyph(layers.holed, hole_fill, level="underlay")
    rim = Patches(fill_alpha=0, line_color="white", line_alpha=0.75, line_width=6)
    figure.add_glyph(area, rim, level="underlay")
    hover = HoverTool(renderers=[footprints], tooltips="@label", limit=4, visible=False)
    figure.add_tools(hover)
    return hover


def add_layers_above(figure: Any, layers: Layers, sketch: dict[str, ColumnDataSource]) -> None:
    """Places, the one that was searched for, then what is being drawn, above the area."""
    halo = Scatter(size=26, fill_color=FOUND_COLOUR, fill_alpha=0.22, line_color=None)
    figure.add_glyph(layers.found, halo, level="annotation")
    for source, colour in ((layers.places, "#0b6b74"), (layers.found, FOUND_COLOUR)):
        dot = Scatter(size=9, fill_color=colour, line_color="white", line_width=2)
        figure.add_glyph(source, dot, level="annotation")
        add_names(figure, source)
    outline = Patches(fill_color=POINTED_COLOUR, fill_alpha=0.16, line_color=POINTED_COLOUR, line_width=3)
    figure.add_glyph(sketch["outline"], outline, level="annotation")
    line: dict[str, Any] = {"line_color": AREA_COLOUR, "line_width": 2.5, "line_dash": [7, 4]}
    figure.add_glyph(sketch["sketch"], Patches(fill_color=AREA_COLOUR, fill_alpha=0.14, **line), level="annotation")
    for name, size, fill in (("dots", 9, "white"), ("handles", "size", "fill")):
        handle = Scatter(size=size, fill_color=fill, line_color=AREA_COLOUR, line_width=2)
        figure.add_glyph(sketch[name], handle, level="annotation")


def add_names(figure: Any, source: ColumnDataSource) -> None:
    """Write names beside points."""
    frame: dict[str, Any] = {"border_radius": 4, "padding": 3}
    names = Text(
        text="name",
        x_offset=9,
        anchor="center_left",
        text_font=value("Roboto"),
        text_font_size="12px",
        text_color="#16323a",
        background_fill_color="white",
        background_fill_alpha=0.85,
        **frame,
    )
    figure.add_glyph(source, names, level="annotation")


def add_gestures(
    figure: Any,
    *,
    area: GlyphRenderer[Any],
    layers: Layers,
    channel: MapChannel,
    overlay: Div,
    basemaps: Mapping[str, TileSource],
    attributions: Mapping[str, str],
) -> None:
    """Add the layers and let the gesture script listen to the figure."""
    add_graticule(figure)
    hover = add_layers_below(figure, layers, area.data_source)
    sketch = {
        "sketch": _private_source("xs", "ys"),
        "outline": _private_source("xs", "ys"),
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
            "passes": layers.passes,
            "tiles": tiles,
            "pan": next(tool for tool in figure.tools if isinstance(tool, PanTool)),
            "sources": dict(basemaps),
            "attributions": {"local": ATTRIBUTION, **attributions},
            **sketch,
        },
    )
    for event in (Tap, Press, DoubleTap, MouseMove, MouseLeave, PanStart, Pan, PanEnd):
        figure.js_on_event(event, script)
    for attribute in ("inner_width", "inner_height"):
        figure.js_on_change(attribute, script)
    for axis in (figure.x_range, figure.y_range):
        axis.js_on_change("start", script)
    for attribute in ("mode", "target", "notice", "advice"):
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
