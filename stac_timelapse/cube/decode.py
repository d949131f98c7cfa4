"""Compressed blocks to pixels in place: inflate, undo the predictor, mask, remove the offset, all without the GIL."""

from __future__ import annotations

from typing import Any

import numpy as np
from isal import isal_zlib
from isal.igzip_lib import IsalError
from numba import njit
from numpy.typing import NDArray

from stac_timelapse.cube.tiff import Layout, Level, NotPlainError


def unpack(raw: bytes | memoryview, layout: Layout, level: Level) -> NDArray[Any]:
    """Return a block as it is stored, ``(y, x)``, inflated; its predictor is still on.

    Raises
    ------
    NotPlainError
        If it cannot be inflated or is of the wrong size.
    """
    size = level.block_width * level.block_height * layout.dtype.itemsize
    try:
        # One byte more than there should be: the checksum is compared only where the end is reached.
        data = isal_zlib.decompressobj().decompress(raw, size + 1) if layout.deflated else bytes(raw)
    except IsalError as error:  # type: ignore[misc] # its stub forgets that it is an exception
        raise NotPlainError(f"a block cannot be unpacked ({error})") from error
    if len(data) != size:
        raise NotPlainError("a block has the wrong size")
    block: NDArray[Any] = np.frombuffer(data, layout.dtype).reshape(level.block_height, level.block_width)
    return block


@njit(nogil=True, cache=True)
def place(  # noqa: C901, PLR0917 - one loop nest, compiled, which takes no keywords
    block: NDArray[Any],
    differenced: bool,  # noqa: FBT001
    nodata: int,
    offset: int,
    repeat: int,
    top: int,
    left: int,
    clear: NDArray[np.bool_],
    out: NDArray[Any],
) -> None:  # pragma: no cover - compiled
    """Write the pixels of a block that are clear.

    Parameters
    ----------
    block
        ``(y, x)`` as stored, uint8 or uint16.
    differenced
        Whether each pixel is the difference to its left neighbour.
    nodata
        Value that is no data.
    offset
        Added to DN; 0 stays 0, what would fall below 1 becomes 1.
    repeat
        Output pixels a side of one of the block's.
    top, left
        Output row and column of ``out[0, 0]``, counted from the block's corner.
    clear
        ``(y, x)`` of `out`, True where it is written.
    out
        ``(y, x)`` uint16, or the type of the block where nothing is added; zeros where nothing is written.
    """
    height, width = out.shape
    last = (left + width - 1) // repeat + 1
    plain = np.empty(last, dtype=block.dtype)
    line = np.empty(last, dtype=out.dtype)
    wide = np.empty(width, dtype=out.dtype)
    done = -1
    for row in range(height):
        source = (top + row) // repeat
        if source != done:
            done = source
            if differenced:
                plain[0] = block[source, 0]
                for col in range(1, last):
                    plain[col] = plain[col - 1] + block[source, col]
            else:
                for col in range(last):
                    plain[col] = block[source, col]
            for col in range(last):
                value = np.int32(plain[col])
                moved = min(max(value + offset, 1), 65_535)
                line[col] = 0 if value in (0, nodata) else moved
            if repeat == 1:
                wide[:] = line[left:]
            else:
                # Counting on is much cheaper than dividing for every pixel.
                at, again = left // repeat, left % repeat
                for col in range(width):
                    wide[col] = line[at]
                    again += 1
                    if again == repeat:
                        at, again = at + 1, 0
        for col in range(width):
            out[row, col] = wide[col] if clear[row, col] else 0
