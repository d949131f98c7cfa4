"""Copy the blocks of a file that hold clear pixels, where file and grid share CRS and pixel corners."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.cube.decode import place, unpack
from stac_timelapse.cube.fetch import ByteFile, NotFetchedError, reachable
from stac_timelapse.cube.raster import Alignment, Source, Target, align
from stac_timelapse.cube.scratch import scratch
from stac_timelapse.cube.tiff import Layout, Level, NotPlainError, parse
from stac_timelapse.scenes.catalog import sign

#: Layouts kept in a process, some 10 kB each.
_KEPT = 2048
#: Blocks nearer to each other than this are one request (the driver of COGs puts 8 bytes between them).
_GAP = 64
#: A request longer than this is two; each reading thread keeps so much memory.
_LONGEST = 2 << 20
_Key = tuple[str, int, int]
_layouts: OrderedDict[_Key, Future[tuple[Layout, int | None]]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Block:
    """One block and the part of the target that it fills.

    Parameters
    ----------
    start, length
        Its bytes.
    rows, columns
        Of the target.
    top, left
        Row and column of the target's part, counted in target pixels from the block's corner.
    """

    start: int
    length: int
    rows: slice
    columns: slice
    top: int
    left: int


@dataclass(frozen=True, slots=True)
class View:
    """A file as a target sees it.

    Parameters
    ----------
    file
        Where the bytes come from.
    layout, level
        How they are laid out, and the resolution that serves the target.
    repeat
        Target pixels a side of one of the level's.
    blocks
        All that the target touches and that hold data.
    """

    file: ByteFile
    layout: Layout
    level: Level
    repeat: int
    blocks: tuple[Block, ...]

    def pieces(self, clear: NDArray[np.bool_]) -> list[tuple[Block, ...]]:
        """Group the blocks with a clear pixel into requests.

        Parameters
        ----------
        clear
            ``(y, x)`` of the target.
        """
        groups: list[list[Block]] = []
        for block in sorted(self.blocks, key=lambda one: one.start):
            if not clear[block.rows, block.columns].any():
                continue
            previous = groups[-1] if groups else None
            if previous and self._joins(previous, block):
                previous.append(block)
            else:
                groups.append([block])
        return [tuple(group) for group in groups]

    @staticmethod
    def _joins(group: list[Block], block: Block) -> bool:
        end = group[-1].start + group[-1].length
        return 0 <= block.start - end <= _GAP and block.start + block.length - group[0].start <= _LONGEST

    def fill(self, piece: tuple[Block, ...], clear: NDArray[np.bool_], out: NDArray[Any], offset: int = 0) -> None:
        """Fetch the blocks of one request and write their clear pixels into a target's ``(y, x)``.

        Raises
        ------
        NotFetchedError, NotPlainError
            If the bytes cannot be had, or are not what the file promised.
        """
        first = piece[0].start
        wanted = piece[-1].start + piece[-1].length - first
        whole = scratch("piece", wanted).data
        if self.file.read_into(first, whole) != wanted:
            raise NotFetchedError("it ends early")
        for block in piece:
            raw = whole[block.start - first : block.start - first + block.length]
            part = block.rows, block.columns
            pixels = unpack(raw, self.layout, self.level)
            differenced, nodata = self.layout.differenced, self.layout.nodata
            place(pixels, differenced, nodata, offset, self.repeat, block.top, block.left, clear[part], out[part])


def view(source: Source, target: Target) -> View:
    """Look up which blocks of a file a target needs; its directories are read once a process.

    Raises
    ------
    NotPlainError
        If file and target do not agree, or the file is of another kind.
    NotFetchedError
        If its directories cannot be had.
    """
    try:
        href = sign(source.href, source.signing)
    except (OSError, ValueError) as error:
        raise NotFetchedError("it cannot be signed") from error
    if not reachable(href):
        raise NotPlainError("its address is for GDAL")
    file = ByteFile(href)
    layout, file.size = _layout(file, source.href)
    epsg, west, north, pixel = layout.placed(source.epsg, source.bounds)
    found = align(west, north, pixel, target) if epsg == target.epsg else None
    if found is None:
        raise NotPlainError("its pixels are not those of the grid")
    level = _level(layout, found, target)
    scale = found.repeat
    return View(file, layout, level, scale, tuple(_blocks(level, found.left, found.top, target, scale)))


def _layout(file: ByteFile, href: str) -> tuple[Layout, int | None]:
    key = _key(href)
    with _lock:
        future = _layouts.get(key)
        mine = future is None
        if future is None:
            future = _layouts[key] = Future()
            while len(_layouts) > _KEPT:
                _layouts.popitem(last=False)
        else:
            _layouts.move_to_end(key)
    if mine:
        try:
            future.set_result((parse(file.read), file.size))
        except BaseException as error:  # noqa: BLE001 - whoever waits for the layout gets it
            # A file of another kind stays one; what could not be fetched is asked for again.
            if not isinstance(error, NotPlainError):
                with _lock:
                    _layouts.pop(key, None)
            future.set_exception(error)
    return future.result()


def _key(href: str) -> _Key:
    if "://" in href:
        return href, 0, 0
    try:
        state = Path(href).stat()
    except OSError as error:
        raise NotFetchedError(error.strerror or "it cannot be read") from error
    if Path(f"{href}.aux.xml").exists():
        raise NotPlainError("a file beside it may say more")
    return href, state.st_mtime_ns, state.st_size


def _level(layout: Layout, found: Alignment, target: Target) -> Level:
    """Return the level of the target's pixel size; overviews of odd sizes lack their last, partial pixel or keep it."""
    full, factor = layout.levels[0], found.factor
    for level in layout.levels:
        known = level.width in _sizes(full.width, factor) and level.height in _sizes(full.height, factor)
        if not known:
            continue
        cut = (level.width * factor < full.width and found.left + target.width > level.width) or (
            level.height * factor < full.height and found.top + target.height > level.height
        )
        if not cut:
            return level
    raise NotPlainError("it has no overview of that resolution")


def _sizes(full: int, factor: int) -> tuple[int, int]:
    return full // factor, -(-full // factor)


def _blocks(level: Level, left: int, top: int, target: Target, repeat: int) -> Iterator[Block]:
    wide, high = level.block_width * repeat, level.block_height * repeat
    right = min(left + target.width, level.width * repeat)
    bottom = min(top + target.height, level.height * repeat)
    if left >= right or top >= bottom:
        # The last blocks reach beyond the image: what lies there is padding.
        return
    for row in range(max(top, 0) // high, -(-bottom // high)):
        for column in range(max(left, 0) // wide, -(-right // wide)):
            index = row * level.columns + column
            if level.counts[index] == 0:
                continue
            x0, x1 = max(left, 0, column * wide), min(right, (column + 1) * wide)
            y0, y1 = max(top, 0, row * high), min(bottom, (row + 1) * high)
            yield Block(
                start=int(level.offsets[index]),
                length=int(level.counts[index]),
                rows=slice(y0 - top, y1 - top),
                columns=slice(x0 - left, x1 - left),
                top=y0 - row * high,
                left=x0 - column * wide,
            )
