"""What the pixels of a month add up to in the area: means, spread and percentiles, each pixel by its share inside."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.composite.gaps import OBSERVED
from stac_timelapse.month_file import Layers
from stac_timelapse.quantity import Quantity


@dataclass(frozen=True, slots=True)
class AreaMonth:
    """One month in the area, every pixel weighted by the share of it that lies inside.

    Parameters
    ----------
    month
        ``"YYYY-MM"``, or the label of another period.
    mean, sd
        Of the pixels observed in the month, and their standard deviation (of the population); None without any.
    p10, median, p90
        The smallest value at or below which 10, 50, 90 percent of them lie: on steps of 0.0001, of a formula to four
        figures.
    clear_share, filled_share
        Shares of the area, 0 to 1: with a clear look; without one but with a value by the rule for gaps, which is in
        none of the other numbers.
    observations_mean
        Mean number of clear passes a pixel of the area.
    passes
        Passes that went into the month.
    pixels
        How many pixels inside were observed and have a value, parts counted as parts.
    resolution
        Size of those pixels in metres: the month's own, or an overview's. An overview averages what was observed, so
        one of its pixels counts as clear if any part of it is, and as filled if any part is: the two shares may then
        come to more than the area.
    """

    month: str
    mean: float | None
    sd: float | None
    p10: float | None
    median: float | None
    p90: float | None
    clear_share: float
    filled_share: float
    observations_mean: float
    passes: int
    pixels: float
    resolution: float


@dataclass(slots=True)
class AreaSums:
    """What was added up of one month, tile by tile; it takes the memory of a tile, whatever the area.

    Percentiles are counted in the bins of the quantity, as many of them as lie between its values.

    Parameters
    ----------
    quantity
        What is measured.
    area, clear, filled
        Pixels inside, parts counted as parts: all, with a clear look, with a value but without one.
    looks
        Sum of their clear passes.
    weight, mean, squares
        Pixels observed inside that have a value, their mean, and the sum of the squared differences from it.
    bins, first
        ``(bin,)`` pixels a bin, and the number of the first of these bins.
    """

    quantity: Quantity
    area: float = 0.0
    clear: float = 0.0
    filled: float = 0.0
    looks: float = 0.0
    weight: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    bins: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    first: int = 0

    def add(self, shares: NDArray[np.float64], layers: Layers) -> None:
        """Add a tile with the shares ``(y, x)`` of its pixels that lie inside.

        Means and squares are merged as in Chan, Golub and LeVeque 1983, which loses no digits.
        """
        self.area += float(shares.sum())
        self.looks += float((shares * layers.looks).sum())
        self.clear += float(shares[layers.looks > 0].sum())
        self.filled += float(shares[layers.quality > OBSERVED].sum())
        good = (shares > 0) & layers.observed
        values, weights = self.quantity.of(layers.bands[:, good]), shares[good]
        known = ~np.isnan(values)
        if not known.all():
            values, weights = values[known], weights[known]
        weight = float(weights.sum())
        if not weight:
            return
        self._count(self.quantity.rounded(values), weights)
        mean = float(weights @ values) / weight
        apart, both = mean - self.mean, self.weight + weight
        self.squares += float(weights @ (values - mean) ** 2) + apart**2 * self.weight * weight / both
        self.mean += apart * weight / both
        self.weight = both

    def told(self, month: str, passes: int, resolution: float) -> AreaMonth:
        """Return what it comes to; the rest is what `AreaMonth` says."""
        known = self.weight > 0
        low, middle, high = (self._percentile(share) if known else None for share in (0.1, 0.5, 0.9))
        return AreaMonth(
            month=month,
            mean=self.mean if known else None,
            sd=math.sqrt(self.squares / self.weight) if known else None,
            p10=low,
            median=middle,
            p90=high,
            clear_share=min(self.clear / self.area, 1.0),
            filled_share=min(self.filled / self.area, 1.0),
            observations_mean=self.looks / self.area,
            passes=passes,
            pixels=self.weight,
            resolution=resolution,
        )

    def _count(self, numbers: NDArray[np.int64], weights: NDArray[np.float64]) -> None:
        """Put pixels into their bins, and make room for those that lie beyond."""
        low, high = int(numbers.min()), int(numbers.max())
        if not self.bins.size:
            self.first = low
        before, after = max(self.first - low, 0), max(high + 1 - self.first - self.bins.size, 0)
        if before or after:
            self.bins = np.pad(self.bins, (before, after))
            self.first -= before
        self.bins += np.bincount(numbers - self.first, weights, self.bins.size)

    def _percentile(self, share: float) -> float:
        reached = np.cumsum(self.bins)
        # Rounding must not carry it past a value that holds exactly the share.
        return self.quantity.value_of(self.first + int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-9))))
