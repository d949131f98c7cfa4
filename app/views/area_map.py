"""The map on which a user draws the area: a GeoViews element with its draw and edit streams, over offline tiles.

The element lives in Web Mercator, the map's own projection, so that GeoViews never has to re-project it: what the user
draws arrives exactly, once, and a change costs no more than the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, get_args

import geoviews as gv
import holoviews as hv
import numpy as np
import panel as pn
from cartopy.crs import GOOGLE_MERCATOR
from holoviews.streams import Pipe, PolyDraw, PolyEdit
from shapely.geometry.base import BaseGeometry

from app.basemap import MAX_ZOOM
from app.views.draw_tools import AREA_COLOUR, Layers, MapChannel, WebBasemap, add_gestures, tile_source
from app.views.graticule import OPTIONS
from app.views.map_controls import controls

# isort: off
from app.views.map_geometry import (
    HALF_WORLD, BBox, PassOutline, Ring, bbox_to_mercator, footprint_columns, geometry_of, holed_columns,
    pass_columns, place_columns, rings_of, same_rings,
)  # fmt: skip

# isort: on
from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.errors import InvalidInputError

gv.extension("bokeh", logo=False)
# Pictures and a few lines are all there is: WebGL would only be read back from the graphics card at every change.
hv.renderer("bokeh").webgl = False

Mode = Literal["pan", "box", "polygon", "edit"]

_WEB_MAX_ZOOM = 19
_TOOLS = ["pan", "wheel_zoom"]
_FILLING = {"responsive": True, "show_frame": False, "border": 0}


class AreaMap:
    """The map of one session.

    Parameters
    ----------
    on_area
        Called with the new area after the user has drawn, changed or (None) removed it.
    on_error
        Called with one sentence when what was drawn cannot be an area; the area before stays.
    home_bbox
        West, south, east, north in degrees: what is shown at the start.
    tile_url
        Address template of the built-in tiles, relative to the page so that a proxy's path does not matter.
    web_basemaps
        Maps of other hosts that the user may choose, by name. Nothing is asked of a host before.
    """

    def __init__(
        self,
        on_area: Callable[[AreaOfInterest | None], None],
        on_error: Callable[[str], None],
        home_bbox: BBox,
        *,
        tile_url: str = "basemap/light/{Z}/{X}/{Y}.png",
        web_basemaps: Mapping[str, WebBasemap] | None = None,
    ) -> None:
        self._on_area = on_area
        self._on_error = on_error
        self._area: AreaOfInterest | None = None
        self._counter = 0
        self._pending: dict[str, Callable[[], None]] = {}
        self._document: Any = None
        self._area_glyph: Any = None
        self._area_source: Any = None
        self._layers = Layers()
        self._home = bbox_to_mercator(home_bbox)
        self._channel = MapChannel(home=self._home)
        self._tile_url = tile_url
        web = self._web = dict(web_basemaps or {})
        self._overlay = controls({"local": "Built-in map", **{name: one.title for name, one in web.items()}})
        self._basemaps = {"local": tile_source(tile_url, MAX_ZOOM)}
        self._basemaps.update((name, tile_source(one.url, _WEB_MAX_ZOOM)) for name, one in web.items())
        self._pipe = Pipe(data=[])
        # The streams have to be kept: a DynamicMap holds them only weakly.
        element = hv.DynamicMap(self._element, streams=[self._pipe])
        self._draw = PolyDraw(source=element, num_objects=1)
        self._edit = PolyEdit(source=element)
        self._draw.add_subscriber(self._drawn)
        self._panel = self._build(element)

    @property
    def area(self) -> AreaOfInterest | None:
        """The area that is on the map."""
        return self._area

    def panel(self) -> pn.viewable.Viewable:
        """Return the map; it fills its container."""
        return self._panel

    def set_area(self, area: AreaOfInterest | None, *, zoom: bool = False) -> None:
        """Draw an area that did not come from the map, or remove it; `on_area` is not called."""
        self._area = area
        self._soon("area", self._send_area)
        if zoom and area is not None:
            self.zoom_to(area.bbox)

    def clear(self) -> None:
        """Remove the area without calling `on_area`."""
        self.set_area(None)

    def set_mode(self, mode: Mode) -> None:
        """Arm a gesture.

        Raises
        ------
        ValueError
            When there is no such mode.
        """
        if mode not in get_args(Mode):
            raise ValueError(f"The map has no mode {mode!r}; use one of {', '.join(get_args(Mode))}.")
        self._soon("mode", lambda: self._channel.update(mode=mode))

    def advise(self, sentence: str) -> None:
        """Say what comes next, once there is an area; an empty sentence says nothing."""
        self._soon("advice", lambda: self._channel.update(advice=sentence))

    def set_footprints(
        self, footprints: Iterable[tuple[BaseGeometry, str, bool]], passes: Sequence[PassOutline] = ()
    ) -> None:
        """Show outlines of scenes: (lon/lat polygon, label, highlighted); know those of passes, to point at them."""
        layers = self._layers
        self._soon("footprints", partial(layers.footprints.update, data=footprint_columns(footprints)))
        self._soon("passes", partial(layers.passes.update, data=pass_columns(passes)))

    def set_places(self, places: Sequence[Place]) -> None:
        """Show named points."""
        self._soon("places", lambda: self._layers.places.update(data=place_columns(places)))

    def set_found(self, place: tuple[float, float, str] | None) -> None:
        """Mark a place, given as longitude, latitude and name, that is no part of the area; None marks none."""
        found = () if place is None else (Place(place[2], place[0], place[1]),)
        self._soon("found", lambda: self._layers.found.update(data=place_columns(found)))

    def carry(self, field: pn.viewable.Viewable) -> None:
        """Let a control of the page float above the map, in its top left corner."""
        self._panel.append(field)
        self._overlay.css_classes = ["below-field"]

    def set_quicklook(self, url: str, bounds_3857: BBox | None) -> None:
        """Lay a picture under the drawing.

        Parameters
        ----------
        url
            Address of the picture, relative to the page.
        bounds_3857
            Left, bottom, right, top in EPSG:3857 metres; None takes the picture away.
        """
        columns: dict[str, list[Any]] = {"url": [], "x": [], "y": [], "w": [], "h": []}
        if bounds_3857 is not None:
            left, bottom, right, top = bounds_3857
            columns = {"url": [url], "x": [left], "y": [top], "w": [right - left], "h": [top - bottom]}
        self._soon("quicklook", lambda: self._layers.quicklook.update(data=columns))

    def zoom_to(self, bbox: BBox) -> None:
        """Show a west, south, east, north box in degrees, with a margin."""
        self._counter += 1
        target = [*bbox_to_mercator(bbox), float(self._counter)]
        self._soon("target", lambda: self._channel.update(target=target))

    # ------------------------------------------------------------------------------------- inside

    def _build(self, element: hv.DynamicMap) -> pn.Column:
        tiles = gv.WMTS(self._tile_url).opts(level="image", default_tools=_TOOLS)
        west, south, east, north = self._home
        overlay = (tiles * element).opts(
            hv.opts.Overlay(
                xlim=(west, east),
                ylim=(south, north),
                **OPTIONS,
                **_FILLING,
                default_tools=_TOOLS,
                # Named here, or HoloViews arms `pan` again after the hook.
                active_tools=_TOOLS,
            )
        )
        return pn.Column(
            pn.pane.HoloViews(overlay, sizing_mode="stretch_both", min_height=240, margin=0),
            pn.pane.Bokeh(self._overlay, margin=0),
            sizing_mode="stretch_both",
            margin=0,
            styles={"position": "relative", "overflow": "hidden"},
        )

    def _element(self, data: Sequence[Ring]) -> gv.Polygons:
        return gv.Polygons(list(data), crs=GOOGLE_MERCATOR).opts(
            color=AREA_COLOUR,
            fill_alpha=0.12,
            line_color=AREA_COLOUR,
            line_width=2.5,
            apply_ranges=False,
            default_tools=_TOOLS,
            hooks=[self._hook],
        )

    def _hook(self, plot: Any, _element: Any) -> None:
        """Complete the figure when HoloViews has made it."""
        if self._area_glyph is not None:
            return
        self._area_glyph = plot.handles["glyph"]
        self._area_source = plot.handles["source"]
        self._document = pn.state.curdoc
        add_gestures(
            plot.state,
            area=plot.handles["glyph_renderer"],
            layers=self._layers,
            channel=self._channel,
            overlay=self._overlay,
            basemaps=self._basemaps,
            attributions={name: one.attribution for name, one in self._web.items()},
        )

    def _drawn(self, data: Mapping[str, Any] | None) -> None:
        """Hear of a drawing from the stream: the rings of the element in Web Mercator metres."""
        data = data or {}
        pairs = zip(data.get("xs", ()), data.get("ys", ()), strict=True)
        rings = [np.column_stack([np.asarray(x, float), np.asarray(y, float)]) for x, y in pairs]
        # HoloViews calls this without the document's lock; whoever listens to us may change what he likes.
        self._soon("drawn", lambda: self._take(rings))

    def _take(self, rings: Sequence[Ring]) -> None:
        before = self._area
        if before is not None and same_rings(rings, rings_of(before.geometry)):
            return  # our own drawing, told back
        try:
            geometry = geometry_of(rings)
            keep = before if before is not None and self._channel.mode == "edit" else None
            area = (
                AreaOfInterest.from_geometry(
                    geometry, name=keep.name if keep else "", places=before.places if before else ()
                )
                if geometry is not None
                else None
            )
        except InvalidInputError as error:
            self._send_area()
            self._counter += 1
            self._channel.update(notice=f"{self._counter}\n{error}")
            self._on_error(str(error))
            return
        if area == before:
            return
        self._area = area
        self._mark_holes()
        self._on_area(area)

    def _send_area(self) -> None:
        rings = rings_of(self._area.geometry) if self._area is not None else []
        self._pipe.send(rings)
        if self._area_source is not None and any(np.abs(ring[:, 0]).max() > HALF_WORLD for ring in rings):
            # GeoViews cuts everything off at the antimeridian.
            self._area_source.data = {"xs": [ring[:, 0] for ring in rings], "ys": [ring[:, 1] for ring in rings]}
        self._mark_holes()

    def _mark_holes(self) -> None:
        """Fill an area with holes as such: the editable element has plain rings only, and would fill them as well."""
        columns = holed_columns(self._area.geometry) if self._area is not None else {"xs": [], "ys": []}
        self._layers.holed.update(data=columns)
        if self._area_glyph is not None:
            self._area_glyph.fill_alpha = 0.0 if columns["xs"] else 0.12

    def _soon(self, name: str, change: Callable[[], None]) -> None:
        """Make a change now while there is no page yet, else together with others in the next tick.

        One tick for all of them: Bokeh sends them in one message, under the document's lock, whoever asked from where.
        """
        if self._document is None or self._document.session_context is None:
            change()
            return
        if not self._pending:
            self._document.add_next_tick_callback(self._flush)
        self._pending[name] = change

    def _flush(self) -> None:
        changes, self._pending = self._pending, {}
        for change in changes.values():
            change()
