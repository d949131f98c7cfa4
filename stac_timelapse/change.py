"""Where a series changed most, and when: the largest drop or rise of an index at each pixel, and its hectares."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.warp import transform as warp
from rasterio.windows import Window

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.change_file import Layout, map_file
from stac_timelapse.composite.monthly import SCALE
from stac_timelapse.cube.coverage import coverage
from stac_timelapse.errors import CancelledError, InvalidInputError, ProviderError, cause_of
from stac_timelapse.month_file import MonthFile
from stac_timelapse.month_job import MonthResult
from stac_timelapse.quantity import Quantity

#: Bands of the file.
CHANGE, MONTH, BEFORE = "change", "month", "before"
_MOST_STEPS = np.iinfo(np.uint16).max


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """What counts as a change.

    Parameters
    ----------
    quantity
        What is compared.
    least
        The smallest change that counts, above 0, in the quantity's own unit.
    rise
        Whether a rise is looked for, and not a drop.
    lasting
        Whether it must still be there at the next clear look, if there is one: a single cloud that the mask missed,
        or a single flood, is no lasting change.

    Raises
    ------
    InvalidInputError
        If the least change is not above 0, or more than the quantity can change.
    """

    quantity: Quantity
    least: float
    rise: bool = False
    lasting: bool = True

    def __post_init__(self) -> None:
        span = self.quantity.span
        if not (0 < self.least <= span and math.isfinite(self.least)):
            upto = f" of at most {span:g}" if math.isfinite(span) else ""
            raise InvalidInputError(
                f"A change of {self.least:g} cannot be looked for: give the least that counts{upto}, such as 0.2."
            )

    @property
    def step(self) -> float:
        """What 1 stands for in the map: 0.0001, or of a formula, which may have any unit, a thousandth of the least.

        Then the largest change that the map can tell is 65 times the least one: 65535 stands for that or more.
        """
        if math.isfinite(self.quantity.span):
            return SCALE
        return self.least / 1000

    @property
    def words(self) -> str:
        """It in words, e.g. ``"lasting drop of NBR by 0.2 or more"``."""
        kind = f"{'lasting ' if self.lasting else ''}{'rise' if self.rise else 'drop'}"
        return f"{kind} of {self.quantity.title} by {self.least:g} or more"


@dataclass(frozen=True, slots=True)
class Changes:
    """Where and when a series changed.

    Parameters
    ----------
    path
        A Cloud Optimized GeoTIFF, uint16, with 0 for no change: the ``change`` in steps of the rule; the ``month`` at
        whose clear look it first shows and the clear one ``before``, both counted from 1 in `months`. Nothing outside
        the area.
    rule
        What was looked for.
    months
        Labels of the series, in order.
    hectares
        Changed ground of each month, pixels at the edge by their share inside.
    area
        Hectares of the area with at least two clear looks, where a change could have been seen.
    """

    path: Path
    rule: ChangeRule
    months: tuple[str, ...]
    hectares: tuple[float, ...]
    area: float

    @property
    def by_month(self) -> Mapping[str, float]:
        """Hectares of the months in which anything changed."""
        return {month: size for month, size in zip(self.months, self.hectares, strict=True) if size > 0}


def largest_step(
    values: NDArray[np.float32], *, lasting: bool
) -> tuple[NDArray[np.float32], NDArray[np.uint16], NDArray[np.uint16]]:
    """Find the largest drop from one clear look to the next.

    Parameters
    ----------
    values
        ``(time, y, x)``, NaN without a clear look.
    lasting
        Whether the drop is to the higher one of the next two clear looks, where there are two.

    Returns
    -------
    size
        ``(y, x)``, 0 where nothing drops.
    month
        ``(y, x)``, the look at which it is first seen, counted from 1 in time; 0 where nothing drops.
    before
        The same of the look before it. Of equal drops the first counts.
    """
    shape = values.shape[1:]
    size, next_one, next_but_one = np.zeros(shape, np.float32), np.full(shape, np.nan), np.full(shape, np.nan)
    month, before, next_month = (np.zeros(shape, np.uint16) for _ in range(3))
    for number in range(len(values), 0, -1):
        value = values[number - 1]
        after = np.fmax(next_one, next_but_one) if lasting else next_one
        step = value - after
        found = (step > 0) & (step >= size)
        size[found], month[found], before[found] = step[found], next_month[found], number
        seen = np.isfinite(value)
        next_but_one[seen] = next_one[seen]
        next_one[seen], next_month[seen] = value[seen], number
    return size, month, before


def find_changes(
    results: Sequence[MonthResult],
    aoi: AreaOfInterest,
    rule: ChangeRule,
    path: Path,
    *,
    tags: Mapping[str, str] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Changes:
    """Map the changes of a finished series inside its area.

    Only observed pixels are compared, never filled ones. A change is dated by the first clear look that shows it: it
    happened after the look before, which the file tells as well.

    Parameters
    ----------
    results
        Finished months, in order; two at least.
    aoi
        The area.
    rule
        What is looked for; its bands must be built.
    path
        Where the map is written; it appears whole or not at all.
    tags
        Text kept in the file.
    should_stop
        Asked before each tile.

    Raises
    ------
    InvalidInputError
        If there are fewer than two months, or they do not hold a band.
    ProviderError
        If a file cannot be read or written.
    CancelledError
        If it was asked to stop.
    """
    if len(results) < 2:  # noqa: PLR2004 - one to compare with
        raise InvalidInputError("A change needs two months at least: build more of them.")
    labels = tuple(one.month for one in results)
    hectares, seen = np.zeros(len(results) + 1), 0.0
    files = [month_file(one, rule.quantity) for one in results]
    first = files[0]
    layout = Layout((CHANGE, MONTH, BEFORE), (rule.step, 1, 1), "uint16", 0)
    with map_file(path, first, layout, [tags or {}, _tags(rule, labels)]) as out:
        for window, shares in coverage(aoi, first.epsg, first.transform, first.shape):
            if should_stop is not None and should_stop():
                raise CancelledError("Cancelled; nothing was lost.")
            layers, looks = _tile(files, rule, window, shares > 0)
            out.write(layers, window=window)
            hectares += np.bincount(layers[1].ravel(), shares.ravel(), len(hectares))
            seen += float(shares[looks > 1].sum())
    pixel = first.transform.a**2 / 10_000
    return Changes(path, rule, labels, tuple(float(size) * pixel for size in hectares[1:]), seen * pixel)


def change_at(found: Changes, lon: float, lat: float) -> tuple[str, str] | None:
    """Return the month whose clear look first shows the change of a pixel, and the clear month before it.

    Parameters
    ----------
    found
        The map; its file must still be there.
    lon, lat
        A place in the pixel, degrees.

    Returns
    -------
    tuple of str or None
        Labels of the months; None where nothing changed, or outside the map.

    Raises
    ------
    ProviderError
        If the file cannot be read.
    """
    try:
        with rasterio.open(found.path) as file:
            (x,), (y,) = warp("EPSG:4326", file.crs, [lon], [lat])
            row, column = file.index(x, y)
            if not (0 <= row < file.height and 0 <= column < file.width):
                return None
            month, before = file.read([2, 3], window=Window(column, row, 1, 1)).ravel().tolist()
    except (OSError, RasterioError) as error:
        raise ProviderError(f"The map of changes cannot be read ({cause_of(error)}): make it again.") from error
    return (found.months[month - 1], found.months[before - 1]) if month else None


def month_file(result: MonthResult, quantity: Quantity) -> MonthFile:
    """Look at a finished month's bands of a quantity.

    Raises
    ------
    InvalidInputError
        If they were not built.
    ProviderError
        If its file cannot be read.
    """
    try:
        return MonthFile.of(result.path, quantity.bands)
    except (OSError, RasterioError) as error:
        raise ProviderError(
            f"The map of changes cannot be made ({cause_of(error)}): build the series again."
        ) from error


def _tile(
    files: Sequence[MonthFile], rule: ChangeRule, window: Window, inside: NDArray[np.bool_]
) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """Return the file's three bands of a tile, and how many months saw each pixel."""
    values = np.stack([values_of(file, rule.quantity, window) for file in files])
    looks = np.isfinite(values).sum(axis=0)
    size, month, before = largest_step(-values if rule.rise else values, lasting=rule.lasting)
    steps = np.minimum(np.rint(size / rule.step), _MOST_STEPS)
    kept = inside & (steps >= np.rint(rule.least / rule.step))
    return np.stack([steps.astype(np.uint16), month, before]) * kept, looks


def values_of(file: MonthFile, quantity: Quantity, window: Window) -> NDArray[np.float32]:
    """Return ``(y, x)`` of a part of a month, NaN where it was not observed."""
    layers = file.read(window)
    seen = layers.observed
    values = np.full(seen.shape, np.nan, np.float32)
    values[seen] = quantity.of(layers.bands[:, seen])
    return values


def _tags(rule: ChangeRule, labels: Sequence[str]) -> dict[str, str]:
    return {
        "CHANGE": rule.words,
        "MONTHS": " ".join(labels),
        "MONTH_MEANS": "band month: the clear look that first shows it; band before: the one before; from 1 in MONTHS",
        "NODATA_MEANS": "0 in any band: no such change, fewer than two clear looks, or outside the area",
    }
