"""Months as text, ``"YYYY-MM"``, and the runs they form."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence

from stac_timelapse.errors import InvalidInputError

ALL_MONTHS = tuple(range(1, 13))
_MONTH = re.compile(r"(\d{4})-(\d{2})")


def month_number(month: str) -> int:
    """Return the months since year 0 of ``"YYYY-MM"``.

    Raises
    ------
    InvalidInputError
        If the text is not a month.
    """
    found = _MONTH.fullmatch(month.strip())
    if not found or not 1 <= int(found.group(2)) <= 12:  # noqa: PLR2004 - months of a year
        raise InvalidInputError(f"{month!r} is not a month: write it as YYYY-MM, for example 2023-08.")
    return int(found.group(1)) * 12 + int(found.group(2)) - 1


def month_text(number: int) -> str:
    """Return ``"YYYY-MM"`` for the months since year 0."""
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def months_between(start: str, end: str, of_year: Sequence[int] = ALL_MONTHS) -> tuple[str, ...]:
    """List the months from `start` to `end`, both included, that are among the months of the year.

    Raises
    ------
    InvalidInputError
        If the end lies before the start, or no month is left.
    """
    first, last = month_number(start), month_number(end)
    if last < first:
        raise InvalidInputError(f"The last month {end} lies before the first month {start}: swap them.")
    wrong = [month for month in of_year if month not in ALL_MONTHS]
    if wrong:
        raise InvalidInputError(f"Month of the year {wrong[0]} does not exist: use 1 (January) to 12 (December).")
    months = tuple(month_text(number) for number in range(first, last + 1) if number % 12 + 1 in of_year)
    if not months:
        raise InvalidInputError(
            f"None of the chosen months of the year lies between {start} and {end}: "
            "widen the dates or tick more months."
        )
    return months


def runs_of(months: Sequence[str], longest: int) -> list[tuple[str, str]]:
    """Return the ``(first, last)`` month of each run of consecutive months, cut where it is longer than so many."""
    runs: list[tuple[str, str]] = []
    for month in months:
        number = month_number(month)
        if runs and number == month_number(runs[-1][1]) + 1 and number - month_number(runs[-1][0]) < longest:
            runs[-1] = (runs[-1][0], month)
        else:
            runs.append((month, month))
    return runs


def last_day(month: str) -> int:
    """Return the number of days of a ``"YYYY-MM"``."""
    year, of_year = divmod(month_number(month), 12)
    return calendar.monthrange(year, of_year + 1)[1]
