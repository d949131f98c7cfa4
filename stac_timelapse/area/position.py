"""A place typed as numbers: degrees in the usual notations, UTM, or a square of the military grid."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from stac_timelapse.area.mgrs import mgrs_square, utm_place
from stac_timelapse.errors import InvalidInputError

BBox = tuple[float, float, float, float]

_POLE, _HALF_TURN = 90, 180
_SIXTY = 60
_PAIR, _BOX, _SIX = 2, 4, 6
_MOST_PARTS = 3  # degrees, minutes, seconds
_NUMBER = r"\d+(?:\.\d+)?"
_MARKS = str.maketrans(
    {"−": "-", "–": "-", "º": "°", "˚": "°", "′": "'", "’": "'", "‘": "'", "´": "'", "″": '"', "”": '"', "“": '"'}
)
_WORDS = {"latitude": "", "longitude": "", "lat": "", "lon": "", "lng": "", "long": "", "degrees": "°", "deg": "°"}
_WORDS |= {"north": "N", "south": "S", "east": "E", "west": "W", "min": "'", "sec": '"'}
_WORD = re.compile(rf"\b({'|'.join(_WORDS)})\b[.:=]?", re.IGNORECASE)
#: Addresses of other maps hold the place: ``@46.5,7.9,12z`` and ``#map=12/46.5/7.9``.
_ADDRESS = re.compile(rf"@(-?{_NUMBER}),(-?{_NUMBER})|map=[\d.]+/(-?{_NUMBER})/(-?{_NUMBER})")
_DECIMAL_COMMAS = re.compile(
    r"([-+]?\d+),(\d+)\s*([NSEWO]?)(?:\s*;\s*|,?\s+)([-+]?\d+),(\d+)\s*([NSEWO]?)", re.IGNORECASE
)
_LONGITUDE_FIRST = re.compile(r"\b(?:lon|lng|long|longitude)\b.*\blat(?:itude)?\b", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(rf"\s*(?:(?P<number>[-+]?{_NUMBER})|(?P<letter>[NSEWO])|(?P<mark>''|[°':\"])|(?P<break>[,;/]))")


@dataclass(frozen=True, slots=True)
class Position:
    """A place.

    Parameters
    ----------
    lon, lat
        In degrees, WGS 84.
    reading
        How an ambiguous text was taken, e.g. ``"taken as latitude, longitude"``; empty where it says so itself.
    bbox
        West, south, east, north in degrees of a square of the grid; None of a point.
    """

    lon: float
    lat: float
    reading: str = ""
    bbox: BBox | None = None

    @property
    def words(self) -> str:
        """The place as people write it, to about ten metres."""
        north, east = "N" if self.lat >= 0 else "S", "E" if self.lon >= 0 else "W"
        return f"{abs(self.lat):.4f}° {north}, {abs(self.lon):.4f}° {east}"


def parse_position(text: str) -> Position | None:
    """Return the place that a text of numbers means.

    Understood are ``46.5 7.9``, ``46.5, 7.9``, ``46,5 7,9``, ``7.9E 46.5N``, ``46°30'12"N 7°54'E``,
    ``46:30:12 7:54:00``, ``lat 46.5 lon 7.9``, addresses of other maps, UTM (``33T 500000 5150000``) and squares of
    the military grid (``33TWM``, a Sentinel-2 tile). Without letters the first number is the latitude, unless only the
    second one can be.

    Returns
    -------
    Position or None
        None where the text is no coordinates, but perhaps a name.

    Raises
    ------
    InvalidInputError
        If it is coordinates, but of no place.
    """
    square = mgrs_square(text)
    if square is not None:
        lons, lats = ([corner[axis] for corner in square.corners] for axis in (0, 1))
        if max(lons) - min(lons) > _HALF_TURN:  # across the antimeridian
            lons = [lon % (2 * _HALF_TURN) for lon in lons]
        bbox = min(lons), min(lats), max(lons), max(lats)
        return Position(*square.middle, "taken as a square of the MGRS grid", bbox)
    place = utm_place(text)
    if place is not None:
        return Position(*place, "taken as UTM")
    address = _ADDRESS.search(text)
    if address is not None:
        lat, lon = (float(number) for number in address.groups() if number is not None)
        return _checked(lat, lon, "")
    tokens = _tokens(text)
    if tokens is None:
        return None
    groups, letters = _grouped(tokens, text)
    angles = [_angle(group) for group in groups]
    if not letters and _LONGITUDE_FIRST.search(text):
        return _checked(angles[1], angles[0], "")
    return _placed(angles, letters)


def _tokens(text: str) -> list[tuple[str, str]] | None:
    """Return (kind, text) of each part; None where there is something that no coordinates have, or no number."""
    plain = _WORD.sub(lambda found: _WORDS[found[1].lower()], text.strip().removeprefix("geo:").translate(_MARKS))
    plain = re.sub(r"(?<=\d)\s*d(?=\s*\d)", "°", plain)
    plain = re.sub(r"(?<=\d)\s*m(?![a-z])", "'", plain)
    plain = re.sub(rf"('\s*{_NUMBER})\s*s", r'\1"', plain)
    plain = _DECIMAL_COMMAS.sub(r"\1.\2 \3 ; \4.\5 \6", plain) if _DECIMAL_COMMAS.fullmatch(plain) else plain
    tokens, at = [], 0
    plain = plain.rstrip()
    while at < len(plain):
        found = _TOKEN.match(plain.upper(), at)
        if found is None:
            return None
        kind = str(found.lastgroup)
        tokens.append((kind, found[kind]))
        at = found.end()
    numbers = [token for kind, token in tokens if kind == "number"]
    return tokens if len(numbers) > 1 or (numbers and tokens != [("number", numbers[0])]) else None


def _grouped(tokens: list[tuple[str, str]], text: str) -> tuple[list[list[str]], list[str]]:
    """Split the numbers into those of each coordinate; return them and the letters of the hemispheres."""
    letters = [token for kind, token in tokens if kind == "letter"]
    numbers = [token for kind, token in tokens if kind == "number"]
    if "O" in letters:
        raise InvalidInputError("O is east in some languages and west in others: write E or W.")
    breaks = [at for at, (kind, _) in enumerate(tokens) if kind == "break"]
    if letters:
        ends = [at if tokens[0][0] == "letter" else at + 1 for at, (kind, _) in enumerate(tokens) if kind == "letter"]
    elif len(breaks) == 1:
        ends = breaks
    else:
        ends = _starts_of_angles(tokens)
    edges = sorted({0, *ends, len(tokens)})
    parts = [tokens[first:last] for first, last in itertools.pairwise(edges)]
    groups = [[token for kind, token in part if kind == "number"] for part in parts]
    groups = [group for group in groups if group]
    if len(numbers) == _BOX and not letters and not any(kind == "mark" for kind, _ in tokens):
        raise InvalidInputError("Four numbers are a box, not a place: type them into Coordinates, beside the map.")
    if len(groups) != _PAIR or len(letters) not in {0, _PAIR}:
        raise InvalidInputError(
            f"{text.strip()[:40]!r} is not two coordinates: write latitude and longitude, as in 46.5, 7.9."
        )
    return groups, letters


def _starts_of_angles(tokens: list[tuple[str, str]]) -> list[int]:
    """Return where a number begins a new coordinate: at a degree, or where no mark joins it to the one before."""
    marks = [token for kind, token in tokens if kind == "mark"]
    if "°" in marks:
        return [at for at in range(len(tokens) - 1) if tokens[at][0] == "number" and tokens[at + 1][1] == "°"]
    starts = [
        at for at, (kind, _) in enumerate(tokens) if kind == "number" and (at == 0 or tokens[at - 1][0] != "mark")
    ]
    if len(starts) == _SIX and not marks:  # degrees, minutes and seconds twice
        return [starts[0], starts[_SIX // 2]]
    return starts


def _angle(group: list[str]) -> float:
    """Return degrees, minutes and seconds as degrees."""
    if len(group) > _MOST_PARTS:
        raise InvalidInputError(f"{' '.join(group)} is not degrees, minutes and seconds: write at most three numbers.")
    if any("." in number for number in group[:-1]):
        raise InvalidInputError(
            f"{' '.join(group)} is not degrees, minutes and seconds: only the last may have a fraction."
        )
    degrees, *rest = (float(number) for number in group)
    for name, value, written in zip(("minutes", "seconds"), rest, group[1:], strict=False):
        if not 0 <= value < _SIXTY or written.startswith(("-", "+")):
            raise InvalidInputError(f"{written} is not a number of {name}: it has to be from 0 to below 60.")
    minutes, seconds = (*rest, 0.0, 0.0)[:2]
    size = abs(degrees) + minutes / _SIXTY + seconds / _SIXTY**2
    return -size if group[0].startswith("-") else size


def _placed(angles: list[float], letters: list[str]) -> Position:
    first, second = angles
    if letters:
        if min(angles) < 0:
            raise InvalidInputError("A coordinate has a minus sign or a letter, not both: leave one of them out.")
        named = dict(zip(letters, angles, strict=True))
        lats = [-value if letter == "S" else value for letter, value in named.items() if letter in "NS"]
        lons = [-value if letter == "W" else value for letter, value in named.items() if letter in "EW"]
        if len(lats) != 1 or len(lons) != 1:
            raise InvalidInputError(
                f"{' and '.join(letters)} are not a latitude and a longitude: write one of N or S and one of E or W."
            )
        return _checked(lats[0], lons[0], "")
    if max(abs(first), abs(second)) > 2 * _HALF_TURN:
        raise InvalidInputError(
            f"{first:.0f} and {second:.0f} look like metres of a map projection, not degrees: write degrees, or UTM "
            "with its zone, as in 33T 500000 5150000."
        )
    if abs(first) > _POLE and abs(second) <= _POLE:
        return _checked(second, first, "taken as longitude, latitude")
    return _checked(first, second, "taken as latitude, longitude")


def _checked(lat: float, lon: float, reading: str) -> Position:
    if abs(lat) > _POLE:
        raise InvalidInputError(f"{lat:g} is no latitude: it goes from -90 to 90 degrees.")
    if abs(lon) > _HALF_TURN:
        raise InvalidInputError(f"{lon:g} is no longitude: it goes from -180 to 180 degrees.")
    return Position(lon, lat, reading)
