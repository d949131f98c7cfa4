"""A timelapse as the query of an address: what was chosen, short, readable, without secrets; and back."""

from __future__ import annotations

import base64
import binascii
import functools
import zlib
from collections.abc import Mapping
from dataclasses import fields
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import shapely

from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.recipe import Recipe

#: Longer queries are cut off by some proxies (nginx takes 8 kB for the whole line).
MOST_CHARACTERS = 7_000
#: A longer text of an area is packed.
_PLAIN = 1_200
#: Six decimals are 11 cm.
_DECIMALS = 6
#: Of what a packed area may unpack to, in bytes.
_MOST_UNPACKED = 1_000_000
_PACKED = "z"
_DEFAULTS = {one.name: one.default for one in fields(Recipe) if one.name != "aoi"}
_KINDS = get_type_hints(Recipe)


def query_of(values: Mapping[str, Any]) -> str:
    """Return choices as a query, without its question mark.

    Parameters
    ----------
    values
        Fields of a `Recipe` by name, not necessarily all, and any other texts. Those at their default are left out.

    Raises
    ------
    InvalidInputError
        If they need more than 7000 characters, or the catalogue's address holds a secret.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        if name == "aoi":
            pairs += _area_pairs(value) if value is not None else []
        elif name not in _DEFAULTS or value != _DEFAULTS[name]:
            pairs += [(name.replace("_", "-"), text) for text in _texts(value)]
    address = urlsplit(str(values.get("catalog", "")))
    if address.query or "@" in address.netloc:
        raise InvalidInputError("The catalogue's address may hold a password: it is not written into a link.")
    query = urlencode(pairs, quote_via=quote, safe=",:/()@")
    if len(query) > MOST_CHARACTERS:
        raise InvalidInputError(
            f"The area has too many corners for a link ({len(query)} characters, and {MOST_CHARACTERS} are possible): "
            "copy the command line or share the file instead."
        )
    return query


def values_of(query: str) -> dict[str, Any]:
    """Read what `query_of` wrote: fields of a `Recipe` by name, and other texts as they are.

    Raises
    ------
    InvalidInputError
        If a value is not one that the field can have; whether it is a possible one is the recipe's own check.
    """
    given: dict[str, list[str]] = {}
    for name, text in parse_qsl(query.removeprefix("?"), keep_blank_values=True):
        given.setdefault(name.replace("-", "_"), []).append(text)
    values: dict[str, Any] = {}
    area = given.pop("aoi", None)
    name, places = given.pop("name", [""])[-1], given.pop("place", [])
    if area is not None:
        values["aoi"] = _area(area[-1], name, places)
    for key, texts in given.items():
        try:
            values[key] = _value(_KINDS.get(key, str), texts)
        except ValueError as error:
            raise InvalidInputError(
                f"The link's {key.replace('_', '-')} is {texts[-1]!r}, which is not possible: ask for it again."
            ) from error
    return values


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, float):
        return [_number(value)]
    if isinstance(value, tuple):
        # Numbers are one list; texts may hold commas.
        return list(value) if value and isinstance(value[0], str) else [",".join(map(_number, value))]
    return [str(value)]


def _number(value: float) -> str:
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def _value(kind: Any, texts: list[str]) -> Any:
    """Return a field's value in its own kind."""
    if NoneType in get_args(kind):
        kind = next(one for one in get_args(kind) if one is not NoneType)
    if kind is bool:
        if texts[-1] not in {"yes", "no"}:
            raise ValueError(texts[-1])
        return texts[-1] == "yes"
    if get_origin(kind) is not tuple:
        return kind(texts[-1])
    one = get_args(kind)[0]
    return tuple(texts) if one is str else tuple(one(number) for number in texts[-1].split(",") if number)


@functools.lru_cache(maxsize=16)
def _area_pairs(aoi: AreaOfInterest) -> list[tuple[str, str]]:
    text = aoi.text
    if len(text) > _PLAIN:
        rounded = shapely.to_wkt(aoi.geometry, rounding_precision=_DECIMALS).encode()
        text = _PACKED + base64.urlsafe_b64encode(zlib.compress(rounded, 9)).decode().rstrip("=")
    places = [("place", f"{one.lon:.{_DECIMALS}f},{one.lat:.{_DECIMALS}f},{one.name}") for one in aoi.places]
    return [("aoi", text), *([("name", aoi.name)] if aoi.name else []), *places]


def _area(text: str, name: str, places: list[str]) -> AreaOfInterest:
    try:
        if text.startswith(_PACKED):
            text = _unpacked(text.removeprefix(_PACKED))
        parted = [place.split(",", 2) for place in places]
        points = tuple(Place(label, float(lon), float(lat)) for lon, lat, label in parted)
    except (ValueError, zlib.error, binascii.Error) as error:
        raise InvalidInputError("The link's area cannot be read, it may be cut off: ask for the link again.") from error
    return AreaOfInterest(AreaOfInterest.parse(text).geometry, name, points)


def _unpacked(text: str) -> str:
    unpacker = zlib.decompressobj()
    packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    area = unpacker.decompress(packed, _MOST_UNPACKED).decode()
    if not unpacker.eof:
        raise ValueError("cut off, or too long")
    return area
