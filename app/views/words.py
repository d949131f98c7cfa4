"""Numbers and months in the words the page uses."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence

from stac_timelapse.build import MonthResult
from stac_timelapse.scenes.periods import days_of

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
    clear = f"{share_words(result.clear_share)} of the picture clear"
    return f"{passes} \u00b7 {clear} \u00b7 {result.observations_mean:.1f} clear looks a pixel{left_out}"


def share_words(share: float) -> str:
    """Return ``"97 %"``; ``"100 %"`` is said of nothing less."""
    percent = share * 100
    if 0 < percent < 0.5:  # noqa: PLR2004 - would be rounded to nothing
        return "under 1 %"
    some = f"{min(percent, 99.9):.1f}" if percent > 99 else f"{percent:.0f}"  # noqa: PLR2004 - near the whole
    return f"{'100' if percent == 100 else some} %"  # noqa: PLR2004 - the whole
