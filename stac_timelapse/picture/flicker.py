"""How much a series flickers, and the gain of each month that evens it out.

Ground that does not change should look the same in every month; where it does not, haze, the sun's height or the
atmospheric correction make it brighter or darker. As in the radiometric rectification by pseudo-invariant features
(Schott, Salvaggio and Volchok 1988), the pixels that change least over the series tell by how much.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Share of the pixels that are taken for stable.
_STABLE_SHARE = 25
#: A month needs so many stable pixels to be judged, and the series so many in all.
_FEWEST = 30
#: Darker pixels, mean DN, are water or shadow, whose relative changes say nothing of the others'.
_DARKEST = 150.0
#: A gain beyond these would be a month's own look, not its light.
_GAINS = (0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Flicker:
    """Of one series.

    Parameters
    ----------
    score
        Mean over the steps from one month to the next of the median absolute change of brightness of the stable
        pixels, percent of their usual brightness.
    evened
        The same after every month was multiplied by its gain; not above `score`.
    gains
        Month -> what its reflectance is multiplied by for the picture; 1 where too little was seen. Empty where gains
        would not reduce the flicker.
    """

    score: float
    evened: float
    gains: Mapping[str, float]

    def words(self, *, even: bool) -> str:
        """Return it as a sentence, whether the months are evened out or not."""
        change = f"Flicker of ground that does not change: {self.score:.1f} % from month to month"
        if not self.gains:
            return f"{change}; to even it out would not reduce it."
        return f"{change}, evened out in the GIF to {self.evened:.1f} %." if even else f"{change}; --even reduces it."


def flicker_of(months: Sequence[str], brightness: NDArray[np.float32]) -> Flicker | None:
    """Measure the flicker of a series.

    Parameters
    ----------
    months
        Names of the months, in order.
    brightness
        ``(month, y, x)`` DN, the mean of the bands shown; NaN = no observation.

    Returns
    -------
    Flicker or None
        None where fewer than two months, or fewer than 30 pixels, were seen often enough to tell.
    """
    if len(months) < 2:  # noqa: PLR2004 - one month has no step
        return None
    values = brightness.reshape(len(months), -1)
    seen = np.isfinite(values)
    told = seen.sum(axis=1) >= _FEWEST
    often = seen[told].sum(axis=0) >= max(2, -(-int(told.sum()) // 2))
    if told.sum() < 2 or often.sum() < _FEWEST:  # noqa: PLR2004 - one month has no step
        return None
    values = values[:, often].astype(np.float64)
    usual = np.nanmedian(values, axis=0)
    ratio = (values / np.where(usual > 0, usual, np.nan))[:, usual >= _DARKEST]
    if ratio.shape[1] < _FEWEST:
        return None
    change = np.sqrt(np.nanmean((ratio - 1) ** 2, axis=0))
    ratio = ratio[:, change <= np.percentile(change, _STABLE_SHARE)]
    level = np.full(len(months), np.nan)
    enough = np.isfinite(ratio).sum(axis=1) >= min(_FEWEST, ratio.shape[1])
    level[enough] = np.nanmedian(ratio[enough], axis=1)
    gain = np.where(enough, np.clip(1 / np.where(enough, level, 1), *_GAINS), 1.0)
    if enough.sum() < 2:  # noqa: PLR2004 - one month has no step
        return None
    score, evened = _score(ratio[enough]), _score((ratio * gain[:, np.newaxis])[enough])
    if evened >= score:
        # What remains is the pixels' own noise, to which gains would only add.
        return Flicker(score, score, {})
    return Flicker(score, evened, {month: round(float(one), 4) for month, one in zip(months, gain, strict=True)})


def _score(ratio: NDArray[np.float64]) -> float:
    """Return the mean over the steps of the median absolute change, percent, of what was seen in both months."""
    steps = [np.abs(after - before) for before, after in itertools.pairwise(ratio)]
    medians = [float(np.nanmedian(step)) for step in steps if np.isfinite(step).any()]
    return round(100 * sum(medians) / len(medians), 2) if medians else 0.0
