"""From values to brightness: one locked stretch for a whole series, settled by its values or by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.formula import SCALE
from stac_timelapse.picture.indices import Preset

#: Percentiles that a stretch runs between where nobody says otherwise.
USUAL_PERCENTILES = (2.0, 98.0)
USUAL_GAMMA = 1.2
GAMMAS = (0.2, 5.0)
#: Stretch of a series without a single observation, in DN.
_FALLBACK = (200.0, 3000.0)
#: Values of a month that settle the limits of a formula; more would only take memory.
_MOST_VALUES = 65_536
_CHANNELS = 3


@dataclass(frozen=True, slots=True)
class Tone:
    """What a user decides about brightness; everything else is settled by the series.

    Parameters
    ----------
    limits
        Low and high end: values of an index, or reflectance, 0 to 1, of bands; of a picture of three bands one pair
        for all or three pairs, red, green and blue. Empty: settled by the series.
    percentiles
        Of the values, between which the stretch is settled, 0 to 100; None for the usual way: an index has fixed
        limits, all others the 2nd and 98th.
    gamma
        Exponent 1 / gamma brightens the middle tones of bands; None for 1.2. An index has none, for its legend runs
        evenly.

    Raises
    ------
    InvalidInputError
        If a value is not possible.
    """

    limits: tuple[float, ...] = ()
    percentiles: tuple[float, float] | None = None
    gamma: float | None = None

    def __post_init__(self) -> None:
        if len(self.limits) not in {0, 2, 2 * _CHANNELS}:
            raise InvalidInputError(
                f"{len(self.limits)} limits are not possible: give low and high, or three such pairs, red, green, blue."
            )
        for low, high in zip(self.limits[::2], self.limits[1::2], strict=True):
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise InvalidInputError(
                    f"The limits {low:g} and {high:g} are not possible: the low one must be below the high one."
                )
        if self.percentiles is not None and not 0 <= self.percentiles[0] < self.percentiles[1] <= 100:  # noqa: PLR2004
            low, high = self.percentiles
            raise InvalidInputError(f"The percentiles {low:g} and {high:g} are not possible: use 0 to 100, low first.")
        if self.gamma is not None and not GAMMAS[0] <= self.gamma <= GAMMAS[1]:
            raise InvalidInputError(
                f"A gamma of {self.gamma:g} is not possible: choose {GAMMAS[0]:g} to {GAMMAS[1]:g}."
            )

    def check(self, preset: Preset) -> None:
        """Raise `InvalidInputError` if these are not limits of such a picture."""
        if len(self.limits) > 2 and preset.kind != "rgb":  # noqa: PLR2004 - low and high
            raise InvalidInputError(f"{preset.title} shows one value: give two limits, low and high.")


#: Nothing is decided.
AUTOMATIC = Tone()


@dataclass(frozen=True, slots=True)
class Stretch:
    """What DN become black and white, the same for every month of a series.

    Parameters
    ----------
    lows, highs
        One value a band in DN, or the limits of an index.
    gamma
        Exponent 1 / gamma brightens the middle tones.
    """

    lows: tuple[float, ...]
    highs: tuple[float, ...]
    gamma: float = 1.0

    def brightened(self, gain: float) -> Stretch:
        """Return what shows DN as this one shows DN multiplied by `gain`."""
        if gain == 1:
            return self
        return Stretch(tuple(low / gain for low in self.lows), tuple(high / gain for high in self.highs), self.gamma)

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Stretch:
        """Read what `to_json` wrote."""
        values = json.loads(text)
        return cls(tuple(values["lows"]), tuple(values["highs"]), values["gamma"])


def stretch_of(months: Iterable[NDArray[np.uint16]], preset: Preset, tone: Tone = AUTOMATIC) -> Stretch:
    """Settle one stretch for a series.

    Of bands each month gives its percentiles, and the medians over the months are taken, so that a month of snow or
    haze does not darken all the others. Of a formula, or an index with percentiles, they are those of all months
    together, so that what happens in one month only is told apart. Any other index and a count have fixed limits.

    Parameters
    ----------
    months
        ``(band, y, x)`` DN in the preset's band order, thinned out as one likes; 0 = no observation.
    preset
        The picture.
    tone
        What the user decided.
    """
    if preset.of_one_value:
        low, high = _limits(months, preset, tone)
        return Stretch((low,), (high,))
    gamma = USUAL_GAMMA if tone.gamma is None else tone.gamma
    number = len(preset.bands)
    if tone.limits:
        pairs = tone.limits if len(tone.limits) == 2 * number else tone.limits[:2] * number
        ends = [round(end * SCALE, 3) for end in pairs]
        return Stretch(tuple(ends[::2]), tuple(ends[1::2]), gamma)
    groups = [slice(None)] if preset.joint else [slice(i, i + 1) for i in range(number)]
    found_of: list[list[NDArray[np.float64]]] = [[] for _ in groups]
    for month in months:
        for found, group in zip(found_of, groups, strict=True):
            values = month[group]
            values = values[values > 0]
            if values.size:
                found.append(np.percentile(values, tone.percentiles or USUAL_PERCENTILES))
    settled = [tuple(np.median(found, axis=0)) if found else _FALLBACK for found in found_of]
    repeat = number // len(settled)
    lows = tuple(round(float(low), 1) for low, _ in settled for _ in range(repeat))
    highs = tuple(round(max(float(high), low + 1), 1) for low, high in settled for _ in range(repeat))
    return Stretch(lows, highs, gamma)


def values_of(month: NDArray[np.uint16], preset: Preset) -> NDArray[np.float32]:
    """Return the values of an index or a count that a month has, one dimension, evenly thinned out to 65 536."""
    values = preset.values(month).ravel()
    values = values[~np.isnan(values)]
    return values[:: max(1, math.ceil(values.size / _MOST_VALUES))]


def _limits(months: Iterable[NDArray[np.uint16]], preset: Preset, tone: Tone) -> tuple[float, float]:
    if tone.limits:
        return tone.limits[0], tone.limits[1]
    if preset.formula is None and tone.percentiles is None:
        return preset.limits
    pooled = np.concatenate([np.empty(0, np.float32), *(values_of(month, preset) for month in months)])
    if not pooled.size:
        return preset.limits
    low, high = (float(end) for end in np.percentile(pooled, tone.percentiles or USUAL_PERCENTILES))
    if high - low <= 1e-6 * max(abs(low), abs(high), 1e-6):
        # Everywhere the same: it shall lie in the middle of the palette.
        margin = max(abs(low) * 0.1, 0.01)
        low, high = low - margin, high + margin
    digits = 3 - math.floor(math.log10(high - low))
    return round(low, digits), round(high, digits)
