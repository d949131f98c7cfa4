"""The layout of a tiled TIFF: where each block is, so that it can be fetched by itself.

Only what can be copied without GDAL is described: one band of uint8 or uint16 in tiles, deflated or not, north up. For
everything else `NotPlainError` says why, and the caller reads with GDAL.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.scenes.model import Bounds

#: Cloud Optimized GeoTIFFs have their directories in front: of 10 980² pixels they take some 7 kB.
HEAD = 16_384
#: No reader of pixels needs a directory entry longer than this; a longer one is nonsense or an attack.
_LONGEST = 1 << 22
_TYPES = {1: "u1", 2: "S1", 3: "<u2", 4: "<u4", 6: "i1", 8: "<i2", 9: "<i4", 11: "<f4", 12: "<f8", 16: "<u8"}
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES, _PREDICTOR, _FORMAT = 256, 257, 258, 259, 277, 317, 339
_BLOCK_WIDTH, _BLOCK_HEIGHT, _OFFSETS, _COUNTS, _KIND = 322, 323, 324, 325, 254
_SCALE, _TIEPOINT, _MATRIX, _GEOKEYS, _NODATA = 33550, 33922, 34264, 34735, 42113
_PROJECTED, _RASTER_TYPE, _AREA = 3072, 1025, 1
_NONE, _DEFLATE, _OLD_DEFLATE = 1, 8, 32946
_HORIZONTAL = 2
_MOST_LEVELS = 32

#: Returns ``length`` bytes of a file from ``start`` on (fewer at its end).
Fetch = Callable[[int, int], bytes]


class NotPlainError(Exception):
    """The file is not of the kind whose blocks are copied; GDAL reads it."""


@dataclass(frozen=True, slots=True)
class Level:
    """The full resolution or one overview.

    Parameters
    ----------
    width, height
        Pixels.
    block_width, block_height
        Pixels of a block.
    offsets, counts
        ``(block,)`` first byte and length of each block, row by row; length 0: no data.
    """

    width: int
    height: int
    block_width: int
    block_height: int
    offsets: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def columns(self) -> int:
        """Blocks side by side."""
        return -(-self.width // self.block_width)


@dataclass(frozen=True, slots=True)
class Layout:
    """What the directories of a file say.

    Parameters
    ----------
    dtype
        uint8 or uint16, little-endian.
    deflated
        Whether the blocks are compressed.
    differenced
        Whether each pixel is stored as the difference to its left neighbour.
    nodata
        Value that means no data; 0 if the file names none.
    epsg
        CRS, or None where the file has no georeference.
    corner, pixel
        West, north and pixel size in metres; None where the file has no georeference.
    levels
        Full resolution first, then the overviews.
    """

    dtype: np.dtype[np.uint8] | np.dtype[np.uint16]
    deflated: bool
    differenced: bool
    nodata: int
    epsg: int | None
    corner: tuple[float, float] | None
    pixel: float | None
    levels: tuple[Level, ...]

    def placed(self, epsg: int, bounds: Bounds) -> tuple[int, float, float, float]:
        """Return ``(epsg, west, north, pixel)``: the file's own, or those of its item where it has none."""
        if self.epsg is not None and self.corner is not None and self.pixel is not None:
            return self.epsg, *self.corner, self.pixel
        width, height = (bounds[2] - bounds[0]) / self.levels[0].width, (bounds[3] - bounds[1]) / self.levels[0].height
        if abs(width - height) > 1e-6 * width:
            raise NotPlainError("its pixels are not square")
        return epsg, bounds[0], bounds[3], width


def parse(fetch: Fetch) -> Layout:
    """Read the directories of a file.

    Raises
    ------
    NotPlainError
        If the file is of another kind, or damaged.
    """
    try:
        directories = _directories(_Bytes(fetch))
        first = directories[0]
        dtype, deflated, differenced = _coding(first)
        # Masks and other images are not for us; an overview is like the image in all but its size.
        overviews = [one for one in directories[1:] if _one(one, _KIND, 0) == 1 and _coding(one) == _coding(first)]
        levels = [_level(one) for one in (first, *overviews)]
        epsg, corner, pixel = _georeference(first)
        return Layout(dtype, deflated, differenced, _nodata(first), epsg, corner, pixel, tuple(levels))
    except (struct.error, ValueError, KeyError, IndexError, OverflowError) as error:
        raise NotPlainError(f"its directories cannot be read ({error})") from error


