"""The picture of a series: frames over the local basemap, with hvplot's full-resolution view on top."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import holoviews as hv
import hvplot.xarray  # noqa: F401 - registers .hvplot
import numpy as np
from bokeh.events import Press, Tap
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure as Figure  # noqa: N812 - Bokeh's own class name in lower case
from holoviews.streams import RangeXY

from app.frames import Bounds, FullPictures
from app.results import Series
from app.views.full_picture import lazy_pictures, on_screen
from app.views.graticule import OPTIONS, add_graticule
from app.views.map_geometry import rings_of, to_lonlat, to_mercator
from app.views.picture_layers import CHANGES, OUTLINE, OUTLINE_EDGE, add_changes, add_frames, add_mark, calm, no_changes
from app.views.twin import twin_of

FULL_TAG = "full-picture"
_PADDING = 0.06
_numbers = itertools.count()


def _at(level: str) -> Callable[[Any, Any], None]:
    """Return a hook that draws an element at a level.

    Bokeh draws image, underlay, glyph, guide, annotation in this order, whatever their names suggest.
    """

    def hook(plot: Any, _element: Any) -> None:
        plot.handles["glyph_renderer"].level = level

    return hook


class SeriesFigure:
    """The figure of one series.

    The overlay is made once for a series. Months that are finished later get their frame by `set_frames`,
    which changes Bokeh models and must run under the document's lock.

    Parameters
    ----------
    series
        With at least one picture.
    pictures
        See `lazy_pictures`.
    tile_url
        Template of the local basemap.
    on_tap
        Called with the longitude and latitude of a click.
    view
        ``(west, south, east, north)`` to show, in web mercator metres; None shows the whole area.
    """

    def __init__(
        self,
        series: Series,
        pictures: FullPictures,
        tile_url: str,
        on_tap: Callable[[float, float], None],
        view: Bounds | None = None,
    ) -> None:
        self._series = series
        #: Under which the player finds the figure; another one each time, for a page may hold two for a moment.
        self.name = f"series-{next(_numbers)}"
        self._sources: dict[str, ColumnDataSource] = {}
        self._urls: dict[str, str] = {}
        self._finished: set[str] = set()
        #: A month of which there is a full picture.
        self.first = next(one.month for one in series.pictures if pictures.has(one.month))
        bounds = next(one.bounds for one in series.pictures if one.month == self.first)
        self._view = view or _padded(bounds)
        self._on_tap = on_tap
        self._marked, self._middle = ColumnDataSource({"xs": [], "ys": []}), ColumnDataSource({"x": [], "y": []})
        self._changes, self._opacity = no_changes(), 1.0
        self._model: Figure | None = None
        self._twin: Figure | None = None
        self._plot: Any = None
        self.overlay = self._overlay(pictures, tile_url)

    def _overlay(self, pictures: FullPictures, tile_url: str) -> Any:
        lazy, alpha = lazy_pictures(self._series, pictures, self.first)
        full = lazy.hvplot.rgb(
            x="x",
            y="y",
            bands="band",
            groupby="time",
            dynamic=True,
            framewise=False,
            title="",
            responsive=True,
            hover=False,
        )
        full.cache_size = 1  # else each month that was looked at stays in memory, at full size
        full = full.apply(on_screen, alpha=alpha, streams=[RangeXY()]).opts(
            hv.opts.RGB(hooks=[self._tag_full], apply_ranges=False)
        )
        full.cache_size = 1
        tiles = hv.Tiles(tile_url, name="basemap").opts(hooks=[_at("image")])
        paths = rings_of(self._series.recipe.aoi.geometry)
        # Above the pictures, for it comes after them, and not beyond the frame, as annotations go.
        style: dict[str, Any] = {"hooks": [_at("glyph")], "apply_ranges": False}
        edge = hv.Path(paths).opts(color=OUTLINE_EDGE, line_width=4, alpha=0.55, **style)
        line = hv.Path(paths).opts(color=OUTLINE, line_width=1.6, **style)
        west, south, east, north = self._view
        return (tiles * full * edge * line).opts(
            hv.opts.Overlay(
                responsive=True,
                xlim=(west, east),
                ylim=(south, north),
                **OPTIONS,
                default_tools=["pan", "wheel_zoom"],
                active_tools=["pan", "wheel_zoom"],
                hooks=[self._prepare],
                title="",
            )
        )

    @staticmethod
    def _tag_full(plot: Any, _element: Any) -> None:
        """Write into the renderer which month it shows, in the same message as its pixels."""
        renderer = plot.handles["glyph_renderer"]
        if FULL_TAG not in renderer.tags:
            renderer.tags = [*renderer.tags, FULL_TAG]
            renderer.visible = False
            renderer.level = "glyph"
        renderer.name = f"full:{plot.current_key[0]}"

    def _prepare(self, plot: Any, _element: Any) -> None:
        self._plot = plot
        figure: Figure = plot.state
        if figure.name == self.name:
            return
        self._model = figure
        figure.name = self.name
        figure.tags = list(self._view)  # what the player fits into the window
        add_graticule(figure)
        figure.aspect_ratio = None
        for month in self._series.months:
            self._sources[month] = ColumnDataSource({"url": [], "x": [], "y": [], "w": [], "h": []})
        add_frames(figure, self._sources, "frame")
        add_changes(figure, self._changes, self._opacity)
        add_mark(figure, self._marked, self._middle)
        calm(figure)
        for event in (Tap, Press):  # a click that is held for 0.3 s is no tap to Bokeh
            figure.on_event(event, self._tapped)
        self.set_frames(self._series)

    def mark(self, ring: Sequence[tuple[float, float]]) -> None:
        """Frame a pixel, given its corners as lon/lat; nothing frames none."""
        corners = to_mercator(np.array(ring).reshape(-1, 2))
        self._marked.data = {"xs": [corners[:, 0]], "ys": [corners[:, 1]]} if len(ring) else {"xs": [], "ys": []}
        middle = corners[:4].mean(axis=0, keepdims=True) if len(ring) else corners
        self._middle.data = {"x": middle[:, 0], "y": middle[:, 1]}

    def lay(self, url: str, bounds: Bounds, opacity: float) -> None:
        """Lay a map of changes over the pictures, so opaque from 0 to 1; an empty address takes it away."""
        self._opacity = opacity
        for figure in filter(None, (self._model, self._twin)):
            drawn: Any = figure.select({"name": CHANGES})
            for renderer in drawn:
                renderer.glyph.global_alpha = opacity
        if not url:
            self._changes.data = dict(no_changes().data)
            return
        west, south, east, north = bounds
        place = {"x": [west], "y": [north], "w": [east - west], "h": [north - south]}
        if self._changes.data["url"] != [url]:  # the browser loads it anew with any news of it
            self._changes.data = {"url": [url], **place}

    def twin(self) -> Figure | None:
        """Return another figure of the same place, for another month at the same time; None before it was drawn."""
        if self._model is None:
            return None
        rings = rings_of(self._series.recipe.aoi.geometry)
        mark, changes = (self._marked, self._middle), (self._changes, self._opacity)
        self._twin = twin_of(self._model, self._sources, rings, mark, self._tapped, changes=changes)
        return self._twin

    def view(self) -> Bounds | None:
        """Return the part of the map on screen, in web mercator metres, once it was drawn."""
        if self._model is None:
            return None
        across: Any = self._model.x_range
        down: Any = self._model.y_range
        return across.start, down.start, across.end, down.end

    def _tapped(self, event: Any) -> None:
        lon, lat = to_lonlat(np.array([[event.x, event.y]], dtype=np.float64))[0]
        self._on_tap(float(lon), float(lat))

    def refresh(self) -> None:
        """Draw the month at rest anew, because the pictures changed."""
        if self._plot is not None:
            self._plot.traverse(lambda part: _forget(getattr(part, "hmap", None)))
            self._plot.refresh()

    def set_frames(self, series: Series) -> bool:
        """Give the months their pictures; those that have it already are left alone.

        Returns
        -------
        bool
            Whether a finished month got another picture than it had.
        """
        changed = False
        for frame in series.pictures:
            source = self._sources.get(frame.month)
            if source is not None and self._urls.get(frame.month) != frame.url:
                west, south, east, north = frame.bounds
                source.data = {"url": [frame.url], "x": [west], "y": [north], "w": [east - west], "h": [north - south]}
                changed = changed or frame.month in self._finished
                self._urls[frame.month] = frame.url
                if series.result(frame.month) is not None:
                    self._finished.add(frame.month)
        return changed


def _forget(drawn: Any) -> None:
    """Empty the memory of a plot's dynamic map and of those that it is made of: it has two, of months and of calls."""
    if isinstance(drawn, hv.DynamicMap):
        drawn.reset()
        drawn.callback.memoize = False
        for part in drawn.callback.inputs:
            _forget(part)


def _padded(bounds: Bounds) -> Bounds:
    west, south, east, north = bounds
    margin = _PADDING * max(east - west, north - south)
    return west - margin, south - margin, east + margin, north + margin
