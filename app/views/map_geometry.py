"""Between the two worlds of the map: areas in longitude and latitude, drawings in Web Mercator metres."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from stac_timelapse.area.aoi import Place

BBox = tuple[float, float, float, float]
Ring = npt.NDArray[np.float64]
#: A pass in words, and the lon/lat polygons of its scenes.
PassOutline = tuple[str, Sequence[BaseGeometry]]

_EARTH = 6378137.0  # m, radius of Web Mercator's sphere
_MAX_LATITUDE = 85.05
#: Metres from the middle of the map to the antimeridian.
HALF_WORLD = np.pi * _EARTH
_SAME = 0.02  # m
_DECIMALS = 7  # of a degree: a centimetre
_LEAST_CORNERS = 3


def to_mercator(lonlat: Ring) -> Ring:
    """Web Mercator metres of (n, 2) WGS 84 longitudes and latitudes in degrees."""
    longitude, latitude = np.radians(lonlat[:, 0]), np.radians(np.clip(lonlat[:, 1], -_MAX_LATITUDE, _MAX_LATITUDE))
    return np.column_stack([longitude, np.arcsinh(np.tan(latitude))]) * _EARTH


def to_lonlat(metres: Ring) -> Ring:
    """Undo `to_mercator`, rounded to a centimetre."""
    radians = np.column_stack([metres[:, 0] / _EARTH, np.arctan(np.sinh(metres[:, 1] / _EARTH))])
    degrees: Ring = np.degrees(radians).round(_DECIMALS)
    return degrees


def bbox_to_mercator(bbox: BBox) -> list[float]:
    """West, south, east, north in Web Mercator metres; a bbox across the antimeridian goes on beyond 180 degrees."""
    west, south, east, north = bbox
    corners = to_mercator(np.array([[west, south], [east + 360 if west > east else east, north]]))
    return [float(value) for value in corners.ravel()]


def joined(geometry: BaseGeometry) -> BaseGeometry:
    """Put the parts of an area that was split at the antimeridian side by side again (longitudes up to 540)."""
    west, _, east, _ = geometry.bounds
    if not (west == -180 and east == 180 and isinstance(geometry, shapely.MultiPolygon)):  # noqa: PLR2004 (degrees)
        return geometry
    shifted = [
        shapely.transform(p, lambda xy: xy + np.array([360, 0])) if p.bounds[0] < 0 else p for p in geometry.geoms
    ]
    return shapely.union_all(shifted)


def rings_of(geometry: BaseGeometry) -> list[Ring]:
    """All rings of a polygon or multipolygon in lon/lat, outer ones and holes alike, as Web Mercator metres."""
    return [
        to_mercator(shapely.get_coordinates(ring))
        for polygon in shapely.get_parts(joined(geometry))
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def same_rings(one: Sequence[Ring], other: Sequence[Ring]) -> bool:
    """Whether two drawings have the same corners, to two centimetres."""
    return len(one) == len(other) and all(
        a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=_SAME)) for a, b in zip(one, other, strict=True)
    )


def geometry_of(rings: Sequence[Ring]) -> BaseGeometry | None:
    """Undo `rings_of` by the even-odd rule; a ring that crosses itself comes back as it is, to be refused by name."""
    polygons = [shapely.Polygon(to_lonlat(ring)) for ring in rings if len(np.unique(ring, axis=0)) >= _LEAST_CORNERS]
    for polygon in polygons:
        if not polygon.is_valid:
            return polygon
    whole: BaseGeometry | None = None
    for polygon in polygons:
        whole = polygon if whole is None else whole.symmetric_difference(polygon)
    return whole


def holed_columns(geometry: BaseGeometry) -> dict[str, list[list[list[npt.NDArray[np.float64]]]]]:
    """Return an area with holes as Bokeh's ``MultiPolygons`` want it; empty columns for one without holes."""
    columns: dict[str, list[list[list[npt.NDArray[np.float64]]]]] = {"xs": [], "ys": []}
    polygons = shapely.get_parts(joined(geometry))
    for polygon in polygons if any(each.interiors for each in polygons) else ():
        rings = [to_mercator(shapely.get_coordinates(ring)) for ring in (polygon.exterior, *polygon.interiors)]
        for axis, column in enumerate(columns.values()):
            column.append([[ring[:, axis] for ring in rings]])
    return columns


def place_columns(places: Sequence[Place]) -> dict[str, Ring | list[str]]:
    """Return named points as Bokeh wants them: columns x, y in Web Mercator metres, and name."""
    points = to_mercator(np.array([[place.lon, place.lat] for place in places]).reshape(-1, 2))
    return {"x": points[:, 0], "y": points[:, 1], "name": [place.name for place in places]}


def footprint_columns(footprints: Iterable[tuple[BaseGeometry, str, bool]]) -> dict[str, list[Any]]:
    """Return (lon/lat polygon, label, highlighted) as the columns of the map's footprints."""
    columns: dict[str, list[Any]] = {"xs": [], "ys": [], "label": [], "fill": [], "line": []}
    for geometry, label, highlighted in footprints:
        for polygon in shapely.get_parts(joined(geometry)):
            ring = to_mercator(shapely.get_coordinates(polygon.exterior))
            columns["xs"].append(ring[:, 0])
            columns["ys"].append(ring[:, 1])
            columns["label"].append(label)
            columns["fill"].append(0.16 if highlighted else 0.02)
            columns["line"].append(0.95 if highlighted else 0.35)
    return columns


def pass_columns(passes: Iterable[PassOutline]) -> dict[str, list[Any]]:
    """Return passes, numbered in their order, as columns: a row each outer ring of a scene."""
    columns: dict[str, list[Any]] = {"xs": [], "ys": [], "number": [], "words": []}
    for number, (words, geometries) in enumerate(passes):
        for polygon in (part for geometry in geometries for part in shapely.get_parts(joined(geometry))):
            ring = to_mercator(shapely.get_coordinates(polygon.exterior))
            for name, entry in zip(columns, (ring[:, 0], ring[:, 1], number, words), strict=True):
                columns[name].append(entry)
    return columns
