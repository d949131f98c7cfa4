"""Put the parts of a Shapefile together for GDAL: one layer, plain names, an index if it lost its own.

The layout is that of the ESRI Shapefile Technical Description (1998): a header of 100 bytes, then records that begin
with their number and their length in 16-bit words, big-endian.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from stac_timelapse.errors import InvalidInputError

#: The endings of the parts that are read.
PARTS = ("shp", "shx", "dbf", "prj", "cpg")
#: How a .shp begins.
START = b"\x00\x00\x27\x0a"
_HEADER = 100
_RECORD = struct.Struct(">ii")


def layers_of(files: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    """Return the Shapefiles among files: the layer's name -> ending -> content, in the order of the files.

    Layers of the same name in different folders keep their folder's name.
    """
    stems: dict[str, dict[str, bytes]] = {}
    titles: dict[str, str] = {}
    for path, content in files.items():
        stem, _, ending = path.rpartition(".")
        stems.setdefault(stem.lower(), {})[ending.lower()] = content
        if ending.lower() == "shp":
            titles[stem.lower()] = stem
    names = [PurePosixPath(title).name for title in titles.values()]
    return {
        name if names.count(name) == 1 else title: stems[stem]
        for (stem, title), name in zip(titles.items(), names, strict=True)
    }


def archive_of(parts: Mapping[str, bytes]) -> bytes:
    """Return one layer as the ZIP archive that GDAL reads, with the index rebuilt where it is missing.

    Raises
    ------
    InvalidInputError
        If the .shp is none: GDAL would look for something else in the archive.
    """
    if not parts["shp"].startswith(START):
        raise InvalidInputError("Its .shp file is damaged or none: export it again.")
    whole = {"shx": index_of(parts["shp"]), **parts}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for ending in PARTS:
            if ending in whole:
                archive.writestr(f"layer.{ending}", whole[ending])
    return buffer.getvalue()


def index_of(shp: bytes) -> bytes:
    """Return the .shx of a .shp: where each record begins and how long it is, up to the first that is not complete."""
    records = []
    position = _HEADER
    while position + _RECORD.size <= len(shp):
        _, words = _RECORD.unpack_from(shp, position)
        end = position + _RECORD.size + 2 * words
        if words <= 0 or end > len(shp):
            break
        records.append(_RECORD.pack(position // 2, words))
        position = end
    length = (_HEADER + _RECORD.size * len(records)) // 2
    return shp[:24] + struct.pack(">i", length) + shp[28:_HEADER] + b"".join(records)
