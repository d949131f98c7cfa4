"""What is built: the place, the tiles, the months, and the plan of overflights."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import numpy as np

COLLECTION = "sentinel-2-l2a"
EPSG = 32633
PIXEL = 10
BANDS_10M = ("B02", "B03", "B04", "B08")
BANDS_20M = ("B11", "B12")
BANDS = (*BANDS_10M, *BANDS_20M)
MASK = "SCL"
#: North-western corner of the landscape in metres; as with real tiles a multiple of 60.
WORLD_WEST, WORLD_NORTH = 594_960, 5_480_040

FIRST_MONTH = "2021-09"
LAST_MONTH = "2022-12"
#: Every pass of this month is overcast from edge to edge.
CLOUDY_MONTH = "2021-12"
#: The day of the forest fire; passes after it show the scar.
EVENT_DATE = date(2022, 7, 1)
EVENT_MONTH = "2022-07"
#: From this day on products carry processing baseline 04.00 and DN that are 1000 higher.
OFFSET_DATE = date(2022, 1, 25)
#: A pass before `OFFSET_DATE` of which the western tile was processed again later.
TWIN_MONTH = "2022-01"

Weather = Literal["clear", "few", "broken", "heavy", "overcast"]


@dataclass(frozen=True, slots=True)
class Tile:
    """One granule's square on the landscape.

    Parameters
    ----------
    code
        MGRS-like code.
    row, column
        First row and column on the landscape's 10 m grid.
    size
        Pixels a side at 10 m; even.
    """

    code: str
    row: int
    column: int
    size: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns on the landscape's 10 m grid."""
        return slice(self.row, self.row + self.size), slice(self.column, self.column + self.size)

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """West, south, east, north in metres."""
        west, north = WORLD_WEST + PIXEL * self.column, WORLD_NORTH - PIXEL * self.row
        return west, north - PIXEL * self.size, west + PIXEL * self.size, north


@dataclass(frozen=True, slots=True)
class PassPlan:
    """One overflight.

    Parameters
    ----------
    start
        Sensing start of the datatake, UTC.
    platform
        ``"sentinel-2a"`` or ``"sentinel-2b"``.
    orbit
        Relative orbit.
    absolute_orbit
        Number in the datatake's name.
    weather
        How cloudy.
    edge
        None where the swath covers the landscape; else the landscape's column at which it ends in the middle
        row, negative if the swath lies east of it.
    seed
        Of the clouds and the noise.
    twin
        Whether the western tile is there a second time, processed again.
    """

    start: datetime
    platform: str
    orbit: int
    absolute_orbit: int
    weather: Weather
    edge: int | None
    seed: int
    twin: bool = False

    @property
    def day(self) -> date:
        """The day of the pass."""
        return self.start.date()

    @property
    def month(self) -> str:
        """``"YYYY-MM"``."""
        return f"{self.start:%Y-%m}"

    @property
    def baseline(self) -> str:
        """Processing baseline in force on the day."""
        if self.day < OFFSET_DATE:
            return "03.01"
        return "04.00" if self.day < date(2022, 12, 6) else "05.09"

    @property
    def has_offset(self) -> bool:
        """Whether its products carry +1000 DN."""
        return self.day >= OFFSET_DATE

    @property
    def datatake(self) -> str:
        """Identifier of the datatake with the baseline, as in ``s2:datatake_id``."""
        letter = self.platform[-1].upper()
        return f"GS2{letter}_{self.start:%Y%m%dT%H%M%S}_{self.absolute_orbit:06d}_N{self.baseline}"


