"""Numbers and months in the words the page uses."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence

from stac_timelapse.build import MonthResult
from stac_timelapse.results import percent_of
from stac_timelapse.scenes.periods import days_of, words_of

_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_STEP = 1000


def ticks_of(labels: Sequence[str]) -> list[tuple[str, bool]]:
    """Return what stands under each period of a strip, and whether it is a year: where a year begins its number.

    Else the initials of a few months, as in ``"JJA"`` (with the year where it begins), and a dot for the second half of
    one.
    """
    ticks = []
    before = 0
    for label in labels:
        first, last = days_of(label)
        together = first.month == last.month and first.year != last.year
        begins = first.year != before and not together
        months = range(first.month, first.month + (last.month - first.month) % 12 + 1)
        initials = "".join(calendar.month_name[(month - 1) % 12 + 1][0] for month in months)
        if begins and len(months) in {1, 12}:
            ticks.append((str(first.year), True))
        elif begins:
            ticks.append((f"{initials} \u2019{first:%y}", True))
        else:
            ticks.append(("\u00b7" if first.day > 1 else initials, False))
        before = first.year
    return ticks


def count(number: int, noun: str, plural: str = "") -> str:
    """Return ``"1 pass"``, ``"3 passes"``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}".replace(",", "\u202f")


def satellite_words(platform: str) -> str:
    """Return ``"S2A"`` for ``"sentinel-2a"``, ``"L8"`` for ``"landsat-8"``."""
    return platform.replace("sentinel-", "S").replace("landsat-", "L").upper() or "unknown"


def size_words(size: float) -> str:
    """Return a number of bytes as people read it, e.g. ``"3.4 MB"``."""
    for unit in _UNITS:
        if size < _STEP or unit == _UNITS[-1]:
            break
        size /= _STEP
    digits = 0 if unit == "bytes" or size >= 100 else 1  # noqa: PLR2004 - three digits are enough
    return f"{size:.{digits}f} {unit}"


def area_words(square_kilometres: float) -> str:
    """Return an area, e.g. ``"12.3 km²"``."""
    if square_kilometres < 1:
        return f"{square_kilometres * 100:.1f} ha"
    if square_kilometres < 100:  # noqa: PLR2004 - three digits are enough
        return f"{square_kilometres:.1f} km²"
    return f"{square_kilometres:,.0f} km²".replace(",", "\u202f")


def figure_words(value: float, digits: int = 3) -> str:
    """Return a measured value with so many digits after the point, or three figures where that would be none."""
    if 0 < abs(value) < 10.0**-digits:
        return f"{value:.{digits}g}"
    if abs(value) < 1000:  # noqa: PLR2004 - before the point there is enough
        return f"{value:.{digits}f}"
    return f"{value:,.0f}".replace(",", "\u202f")


def result_words(result: MonthResult | None) -> str:
    """Return the quality of a month in one line."""
    if result is None:
        return "not built yet"
    reasons = Counter(other.reason for other in result.facts.rejected)
    left_out = "".join(f" \u00b7 {count(number, 'pass', 'passes')} {reason}" for reason, number in reasons.items())
    left_out = (f" \u00b7 {share_words(result.filled_share)} filled" if result.filled_share else "") + left_out
    if result.passes_used == 0:
        return f"no pass used{left_out}" if left_out else "no pass"
    passes = count(result.passes_used, "pass", "passes")
    if result.empty:
        return f"{passes}, all of them cloudy here{left_out}"
    clear = f"{share_words(result.clear_share)} of the area clear"
    return f"{passes} \u00b7 {clear} \u00b7 {result.observations_mean:.1f} clear looks a pixel{left_out}"


def brief_words(label: str) -> str:
    """Return a period where room is scarce, e.g. ``"Jun 2022"``, ``"1-15 Jun 22"``, ``"Dec-Feb 22"``."""
    first, last = days_of(label)
    begins, ends = calendar.month_abbr[first.month], calendar.month_abbr[last.month]
    if first.month == last.month and first.year != last.year:
        return begins  # of several years together
    if first.month == last.month:
        whole = first.day == 1 and last.day == calendar.monthrange(last.year, last.month)[1]
        return f"{begins} {first.year}" if whole else f"{first.day}\u2013{last.day} {begins} \u2019{first:%y}"
    if (first.month, last.month) == (1, 12):
        return str(first.year)
    return f"{begins}\u2013{ends} \u2019{last:%y}"


def alt_words(label: str, result: MonthResult | None, *, preview: bool) -> str:
    """Return what a month's picture shows, for who does not see it, e.g. ``"March 2022: 3 passes, 97 % clear"``."""
    if result is None:
        return f"{words_of(label)}: {'a coarse preview, not built yet' if preview else 'not built yet'}"
    passes = count(result.passes_used, "pass", "passes") if result.passes_used else "no pass used"
    filled = f", {share_words(result.filled_share)} filled" if result.filled_share else ""
    clear = "no clear pixel" if result.empty else f"{share_words(result.clear_share)} clear"
    return f"{words_of(label)}: {passes}, {clear}{filled}"


def share_words(share: float) -> str:
    """Return ``"97 %"``; ``"100 %"`` is said of nothing less."""
    percent = percent_of(share)
    return f"{percent} %" if percent or not share else "under 1 %"