class _Bytes:
    """The front of a file, and more of it where a directory points further."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._head = fetch(0, HEAD)

    def at(self, start: int, length: int) -> bytes:
        if length > _LONGEST or start < 0:
            raise ValueError("an entry is too long")
        found = self._head[start : start + length] if start + length <= len(self._head) else self._fetch(start, length)
        if len(found) != length:
            raise ValueError("it ends early")
        return found


_Directory = Mapping[int, NDArray[np.generic]]


def _directories(file: _Bytes) -> list[_Directory]:
    magic = file.at(0, 4)
    if magic == b"II*\0":
        big, (following,) = False, struct.unpack("<I", file.at(4, 4))
    elif magic == b"II+\0":
        big, (following,) = True, struct.unpack("<Q", file.at(8, 8))
    else:
        raise NotPlainError("it is no little-endian TIFF")
    found: list[_Directory] = []
    while following and len(found) < _MOST_LEVELS:
        directory, following = _directory(file, following, big=big)
        found.append(directory)
    return found


def _directory(file: _Bytes, start: int, *, big: bool) -> tuple[_Directory, int]:
    counter, entry, inline, pointer = ("<Q", 20, 8, "<Q") if big else ("<H", 12, 4, "<I")
    head = struct.calcsize(counter)
    (number,) = struct.unpack(counter, file.at(start, head))
    table = file.at(start + head, number * entry + inline)
    directory: dict[int, NDArray[np.generic]] = {}
    for index in range(number):
        tag, kind, count = struct.unpack_from("<HHQ" if big else "<HHI", table, index * entry)
        if kind not in _TYPES:
            continue
        dtype = np.dtype(_TYPES[kind])
        size = dtype.itemsize * count
        value = table[(index + 1) * entry - inline : (index + 1) * entry]
        raw = value[:size] if size <= inline else file.at(struct.unpack(pointer, value)[0], size)
        directory[tag] = np.frombuffer(raw, dtype)
    (following,) = struct.unpack(pointer, table[-inline:])
    return directory, following


def _one(directory: _Directory, tag: int, default: int | None = None) -> int:
    values = directory.get(tag)
    if values is None:
        if default is None:
            raise NotPlainError(f"it has no tag {tag}")
        return default
    if len(values) != 1:
        raise NotPlainError(f"its tag {tag} has {len(values)} values")
    return int(values[0])


def _coding(directory: _Directory) -> tuple[np.dtype[np.uint8] | np.dtype[np.uint16], bool, bool]:
    kind = (_one(directory, _SAMPLES, 1), _one(directory, _FORMAT, 1), _one(directory, _BITS, 1))
    compression, predictor = _one(directory, _COMPRESSION, _NONE), _one(directory, _PREDICTOR, 1)
    if kind not in {(1, 1, 8), (1, 1, 16)}:
        raise NotPlainError("it is not one band of uint8 or uint16")
    if compression not in {_NONE, _DEFLATE, _OLD_DEFLATE} or predictor not in {1, _HORIZONTAL}:
        raise NotPlainError(f"its compression is {compression} with predictor {predictor}")
    dtype: np.dtype[np.uint8] | np.dtype[np.uint16]
    dtype = np.dtype(np.uint8) if kind == (1, 1, 8) else np.dtype(np.uint16)
    return dtype, compression != _NONE, predictor == _HORIZONTAL


def _level(directory: _Directory) -> Level:
    level = Level(
        _one(directory, _WIDTH),
        _one(directory, _HEIGHT),
        _one(directory, _BLOCK_WIDTH),
        _one(directory, _BLOCK_HEIGHT),
        directory[_OFFSETS].astype(np.int64),
        directory[_COUNTS].astype(np.int64),
    )
    if level.block_width < 1 or level.block_height < 1:
        raise NotPlainError("its blocks have no size")
    blocks = level.columns * -(-level.height // level.block_height)
    if not (len(level.offsets) == len(level.counts) == blocks) or level.block_width * level.block_height > _LONGEST:
        raise NotPlainError("its table of blocks does not fit its size")
    return level


def _georeference(directory: _Directory) -> tuple[int | None, tuple[float, float] | None, float | None]:
    if not {_SCALE, _TIEPOINT, _MATRIX, _GEOKEYS} & directory.keys():
        return None, None, None
    keys = directory[_GEOKEYS].reshape(-1, 4)[1:].tolist()
    known = {key: value for key, location, _, value in keys if location == 0}
    scale, tie = directory[_SCALE].tolist(), directory[_TIEPOINT].tolist()
    if known.get(_RASTER_TYPE, _AREA) != _AREA or len(tie) != 6 or _MATRIX in directory:  # noqa: PLR2004 - one point
        raise NotPlainError("its pixels lie otherwise")
    if abs(scale[0] - scale[1]) > 1e-6 * abs(scale[0]) or not 0 < known.get(_PROJECTED, 0) < 32_767:  # noqa: PLR2004 - user-defined
        raise NotPlainError("its pixels are not square, or its CRS has no number")
    return known[_PROJECTED], (tie[3] - tie[0] * scale[0], tie[4] + tie[1] * scale[1]), scale[0]


def _nodata(directory: _Directory) -> int:
    if _NODATA not in directory:
        return 0
    value = float(directory[_NODATA].tobytes().split(b"\0")[0])
    return int(value) if value.is_integer() and 0 <= value <= np.iinfo(np.uint16).max else 0
