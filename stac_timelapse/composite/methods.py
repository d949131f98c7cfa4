"""Which reducers there are, how they are written, and what they need."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from stac_timelapse.errors import InvalidInputError

#: As they are offered; a percentile carries its number, ``percentile:25``.
METHODS = ("median", "mean", "percentile:25", "first-clear", "max-ndvi", "medoid")
_PLAIN = ("median", "mean", "first-clear", "max-ndvi", "medoid")
_PERCENTILE = "percentile"
_NDVI_BANDS = ("B04", "B08")


@dataclass(frozen=True, slots=True)
class Method:
    """One reducer.

    Parameters
    ----------
    name
        Without the number.
    percent
        Of a percentile, 0 to 100; the median's is 50.
    """

    name: str
    percent: float = 50.0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the method that a text names.

        Raises
        ------
        InvalidInputError
            If there is no such method, or its number is not one of a percentile.
        """
        name, colon, number = text.partition(":")
        if name in _PLAIN and not colon:
            return cls(name)
        if name != _PERCENTILE:
            raise InvalidInputError(
                f"The method {text!r} is not known: use {', '.join(_PLAIN)} or {_PERCENTILE}:0 to {_PERCENTILE}:100."
            )
        try:
            percent = float(number)
        except ValueError:
            percent = math.nan
        if not 0 <= percent <= 100:  # noqa: PLR2004 - percent
            raise InvalidInputError(
                f"The method {text!r} needs a number from 0 to 100: write {_PERCENTILE}:25 for the lower quartile."
            )
        return cls(name, percent)

    @property
    def needs(self) -> tuple[str, ...]:
        """Bands that it compares; most compare what there is."""
        return _NDVI_BANDS if self.name == "max-ndvi" else ()

    def check(self, bands: Sequence[str]) -> None:
        """Refuse bands that the method cannot work with.

        Raises
        ------
        InvalidInputError
            If one that it compares is missing.
        """
        missing = [band for band in self.needs if band not in bands]
        if missing:
            raise InvalidInputError(
                f"The method max-ndvi compares B04 and B08, and {' and '.join(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} not among the bands {', '.join(bands)}: add "
                f"{'it' if len(missing) == 1 else 'them'} or choose another method."
            )
