"""UTM coordinates and squares of the Military Grid Reference System, by which Sentinel-2's tiles are named.

After NGA.STND.0037, *The universal grids and the transverse Mercator and polar stereographic map projections* (2014);
without the polar regions, where Sentinel-2 has no tiles.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from pyproj import Transformer

from stac_timelapse.errors import InvalidInputError

LonLat = tuple[float, float]

_BANDS = "CDEFGHJKLMNPQRSTUVWX"  # of latitude, 8 degrees each from 80 degrees south; the last one 12
_BAND_DEGREES, _FIRST_BAND = 8, -80
_ROWS = "ABCDEFGHJKLMNPQRSTUV"
_COLUMNS = ("STUVWXYZ", "ABCDEFGH", "JKLMNPQR")  # by zone number modulo 3
_SQUARE = 100_000  # m
_CYCLE = 2_000_000  # m after which the letters of the rows begin anew
_FALSE_NORTHING = 10_000_000
_MOST_ZONES = 60
_SOUTH_OF_EQUATOR = "M"

_UTM = re.compile(
    r"(?:UTM\s*)?(?:zone\s*)?(\d{1,2})\s*([A-Z])[\s,]+(\d{6}(?:\.\d+)?)\s*(?:m\s*)?E?[\s,]+"
    r"(\d{1,8}(?:\.\d+)?)\s*(?:m\s*)?N?",
    re.IGNORECASE,
)
_MGRS = re.compile(r"T?(\d{1,2})\s*([C-HJ-NP-X])\s*([A-HJ-NP-Z])([A-HJ-NP-V])((?:\s*\d)*)", re.IGNORECASE)


class Square(NamedTuple):
    """A square of the grid: its middle and its corners from the south-west anticlockwise, longitudes and latitudes."""

    middle: LonLat
    corners: tuple[LonLat, ...]


@functools.cache
def _to_degrees(zone: int, *, south: bool) -> Transformer:
    return Transformer.from_crs(f"EPSG:{327 if south else 326}{zone:02d}", "EPSG:4326", always_xy=True)


def utm_place(text: str) -> LonLat | None:
    """Return the place of ``"33T 500000 5150000"``: zone, letter, easting and northing in metres.

    The letter is that of a band of latitude. S and N are taken for the hemisphere, as many write it, where the northing
    is not in that band.

    Returns
    -------
    tuple or None
        Longitude and latitude in degrees; None where the text is not of that form.

    Raises
    ------
    InvalidInputError
        If there is no such zone or band, or the place is not in it.
    """
    match = _UTM.fullmatch(text.strip())
    if match is None:
        return None
    zone, band = _checked_zone(match[1]), match[2].upper()
    easting, northing = float(match[3]), float(match[4])
    if band not in _BANDS:
        raise InvalidInputError(
            f"UTM has no band {band}: write zone, letter, easting and northing, as in 33T 500000 5150000."
        )
    in_band = _in_degrees(zone, easting, northing, south=band <= _SOUTH_OF_EQUATOR)
    if _holds(band, in_band[1]):
        return in_band
    if band in "NS":
        place = _in_degrees(zone, easting, northing, south=band == "S")
        if abs(place[1]) <= -_FIRST_BAND:
            return place
    raise InvalidInputError(
        f"A northing of {northing:.0f} m is not in band {band} of UTM: check the letter and the number."
    )


def mgrs_square(text: str) -> Square | None:
    """Return the square called ``"33TWM"``, ``"T33TWM"`` or ``"33T WM 12345 67890"``.

    Returns
    -------
    Square or None
        Of 100 km, or down to 1 m with digits; a Sentinel-2 tile reaches 9.8 km further to the east and south. None
        where the text is not of that form.

    Raises
    ------
    InvalidInputError
        If there is no such square.
    """
    match = _MGRS.fullmatch(text.strip())
    if match is None:
        return None
    zone, band = _checked_zone(match[1]), match[2].upper()
    column, row = match[3].upper(), match[4].upper()
    digits = re.sub(r"\s", "", match[5])
    if len(digits) % 2 or len(digits) > 10:  # noqa: PLR2004 - five digits each are metres
        raise InvalidInputError(
            f"{digits} has to be as many digits for the easting as for the northing, five each at most."
        )
    if column not in _COLUMNS[zone % 3]:
        raise InvalidInputError(f"Zone {zone} has no column {column}: its columns are {_COLUMNS[zone % 3]}.")
    half = len(digits) // 2
    size = _SQUARE / 10**half
    east = (_COLUMNS[zone % 3].index(column) + 1) * _SQUARE + (int(digits[:half]) * size if half else 0)
    shift = 5 if zone % 2 == 0 else 0
    north = (_ROWS.index(row) - shift) % len(_ROWS) * _SQUARE + (int(digits[half:]) * size if half else 0)
    south = band <= _SOUTH_OF_EQUATOR
    middle = east + size / 2
    for cycle in range(5):
        base = north + cycle * _CYCLE
        corners = [(east, base), (east + size, base), (east + size, base + size), (east, base + size)]
        inner = _in_degrees(zone, middle, base + size / 2, south=south)
        placed = [_in_degrees(zone, x, y, south=south) for x, y in corners]
        if any(_holds(band, latitude) for _, latitude in (inner, *placed)):
            return Square(inner, tuple(placed))
    raise InvalidInputError(f"There is no square {column}{row} in {zone}{band}: check the letters.")


def _checked_zone(text: str) -> int:
    zone = int(text)
    if not 1 <= zone <= _MOST_ZONES:
        raise InvalidInputError(f"There is no UTM zone {zone}: zones are 1 to {_MOST_ZONES}.")
    return zone


def _in_degrees(zone: int, easting: float, northing: float, *, south: bool) -> LonLat:
    lon, lat = _to_degrees(zone, south=south).transform(easting, northing)
    return float(lon), float(lat)


def _holds(band: str, latitude: float) -> bool:
    low = _FIRST_BAND + _BAND_DEGREES * _BANDS.index(band)
    return low - 1e-6 <= latitude <= low + (12 if band == "X" else _BAND_DEGREES) + 1e-6
