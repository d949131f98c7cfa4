"""Read GPX: waypoints are places, what was walked around is an area.

GPX is XML: it is parsed without GDAL, which tells neither the line of a defect nor an entity.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

import shapely
from pyproj import Geod
from shapely.geometry import Polygon

from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.area.found import Found
from stac_timelapse.area.markup import tag_of, text_of
from stac_timelapse.errors import InvalidInputError

ROOT = "gpx"
#: A line is closed if its ends lie that near, metres, and that near in relation to its length.
_GAP = 50.0
_GAP_SHARE = 0.1
_CORNERS = 3
_GEOD = Geod(ellps="WGS84")
_KINDS = {"trk": "track", "rte": "route"}

Line = list[tuple[float, float]]


def read_gpx(root: Element) -> Found:
    """Return the waypoints of a GPX document as places, and its closed tracks and routes as polygons.

    Nobody who walks around a field ends on the very spot: a line is closed if its ends are at most 50 m apart, and at
    most a tenth of its length. Where it crosses itself, all that it encloses is taken. Open lines are left out.
    """
    found = Found()
    for element in root:
        tag = tag_of(element)
        name = text_of(element, "name")
        try:
            if tag == "wpt":
                found.places.append(Place(name, *_position(element)))
            elif tag in _KINDS:
                _read_line(element, name, _KINDS[tag], found)
        except InvalidInputError as error:
            found.notes.refuse("waypoint" if tag == "wpt" else _KINDS[tag], name, str(error))
    return found


def _read_line(element: Element, name: str, kind: str, found: Found) -> None:
    segments = [line for line in _lines(element) if line]
    rings = [line for line in segments if _is_closed(line)]
    if len(rings) < len(segments):
        # A receiver that lost its satellites begins a new segment: the track is one line all the same.
        whole = [corner for line in segments for corner in line]
        rings = [whole] if _is_closed(whole) else []
    if not rings:
        found.notes.unused[f"open {kind}"] += 1
        return
    polygons = [part for ring in rings for part in shapely.get_parts(_enclosed(ring)) if isinstance(part, Polygon)]
    if not polygons:
        raise InvalidInputError("It encloses no ground.")
    found.areas.append(AreaOfInterest.from_geometry(shapely.MultiPolygon(polygons), name))
    found.notes.closed[kind] += 1


def _enclosed(ring: Line) -> shapely.Geometry:
    polygon = Polygon(ring)
    # The union of the loops, whichever way round they were walked: "structure" would drop one in another.
    return polygon if polygon.is_valid else shapely.union_all(list(shapely.polygonize([_noded(ring)]).geoms))


def _noded(ring: Line) -> shapely.Geometry:
    return shapely.node(shapely.LineString([*ring, ring[0]]))


def _lines(element: Element) -> Iterator[Line]:
    segments = [child for child in element if tag_of(child) == "trkseg"] or [element]
    for segment in segments:
        yield [_position(point) for point in segment if tag_of(point) in {"trkpt", "rtept"}]


def _is_closed(line: Sequence[tuple[float, float]]) -> bool:
    if len(set(line)) < _CORNERS:
        return False
    lons, lats = zip(*line, strict=True)
    gap = float(_GEOD.line_length([lons[0], lons[-1]], [lats[0], lats[-1]]))
    return gap <= min(_GAP, _GAP_SHARE * float(_GEOD.line_length(lons, lats)))


def _position(element: Element) -> tuple[float, float]:
    try:
        return float(element.get("lon", "")), float(element.get("lat", ""))
    except ValueError:
        raise InvalidInputError("It has a point without longitude and latitude.") from None
