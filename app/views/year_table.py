"""Where each period stands in a table that has the same time of every year below each other."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date
from typing import Any

from stac_timelapse.scenes.periods import days_of

_QUARTER = 3
_DECEMBER = 12
_FEBRUARY = 2
_HALF = 15
#: More years than this are set in rows of ten.
_YEARS = 12


def table_of(labels: Sequence[str], kind: str) -> dict[str, Any]:
    """Return the table of the periods of a series.

    Parameters
    ----------
    labels
        Periods, in order.
    kind
        What they are, one of `stac_timelapse.scenes.periods.PERIODS`.

    Returns
    -------
    dict
        ``caption``, for who does not see the table; ``columns``, their heads, only those that are needed; ``rows``,
        each with its ``name`` and for each column in ``cells`` the labels that belong there: none, one,
        or several where a period was cut by months that do not count.
    """
    years = {days_of(label)[0].year for label in labels}
    decades = kind == "year" and len(years) > _YEARS
    places = [_place(label, kind, decades=decades) for label in labels]
    columns = dict(sorted({(key, head) for _, (key, head) in places}))
    rows = sorted({row for row, _ in places})
    cells: dict[tuple[str, int], list[str]] = {}
    for label, (row, (key, _)) in zip(labels, places, strict=True):
        cells.setdefault((row, key), []).append(label)
    return {
        "caption": "Ten years a row" if decades else "One year a row, the same time of each year below each other",
        "columns": list(columns.values()),
        "rows": [{"name": row, "cells": [cells.get((row, key), []) for key in columns]} for row in rows],
    }


def _place(label: str, kind: str, *, decades: bool) -> tuple[str, tuple[int, str]]:
    """Return the row's name, and the column's place and head."""
    first, last = days_of(label)
    year, name = first.year, calendar.month_abbr[first.month]
    if kind == "climatology":
        together = str(year) if year == last.year else f"{year}\u2013{last.year}"
        return together, (first.month, name)
    if kind == "half-month":
        return str(year), (2 * first.month + (first.day > _HALF), f"{first.day}\u2013{_last_of(first)} {name}")
    if kind == "quarter":
        return str(year), _three((first.month - 1) // _QUARTER * _QUARTER + 1)
    if kind == "season":
        begins = first.month // _QUARTER * _QUARTER or _DECEMBER
        # A winter belongs to the year in which it ends, and comes first there.
        key, head = _three(begins)
        return str(year + (first.month == _DECEMBER)), (key % _DECEMBER, head)
    if kind == "year":
        return (f"{year // 10}0s", (year % 10, f"\u2026{year % 10}")) if decades else ("Year", (year, str(year)))
    return str(year), (first.month, name)


def _three(begins: int) -> tuple[int, str]:
    return begins, f"{calendar.month_abbr[begins]}\u2013{calendar.month_abbr[(begins + 1) % _DECEMBER + 1]}"


def _last_of(first: date) -> str:
    """Return the last day of a half of any year's month."""
    if first.day <= _HALF:
        return str(_HALF)
    return "29" if first.month == _FEBRUARY else str(calendar.monthrange(first.year, first.month)[1])
