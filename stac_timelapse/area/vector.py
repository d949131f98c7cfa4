"""Read the area of interest from a file that a user brings, whatever program it is from."""

from __future__ import annotations

from pathlib import Path, PurePath

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.area.archive import MAX_BYTES
from stac_timelapse.area.formats import VectorContent
from stac_timelapse.area.isolated import read_isolated
from stac_timelapse.errors import InvalidInputError

#: The extensions that such files usually have.
EXTENSIONS = (".kml", ".kmz", ".geojson", ".json", ".gpkg", ".gpx", ".fgb", ".zip", ".shp")
_MOST_NAMES = 12


def is_file(path: Path) -> bool:
    """Tell whether a path names a file; text that is too long for a name, like WKT, does not."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_vector(source: Path | bytes, filename: str) -> VectorContent:
    """Read all polygons and points of a KML, KMZ, GeoJSON, GeoPackage, GPX, FlatGeobuf or zipped Shapefile.

    What the content looks like decides, not the extension. The file is read by a process of its own, with limits of
    time and memory.

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
    return read_isolated(_content(source, filename), filename)


def load_area(source: Path | bytes, filename: str, wanted: str = "") -> AreaOfInterest:
    """Return the ground that the polygons of a file cover, or one of its areas, with its points as places.

    Parameters
    ----------
    source, filename
        As for `read_vector`.
    wanted
        As for `area_of`.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, holds no usable polygon, or not the area wanted.
    """
    return area_of(read_vector(source, filename), filename, wanted)


def area_of(content: VectorContent, filename: str, wanted: str = "") -> AreaOfInterest:
    """Return what `load_area` does, of a file that was read already.

    Parameters
    ----------
    content, filename
        The file.
    wanted
        One of the `titles_of` its areas, in any case of letters, or its number from 1; empty for all together.

    Raises
    ------
    InvalidInputError
        If it holds no usable polygon, or not the area wanted.
    """
    if content.whole is None:
        raise InvalidInputError(_no_polygon(content, filename))
    titles = titles_of(content, filename)
    if wanted.strip():
        number = _number_of(wanted.strip(), titles, filename)
    elif len(titles) == 1:
        number = 0
    else:
        return AreaOfInterest(content.whole.geometry, PurePath(filename).stem, content.places)
    return AreaOfInterest(content.areas[number].geometry, titles[number], content.places)


def titles_of(content: VectorContent, filename: str) -> list[str]:
    """Return what each area is called: its name, or the file's with a number."""
    stem = PurePath(filename).stem
    if len(content.areas) == 1:
        return [content.areas[0].name or stem]
    return [area.name or f"{stem} {number}" for number, area in enumerate(content.areas, 1)]


def listed(titles: list[str]) -> str:
    """Return the first titles with their numbers, as part of a sentence."""
    named = ", ".join(f"{number} {title!r}" for number, title in enumerate(titles[:_MOST_NAMES], 1))
    more = len(titles) - _MOST_NAMES
    return f"{named} and {more} more" if more > 0 else named


def _number_of(wanted: str, titles: list[str], filename: str) -> int:
    if wanted in titles:
        return titles.index(wanted)
    alike = [number for number, title in enumerate(titles) if title.casefold() == wanted.casefold()]
    if len(alike) == 1:
        return alike[0]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(titles):
        return int(wanted) - 1
    raise InvalidInputError(f"{filename} has no area {wanted!r}: choose one of {listed(titles)}.")


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