@dataclass(frozen=True, slots=True)
class DemoSpec:
    """Everything that determines a demo catalogue.

    Parameters
    ----------
    name
        Short name.
    tiles
        The western and the eastern tile.
    months
        ``"YYYY-MM"`` within `FIRST_MONTH` and `LAST_MONTH`.
    most
        Largest number of passes a month.
    """

    name: str
    tiles: tuple[Tile, ...]
    months: tuple[str, ...]
    most: int = 31

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the landscape at 10 m that hold all tiles."""
        rows, columns = zip(*(tile.window for tile in self.tiles), strict=True)
        return (
            slice(min(side.start for side in rows), max(side.stop for side in rows)),
            slice(min(side.start for side in columns), max(side.stop for side in columns)),
        )

    def passes(self) -> tuple[PassPlan, ...]:
        """Return the overflights in the order of time."""
        return tuple(plan for month in self.months for plan in _passes_of(month)[: self.most])


def months_between(first: str, last: str) -> tuple[str, ...]:
    """Return every month from first to last as ``"YYYY-MM"``."""
    year, month = (int(part) for part in first.split("-"))
    found = []
    while f"{year}-{month:02d}" <= last:
        found.append(f"{year}-{month:02d}")
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004 - December
    return tuple(found)


FULL = DemoSpec(
    "full", (Tile("33UWQ", 84, 180, 672), Tile("33UXQ", 84, 762, 672)), months_between(FIRST_MONTH, LAST_MONTH)
)
#: For tests: quick to build, around the reservoir, with the cloudy month, the step in the baseline and the twin.
SMALL = DemoSpec(
    "small",
    (Tile("33UWQ", 480, 720, 240), Tile("33UXQ", 480, 900, 240)),
    ("2021-12", "2022-01", "2022-02"),
    most=3,
)

_FIRST_MAIN = date(2021, 9, 2)
_FIRST_SIDE = date(2021, 9, 5)
_SKY_SIDE: tuple[Weather, ...] = ("clear", "few", "broken")
_SKY: tuple[Weather, ...] = ("few", "clear", "broken", "heavy")
_SKY_WINTER: tuple[Weather, ...] = ("few", "clear", "broken")


def _passes_of(month: str) -> list[PassPlan]:
    """Plan a month: three or four passes of the orbit overhead, one or two of its neighbour's edge."""
    year, number = (int(part) for part in month.split("-"))
    rng = np.random.default_rng([year, number])
    last = calendar.monthrange(year, number)[1]
    days = [date(year, number, day) for day in range(1, last + 1)]
    summer = number in (5, 6, 7, 8, 9)
    main = [day for day in days if (day - _FIRST_MAIN).days % 5 == 0 and day > date(2021, 9, 1)]
    side = [day for day in days if (day - _FIRST_SIDE).days % 5 == 0 and day > date(2021, 9, 1)]
    # Four skies that differ, so that every month has clear ground somewhere; a fifth is left to chance.
    kept = sorted(rng.choice(len(main), size=4 if summer else 3, replace=False))
    skies = list(_SKY if summer else _SKY_WINTER)
    rng.shuffle(skies)
    plans = [_plan(main[index], None, sky, rng) for index, sky in zip(kept, skies, strict=True)]
    for index in sorted(rng.choice(len(side), size=1, replace=False)):
        sky = _SKY_SIDE[int(rng.integers(len(_SKY_SIDE)))]
        edge = int(rng.integers(420, 1240)) * (1 if rng.random() < 0.5 else -1)  # noqa: PLR2004 - a coin
        plans.append(_plan(side[index], edge, sky, rng))
    plans.sort(key=lambda plan: plan.start)
    if month == CLOUDY_MONTH:
        plans = [_with(plan, weather="overcast") for plan in plans]
    if month == TWIN_MONTH:
        twin = next(plan for plan in plans if plan.edge is None)
        plans = [_with(plan, twin=plan is twin) for plan in plans]
    return plans


def _plan(day: date, edge: int | None, weather: Weather, rng: np.random.Generator) -> PassPlan:
    first, orbit = (_FIRST_MAIN, 122) if edge is None else (_FIRST_SIDE, 22)
    turn = (day - first).days // 5
    clock = timedelta(hours=10, minutes=0 if edge is None else 10, seconds=31 + int(rng.integers(-9, 9)))
    return PassPlan(
        start=datetime(day.year, day.month, day.day, tzinfo=UTC) + clock,
        platform="sentinel-2a" if turn % 2 == 0 else "sentinel-2b",
        orbit=orbit,
        absolute_orbit=(32_300 if turn % 2 == 0 else 23_400) + round(14.3 * (day - _FIRST_MAIN).days),
        weather=weather,
        edge=edge,
        seed=int(rng.integers(1, 2**31)),
    )


def _with(plan: PassPlan, **changes: object) -> PassPlan:
    values = {name: getattr(plan, name) for name in PassPlan.__dataclass_fields__}
    return PassPlan(**{**values, **changes})
