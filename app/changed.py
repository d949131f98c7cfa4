"""What a map of changes shall show, and what came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.results import Download
from stac_timelapse.change import Changes
from stac_timelapse.difference import Difference
from stac_timelapse.quantity import Quantity

#: For `ChangeWish.later`: the month at which the player rests.
ON_DISPLAY = "shown"


@dataclass(frozen=True, slots=True)
class ChangeWish:
    """What was chosen for the map of changes.

    Parameters
    ----------
    kind
        The ``"largest"`` change of each pixel and its month, or the ``"difference"`` of two months.
    quantity
        Name of an index; empty, or one that the series has not, takes the usual one.
    least
        The smallest change that counts, in the index's unit.
    rise, lasting
        See `stac_timelapse.change.ChangeRule`.
    earlier, later
        Labels of two months; empty, or not of the series, takes the first and the last. `later` may be `ON_DISPLAY`.
    """

    kind: Literal["largest", "difference"] = "largest"
    quantity: str = ""
    least: float = 0.2
    rise: bool = False
    lasting: bool = True
    earlier: str = ""
    later: str = ""


@dataclass(frozen=True, slots=True)
class ChangedMonth:
    """What changed in one month, and its colour on the map.

    Parameters
    ----------
    month
        Its label.
    hectares
        Changed ground.
    colour
        As CSS.
    """

    month: str
    hectares: float
    colour: str


@dataclass(frozen=True, slots=True)
class ChangeMap:
    """A map of changes, ready for the browser.

    Parameters
    ----------
    found
        What the library found.
    quantity
        What was compared.
    url
        Of the picture to be laid over the months, relative to the page.
    bounds
        ``(west, south, east, north)`` in web mercator metres.
    months
        Of a largest change: the months in which anything changed, in order.
    ramp
        Of a difference: the lower limit, colours as CSS, the upper limit.
    sentence
        What it shows and how much ground changed.
    file
        The GeoTIFF.
    """

    found: Changes | Difference
    quantity: Quantity
    url: str
    bounds: tuple[float, float, float, float]
    months: tuple[ChangedMonth, ...]
    ramp: tuple[str, ...]
    sentence: str
    file: Download
