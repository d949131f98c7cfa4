"""What makes a polygon an area: flat, valid, of some size, on this earth."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from stac_timelapse.errors import InvalidInputError

_HALF_TURN = 180
_POLE = 90
_WORLD = box(-_HALF_TURN, -_POLE, _HALF_TURN, _POLE)
_WHERE = re.compile(r"\[([-\d.e+]+) ([-\d.e+]+)")


def checked(geometry: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the polygon in two dimensions, within the world, in two parts where it crosses the antimeridian.

    Parameters
    ----------
    geometry
        In lon/lat degrees; the longitude may have gone around the world (a scrolled map gives -246 for 114).

    Raises
    ------
    InvalidInputError
        If it is no polygon, is empty, crosses itself, has no area, or goes beyond a pole.
    """
    if not isinstance(geometry, (Polygon, MultiPolygon)):
        raise InvalidInputError(f"A {geometry.geom_type} is not an area: draw or give a polygon.")
    flat: Polygon | MultiPolygon = shapely.force_2d(geometry)
    if flat.is_empty:
        raise InvalidInputError("The polygon is empty: draw or give one with at least three corners.")
    coordinates = shapely.get_coordinates(flat)
    if not np.isfinite(coordinates).all():
        raise InvalidInputError("The polygon has a corner that is not a number (nan or infinite): give its degrees.")
    farthest = coordinates[np.abs(coordinates[:, 1]).argmax(), 1]
    if abs(farthest) > _POLE:
        raise InvalidInputError(
            f"The latitude {farthest:g} is beyond the pole: give longitude before latitude, in degrees."
        )
    # A symmetrical bow tie has an area of 0 as well; its hull has not.
    if flat.convex_hull.area == 0:
        lon, lat = coordinates[0]
        raise InvalidInputError(f"The polygon near {lon:.3f}, {lat:.3f} has no area: its corners lie on one line.")
    parts = [part for polygon in shapely.get_parts(flat) for part in _wrapped(_valid(polygon))]
    # Parts that overlap or touch are common in drawings and harmless: they become one.
    return parts[0] if len(parts) == 1 else _tidy(flat, parts)


def union(polygons: Sequence[Polygon | MultiPolygon]) -> Polygon | MultiPolygon:
    """Return the ground that any of the polygons covers, as one geometry; they are those of `checked`."""
    joined = shapely.union_all(polygons)
    return joined if isinstance(joined, Polygon) else _polygons(joined)


def _tidy(original: Polygon | MultiPolygon, parts: list[Polygon]) -> Polygon | MultiPolygon:
    whole = MultiPolygon(parts)
    if whole.is_valid:
        # The very same coordinates in the very same order where nothing had to change.
        return original if whole == original else whole
    joined = shapely.union_all(parts)
    return joined if isinstance(joined, Polygon) else _polygons(joined)


def _polygons(geometry: BaseGeometry) -> MultiPolygon:
    return MultiPolygon([part for part in shapely.get_parts(geometry) if isinstance(part, Polygon)])


def _valid(polygon: Polygon) -> Polygon:
    if polygon.is_valid:
        return polygon
    reason = explain_validity(polygon)
    found = _WHERE.search(reason)
    where = f" near {float(found.group(1)):.3f}, {float(found.group(2)):.3f}" if found else ""
    if "elf-intersection" in reason:
        raise InvalidInputError(f"The polygon crosses itself{where}: redraw it so that its lines do not cross.")
    raise InvalidInputError(f"The polygon is not valid{where} ({reason.split('[')[0].strip()}): redraw it.")


def _wrapped(polygon: Polygon) -> list[Polygon]:
    """Return the polygon with longitudes of -180 to 180, cut in two where it crosses the antimeridian."""
    west, _, east, _ = polygon.bounds
    if west >= -_HALF_TURN and east <= _HALF_TURN:
        return [polygon]
    if east - west > 2 * _HALF_TURN:
        raise InvalidInputError(f"The area is {east - west:.0f} degrees wide: the earth has 360.")
    turns = math.floor((west + _HALF_TURN) / 360)
    shifted = affinity.translate(polygon, -360.0 * turns)
    here = shapely.intersection(shifted, _WORLD)
    there = affinity.translate(shapely.intersection(shifted, affinity.translate(_WORLD, 360)), -360)
    return [
        part
        for side in (here, there)
        for part in shapely.get_parts(side)
        if isinstance(part, Polygon) and part.area > 0
    ]
