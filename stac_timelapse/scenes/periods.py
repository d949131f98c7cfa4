"""The spans of time of which one picture each is made, told apart by labels that say their days.

``"2022-06"`` is a month, ``"2022-06-01_2022-06-15"`` a half of one, ``"2022-03_2022-05"`` a run of months, and
``"2019-2022_06"`` the same month of several years together. In a list their order as text is their order in time.
"""

from __future__ import annotations

import calendar
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.scenes.months import last_day, month_number, month_text

_HALF = 15
_QUARTER = 3
_YEAR = 12
_CLIMATOLOGY = re.compile(r"(\d{4})-(\d{4})_(\d{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """A kind of span.

    Parameters
    ----------
    title
        As it is offered to people.
    noun
        What one of them is called.
    """

    title: str
    noun: str


#: Name, as on the command line -> kind.
PERIODS = {
    "half-month": Period("Half a month", "half month"),
    "month": Period("Month", "month"),
    "quarter": Period("Quarter of a year", "quarter"),
    "season": Period("Season (Dec–Feb, Mar–May, …)", "season"),
    "year": Period("Year", "year"),
    "climatology": Period("Month of the year, all years together", "month"),
}


def periods_of(kind: str, months: Sequence[str]) -> tuple[str, ...]:
    """Return the labels of the periods that months form, in order.

    A period ends where a month is missing, for its label says what is in it: of a year of which June to August are
    wanted it is these three.

    Parameters
    ----------
    kind
        One of `PERIODS`. Seasons are those of meteorology, three months from December, March, June and September on.
    months
        ``"YYYY-MM"``, in order.

    Raises
    ------
    InvalidInputError
        If the kind is not known.
    """
    if kind not in PERIODS:
        raise InvalidInputError(f"The period {kind!r} is not known: use {', '.join(PERIODS)}.")
    if kind == "month":
        return tuple(months)
    if kind == "half-month":
        return tuple(label for month in months for label in _halves(month))
    if kind == "climatology":
        years = f"{min(months)[:4]}-{max(months)[:4]}"
        return tuple(f"{years}_{of_year:02d}" for of_year in sorted({int(month[5:]) for month in months}))
    length, first = {"quarter": (_QUARTER, 0), "season": (_QUARTER, -1), "year": (_YEAR, 0)}[kind]
    numbers = [month_number(month) for month in months]
    # Months of one run have the same distance to their place in the list.
    runs = groupby(enumerate(numbers), key=lambda pair: ((pair[1] - first) // length, pair[1] - pair[0]))
    return tuple(_run([number for _, number in run]) for _, run in runs)


@functools.lru_cache(maxsize=4096)  # asked for with every pass of a series
def days_of(label: str) -> tuple[date, date]:
    """Return the first and the last day of a period; of a month of several years those of all of them."""
    years = _CLIMATOLOGY.fullmatch(label)
    if years:
        return _first(f"{years[1]}-{years[3]}"), _last(f"{years[2]}-{years[3]}")
    first, _, last = label.partition("_")
    return _first(first), _last(last or first)


def is_near(day: date, label: str, days: int) -> bool:
    """Tell whether a day lies outside a period, at most so many days before its first or after its last."""
    first, last = days_of(label)
    distance = max((first - day).days, (day - last).days)
    return 0 < distance <= days


class Periods:
    """Tells to which of several periods a day belongs; each day is asked for in no time, whatever their number.

    Parameters
    ----------
    labels
        Periods that have no day in common.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._label_of: dict[tuple[str, bool], str] = {}
        for label in labels:
            first, last = days_of(label)
            step = _YEAR if _CLIMATOLOGY.fullmatch(label) else 1
            for number in range(month_number(f"{first:%Y-%m}"), month_number(f"{last:%Y-%m}") + 1, step):
                month = month_text(number)
                for second in (False, True):
                    middle = date.fromisoformat(f"{month}-{20 if second else 10}")
                    if first <= middle <= last:
                        self._label_of[month, second] = label

    def of(self, day: date) -> str | None:
        """Return the label of the period that a day belongs to, or None."""
        return self._label_of.get((f"{day:%Y-%m}", day.day > _HALF))


def words_of(label: str) -> str:
    """Return a period as people say it, e.g. ``"June 2022"``, ``"1-15 June 2022"``, ``"March to May 2022"``."""
    years = _CLIMATOLOGY.fullmatch(label)
    if years:
        all_of = years[1] if years[1] == years[2] else f"{years[1]}\u2013{years[2]}"
        return f"{calendar.month_name[int(years[3])]}, {all_of}"
    first, last = days_of(label)
    name, to = calendar.month_name[first.month], calendar.month_name[last.month]
    if (first.year, first.month) == (last.year, last.month):
        whole = first.day == 1 and last == _last(f"{first:%Y-%m}")
        return f"{name} {first.year}" if whole else f"{first.day}\u2013{last.day} {name} {first.year}"
    if (first.month, last.month) == (1, _YEAR) and first.year == last.year:
        return str(first.year)
    begins = name if first.year == last.year else f"{name} {first.year}"
    return f"{begins} to {to} {last.year}"


def year_before(label: str) -> str | None:
    """Return the label of the same period a year before; None for a month of several years together.

    A period that ends with its month ends with it in the other year too, also in a February of 29 days.
    """
    if _CLIMATOLOGY.fullmatch(label):
        return None
    return "_".join(_year_before(text) for text in label.split("_"))


def _year_before(text: str) -> str:
    month, day = text[: len("2022-06")], text[len("2022-06") :]
    before = month_text(month_number(month) - _YEAR)
    if not day:
        return before
    return f"{before}-{last_day(before):02d}" if _last(month) == _first(text) else before + day


def _halves(month: str) -> tuple[str, str]:
    return f"{month}-01_{month}-{_HALF:02d}", f"{month}-{_HALF + 1:02d}_{month}-{last_day(month):02d}"


def _run(numbers: Sequence[int]) -> str:
    first, last = month_text(numbers[0]), month_text(numbers[-1])
    return first if first == last else f"{first}_{last}"


def _first(text: str) -> date:
    return date.fromisoformat(text if len(text) > len("2022-06") else f"{text}-01")


def _last(text: str) -> date:
    return date.fromisoformat(text if len(text) > len("2022-06") else f"{text}-{last_day(text):02d}")
