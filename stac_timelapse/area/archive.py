"""Take the KML out of a KMZ, with limits for what a hostile one may unpack to."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from stac_timelapse.errors import InvalidInputError

#: Most entries, bytes of the unpacked KML, and times that it may be larger than packed (KML shrinks 10 to 30 times).
MAX_ENTRIES = 10_000
MAX_BYTES = 20_000_000
MAX_RATIO = 200
_HARMLESS = 1_000_000
_MAX_DEPTH = 2
_ENTRY = b"PK\x01\x02"
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


def kml_of(data: bytes, filename: str, depth: int = 1) -> bytes:
    """Return the main KML of a KMZ: ``doc.kml``, else the first one in it, else that of a KMZ in it.

    Parameters
    ----------
    data
        The ZIP archive.
    filename
        Its name, for the sentence of an error.
    depth
        How many archives deep this one is.

    Raises
    ------
    InvalidInputError
        If it is damaged, encrypted, holds no KML, or unpacks to more than the limits.
    """
    # Counted before the archive is listed: a list of a million entries fills the memory by itself.
    if data.count(_ENTRY) > MAX_ENTRIES:
        raise InvalidInputError(f"{filename} holds more than {MAX_ENTRIES} files: give the one KML instead.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entry = _main_entry(archive)
            if entry is None:
                raise InvalidInputError(f"{filename} is a ZIP archive without a KML in it: give a KMZ, KML or GeoJSON.")
            content = _unpacked(archive, entry, filename)
    except _DAMAGE as error:
        if "encrypted" in str(error):
            raise InvalidInputError(f"{filename} is locked with a password: save it without one.") from error
        raise InvalidInputError(f"{filename} is damaged: its KML cannot be unpacked. Export it again.") from error
    if not entry.filename.lower().endswith(".kmz"):
        return content
    if depth == _MAX_DEPTH:
        raise InvalidInputError(f"{filename} holds archives in archives: give the one KML instead.")
    return kml_of(content, f"{filename}/{entry.filename}", depth + 1)


def _main_entry(archive: zipfile.ZipFile) -> zipfile.ZipInfo | None:
    # macOS adds a shadow "__MACOSX/._doc.kml" that is no KML.
    entries = [each for each in archive.infolist() if not PurePosixPath(each.filename).name.startswith("._")]
    documents = [each for each in entries if each.filename.lower().endswith(".kml")]
    main = [each for each in documents if each.filename.lower() == "doc.kml"]
    nested = [each for each in entries if each.filename.lower().endswith(".kmz")]
    return next(iter([*main, *documents, *nested]), None)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, filename: str) -> bytes:
    # What the archive says about sizes may be a lie, so no more than the limit is ever unpacked.
    with archive.open(entry) as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise InvalidInputError(f"{filename} unpacks to more than {MAX_BYTES // 1_000_000} MB: simplify its polygons.")
    if len(content) > max(_HARMLESS, MAX_RATIO * entry.compress_size):
        raise InvalidInputError(
            f"{filename} unpacks to {len(content) // max(1, entry.compress_size)} times its size, which no map does: "
            "give the KML in it."
        )
    return content
