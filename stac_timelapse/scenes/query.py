"""What is searched for: an area and its days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.scenes.months import months_between
from stac_timelapse.scenes.periods import days_of


@dataclass(frozen=True, slots=True)
class SceneQuery:
    """What to look for; nothing is asked of the network before `find_scenes`.

    Parameters
    ----------
    aoi
        The area.
    start, end
        First and last month, ``"YYYY-MM"``.
    months_of_year
        Months of the year that count, 1 to 12.
    max_cloud
        Largest cloud cover of a granule in percent, as the provider states it.
    bands
        Sentinel-2 band names that will be read.
    period
        What the months form, see `stac_timelapse.scenes.periods.PERIODS`.
    days_around
        Scenes of so many days before and after the months are found as well, at most 31.
    """

    aoi: AreaOfInterest
    start: str
    end: str
    months_of_year: tuple[int, ...] = tuple(range(1, 13))
    max_cloud: float = 100.0
    bands: tuple[str, ...] = ("B04", "B03", "B02")
    days_around: int = 0
    period: str = "month"

    @property
    def months(self) -> tuple[str, ...]:
        """The months asked for, ``"YYYY-MM"``."""
        return months_between(self.start, self.end, self.months_of_year)

    @property
    def days(self) -> frozenset[date]:
        """The days asked for, UTC: those of the months and those around."""
        spans = [days_of(month) for month in self.months]
        return frozenset(
            first + timedelta(at)
            for first, last in spans
            for at in range(-self.days_around, (last - first).days + self.days_around + 1)
        )

    @property
    def searched_months(self) -> tuple[str, ...]:
        """The months that hold all the days asked for."""
        return tuple(sorted({f"{day:%Y-%m}" for day in self.days}))


def with_margin(days: frozenset[date]) -> frozenset[date]:
    """Return days with the one before and the one after each.

    A granule may be sensed, or dated, on another day than the one on which its overflight began, but never a day later.
    """
    return frozenset(day + timedelta(step) for day in days for step in (-1, 0, 1))
