"""Read the area of interest from a file that a user brings: KML, KMZ or GeoJSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

from shapely.geometry import MultiPoint, MultiPolygon, Point, Polygon

from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.area.archive import MAX_BYTES, kml_of
from stac_timelapse.area.geojson import Feature, features_of
from stac_timelapse.area.kml import read_kml
from stac_timelapse.area.notes import Notes
from stac_timelapse.area.polygon import union
from stac_timelapse.errors import InvalidInputError

_ZIP = b"PK\x03\x04"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class VectorContent:
    """What a file holds, in its own order.

    Parameters
    ----------
    areas
        Its polygons, each with its name.
    places
        Its named points.
    skipped
        One sentence for each kind of thing that was left out or taken for something else.
    """

    areas: tuple[AreaOfInterest, ...]
    places: tuple[Place, ...]
    skipped: tuple[str, ...]


def is_file(path: Path) -> bool:
    """Tell whether a path names a file; text that is too long for a name, like WKT, does not."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_vector(source: Path | bytes, filename: str) -> VectorContent:
    """Read all polygons and points of a KML, KMZ or GeoJSON file.

    What the content looks like decides, not the extension.

    Parameters
    ----------
    source
        The file or its content, 20 MB at most.
    filename
        What the user calls it.

    Raises
    ------
    InvalidInputError
        If the file is missing, too large, damaged, of another kind, or unsafe to read.
    """
    data = _content(source, filename)
    start = data[:1024].removeprefix(_UTF8_MARK).lstrip()
    if data.startswith(_ZIP):
        return _from_kml(kml_of(data, filename), filename)
    if start.startswith(b"<") or (data.startswith(_UTF16) and "<" in data[:64].decode("utf-16", "replace")):
        return _from_kml(data, filename)
    if start.startswith((b"{", b"[")) or data.startswith(_UTF16):
        return _from_geojson(data, filename)
    raise InvalidInputError(f"{filename} is neither KML, KMZ nor GeoJSON: save the area as one of these.")


def load_area(source: Path | bytes, filename: str) -> AreaOfInterest:
    """Return the ground that the polygons of a file cover, with its points as places.

    Parameters
    ----------
    source, filename
        As for `read_vector`.

    Raises
    ------
    InvalidInputError
        If the file cannot be read or holds no usable polygon.
    """
    return area_of(read_vector(source, filename), filename)


def area_of(content: VectorContent, filename: str) -> AreaOfInterest:
    """Return what `load_area` does, of a file that was read already.

    Raises
    ------
    InvalidInputError
        If it holds no usable polygon.
    """
    if not content.areas:
        raise InvalidInputError(_no_polygon(content, filename))
    if len(content.areas) == 1:
        (area,) = content.areas
        return AreaOfInterest(area.geometry, area.name or PurePath(filename).stem, content.places)
    geometry = union([area.geometry for area in content.areas])
    return AreaOfInterest(geometry, PurePath(filename).stem, content.places)


def _no_polygon(content: VectorContent, filename: str) -> str:
    points = len(content.places)
    held = f"{points} point{'' if points == 1 else 's'} and no polygon" if points else "no polygon"
    reason = f" {content.skipped[0]}" if content.skipped else ""
    return f"{filename} holds {held}: draw the area on the map or upload a file with a polygon.{reason}"


def _content(source: Path | bytes, filename: str) -> bytes:
    try:
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > MAX_BYTES:
            raise InvalidInputError(
                f"{filename} has {size / 1e6:.0f} MB and the limit is {MAX_BYTES / 1e6:.0f} MB: "
                "simplify its polygons or draw the area on the map."
            )
        data = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as error:
        raise InvalidInputError(f"{filename} cannot be read ({error.strerror}): check its name.") from error
    if not data.strip():
        raise InvalidInputError(f"{filename} is empty: save the area again.")
    return data


def _from_kml(data: bytes, filename: str) -> VectorContent:
    found = read_kml(data, filename)
    return VectorContent(tuple(found.areas), tuple(found.places), tuple(found.notes.sentences()))


def _from_geojson(data: bytes, filename: str) -> VectorContent:
    try:
        features = features_of(data)
    except InvalidInputError as error:
        raise InvalidInputError(f"{filename} cannot be used. {error}") from error
    areas: list[AreaOfInterest] = []
    places: list[Place] = []
    notes = Notes()
    for feature in features:
        try:
            _sort(feature, areas, places, notes)
        except InvalidInputError as error:
            notes.refuse("shape", feature.name, str(error))
    return VectorContent(tuple(areas), tuple(places), tuple(notes.sentences()))


def _sort(feature: Feature, areas: list[AreaOfInterest], places: list[Place], notes: Notes) -> None:
    """Put one feature where it belongs."""
    geometry = feature.geometry
    if feature.problem:
        raise InvalidInputError(feature.problem)
    if geometry is None:
        notes.unused["feature without a geometry"] += 1
    elif isinstance(geometry, (Polygon, MultiPolygon)):
        areas.append(AreaOfInterest(geometry, feature.name))
    elif isinstance(geometry, (Point, MultiPoint)):
        points = [geometry] if isinstance(geometry, Point) else list(geometry.geoms)
        places.extend(Place(feature.name, point.x, point.y) for point in points if not point.is_empty)
    else:
        notes.unused["line"] += 1
