"""What a month shows where no pass saw the ground: nothing, a neighbouring month, or passes of the days around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.scenes.periods import days_of, is_near

#: The band that says how many clear passes are behind a pixel.
OBSERVATIONS = "observations"
#: The band that says where a value comes from, and its values.
QUALITY = "quality"
NO_DATA, OBSERVED, HELD, BLENDED, WIDENED = range(5)
QUALITY_MEANS = (
    "0 no data; 1 observed in this period; 2 held: the last clear value before; 3 blended: between the last clear "
    "value before and the next after, linear in time; 4 widened: passes some days before or after the period"
)
MOST_DAYS = 31


@dataclass(frozen=True, slots=True)
class Gaps:
    """A rule for pixels without a clear observation.

    Parameters
    ----------
    name
        ``"blank"`` leaves them without data; ``"hold"`` takes the last clear month before; ``"blend"`` goes in a
        straight line from there to the next clear month, and leaves the ends of the series blank; ``"widen"`` takes
        passes near the month.
    days
        Of ``"widen"``: how many days before the month's first and after its last day.
    """

    name: str = "blank"
    days: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``"blank"``, ``"hold"``, ``"blend"`` or ``"widen:DAYS"``.

        Raises
        ------
        InvalidInputError
            If it is none of these.
        """
        name, colon, number = text.partition(":")
        if name in {"blank", "hold", "blend"} and not colon:
            return cls(name)
        if name == "widen" and number.isdecimal() and 1 <= int(number) <= MOST_DAYS:
            return cls(name, int(number))
        raise InvalidInputError(
            f"The rule for gaps {text!r} is not known: use blank, hold, blend, or widen:1 to widen:{MOST_DAYS} (days)."
        )

    def __str__(self) -> str:
        return f"{self.name}:{self.days}" if self.days else self.name

    @property
    def near(self) -> Callable[[str, date], bool] | None:
        """What tells whether a day outside a ``"YYYY-MM"`` may fill it; None where days do not."""
        return self._is_near if self.days else None

    @property
    def across_months(self) -> bool:
        """Whether a month is filled from other months."""
        return self.name in {"hold", "blend"}

    def _is_near(self, month: str, day: date) -> bool:
        """Tell whether a day outside a ``"YYYY-MM"`` may fill it."""
        return is_near(day, month, self.days)


BLANK = Gaps()


def fill_months(
    values: NDArray[np.uint16], seen: NDArray[np.bool_], months: Sequence[str], gaps: Gaps
) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Fill pixels from other months.

    Parameters
    ----------
    values
        ``(month, band, y, x)`` DN, 0 = no data.
    seen
        ``(month, y, x)``, True where the month has a clear observation.
    months
        ``"YYYY-MM"`` in order; months blend by the distance of their middles in days.
    gaps
        ``hold`` or ``blend``.

    Returns
    -------
    values
        Filled, ``(month, band, y, x)``; a band that is 0 in the month it comes from stays 0.
    quality
        ``(month, y, x)`` uint8, see `QUALITY_MEANS`.
    """
    middles = np.array([sum(day.toordinal() for day in days_of(month)) / 2 for month in months])
    numbers = np.arange(len(months), dtype=np.int32)[:, None, None]
    before = np.maximum.accumulate(np.where(seen, numbers, -1), axis=0)
    after = np.minimum.accumulate(np.where(seen, numbers, len(months))[::-1], axis=0)[::-1]
    filled, quality = values.copy(), seen.astype(np.uint8)
    for at in range(len(months)):
        if gaps.name == "hold":
            todo = ~seen[at] & (before[at] >= 0)
            filled[at, :, todo] = _of(values, before[at], todo)
            quality[at, todo] = HELD
        else:
            todo = ~seen[at] & (before[at] >= 0) & (after[at] < len(months))
            low, high = before[at][todo], after[at][todo]
            share = (middles[at] - middles[low]) / (middles[high] - middles[low])
            first = _of(values, before[at], todo).astype(np.float64)
            second = _of(values, after[at], todo)
            between = np.floor(first + (second - first) * share[:, None] + 0.5)
            filled[at, :, todo] = np.where((first == 0) | (second == 0), 0, between).astype(np.uint16)
            quality[at, todo] = BLENDED
    return filled, quality


def _of(values: NDArray[np.uint16], month: NDArray[np.int32], todo: NDArray[np.bool_]) -> NDArray[np.uint16]:
    """Return ``(pixel, band)`` of each wanted pixel's own month."""
    rows, cols = np.nonzero(todo)
    taken: NDArray[np.uint16] = values[month[todo], :, rows, cols]
    return taken
