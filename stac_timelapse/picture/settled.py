"""What a whole series says of how it is shown: its stretch, its histogram, its flicker; from a sample of each month."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.picture.flicker import Flicker, flicker_of
from stac_timelapse.picture.formula import SCALE
from stac_timelapse.picture.indices import Preset
from stac_timelapse.picture.render import sample
from stac_timelapse.picture.stretch import AUTOMATIC, Stretch, Tone, stretch_of, values_of

_BINS = 80
#: Percentiles of all values that the histogram reaches to.
_SHOWN = (0.1, 99.9)
_GREYS = 65_536
#: Longest side in pixels of what the flicker is measured on.
_COARSE = 180


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often values occur in all months together.

    Parameters
    ----------
    low, high
        Where it begins and ends: values of an index, or reflectance.
    counts
        Of each channel, red, green and blue, or of the one value: pixels in 80 bins of equal width; what lies beyond
        the ends is in none.
    """

    low: float
    high: float
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """What holds for all months of a series.

    Parameters
    ----------
    stretch
        The one stretch.
    histogram
        None for a series without a single observation.
    flicker
        None of an index or a count, and where too little was seen to tell.
    even
        Whether the gains of the flicker are used.
    """

    stretch: Stretch
    histogram: Histogram | None = None
    flicker: Flicker | None = None
    even: bool = False
    gains: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gains", self.flicker.gains if self.even and self.flicker is not None else {})

    def of(self, month: str) -> Stretch:
        """Return the stretch of a month: the locked one, and with it the month's gain where it is evened out."""
        return self.stretch.brightened(self.gains.get(month, 1.0))


def settle(
    months: Iterable[tuple[str, Path]], preset: Preset, tone: Tone = AUTOMATIC, *, even: bool = False
) -> Settled:
    """Settle how a series is shown.

    Parameters
    ----------
    months
        ``("YYYY-MM", composite)`` in order.
    preset, tone
        The picture, and what the user decided.
    even
        Whether its months are evened out.
    """
    names, samples = [], []
    for month, path in months:
        names.append(month)
        samples.append(sample(path, preset))
    stretch = stretch_of(samples, preset, tone)
    if preset.of_one_value:
        return Settled(stretch, _of_values(samples, preset, stretch))
    return Settled(stretch, _of_bands(samples), flicker_of(names, _brightness(samples)), even)


def _of_values(samples: list[NDArray[np.uint16]], preset: Preset, stretch: Stretch) -> Histogram | None:
    values = np.concatenate([np.empty(0, np.float32), *(values_of(month, preset) for month in samples)])
    if not values.size:
        return None
    low, high = (float(end) for end in np.percentile(values, _SHOWN))
    # What is set by hand shall be seen, but not make the rest a line.
    span = max(high - low, stretch.highs[0] - stretch.lows[0])
    low, high = max(min(low, stretch.lows[0]), low - span), min(max(high, stretch.highs[0]), high + span)
    counts, _ = np.histogram(values, bins=_BINS, range=(low, high))
    return Histogram(low, high, (tuple(counts.tolist()),))


def _of_bands(samples: list[NDArray[np.uint16]]) -> Histogram | None:
    channels = [np.zeros(_GREYS, dtype=np.int64) for _ in (samples[0] if samples else ())]
    for month in samples:
        for index, band in enumerate(month):
            channels[index] += np.bincount(band.ravel(), minlength=_GREYS)
    pooled = sum(channels, start=np.zeros(_GREYS, dtype=np.int64))
    pooled[0] = 0
    if not pooled.any():
        return None
    brightest = int(np.searchsorted(pooled.cumsum(), pooled.sum() * _SHOWN[1] / 100))
    high = max(brightest, _BINS)
    edges = np.linspace(1, high + 1, _BINS + 1).round().astype(int)
    counts = tuple(tuple(int(channel[a:b].sum()) for a, b in itertools.pairwise(edges)) for channel in channels)
    return Histogram(0.0, high / SCALE, counts)


def _brightness(samples: list[NDArray[np.uint16]]) -> NDArray[np.float32]:
    """Return the mean over the bands, ``(month, y, x)`` DN thinned out, NaN where one is missing."""
    thinned = []
    for month in samples:
        step = max(1, math.ceil(max(month.shape[1:]) / _COARSE))
        part = month[:, ::step, ::step]
        thinned.append(np.where((part > 0).all(axis=0), part.mean(axis=0), np.nan).astype(np.float32))
    return np.stack(thinned) if thinned else np.empty((0, 1, 1), dtype=np.float32)
