"""What the colours of a picture of one value mean."""

from __future__ import annotations

from dataclasses import dataclass

from stac_timelapse.picture.indices import Preset
from stac_timelapse.picture.palettes import Colours
from stac_timelapse.picture.stretch import Stretch


@dataclass(frozen=True, slots=True)
class Legend:
    """The ends of a palette.

    Parameters
    ----------
    low, high
        Values at the ends, as text.
    colours
        From low to high, evenly spaced.
    """

    low: str
    high: str
    colours: Colours


def legend_of(preset: Preset, stretch: Stretch) -> Legend | None:
    """Return the legend of an index, a count or a formula; None for bands as they are."""
    if not preset.of_one_value:
        return None
    low, high = stretch.lows[0], stretch.highs[0]
    more = "+" if preset.kind == "count" else ""
    return Legend(_figure(low), f"{_figure(high)}{more}", preset.colours)


def _figure(value: float) -> str:
    """Return three figures, with no power of ten where people would not write one."""
    # A hyphen for the minus: the GIF's font has no other.
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"  # noqa: PLR2004 - three figures
