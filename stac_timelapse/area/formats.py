"""Find out which kind of map file bytes are, and read them in this process; `vector` is the safe way to do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import shapely

from stac_timelapse.area import geopackage, shapefile
from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.area.archive import unpacked
from stac_timelapse.area.found import MAX_SHAPES, Found
from stac_timelapse.area.geojson import features_of, shortened
from stac_timelapse.area.gpx import ROOT, read_gpx
from stac_timelapse.area.kml import ROOTS, read_kml
from stac_timelapse.area.markup import parsed, tag_of
from stac_timelapse.area.notes import Notes
from stac_timelapse.area.polygon import union
from stac_timelapse.errors import InvalidInputError

#: Most corners of all areas of a file.
MAX_CORNERS = 500_000
_ZIP = b"PK\x03\x04"
_FLATGEOBUF = b"fgb\x03"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"
_KINDS = "KML, KMZ, GeoJSON, GeoPackage, GPX, FlatGeobuf or zipped Shapefile"
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class VectorContent:
    """What a file holds, in its own order.

    Parameters
    ----------
    areas
        Its polygons; those of one name are one area, those without a name one each.
    places
        Its named points.
    skipped
        One sentence for each kind of thing that was left out or taken for something else.
    whole
        The ground that all areas cover, without a name; None if there is no area.
    """

    areas: tuple[AreaOfInterest, ...]
    places: tuple[Place, ...]
    skipped: tuple[str, ...]
    whole: AreaOfInterest | None = None


def parse(data: bytes, filename: str) -> VectorContent:
    """Return all polygons and points of a map file. What the content looks like decides, not the extension.

    Parameters
    ----------
    data
        Its content.
    filename
        What the user calls it.

    Raises
    ------
    InvalidInputError
        If it is damaged, too large, of another kind, or unsafe to read.
    """
    found = _found(data, filename)
    _check_size(found, filename)
    areas = _by_name(found.areas)
    whole = AreaOfInterest(union([area.geometry for area in areas])) if areas else None
    places = [Place(shortened(place.name, _LONGEST_NAME), place.lon, place.lat) for place in found.places]
    return VectorContent(tuple(areas), tuple(places), tuple(found.notes.sentences()), whole)


def _found(data: bytes, filename: str, *, packed: bool = False) -> Found:
    start = data[:1024].removeprefix(_UTF8_MARK).lstrip()
    if data.startswith(_ZIP):
        return _from_archive(unpacked(data, filename), filename, packed=packed)
    if data.startswith(geopackage.START):
        return _from_geopackage(data, filename)
    if data.startswith(_FLATGEOBUF):
        return _from_flatgeobuf(data, filename)
    if data.startswith(shapefile.START):
        return _from_shapefiles({f"{PurePath(filename).stem}.shp": data}, filename)
    if start.startswith(b"<") or (data.startswith(_UTF16) and "<" in data[:64].decode("utf-16", "replace")):
        return _from_xml(data, filename)
    if start.startswith((b"{", b"[")) or data.startswith(_UTF16):
        return _from_geojson(data, filename)
    raise InvalidInputError(f"{filename} is no map file that can be read: save the area as {_KINDS}.")


def _from_xml(data: bytes, filename: str) -> Found:
    root = parsed(data, filename)
    tag = tag_of(root)
    if tag == ROOT:
        return read_gpx(root)
    if tag in ROOTS:
        return read_kml(root)
    raise InvalidInputError(
        f"{filename} is XML but neither KML nor GPX (its first element is {shortened(tag)!r}): give {_KINDS}."
    )


def _from_geojson(data: bytes, filename: str) -> Found:
    try:
        return Found().take(features_of(data))
    except InvalidInputError as error:
        raise InvalidInputError(f"{filename} cannot be used. {error}") from error


def _from_archive(files: Mapping[str, bytes], filename: str, *, packed: bool) -> Found:
    if any(path.lower().endswith(".shp") for path in files):
        return _from_shapefiles(files, filename)
    (content,) = files.values()
    if packed and content.startswith(_ZIP):
        raise InvalidInputError(f"{filename} holds archives in archives: give the one map file instead.")
    return _found(content, filename, packed=True)


def _from_geopackage(data: bytes, filename: str) -> Found:
    from stac_timelapse.area.ogr import Layer, read_layers  # noqa: PLC0415 - half of the time that a small KML takes

    notes = Notes()
    names = geopackage.layers_of(data, filename, notes)
    content = geopackage.without_journal(data)
    features = read_layers([Layer(content, name, name) for name in names], filename, notes)
    return Found(notes=notes).take(features)


def _from_flatgeobuf(data: bytes, filename: str) -> Found:
    from stac_timelapse.area.ogr import Layer, read_layers  # noqa: PLC0415

    notes = Notes()
    return Found(notes=notes).take(read_layers([Layer(data, "", PurePath(filename).stem)], filename, notes))


def _from_shapefiles(files: Mapping[str, bytes], filename: str) -> Found:
    from stac_timelapse.area.ogr import Layer, read_layers  # noqa: PLC0415

    notes = Notes()
    layers = []
    for title, parts in shapefile.layers_of(files).items():
        if "dbf" not in parts:
            notes.remarks.append(f"The Shapefile {title!r} has no .dbf file, so its shapes have no names.")
        # Without a .cpg nearly all of today's programs write UTF-8; what is not falls back to the file's own mark.
        encoding = None if "cpg" in parts else "UTF-8"
        try:
            layers.append(Layer(shapefile.archive_of(parts), "", title, encoding))
        except InvalidInputError as error:
            notes.refuse("Shapefile", title, str(error))
    if not layers:
        raise InvalidInputError(f"{filename} cannot be used. {notes.refusals[0]}")
    return Found(notes=notes).take(read_layers(layers, filename, notes))


def _check_size(found: Found, filename: str) -> None:
    shapes = len(found.areas) + len(found.places)
    corners = int(shapely.get_num_coordinates([area.geometry for area in found.areas]).sum()) if found.areas else 0
    for number, most, what in ((shapes, MAX_SHAPES, "shapes"), (corners, MAX_CORNERS, "corners")):
        if number > most:
            raise InvalidInputError(
                f"{filename} has {number:,} {what}, and {most:,} are allowed: "
                "save only the shapes that you need, or simplify them."
            )


def _by_name(areas: Sequence[AreaOfInterest]) -> list[AreaOfInterest]:
    """Return the areas with those of one name joined, in the order of their first parts."""
    groups: dict[str | int, list[AreaOfInterest]] = {}
    for number, area in enumerate(areas):
        groups.setdefault(area.name or number, []).append(area)
    return [
        AreaOfInterest(
            group[0].geometry if len(group) == 1 else union([each.geometry for each in group]),
            shortened(group[0].name, _LONGEST_NAME),
        )
        for group in groups.values()
    ]
