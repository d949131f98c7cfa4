"""What a probe found as JSON, as CSV, and as a table to read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from stac_timelapse.composite.monthly import SCALE
from stac_timelapse.probe import Observation, PixelMonth, Probe

_FACTS = ("date", "time_utc", "satellite", "tile", "scene", "scl", "scl_name")
_HEADS = ("date", "time", "satellite", "tile", "class", "used")


def to_dict(probe: Probe, months: Sequence[PixelMonth]) -> dict[str, Any]:
    """Return months as plain JSON values; `values` are reflectances, None where there is none."""
    bands = probe.recipe.bands
    return {
        "longitude": probe.lon,
        "latitude": probe.lat,
        "row": probe.at[0],
        "column": probe.at[1],
        "bands": list(bands),
        "method": probe.recipe.method,
        "months": [
            {
                "month": one.month,
                "observations": [_facts(seen, bands) for seen in one.observations],
                "composite": {"values": _values(one.values, bands), "passes": one.count, "origin": one.origin},
            }
            for one in months
        ],
    }


def to_csv(probe: Probe, months: Sequence[PixelMonth]) -> str:
    """Return months as a table: a row an observation, and after those of a month a row with the composite.

    The bands' columns hold reflectances, empty where there is none.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    bands = probe.recipe.bands
    table.writerow(["longitude", "latitude", "month", "row", *_FACTS, "used", "reason", "passes", "origin", *bands])
    for one in months:
        start = [probe.lon, probe.lat, one.month]
        for seen in one.observations:
            facts = _facts(seen, bands)
            cells = [facts[name] for name in _FACTS]
            values = [facts["values"][band] for band in bands]
            table.writerow([*start, "observation", *cells, int(seen.kept), seen.reason, "", "", *values])
        values = [*_values(one.values, bands).values()]
        table.writerow([*start, "composite", *[""] * (len(_FACTS) + 2), one.count, one.origin, *values])
    return text.getvalue()


def to_lines(months: Sequence[PixelMonth], bands: Sequence[str], method: str) -> Iterator[str]:
    """Yield the lines of a table of reflectances in which all months are aligned."""
    rows = [(*_HEADS, *bands, "reason")]
    for one in months:
        rows += [_observation(seen, len(bands)) for seen in one.observations]
        rows.append((one.month, "", method, "", one.origin, str(one.count), *map(_number, one.values)))
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    last = len(_HEADS) + len(bands)
    numbers = range(len(_HEADS), last)
    for row in rows:
        cells = [
            cell.rjust(width) if at in numbers else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        yield "  ".join(cells).rstrip()


def _observation(seen: Observation, bands: int) -> tuple[str, ...]:
    values = [_number(value) for value in seen.values] or ["?"] * bands
    known = "?" if seen.scl is None else f"{seen.scl} {seen.scl_name}"
    when = seen.scene.overflight
    facts = (f"{when:%Y-%m-%d}", f"{when:%H:%M}", seen.scene.platform, seen.scene.tile, known)
    return (*facts, "yes" if seen.kept else "no", *values, seen.reason)


def _number(value: int) -> str:
    known = reflectance(value)
    return "-" if known is None else f"{known:.4f}"


def reflectance(value: int) -> float | None:
    """Return the reflectance of a DN, exact to its four decimals; None for 0, which is no data."""
    return round(value * SCALE, 4) if value else None


def _facts(seen: Observation, bands: Sequence[str]) -> dict[str, Any]:
    return {
        "date": f"{seen.scene.overflight:%Y-%m-%d}",
        "time_utc": f"{seen.scene.overflight:%H:%M:%S}",
        "satellite": seen.scene.platform,
        "tile": seen.scene.tile,
        "scene": seen.scene.id,
        "scl": seen.scl,
        "scl_name": seen.scl_name,
        "used": seen.kept,
        "reason": seen.reason,
        "values": _values(seen.values, bands),
    }


def _values(values: Sequence[int], bands: Sequence[str]) -> dict[str, float | None]:
    known = [reflectance(value) for value in values] or [None] * len(bands)
    return dict(zip(bands, known, strict=True))
