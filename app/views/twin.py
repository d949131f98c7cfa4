"""The figure of the other month: the same place and view as the first, its own month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bokeh.events import Press, Tap
from bokeh.models import ColumnDataSource
from bokeh.models.renderers import TileRenderer
from bokeh.plotting import figure as Figure  # noqa: N812 - Bokeh's own class name in lower case

from app.views.graticule import add_graticule
from app.views.picture_layers import add_changes, add_frames, add_mark, add_outline, calm


def twin_of(
    first: Figure,
    sources: dict[str, ColumnDataSource],
    rings: Sequence[Any],
    mark: tuple[ColumnDataSource, ColumnDataSource],
    on_tap: Callable[[Any], None],
    *,
    changes: tuple[ColumnDataSource, float],
) -> Figure:
    """Return a second figure with the first one's ranges, inner geometry and map, and with what lies on it.

    What moves or fills the first moves and fills the second, without a server. Its frames are named
    ``"other:<month>"``, itself as the first with ``-other``.

    Parameters
    ----------
    first
        The figure of a series, drawn.
    sources
        Month -> its frame, see `add_frames`.
    rings
        The area, see `add_outline`.
    mark
        The ring and the middle of the pixel that was clicked.
    on_tap
        Called with Bokeh's event of a click.
    changes
        See `add_changes`.
    """
    bare: dict[str, Any] = {"x_axis_location": None, "y_axis_location": None, "toolbar_location": None}
    tools: dict[str, Any] = {"tools": "pan,wheel_zoom", "active_scroll": "wheel_zoom"}
    ranges: dict[str, Any] = {"x_range": first.x_range, "y_range": first.y_range}
    twin = Figure(name=f"{first.name}-other", sizing_mode="stretch_both", margin=0, **ranges, **bare, **tools)
    maps: Any = first.select(TileRenderer)
    for tiles in maps:
        source = tiles.tile_source
        # A source of its own: Bokeh keeps the tiles in the source, and tells only one map when they have come.
        own = type(source)(**source.properties_with_values(include_defaults=False))
        twin.add_tile(own, level="image", alpha=tiles.alpha)
    twin.center = []  # without the grid that Bokeh gives every figure
    add_graticule(twin)
    # HoloViews has its own borders; both pictures must have the same size to lie on each other pixel by pixel. At the
    # other two sides the degrees need more than any border.
    twin.update(min_border_top=first.min_border_top, min_border_right=first.min_border_right)
    add_frames(twin, sources, "other")
    add_outline(twin, rings)
    add_changes(twin, *changes)
    add_mark(twin, *mark)
    calm(twin)
    for event in (Tap, Press):
        twin.on_event(event, on_tap)
    return twin
