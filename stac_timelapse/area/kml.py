"""Read KML without GDAL, whose KML driver can end the process on a hostile file.

All folders are walked; names of elements count, their namespaces do not, for real files have old ones, other ones
and none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from shapely.errors import ShapelyError
from shapely.geometry import Polygon

from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.area.coordinates import coordinates_of
from stac_timelapse.area.notes import Notes
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
_ROOTS = {"kml", "Document", "Folder", "Placemark"}
_PREFIX = re.compile(rb"</?([A-Za-z_][\w.-]*):")
_ROOT_END = re.compile(rb"<(?![?!])[^\s/>]+")
_CORNERS = 3
_XML_UNBOUND_PREFIX = 27  # expat's number of "unbound prefix"


@dataclass
class KmlContent:
    """What a KML file holds.

    Parameters
    ----------
    areas, places
        Polygons and points, in the order of the file.
    notes
        What was left out, or taken for something else.
    """

    areas: list[AreaOfInterest] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)


def read_kml(data: bytes, filename: str) -> KmlContent:
    """Read all polygons and points of a KML document.

    Raises
    ------
    InvalidInputError
        If it is not complete XML, not KML, or tries to expand entities.
    """
    root = _parsed(data.lstrip(), filename)
    if _tag(root) not in _ROOTS:
        raise InvalidInputError(
            f"{filename} is XML but not KML (its first element is {_tag(root)!r}): give a KML, KMZ or GeoJSON."
        )
    content = KmlContent()
    for element in root.iter():
        tag = _tag(element)
        if tag == "Placemark":
            _read_placemark(element, content)
        elif tag in _FEATURES:
            content.notes.unused[_FEATURES[tag]] += 1
    return content


def _parsed(data: bytes, filename: str) -> Element:
    try:
        try:
            return fromstring(data)
        except ParseError as error:
            if error.code != _XML_UNBOUND_PREFIX:
                raise
            # Many a program writes <gx:Track> and forgets to declare gx.
            return fromstring(_with_prefixes(data))
    except DefusedXmlException as error:
        raise InvalidInputError(
            f"{filename} defines XML entities, which are not read for safety: save it again from a map program."
        ) from error
    except ParseError as error:
        raise InvalidInputError(
            f"{filename} is damaged at line {error.position[0]}: it is not complete XML. Export it again."
        ) from error
    except (ValueError, LookupError) as error:
        raise InvalidInputError(f"{filename} is damaged: its text cannot be decoded. Export it again.") from error


def _with_prefixes(data: bytes) -> bytes:
    root = _ROOT_END.search(data)
    if root is None:
        return data
    head = data[root.end() : data.find(b">", root.end())]
    missing = sorted(prefix for prefix in set(_PREFIX.findall(data)) if b"xmlns:" + prefix not in head)
    declarations = b"".join(b' xmlns:%s="undeclared:%s"' % (prefix, prefix) for prefix in missing)
    return data[: root.end()] + declarations + data[root.end() :]


def _read_placemark(placemark: Element, content: KmlContent) -> None:
    name = _text(placemark, "name")
    for shape in _shapes(placemark):
        kind = _tag(shape)
        if kind in _UNUSED:
            content.notes.unused[_UNUSED[kind]] += 1
            continue
        read = _read_point if kind == "Point" else _read_polygon
        try:
            read(shape, name, content)
        except InvalidInputError as error:
            content.notes.refuse("point" if kind == "Point" else "polygon", name, str(error))


def _read_point(shape: Element, name: str, content: KmlContent) -> None:
    numbers = _text(shape, "coordinates").replace(",", " ").split()
    if not numbers:
        content.notes.unused["point without coordinates"] += 1
        return
    try:
        lon, lat = (float(number) for number in numbers[:2])
    except ValueError:
        raise InvalidInputError("Its coordinates are not longitude and latitude.") from None
    content.places.append(Place(name, lon, lat))


def _read_polygon(shape: Element, name: str, content: KmlContent) -> None:
    is_line = _tag(shape) == "LinearRing"
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
    content.areas.append(AreaOfInterest(polygon, name))
    content.notes.closed_lines += is_line


def _shapes(placemark: Element) -> Iterator[Element]:
    """Yield the geometries of a placemark and of the containers in it, in the order of the file."""
    waiting = [*reversed(placemark)]  # a stack, for a hostile file may nest deeper than Python recurses
    while waiting:
        element = waiting.pop()
        if _tag(element) in _SHAPES:
            yield element
        elif _tag(element) in _CONTAINERS:
            waiting += reversed(element)


def _rings(shape: Element, boundary: str) -> list[Element]:
    return [ring for child in shape if _tag(child) == boundary for ring in child if _tag(ring) == "LinearRing"]


def _corners(ring: Element) -> list[tuple[float, float]]:
    try:
        return coordinates_of(_text(ring, "coordinates"))
    except ValueError:
        raise InvalidInputError("Its coordinates are not pairs of longitude and latitude.") from None


def _text(element: Element, name: str) -> str:
    return next(("".join(child.itertext()).strip() for child in element if _tag(child) == name), "")


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
