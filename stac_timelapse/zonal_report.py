"""What was measured in an area and at places as CSV, as JSON, and as a table to read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from stac_timelapse.area.aoi import Place
from stac_timelapse.area_sums import AreaMonth
from stac_timelapse.zonal import NO_LOOK, NO_VALUE, Measured, PlaceMonth

_DIGITS = 6
#: What the area is called where it has no name.
AREA = "area"
_COLUMNS = (
    *(
        "month",
        "what",
        "lon",
        "lat",
        "mean",
        "sd",
        "p10",
        "median",
        "p90",
        "clear_share",
        "observations_mean",
        "passes",
    ),
    *("index", "resolution", "note"),
)


def named(place: Place) -> str:
    """Return a place's name, or where it is."""
    return place.name or f"{abs(place.lat):.4f}° {'NS'[place.lat < 0]}, {abs(place.lon):.4f}° {'EW'[place.lon < 0]}"


def no_value_words(month: AreaMonth) -> str:
    """Return why a month has no value in the area; nothing where it has one."""
    if month.mean is not None:
        return ""
    return NO_VALUE if month.clear_share else NO_LOOK


def to_csv(measured: Measured) -> str:
    """Return a table: the rows of the area, a month each, then those of each place.

    A place's value stands under ``mean``. Cells are empty where there is no value; ``note`` says why.
    """
    text = io.StringIO()
    table = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(_rows(measured))
    return text.getvalue()


def to_dict(measured: Measured) -> dict[str, Any]:
    """Return it as plain JSON values; None where there is no value."""
    formula = measured.quantity.picture.formula
    return {
        "index": measured.quantity.name,
        "formula": None if formula is None else formula.expression,
        "bands": list(measured.quantity.bands),
        "area": measured.name,
        "months": [_rounded(asdict(one)) for one in measured.area],
        "places": [
            {
                "name": place.name,
                "longitude": place.lon,
                "latitude": place.lat,
                "months": [_rounded(asdict(one)) for one in months],
            }
            for place, months in measured.places
        ],
    }


def to_lines(measured: Measured) -> Iterator[str]:
    """Yield the lines of a table to read."""
    heads = ("month", "what", "mean", "sd", "p10", "median", "p90", "clear_share", "observations_mean", "note")
    words = [[_word(row[head]) for head in heads] for row in _rows(measured)]
    titles = [head.removesuffix("_share").replace("observations_mean", "looks") for head in heads]
    widths = [max(map(len, column)) for column in zip(titles, *words, strict=True)]
    left = {"month", "what", "note"}
    for row in (titles, *words):
        cells = [
            cell.ljust(width) if head in left else cell.rjust(width)
            for head, cell, width in zip(heads, row, widths, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _rows(measured: Measured) -> Iterator[dict[str, Any]]:
    index = measured.quantity.name
    for month in measured.area:
        yield {"what": measured.name or AREA, "lon": "", "lat": "", "index": index, **_of_area(month)}
    for place, months in measured.places:
        for one in months:
            yield {"what": named(place), "lon": place.lon, "lat": place.lat, "index": index, **_of_place(one)}


def _of_area(month: AreaMonth) -> dict[str, Any]:
    values = _rounded(asdict(month))
    filled = values.pop("filled_share")
    note = no_value_words(month)
    if filled:
        note = "; ".join(filter(None, [note, f"{filled:.1%} filled, left out"]))
    values.pop("pixels")
    return {name: "" if value is None else value for name, value in values.items()} | {"note": note}


def _of_place(month: PlaceMonth) -> dict[str, Any]:
    known = month.value is not None
    numbers = dict.fromkeys(("sd", "p10", "median", "p90", "resolution"), "")
    return {
        **numbers,
        "month": month.month,
        "mean": round(month.value, _DIGITS) if month.value is not None else "",
        "clear_share": int(month.observations > 0),
        "observations_mean": month.observations,
        "passes": month.passes,
        "note": "" if known else month.reason,
    }


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, _DIGITS) if isinstance(value, float) else value for name, value in values.items()}


def _word(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value) if value != "" else "-"
