"""Read KML without GDAL, whose KML driver can end the process on a hostile file.

All folders are walked; names of elements count, their namespaces do not, for real files have old ones, other ones
and none.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from shapely.errors import ShapelyError
from shapely.geometry import Polygon

from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.area.coordinates import coordinates_of
from stac_timelapse.area.found import Found
from stac_timelapse.area.markup import tag_of, text_of
from stac_timelapse.errors import InvalidInputError

#: Elements that hold no polygon or point, and what people call them.
_UNUSED = {
    "LineString": "line",
    "Track": "track",
    "MultiTrack": "track",
    "Model": "3-D model",
}
_FEATURES = {
    "GroundOverlay": "image overlay",
    "ScreenOverlay": "image overlay",
    "PhotoOverlay": "image overlay",
    "NetworkLink": "network link",
}
_SHAPES = {"Point", "Polygon", "LinearRing", *_UNUSED}
#: The last three are not in the standard, but in files.
_CONTAINERS = {"MultiGeometry", "MultiPolygon", "MultiLineString", "MultiPoint"}
#: What the first element of a KML document is called; some files lack the outer ones.
ROOTS = frozenset({"kml", "Document", "Folder", "Placemark"})
_CORNERS = 3


def read_kml(root: Element) -> Found:
    """Return all polygons and points of a KML document, given its root element."""
    found = Found()
    for element in root.iter():
        tag = tag_of(element)
        if tag == "Placemark":
            _read_placemark(element, found)
        elif tag in _FEATURES:
            found.notes.unused[_FEATURES[tag]] += 1
    return found


def _read_placemark(placemark: Element, found: Found) -> None:
    name = text_of(placemark, "name")
    for shape in _shapes(placemark):
        kind = tag_of(shape)
        if kind in _UNUSED:
            found.notes.unused[_UNUSED[kind]] += 1
            continue
        read = _read_point if kind == "Point" else _read_polygon
        try:
            read(shape, name, found)
        except InvalidInputError as error:
            found.notes.refuse("point" if kind == "Point" else "polygon", name, str(error))


def _read_point(shape: Element, name: str, found: Found) -> None:
    numbers = text_of(shape, "coordinates").replace(",", " ").split()
    if not numbers:
        found.notes.unused["point without coordinates"] += 1
        return
    try:
        lon, lat = (float(number) for number in numbers[:2])
    except ValueError:
        raise InvalidInputError("Its coordinates are not longitude and latitude.") from None
    found.places.append(Place(name, lon, lat))


def _read_polygon(shape: Element, name: str, found: Found) -> None:
    is_line = tag_of(shape) == "LinearRing"
    outers = [shape] if is_line else _rings(shape, "outerBoundaryIs")
    holes = [] if is_line else _rings(shape, "innerBoundaryIs")
    outer = [corner for ring in outers[:1] for corner in _corners(ring)]
    if len(outer) < _CORNERS:
        raise InvalidInputError(f"It has {len(outer)} corners and needs at least three.")
    inner = [corners for corners in map(_corners, holes) if len(corners) >= _CORNERS]
    try:
        polygon = Polygon(outer, inner)
    except (ShapelyError, ValueError) as error:
        raise InvalidInputError(f"It is not a polygon ({error}).") from error
    found.areas.append(AreaOfInterest(polygon, name))
    found.notes.closed["line"] += is_line


def _shapes(placemark: Element) -> Iterator[Element]:
    """Yield the geometries of a placemark and of the containers in it, in the order of the file."""
    waiting = [*reversed(placemark)]  # a stack, for a hostile file may nest deeper than Python recurses
    while waiting:
        element = waiting.pop()
        if tag_of(element) in _SHAPES:
            yield element
        elif tag_of(element) in _CONTAINERS:
            waiting += reversed(element)


def _rings(shape: Element, boundary: str) -> list[Element]:
    return [ring for child in shape if tag_of(child) == boundary for ring in child if tag_of(ring) == "LinearRing"]


def _corners(ring: Element) -> list[tuple[float, float]]:
    try:
        return coordinates_of(text_of(ring, "coordinates"))
    except ValueError:
        raise InvalidInputError("Its coordinates are not pairs of longitude and latitude.") from None
