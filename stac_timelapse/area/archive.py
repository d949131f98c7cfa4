"""Take the map out of a ZIP archive (KMZ, zipped Shapefile …), with limits for what a hostile one may unpack to."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import PurePosixPath

from stac_timelapse.area.shapefile import PARTS
from stac_timelapse.errors import InvalidInputError

#: Most entries, bytes of one unpacked file, and times that it may be larger than packed (KML shrinks 10 to 30 times).
MAX_ENTRIES = 10_000
MAX_BYTES = 20_000_000
MAX_RATIO = 200
#: A Shapefile has several parts, an archive several Shapefiles.
_MAX_TOTAL = 3
_HARMLESS = 1_000_000
_ENTRY = b"PK\x01\x02"
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
#: The endings of what is one file, by what is looked for first.
_SINGLE = (".kml", ".gpkg", ".geojson", ".gpx", ".fgb", ".json", ".kmz", ".zip")
#: Tables of text fields are padded with blanks, so they shrink without a limit.
_PADDED = ".dbf"


def unpacked(data: bytes, filename: str) -> dict[str, bytes]:
    """Return the files of an archive that make a map, by their path in it.

    These are ``doc.kml`` if there is one, else the parts of all Shapefiles, else the first other map file.

    Parameters
    ----------
    data
        The ZIP archive.
    filename
        Its name, for the sentence of an error.

    Raises
    ------
    InvalidInputError
        If it is damaged, encrypted, holds no map, or unpacks to more than the limits.
    """
    # Counted before the archive is listed: a list of a million entries fills the memory by itself.
    if data.count(_ENTRY) > MAX_ENTRIES:
        raise InvalidInputError(f"{filename} holds more than {MAX_ENTRIES} files: give the one map file instead.")
    files: dict[str, bytes] = {}
    left = _MAX_TOTAL * MAX_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in _wanted(archive.infolist()):
                files[entry.filename] = _content(archive, entry, filename, min(left, MAX_BYTES))
                left -= len(files[entry.filename])
    except _DAMAGE as error:
        if "encrypted" in str(error):
            raise InvalidInputError(f"{filename} is locked with a password: save it without one.") from error
        raise InvalidInputError(f"{filename} is damaged: it cannot be unpacked. Export it again.") from error
    if not files:
        raise InvalidInputError(
            f"{filename} is a ZIP archive without a map in it: give a KML, Shapefile, GeoPackage, GeoJSON or GPX file."
        )
    return files


def _wanted(entries: Sequence[zipfile.ZipInfo]) -> Sequence[zipfile.ZipInfo]:
    # macOS adds a shadow "__MACOSX/._doc.kml" that is no KML.
    real = [each for each in entries if not PurePosixPath(each.filename).name.startswith("._")]
    main = [each for each in real if each.filename.lower() == "doc.kml"]
    if main:
        return main[:1]
    stems = {each.filename[:-4] for each in real if _ending(each) == ".shp"}
    if stems:
        # The other parts need not be written as the .shp is: "Lake.shp" beside "lake.DBF" comes from Windows.
        same = {stem.lower() for stem in stems}
        return [each for each in real if _ending(each)[1:] in PARTS and each.filename[:-4].lower() in same]
    return next(([each] for ending in _SINGLE for each in real if _ending(each) == ending), [])


def _ending(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).suffix.lower()


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, filename: str, most: int) -> bytes:
    # What the archive says about sizes may be a lie, so no more than the limit is ever unpacked.
    with archive.open(entry) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise InvalidInputError(f"{filename} unpacks to more than {MAX_BYTES // 1_000_000} MB: simplify its polygons.")
    padded = _ending(entry) == _PADDED
    if not padded and len(content) > max(_HARMLESS, MAX_RATIO * entry.compress_size):
        raise InvalidInputError(
            f"{filename} unpacks to {len(content) // max(1, entry.compress_size)} times its size, which no map does: "
            "give the map file in it."
        )
    return content
