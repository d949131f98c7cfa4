"""Read GeoJSON: geometries in lon/lat with their names, one bad feature not spoiling the others."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely.errors import ShapelyError
from shapely.geometry import GeometryCollection, shape
from shapely.geometry.base import BaseGeometry

from stac_timelapse.errors import InvalidInputError

_GEOMETRIES = {
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
}
_NAMES = ("name", "Name", "NAME", "title", "Title", "label", "Label")
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError, ShapelyError)


@dataclass(frozen=True, slots=True)
class Feature:
    """One simple or multi geometry of a document.

    Parameters
    ----------
    geometry
        In lon/lat degrees, never a collection; None if there is none or it could not be read.
    name
        May be empty.
    problem
        Why it could not be read; empty if nothing is wrong.
    """

    geometry: BaseGeometry | None
    name: str
    problem: str = ""


def features_of(document: Mapping[str, Any] | str | bytes) -> list[Feature]:
    """Return the geometries of a GeoJSON Geometry, Feature or FeatureCollection, collections taken apart.

    The old member ``crs`` is obeyed: many programs still write it.

    Raises
    ------
    InvalidInputError
        If it is not JSON, or JSON that is not GeoJSON.
    """
    try:
        values = json.loads(document) if isinstance(document, (str, bytes)) else document
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"The GeoJSON is damaged at line {error.lineno}: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"The GeoJSON is damaged: {shortened(error)}.") from error
    kind = values.get("type") if isinstance(values, Mapping) else type(values).__name__
    if kind == "FeatureCollection":
        members = values.get("features")
        if not isinstance(members, list):
            raise InvalidInputError("The GeoJSON is a FeatureCollection without a list of features.")
    elif kind == "Feature":
        members = [values]
    elif kind in _GEOMETRIES:
        members = [{"geometry": values}]
    else:
        raise InvalidInputError(
            f"The text is JSON but not GeoJSON: its type is {shortened(repr(kind))}, "
            "not FeatureCollection, Feature or a geometry."
        )
    crs = _crs(values)
    return [feature for member in members for feature in _read(member, crs)]


def to_lonlat(geometry: BaseGeometry, crs: str) -> BaseGeometry:
    """Return the geometry in lon/lat degrees.

    Parameters
    ----------
    geometry
        In the units of `crs`, x before y.
    crs
        Name or EPSG number of the coordinate system; empty for lon/lat.

    Raises
    ------
    InvalidInputError
        If the coordinate system is not known or its coordinates cannot be transformed.
    """
    if not crs or crs.endswith(("CRS84", "4326")):
        return geometry
    try:
        source = CRS.from_user_input(int(crs) if crs.isdecimal() else crs)
        transformer = Transformer.from_crs(source, CRS.from_epsg(4326), always_xy=True)
    except ProjError as error:
        raise InvalidInputError(
            f"The coordinate system {shortened(crs)!r} is not known: give longitude and latitude."
        ) from error
    moved = shapely.transform(shapely.force_2d(geometry), transformer.transform, interleaved=False)  # type: ignore[arg-type]
    if not all(map(math.isfinite, shapely.get_coordinates(moved).ravel())):
        raise InvalidInputError(
            f"The coordinates do not fit their coordinate system {shortened(crs)!r}: give longitude and latitude."
        )
    return moved


def shortened(text: object, length: int = 60) -> str:
    """Return the first line of a text, cut to fit into a sentence."""
    line = str(text).strip().split("\n", maxsplit=1)[0]
    return line if len(line) <= length else f"{line[:length]}…"


def _read(member: object, crs: str) -> Iterator[Feature]:
    name = ""
    try:
        name = _name(member)
        geometry = member["geometry"]  # type: ignore[index]
        if geometry is None:
            yield Feature(None, name)
            return
        # A corner that is not a number is refused later, with a sentence instead of a warning.
        with np.errstate(invalid="ignore"):
            whole = shape(geometry)
        for part in simple_parts(whole):
            yield Feature(to_lonlat(part, crs), name)
    except InvalidInputError as error:
        yield Feature(None, name, str(error))
    except _MALFORMED:
        yield Feature(None, name, "Its geometry is not GeoJSON.")


def simple_parts(geometry: BaseGeometry) -> Iterator[BaseGeometry]:
    """Yield the members of a collection, however deep, or the geometry itself."""
    waiting = [geometry]
    while waiting:
        current = waiting.pop()
        if isinstance(current, GeometryCollection):
            waiting += reversed(current.geoms)
        else:
            yield current


def _name(member: Any) -> str:
    properties = member.get("properties")
    if not isinstance(properties, Mapping):
        return ""
    found = next((properties[key] for key in _NAMES if properties.get(key)), "")
    return str(found) if isinstance(found, (str, int, float)) else ""


def _crs(values: Mapping[str, Any]) -> str:
    crs = values.get("crs")
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    return str(properties.get("name", "")) if isinstance(properties, Mapping) else ""
