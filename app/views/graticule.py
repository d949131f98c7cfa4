"""Meridians and parallels with their degrees at the edge of a map, whatever lies on it."""

from __future__ import annotations

from typing import Any, Literal

from bokeh.models import CustomJSTickFormatter, Grid, LinearAxis, MercatorTicker, NoOverlap

#: Pixels beside and below the map for the degrees, the same at every zoom so that the map does not jump.
MARGIN = 18
#: Options of the overlay: no axes and lines of HoloViews, which would take ours away with its own at every change.
OPTIONS = {"xaxis": None, "yaxis": None, "toolbar": None, "show_grid": True, "gridstyle": {"grid_line_color": None}}
_LINE = "#607884"
_INK = "#5b6f77"
# Bokeh's own formatter has no letter for the hemisphere. A label that the edge would cut is left out; Bokeh throws when
# a size is asked for before the layout has set it.
_DEGREES = """
  const radius = 6378137
  const degrees = (metres) => (along == "lon" ? metres / radius : Math.atan(Math.sinh(metres / radius))) * 180 / Math.PI
  const inner = figure.properties[along == "lon" ? "inner_width" : "inner_height"]
  const size = inner.is_unset ? 0 : inner.get_value()
  const range = along == "lon" ? figure.x_range : figure.y_range
  const at = (tick - range.start) / (range.end - range.start) * size
  if (at < 30 || at > size - 30) {
    return ""
  }
  const step = ticks.length > 1 ? Math.abs(degrees(ticks[1]) - degrees(ticks[0])) : 1
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 0.01))
  // Around the antimeridian a map goes on beyond 180 degrees.
  const value = along == "lon" ? ((degrees(tick) + 540) % 360 + 360) % 360 - 180 : degrees(tick)
  const text = `${Math.abs(value).toFixed(decimals)}°`
  const letters = along == "lon" ? "EW" : "NS"
  return Number(value.toFixed(decimals)) == 0 || Math.abs(value) == 180 ? text : text + letters[value > 0 ? 0 : 1]
"""


def add_graticule(figure: Any) -> None:
    """Draw the graticule of a Web Mercator figure: above its tiles, below its pictures."""
    directions: tuple[tuple[Literal[0, 1], Literal["lon", "lat"]], ...] = ((0, "lon"), (1, "lat"))
    for dimension, along in directions:
        ticker = MercatorTicker(dimension=along, desired_num_ticks=6)
        formatter: Any = CustomJSTickFormatter(args={"figure": figure, "along": along}, code=_DEGREES)
        axis = LinearAxis(
            ticker=ticker,
            formatter=formatter,
            axis_line_color=None,
            major_tick_line_color=None,
            minor_tick_line_color=None,
            major_label_text_font="Roboto",
            major_label_text_font_size="11px",
            major_label_text_color=_INK,
            major_label_standoff=-2,
        )
        if along == "lat":
            axis.major_label_orientation = "vertical"
            axis.major_label_policy = NoOverlap(min_distance=8)  # a picture may be low
        figure.add_layout(axis, "left" if along == "lat" else "below")
        lines = Grid(dimension=dimension, ticker=ticker, grid_line_color=_LINE, grid_line_alpha=0.2, level="image")
        figure.add_layout(lines)
    figure.update(min_border_left=MARGIN, min_border_bottom=MARGIN, min_border_right=0, min_border_top=0)
