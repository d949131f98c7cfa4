"""The figure of the chart: the area's mean and spread, places and pixels as lines, clear looks as bars."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from bokeh.models import BasicTicker, ColumnDataSource, FixedTicker, HoverTool, LinearAxis, Range1d
from bokeh.models.annotations import Span
from bokeh.plotting import figure as Figure  # noqa: N812 - Bokeh's own class name in lower case

from app.results import Chart
from app.views.words import figure_words, share_words, ticks_of
from stac_timelapse.area_sums import AreaMonth
from stac_timelapse.scenes.periods import days_of, words_of
from stac_timelapse.zonal import PlaceMonth
from stac_timelapse.zonal_report import named, no_value_words

#: After Okabe and Ito 2008, told apart without colour vision; the light ones darkened to a contrast of 3 to 1 on white.
AREA_COLOUR = "#0072b2"
_COLOURS = ("#d55e00", "#00825f", "#b0568a", "#17282b", "#8a6d00", "#3f7fa6")
_MARKERS = ("square", "triangle", "diamond", "inverted_triangle", "hex", "star")
_BARS, _CURSOR, _INK = "#dde7e7", "#0f766e", "#44585c"
#: Places of a file that get a line; a table may hold more.
MOST_PLACES = len(_COLOURS)
_MOST_TICKS = 24
_HEIGHT = 150
#: Letters beside the axis, which is not longer.
_LONGEST = 18
_MARGIN = 0.08
#: What stands for the highest value while there is none.
_NOTHING = (0.0, 1.0)
_numbers = itertools.count()


class ChartFigure:
    """One figure for the whole session. The player knows it by its name: it moves the cursor, and hears of clicks."""

    def __init__(self) -> None:
        self.name = f"chart-{next(_numbers)}"
        self._bars = ColumnDataSource({"x": [], "top": []})
        self._band = ColumnDataSource({"xs": [], "ys": []})
        self._lines = ColumnDataSource({"xs": [], "ys": [], "colour": [], "dash": [], "width": []})
        self._points = ColumnDataSource({"x": [], "y": [], "colour": [], "marker": [], "size": []})
        self._slots = ColumnDataSource({"x": [], "low": [], "high": [], "text": []})
        self._looks = Range1d(start=0, end=1)
        self._looks_ticker = FixedTicker(ticks=[])
        self.model = self._made()

    def _made(self) -> Figure:
        options: dict[str, Any] = {
            "name": self.name,
            "tools": "",
            "toolbar_location": None,
            "x_range": Range1d(start=-0.5, end=0.5),
            "y_range": Range1d(start=_NOTHING[0], end=_NOTHING[1]),
            "sizing_mode": "stretch_width",
            "height": _HEIGHT,
            # High enough to read, and the picture keeps the greater part of a small window. A style, for a figure that
            # stretches would take its share of the window's height, and so would all that holds it.
            "styles": {"height": f"clamp({_HEIGHT}px, 22vh, 260px)"},
            "min_border_left": 56,
            "min_border_right": 52,
            "min_border_top": 6,
            "min_border_bottom": 24,
        }
        figure = Figure(**options)
        figure.extra_y_ranges = {"looks": self._looks}
        bars: dict[str, Any] = {"x": "x", "top": "top", "width": 0.64, "y_range_name": "looks", "source": self._bars}
        figure.vbar(**bars, fill_color=_BARS, line_color=None)
        figure.patches("xs", "ys", source=self._band, fill_color=AREA_COLOUR, fill_alpha=0.16, line_color=None)
        line: dict[str, Any] = {"line_color": "colour", "line_dash": "dash", "line_width": "width"}
        figure.multi_line("xs", "ys", source=self._lines, **line)
        points: dict[str, Any] = {"marker": "marker", "size": "size", "color": "colour", "source": self._points}
        figure.scatter("x", "y", **points)
        slots: dict[str, Any] = {"x": "x", "bottom": "low", "top": "high", "width": 1, "source": self._slots}
        # Without a border and without colour, but there: the whole height of a month answers the mouse.
        whole = figure.vbar(**slots, fill_alpha=0, line_alpha=0)
        figure.add_tools(HoverTool(renderers=[whole], tooltips="@text{safe}", attachment="horizontal"))
        figure.add_layout(
            Span(name=f"{self.name}-cursor", dimension="height", location=0, line_color=_CURSOR, line_width=2)
        )
        self._axes(figure)
        return figure

    def _axes(self, figure: Figure) -> None:
        words: dict[str, Any] = {
            "major_label_text_font": "Roboto",
            "major_label_text_font_size": "12px",
            "major_label_text_color": _INK,
            "axis_label_text_font": "Roboto",
            "axis_label_text_font_size": "12px",
            "axis_label_text_font_style": "normal",
            "axis_label_text_color": _INK,
            "axis_line_color": None,
            "major_tick_line_color": None,
            "minor_tick_line_color": None,
        }
        figure.xaxis[0].update(ticker=FixedTicker(ticks=[]), major_label_standoff=2, **words)
        figure.yaxis[0].update(**words)
        figure.yaxis[0].ticker = BasicTicker(desired_num_ticks=4, num_minor_ticks=0)
        words["ticker"] = self._looks_ticker
        looks = LinearAxis(y_range_name="looks", axis_label="Clear looks", **words)
        figure.add_layout(looks, "right")
        figure.xgrid.grid_line_color = None
        figure.ygrid.grid_line_color = "#e6eded"
        figure.outline_line_color = None
        figure.stylesheets = [":host { cursor: pointer; } :host(:focus:not(:focus-visible)) { outline: none; }"]

    def show(self, chart: Chart) -> None:
        """Draw a chart. It changes Bokeh models and must run under the document's lock."""
        at = {month: number for number, month in enumerate(chart.months)}
        area = {one.month: one for one in chart.measured.area}
        lines = drawn(chart)
        self._bars.data = {
            "x": [at[month] for month in area],
            "top": [one.observations_mean for one in area.values()],
        }
        self._band.data = _band(chart.months, area)
        shown = [pieces(chart.months, line["values"]) for line in lines]
        self._lines.data = {
            "xs": [xs for runs in shown for xs, _ in runs],
            "ys": [ys for runs in shown for _, ys in runs],
            **{
                name: [line[name] for line, runs in zip(lines, shown, strict=True) for _ in runs]
                for name in ("colour", "dash", "width")
            },
        }
        points = [(line, at[month], value) for line in lines for month, value in line["values"].items()]
        self._points.data = {
            "x": [x for _, x, _ in points],
            "y": [y for _, _, y in points],
            **{name: [line[name] for line, _, _ in points] for name in ("colour", "marker", "size")},
        }
        low, high = _limits(chart, lines)
        count = len(chart.months)
        self._slots.data = {
            "x": list(range(count)),
            "low": [low] * count,
            "high": [high] * count,
            "text": [tooltip(chart, month) for month in chart.months],
        }
        self._scale(chart, (low, high))

    def _scale(self, chart: Chart, limits: tuple[float, float]) -> None:
        count = len(chart.months)
        across: Any = self.model.x_range
        up: Any = self.model.y_range
        across.update(start=-0.5, end=count - 0.5)
        up.update(start=limits[0], end=limits[1])
        labels = dict(enumerate(ticks_of(chart.months)))
        every = max(1, -(-count // _MOST_TICKS))
        years = [number for number, (_, year) in labels.items() if year]
        shown = [
            number
            for number, (_, year) in labels.items()
            if year or (number % every == 0 and all(abs(number - other) >= every for other in years))
        ]
        self.model.xaxis[0].update(
            ticker=FixedTicker(ticks=shown), major_label_overrides={number: labels[number][0] for number in shown}
        )
        most = max([1.0, *(one.observations_mean for one in chart.measured.area)])
        # The bars keep to the lower third, below the lines.
        self._looks.update(start=0, end=3 * most)
        self._looks_ticker.ticks = [0, round(most, 1) if most < 10 else round(most)]  # noqa: PLR2004 - two digits
        label = chart.measured.quantity.label
        self.model.yaxis[0].axis_label = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
        self.model.html_attributes = {"role": "img", "aria-label": summary(chart)}


def drawn(chart: Chart) -> list[dict[str, Any]]:
    """Return the lines of a chart: their names, looks, and values by month; the area's first.

    Of the places of a file the first few are drawn, of the clicked pixels all; those have dashes.
    """
    measured = chart.measured
    count = len(measured.places) - chart.clicked
    area = {one.month: one.mean for one in measured.area if one.mean is not None}
    look = {"colour": AREA_COLOUR, "marker": "circle", "dash": "solid", "width": 2.5, "size": 6, "clicked": -1}
    lines: list[dict[str, Any]] = [{"name": measured.name or "Area", "values": area, **look}]
    for number, (place, months) in enumerate(measured.places):
        clicked = number - count
        if clicked < 0 and number >= MOST_PLACES:
            continue
        style = (number if clicked < 0 else min(count, MOST_PLACES) + clicked) % len(_COLOURS)
        lines.append(
            {
                "name": named(place),
                "values": {one.month: one.value for one in months if one.value is not None},
                "colour": _COLOURS[style],
                "marker": _MARKERS[style],
                "dash": "solid" if clicked < 0 else "4 3",
                "width": 1.6,
                "size": 7,
                "clicked": max(clicked, -1),
            }
        )
    return lines


def pieces(months: Sequence[str], values: Mapping[str, float]) -> list[tuple[list[float], list[float]]]:
    """Return the runs of a line as their slots and values: it ends where a month has no value or one was left out."""
    runs: list[tuple[list[float], list[float]]] = []
    before = ""
    for at, month in enumerate(months):
        if month in values:
            if not before or (days_of(month)[0] - days_of(before)[1]).days > 1:
                runs.append(([], []))
            runs[-1][0].append(float(at))
            runs[-1][1].append(values[month])
        before = month if month in values else ""
    return runs


def _band(months: Sequence[str], area: Mapping[str, AreaMonth]) -> dict[str, Any]:
    """Return the outlines of mean - sd to mean + sd; a month that stands alone gets a little width."""
    known = {month: (one.mean, one.sd) for month, one in area.items() if one.mean is not None and one.sd is not None}
    outlines: dict[str, Any] = {"xs": [], "ys": []}
    low = pieces(months, {month: mean - sd for month, (mean, sd) in known.items()})
    high = pieces(months, {month: mean + sd for month, (mean, sd) in known.items()})
    for (xs, lows), (_, highs) in zip(low, high, strict=True):
        if len(xs) == 1:
            outlines["xs"].append([xs[0] - 0.2, xs[0] + 0.2, xs[0] + 0.2, xs[0] - 0.2])
            outlines["ys"].append([*lows * 2, *highs * 2])
        else:
            outlines["xs"].append([*xs, *reversed(xs)])
            outlines["ys"].append([*lows, *reversed(highs)])
    return outlines


def _limits(chart: Chart, lines: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Return the lowest and the highest value, with a little room."""
    values = [value for line in lines for value in line["values"].values()]
    spread = [(one.mean, one.sd) for one in chart.measured.area if one.mean is not None and one.sd is not None]
    values += [mean + sign * sd for mean, sd in spread for sign in (-1, 1)]
    if not values:
        return _NOTHING
    low, high = min(values), max(values)
    room = _MARGIN * max(high - low, 0.04 * max(abs(low), abs(high), 1e-6))
    return low - room, high + room


def tooltip(chart: Chart, month: str) -> str:
    """Return what is known of a month as HTML."""
    rows = list(_rows(chart, month)) or ["<div>not built yet</div>"]
    style = "font:12px/1.5 Roboto,system-ui,sans-serif;color:#17282b;white-space:nowrap"
    return f'<div style="{style}"><b style="font-weight:500">{escape(words_of(month))}</b>{"".join(rows)}</div>'


def _rows(chart: Chart, month: str) -> Iterator[str]:
    area = next((one for one in chart.measured.area if one.month == month), None)
    if area is None:
        return
    lines = drawn(chart)
    values = no_value_words(area)
    numbers = [figure_words(one) for one in (area.mean, area.sd, area.p10, area.p90) if one is not None]
    if numbers:
        mean, sd, low, high = numbers
        values = f"{mean} ± {sd}, 10–90 %: {low} to {high}"
    yield _row(lines[0], values)
    at: dict[str, PlaceMonth] = {}
    shown = [*chart.measured.places[: len(chart.measured.places) - chart.clicked][:MOST_PLACES]]
    shown += chart.measured.places[len(chart.measured.places) - chart.clicked :]
    for line, (_, months) in zip(lines[1:], shown, strict=True):
        at = {one.month: one for one in months}
        value = at[month].value
        yield _row(line, at[month].reason if value is None else figure_words(value))
    filled = f", {share_words(area.filled_share)} filled and left out" if area.filled_share else ""
    looks = f"{share_words(area.clear_share)} clear, {area.observations_mean:.1f} clear looks a pixel{filled}"
    yield f'<div style="color:#52666a">{looks}</div>'


def _row(line: Mapping[str, Any], words: str) -> str:
    mark = f'<span style="display:inline-block;width:9px;height:9px;background:{line["colour"]}"></span>'
    return f"<div>{mark} {escape(line['name'])}: {escape(words)}</div>"


def summary(chart: Chart) -> str:
    """Return in one sentence what is seen: the first, the last, the lowest and the highest month of the area."""
    measured = chart.measured
    known = [(one.month, one.mean) for one in measured.area if one.mean is not None]
    begin = f"{measured.quantity.title} in {measured.name or 'the area'}"
    if not known:
        return f"{begin}: no month has a value."

    def told(month: tuple[str, float]) -> str:
        return f"{figure_words(month[1], 2)} in {words_of(month[0])}"

    low, high = min(known, key=lambda month: month[1]), max(known, key=lambda month: month[1])
    gaps = len(chart.months) - len(known)
    ends = f" Without a value: {gaps} of {len(chart.months)}." if gaps else ""
    return (
        f"{begin}, mean: {told(known[0])} at first, {told(known[-1])} at last, lowest {told(low)}, "
        f"highest {told(high)}.{ends}"
    )
