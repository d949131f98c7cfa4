"""What finished months hold in the area and at places: the numbers of a chart (zonal statistics)."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyproj import Transformer
from rasterio.errors import RasterioError
from rasterio.windows import Window

from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.area_sums import AreaMonth, AreaSums
from stac_timelapse.composite.gaps import OBSERVED
from stac_timelapse.cube.coverage import coverage
from stac_timelapse.errors import CancelledError, InvalidInputError, ProviderError, cause_of
from stac_timelapse.month_file import MonthFile
from stac_timelapse.month_job import MonthResult
from stac_timelapse.quantity import Quantity

#: Months with more pixels are measured on an overview; a square of 50 km at 10 m is still measured whole.
MOST_PIXELS = 25_000_000
#: Why there is no value at a place.
OUTSIDE, NO_LOOK, NO_BAND = "outside the picture", "no clear look", "no data in a band"
NO_VALUE, FILLED = "the formula has no value", "filled from other days, not observed"


@dataclass(frozen=True, slots=True)
class PlaceMonth:
    """One month at the pixel in which a place lies.

    Parameters
    ----------
    month
        ``"YYYY-MM"``, or the label of another period.
    value
        None where the pixel was not observed in the month, or the formula has no value.
    reason
        Why there is no value; else empty.
    observations
        Clear passes behind the pixel.
    passes
        Passes that went into the month.
    """

    month: str
    value: float | None
    reason: str
    observations: int
    passes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Months in the area and at places.

    Parameters
    ----------
    quantity
        What was measured.
    name
        Of the area; may be empty.
    area
        The months in the area, in order.
    places
        Each place with its months, in order.
    """

    quantity: Quantity
    name: str
    area: tuple[AreaMonth, ...]
    places: tuple[tuple[Place, tuple[PlaceMonth, ...]], ...] = ()


def measure(
    results: Sequence[MonthResult],
    aoi: AreaOfInterest,
    quantity: Quantity,
    *,
    places: Sequence[Place] | None = None,
    most_pixels: int | None = MOST_PIXELS,
) -> Measured:
    """Measure months in an area and at places; without `places` at those that came with the area.

    See `area_months` and `place_months` for the rest and for what is raised.
    """
    area = area_months(results, aoi, quantity, most_pixels=most_pixels)
    at = aoi.places if places is None else places
    return Measured(
        quantity, aoi.name, tuple(area), tuple((one, tuple(place_months(results, one, quantity))) for one in at)
    )


def area_months(
    results: Sequence[MonthResult],
    aoi: AreaOfInterest,
    quantity: Quantity,
    *,
    most_pixels: int | None = MOST_PIXELS,
    should_stop: Callable[[], bool] | None = None,
) -> list[AreaMonth]:
    """Measure months in their area.

    How much of each pixel lies inside is exact, see `stac_timelapse.cube.coverage`. What is measured is made pixel by
    pixel, then averaged. The files are read in tiles, so that memory does not grow with the area.

    Parameters
    ----------
    results
        Finished months of one series.
    aoi
        The area.
    quantity
        What is measured; its bands must be built.
    most_pixels
        A month of more is measured on the finest overview of no more; None reads every pixel of any month.
    should_stop
        Asked before each tile.

    Raises
    ------
    InvalidInputError
        If the months do not hold a band, are not of one grid, or do not reach the area.
    ProviderError
        If a file cannot be read.
    CancelledError
        If it was asked to stop.
    """
    if not results:
        return []
    try:
        files = [MonthFile.of(one.path, quantity.bands, most_pixels) for one in results]
        first, sums = files[0], [AreaSums(quantity) for _ in files]
        for result, file in zip(results, files, strict=True):
            if (file.epsg, file.transform, file.shape) != (first.epsg, first.transform, first.shape):
                raise InvalidInputError(f"{result.month} has other pixels than {results[0].month}: build both anew.")
        # Tile by tile, all months of one: what lies inside is worked out once.
        for window, shares in coverage(aoi, first.epsg, first.transform, first.shape):
            for summed, file in zip(sums, files, strict=True):
                if should_stop is not None and should_stop():
                    raise CancelledError("Cancelled; nothing was lost.")
                summed.add(shares, file.read(window))
    except (OSError, RasterioError) as error:
        raise _unreadable(error) from error
    if not sums[0].area:
        raise InvalidInputError("The months do not reach the area: measure the area that they were built for.")
    return [
        summed.told(one.month, one.passes_used, first.transform.a) for summed, one in zip(sums, results, strict=True)
    ]


def place_months(results: Sequence[MonthResult], place: Place, quantity: Quantity) -> list[PlaceMonth]:
    """Read months at the pixel in which a place lies, at their own resolution.

    Parameters
    ----------
    results
        Finished months.
    place
        The place.
    quantity
        What is read; its bands must be built.

    Raises
    ------
    InvalidInputError
        If the months do not hold a band.
    ProviderError
        If a file cannot be read.
    """
    try:
        return [_place_month(one, place, quantity) for one in results]
    except (OSError, RasterioError) as error:
        raise _unreadable(error) from error


def _place_month(result: MonthResult, place: Place, quantity: Quantity) -> PlaceMonth:
    file = MonthFile.of(result.path, quantity.bands)
    x, y = _to_projected(file.epsg).transform(place.lon, place.lat)
    column = math.floor((x - file.transform.c) / file.transform.a)
    row = math.floor((y - file.transform.f) / file.transform.e)
    height, width = file.shape
    if not (0 <= column < width and 0 <= row < height):
        return PlaceMonth(result.month, None, OUTSIDE, 0, result.passes_used)
    pixel = file.read(Window(column, row, 1, 1))
    numbers, looks = pixel.bands[:, 0], int(pixel.looks[0, 0])
    value, reason = None, ""
    if pixel.quality[0, 0] > OBSERVED:
        reason = FILLED
    elif not looks:
        reason = NO_LOOK
    elif not numbers.all():
        reason = NO_BAND
    else:
        found = float(quantity.of(numbers)[0])
        value, reason = (None, NO_VALUE) if math.isnan(found) else (found, "")
    return PlaceMonth(result.month, value, reason, looks, result.passes_used)


def _unreadable(error: Exception) -> ProviderError:
    return ProviderError(f"A finished month cannot be read ({cause_of(error)}): build the series again.")


@functools.lru_cache(maxsize=16)
def _to_projected(epsg: int) -> Transformer:
    return Transformer.from_crs(4326, epsg, always_xy=True)
