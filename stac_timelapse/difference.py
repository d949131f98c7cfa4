"""How two months differ: an index of the later one minus that of the earlier one, pixel by pixel, and its hectares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.change import ChangeRule, month_file, values_of
from stac_timelapse.change_file import Layout, map_file
from stac_timelapse.cube.coverage import coverage
from stac_timelapse.errors import CancelledError, InvalidInputError
from stac_timelapse.month_job import MonthResult
from stac_timelapse.quantity import Quantity

_NODATA = -32768
_HIGH = 0.98


@dataclass(frozen=True, slots=True)
class Difference:
    """How two months differ inside the area.

    Parameters
    ----------
    path
        A Cloud Optimized GeoTIFF, int16: the later month minus the earlier one, in steps of `ChangeRule.step`; -32768
        outside the area and where one of them was not observed. It holds every difference, however small.
    quantity
        What is compared.
    months
        Labels of the earlier and the later one.
    least
        The smallest difference that counts in the hectares.
    fallen, risen
        Hectares that fell or rose by that much, pixels at the edge by their share inside.
    area
        Hectares that both months saw.
    largest, high
        The largest difference of a pixel, whatever its sign, and the 98th percentile of those that count; 0 of none.
    """

    path: Path
    quantity: Quantity
    months: tuple[str, str]
    least: float
    fallen: float
    risen: float
    area: float
    largest: float
    high: float


def find_difference(
    earlier: MonthResult,
    later: MonthResult,
    aoi: AreaOfInterest,
    quantity: Quantity,
    least: float,
    path: Path,
    *,
    tags: Mapping[str, str] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Difference:
    """Map the difference of two finished months of one series inside its area.

    Only observed pixels are compared, never filled ones.

    Parameters
    ----------
    earlier, later
        The months.
    aoi
        The area.
    quantity
        What is compared; its bands must be built.
    least
        See `Difference`; above 0.
    path
        Where the map is written; it appears whole or not at all.
    tags
        Text kept in the file.
    should_stop
        Asked before each tile.

    Raises
    ------
    InvalidInputError
        If the months are one, do not hold a band, or the least difference is not above 0.
    ProviderError
        If a file cannot be read or written.
    CancelledError
        If it was asked to stop.
    """
    if earlier.month == later.month:
        raise InvalidInputError("Choose two different months to compare.")
    step = ChangeRule(quantity, least).step
    steps = np.rint(least / step)
    layout = Layout(("difference",), (step,), "int16", _NODATA)
    files = [month_file(one, quantity) for one in (earlier, later)]
    first = files[0]
    fallen = risen = seen = 0.0
    sizes = np.zeros(-_NODATA, np.int64)  # how many pixels differ by each number of steps
    months = earlier.month, later.month
    with map_file(path, first, layout, [tags or {}, _tags(quantity, months)]) as out:
        for window, shares in coverage(aoi, first.epsg, first.transform, first.shape):
            if should_stop is not None and should_stop():
                raise CancelledError("Cancelled; nothing was lost.")
            before, after = (values_of(file, quantity, window) for file in files)
            compared = np.isfinite(before) & np.isfinite(after) & (shares > 0)
            found = np.zeros(shares.shape, np.int32)
            found[compared] = np.clip(np.rint((after - before)[compared] / step), _NODATA + 1, -_NODATA - 1)
            out.write(np.where(compared, found, _NODATA).astype(np.int16), 1, window=window)
            fallen += float(shares[found <= -steps].sum())
            risen += float(shares[found >= steps].sum())
            seen += float(shares[compared].sum())
            sizes += np.bincount(np.abs(found[compared]), minlength=len(sizes))
    pixel = first.transform.a**2 / 10_000
    largest = int(np.flatnonzero(sizes).max(initial=0))
    counting = np.cumsum(np.where(np.arange(len(sizes)) >= steps, sizes, 0))
    high = int(np.searchsorted(counting, _HIGH * counting[-1])) if counting[-1] else 0
    hectares = (fallen * pixel, risen * pixel, seen * pixel)
    return Difference(
        path, quantity, months, least, *hectares, float(f"{largest * step:.6g}"), float(f"{high * step:.6g}")
    )


def _tags(quantity: Quantity, months: tuple[str, str]) -> dict[str, str]:
    return {
        "DIFFERENCE": f"{quantity.title} of {months[1]} minus that of {months[0]}",
        "MONTHS": " ".join(months),
        "NODATA_MEANS": f"{_NODATA}: outside the area, or not observed in one of the months",
    }
