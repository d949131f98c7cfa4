"""What lies on the figure of a series and on the one beside it: a frame a month, the outline, the framed pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bokeh.models import ColumnDataSource
from bokeh.models.tools import WheelZoomTool

WHEEL_SPEED = 1 / 1500  # Bokeh's own is 1/600: five notches lead from a whole area to single pixels
OUTLINE = "#ffffff"
OUTLINE_EDGE = "#0f3d3e"
#: Name of the renderer of the map of changes.
CHANGES = "changes"
_MARK = "#ffe14d"
_MARK_EDGE = "#10191a"


def add_frames(figure: Any, sources: dict[str, ColumnDataSource], kind: str) -> None:
    """Draw a hidden picture for each month, named ``"<kind>:<month>"``; the browser shows one of them.

    Parameters
    ----------
    figure
        Of Bokeh, in web mercator metres.
    sources
        Month -> columns ``url``, and ``x``, ``y``, ``w``, ``h`` of the upper left corner and the size in metres.
    kind
        Tells the frames of one figure from those of another.
    """
    for month, source in sources.items():
        figure.image_url(
            url="url",
            x="x",
            y="y",
            w="w",
            h="h",
            anchor="top_left",
            level="underlay",
            source=source,
            visible=False,
            name=f"{kind}:{month}",
        )


def no_changes() -> ColumnDataSource:
    """Return where the map of changes is told to figures, see `add_changes`: there is none yet."""
    return ColumnDataSource({name: [] for name in ("url", "x", "y", "w", "h")})


def add_changes(figure: Any, source: ColumnDataSource, opacity: float) -> None:
    """Draw the map of changes over the pictures, as the columns of `no_changes` tell, so opaque from 0 to 1."""
    figure.image_url(
        url="url",
        x="x",
        y="y",
        w="w",
        h="h",
        global_alpha=opacity,
        anchor="top_left",
        level="glyph",
        source=source,
        name=CHANGES,
    )


def add_mark(figure: Any, ring: ColumnDataSource, middle: ColumnDataSource) -> None:
    """Draw the pixel that was clicked: its outline, and a circle that is seen from afar."""
    mark: dict[str, Any] = {"source": ring, "level": "glyph"}
    figure.multi_line("xs", "ys", line_color=_MARK_EDGE, line_width=5, line_alpha=0.6, **mark)
    figure.multi_line("xs", "ys", line_color=_MARK, line_width=2.5, **mark)
    circle: dict[str, Any] = {"x": "x", "y": "y", "source": middle, "fill_alpha": 0, "level": "glyph"}
    figure.scatter(size=26, line_color=_MARK_EDGE, line_width=5, line_alpha=0.5, **circle)
    figure.scatter(size=26, line_color=_MARK, line_width=2.5, **circle)


def add_outline(figure: Any, rings: Sequence[Any]) -> None:
    """Draw the outline of the area, given as ``(corner, 2)`` arrays of web mercator metres."""
    lines: dict[str, Any] = {"xs": [ring[:, 0] for ring in rings], "ys": [ring[:, 1] for ring in rings]}
    figure.multi_line(**lines, line_color=OUTLINE_EDGE, line_width=4, line_alpha=0.55, level="glyph")
    figure.multi_line(**lines, line_color=OUTLINE, line_width=1.6, level="glyph")


def calm(figure: Any) -> None:
    """Slow the wheel, and frame the figure only for who comes by keyboard: Bokeh frames what was clicked with dots."""
    for wheel in figure.select(WheelZoomTool):
        wheel.speed = WHEEL_SPEED
    figure.outline_line_color = None
    figure.stylesheets = [*figure.stylesheets, ":host(:focus:not(:focus-visible)) { outline: none; }"]
