"""The histogram of a series as a drawing: how often values occur, and the ends of the stretch as handles on it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import param
from panel.custom import JSComponent

from app.views.styles import ASSETS, script
from stac_timelapse.picture.formula import SCALE
from stac_timelapse.picture.indices import Preset
from stac_timelapse.picture.settled import Settled

_WIDTH, _HEIGHT, _FOOT = 336, 96, 18
#: Of red, green and blue; of 3 to 1 and more against light and dark paper.
_CHANNELS = ("#d0453b", "#2e8b3d", "#3b7dd8")
_SINGLE = "#4f7f86"

Ends = tuple[float, float]


class HistogramHandles(JSComponent):
    """The drawing with two handles a channel. What they were moved to arrives in `chosen` when they are let go."""

    drawing = param.String(default="", doc="SVG, see `histogram_html`.")
    low = param.Number(default=0.0, doc="Value at the left edge.")
    high = param.Number(default=1.0, doc="Value at the right edge.")
    what = param.String(default="", doc="What the values are: value or reflectance.")
    pairs = param.List(default=[], doc="Low and high of each channel, or one pair for all.")
    names = param.List(default=[], doc="Of each pair.")
    colours = param.List(default=[], doc="Of each pair; empty for the ink's.")
    chosen = param.Dict(default={}, doc="What they were moved to: all limits, numbered so that each is another one.")

    _esm = script("dom.js", "histogram.js")

    def __init__(self, **params: Any) -> None:
        styles = [(ASSETS / "histogram.css").read_text(encoding="utf-8")]
        super().__init__(stylesheets=styles, **params)  # type: ignore[no-untyped-call]

    def draw(self, settled: Settled, preset: Preset, ends: Sequence[Ends], names: Sequence[str]) -> None:
        """Show a series.

        Parameters
        ----------
        settled, preset
            The series' own.
        ends
            Of each channel, or one pair for all; as a user sets them.
        names
            Of each pair.
        """
        histogram = settled.histogram
        self.visible = histogram is not None
        if histogram is None:
            return
        colours = _CHANNELS if len(ends) > 1 else ("",)
        self.param.update(
            drawing=histogram_html(settled, preset, ends),
            low=histogram.low,
            high=histogram.high,
            what=_what(preset),
            # Four digits are what the fields show.
            pairs=[[round(low, 4), round(high, 4)] for low, high in ends],
            names=list(names),
            colours=list(colours),
        )


def ends_of(settled: Settled, preset: Preset) -> list[Ends]:
    """Return low and high of each channel, or of the one value, as a user sets them: reflectance, or value."""
    scale = 1 if preset.of_one_value else SCALE
    stretch = settled.stretch
    return [(low / scale, high / scale) for low, high in zip(stretch.lows, stretch.highs, strict=True)]


def histogram_html(settled: Settled, preset: Preset, ends: Sequence[Ends]) -> str:
    """Return the drawing, with a sentence in its place for those who do not see it; nothing without a histogram."""
    histogram = settled.histogram
    if histogram is None:
        return ""
    colours = _CHANNELS if len(histogram.counts) > 1 else (_SINGLE,)
    parts = [f'<rect class="ground" x="0" y="0" width="{_WIDTH}" height="{_HEIGHT}" rx="4"/>']
    most = max(max(row) for row in histogram.counts)
    for row, colour in zip(histogram.counts, colours, strict=False):
        parts.append(f'<path d="{_curve(row, most)}" fill="{colour}" stroke="{colour}"/>')
    for value, anchor, x in ((histogram.low, "start", 0), (histogram.high, "end", _WIDTH)):
        parts.append(f'<text x="{x}" y="{_HEIGHT + 13}" text-anchor="{anchor}">{value:.3g}</text>')
    what = _what(preset)
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT + 13}" text-anchor="middle">{what}, all months</text>')
    said = "; ".join(f"{low:.3g} to {high:.3g}" for low, high in dict.fromkeys(ends))
    return (
        f'<svg class="histogram" viewBox="0 0 {_WIDTH} {_HEIGHT + _FOOT}" role="img" '
        f'aria-label="{escape(f"Histogram of all months; shown is {what} {said}")}">{"".join(parts)}</svg>'
    )


def _what(preset: Preset) -> str:
    return "value" if preset.of_one_value else "reflectance"


def _curve(counts: tuple[int, ...], most: int) -> str:
    """Return a closed path; heights are square roots, so that rare values are seen as well."""
    step = _WIDTH / len(counts)
    points = [
        f"{(index + 0.5) * step:.1f},{_HEIGHT - 2 - (_HEIGHT - 8) * (count / most) ** 0.5:.1f}"
        for index, count in enumerate(counts)
    ]
    return f"M0,{_HEIGHT} L{' L'.join(points)} L{_WIDTH},{_HEIGHT} Z"
