"""One value a month: numba kernels that fuse a pass's granules and reduce the passes, row by row.

A row of all passes fits the processor's cache. The loops over its columns have no branches where that is possible, so
that they are compiled to vector instructions.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stac_timelapse.composite.methods import Method

_Stack = NDArray[np.uint16]
_Numbers = NDArray[np.int64]


@njit(nogil=True, cache=True)
def _fuse_row(  # noqa: C901 - one loop nest, compiled
    stack: _Stack, pass_of: _Numbers, row: int, fused: _Stack, count: NDArray[np.uint16]
) -> None:
    """Take each pixel of a pass, whole, from the first granule that has it.

    Parameters
    ----------
    stack
        ``(granule, band, y, x)`` DN, 0 = no clear observation; the granules of a pass are consecutive.
    pass_of
        ``(granule,)`` number of each granule's pass, from 0 without gaps.
    row
        Which row.
    fused
        Filled: ``(pass, band, x)``.
    count
        Filled: ``(x,)`` passes with a pixel.
    """
    granules, bands, _, width = stack.shape
    count[:] = 0
    seen = np.zeros(width, dtype=np.uint16)
    for granule in range(granules):
        number = pass_of[granule]
        begins = granule == 0 or pass_of[granule - 1] != number
        if begins:
            seen[:] = 0
            for band in range(bands):
                for col in range(width):
                    fused[number, band, col] = stack[granule, band, row, col]
        else:
            for band in range(bands):
                for col in range(width):
                    if seen[col] == 0:
                        fused[number, band, col] = stack[granule, band, row, col]
        for band in range(bands):
            for col in range(width):
                seen[col] |= fused[number, band, col]
        if granule == granules - 1 or pass_of[granule + 1] != number:
            for col in range(width):
                count[col] += np.uint16(seen[col] != 0)


@njit(nogil=True, cache=True)
def _sort_row(values: _Stack) -> None:
    """Sort ``(pass, x)`` along the passes: an odd-even transposition network of minima and maxima."""
    passes, width = values.shape
    for turn in range(passes):
        for low in range(turn % 2, passes - 1, 2):
            for col in range(width):
                one, other = values[low, col], values[low + 1, col]
                values[low, col] = min(one, other)
                values[low + 1, col] = max(one, other)


@njit(nogil=True, cache=True)
def percentile(stack: _Stack, pass_of: _Numbers, percent: float) -> _Stack:
    """Return each band's percentile over the passes, interpolated linearly, halves rounded up."""
    bands, height, width = stack.shape[1:]
    passes = pass_of[-1] + 1
    fused = np.empty((passes, bands, width), dtype=np.uint16)
    out = np.zeros((bands + 1, height, width), dtype=np.uint16)
    values = np.empty((passes, width), dtype=np.uint16)
    # By number of observations: the two sorted values between which the percentile lies, and how far from the first.
    # Zeros, which are no observations, come first.
    first = np.full(passes + 1, passes - 1, dtype=np.uint16)
    second = np.full(passes + 1, passes - 1, dtype=np.uint16)
    share = np.zeros(passes + 1, dtype=np.float64)
    for number in range(1, passes + 1):
        place = (number - 1) * percent / 100
        first[number] = passes - number + int(place)
        second[number] = min(passes - number + int(place) + 1, passes - 1)
        share[number] = place - int(place)
    under = np.empty(width, dtype=np.uint16)
    over = np.empty(width, dtype=np.uint16)
    seen = np.empty(width, dtype=np.uint16)
    for row in range(height):
        _fuse_row(stack, pass_of, row, fused, out[bands, row])
        for band in range(bands):
            values[:] = fused[:, band]
            _sort_row(values)
            seen[:] = 0
            for one in range(passes):
                for col in range(width):
                    seen[col] += np.uint16(values[one, col] != 0)
            _take(values, first, seen, under)
            _take(values, second, seen, over)
            for col in range(width):
                low = np.float64(under[col])
                out[band, row, col] = np.uint16(low + (np.float64(over[col]) - low) * share[seen[col]] + 0.5)
    return out


@njit(nogil=True, cache=True)
def _take(values: _Stack, place: NDArray[np.uint16], seen: NDArray[np.uint16], out: NDArray[np.uint16]) -> None:
    """Take of each column of ``(pass, x)`` the value at the place for its number of observations."""
    passes, width = values.shape
    wanted = place[seen]
    out[:] = 0
    for one in range(passes):
        for col in range(width):
            out[col] |= values[one, col] if wanted[col] == one else np.uint16(0)


@njit(nogil=True, cache=True)
def mean(stack: _Stack, pass_of: _Numbers) -> _Stack:
    """Return each band's mean over the passes, halves rounded up."""
    bands, height, width = stack.shape[1:]
    fused = np.empty((pass_of[-1] + 1, bands, width), dtype=np.uint16)
    out = np.zeros((bands + 1, height, width), dtype=np.uint16)
    total = np.empty(width, dtype=np.int64)
    number = np.empty(width, dtype=np.int64)
    for row in range(height):
        _fuse_row(stack, pass_of, row, fused, out[bands, row])
        for band in range(bands):
            total[:] = 0
            number[:] = 0
            for one in range(fused.shape[0]):
                for col in range(width):
                    total[col] += fused[one, band, col]
                    number[col] += np.int64(fused[one, band, col] != 0)
            for col in range(width):
                divisor = max(number[col], 1)
                out[band, row, col] = (2 * total[col] + divisor) // (2 * divisor)
    return out


@njit(nogil=True, cache=True)
def first_clear(stack: _Stack, pass_of: _Numbers, order: _Numbers) -> _Stack:
    """Return each pixel, whole, from the first pass of an order that has it."""
    bands, height, width = stack.shape[1:]
    fused = np.empty((pass_of[-1] + 1, bands, width), dtype=np.uint16)
    out = np.zeros((bands + 1, height, width), dtype=np.uint16)
    for row in range(height):
        _fuse_row(stack, pass_of, row, fused, out[bands, row])
        for col in range(width):
            if out[bands, row, col] == 0:
                continue
            for one in order:
                if fused[one, :, col].any():
                    out[:bands, row, col] = fused[one, :, col]
                    break
    return out


@njit(nogil=True, cache=True)
def max_ndvi(stack: _Stack, pass_of: _Numbers, red: int, nir: int) -> _Stack:
    """Return each pixel, whole, from the pass of its highest NDVI, the earliest of equals.

    A pass without red or without near infrared counts only where there is no other.
    """
    bands, height, width = stack.shape[1:]
    fused = np.empty((pass_of[-1] + 1, bands, width), dtype=np.uint16)
    out = np.zeros((bands + 1, height, width), dtype=np.uint16)
    for row in range(height):
        _fuse_row(stack, pass_of, row, fused, out[bands, row])
        for col in range(width):
            best, best_difference, best_sum = -1, np.int64(0), np.int64(0)
            for one in range(fused.shape[0]):
                low, high = np.int64(fused[one, red, col]), np.int64(fused[one, nir, col])
                if low == 0 or high == 0:
                    if best < 0 and fused[one, :, col].any():
                        best = one
                    continue
                # Compared without a division, so that equal ones are equal.
                if best_sum == 0 or (high - low) * best_sum > best_difference * (high + low):
                    best, best_difference, best_sum = one, high - low, high + low
            if best >= 0:
                out[:bands, row, col] = fused[best, :, col]
    return out


@njit(nogil=True, cache=True)
def medoid(stack: _Stack, pass_of: _Numbers) -> _Stack:
    """Return each pixel, whole, from the pass nearest to all others, the earliest of equals.

    Nearest has the least sum of Euclidean distances over the bands, in DN.
    """
    bands, height, width = stack.shape[1:]
    fused = np.empty((pass_of[-1] + 1, bands, width), dtype=np.uint16)
    out = np.zeros((bands + 1, height, width), dtype=np.uint16)
    passes = fused.shape[0]
    present = np.empty(passes, dtype=np.int64)
    sums = np.empty(passes, dtype=np.float64)
    for row in range(height):
        _fuse_row(stack, pass_of, row, fused, out[bands, row])
        for col in range(width):
            found = 0
            for one in range(passes):
                if fused[one, :, col].any():
                    present[found] = one
                    found += 1
            sums[:found] = 0
            for first in range(found):
                for second in range(first + 1, found):
                    square = 0.0
                    for band in range(bands):
                        step = np.float64(fused[present[first], band, col]) - fused[present[second], band, col]
                        square += step * step
                    sums[first] += np.sqrt(square)
                    sums[second] += np.sqrt(square)
            if found:
                out[:bands, row, col] = fused[present[np.argmin(sums[:found])], :, col]
    return out


def reduce_month(
    stack: NDArray[np.uint16],
    pass_of: NDArray[np.int64],
    method: str,
    bands: tuple[str, ...] = (),
    order: NDArray[np.int64] | None = None,
) -> NDArray[np.uint16]:
    """Fuse each pass, then reduce the passes of one tile of one month.

    Within a pass a pixel is taken whole from the first granule that has it, so that two granules of
    one overflight count once and a pixel's bands belong together.

    Parameters
    ----------
    stack
        ``(granule, band, y, x)`` DN, 0 = no clear observation; the granules of a pass are consecutive.
    pass_of
        ``(granule,)`` number of each granule's pass, rising.
    method
        See `METHODS`.
    bands
        Names of the bands, for ``max-ndvi``.
    order
        Numbers of the passes as ``first-clear`` prefers them; as they are by default.

    Returns
    -------
    ndarray of uint16
        ``(band + 1, y, x)``: the values (0 = no observation) and last the number of passes that
        observed the pixel.
    """
    chosen = Method.parse(method)
    present, numbers = np.unique(pass_of, return_inverse=True)
    numbers = numbers.astype(np.int64)
    stack = np.ascontiguousarray(stack)
    result: NDArray[np.uint16]
    if chosen.name == "mean":
        result = mean(stack, numbers)
    elif chosen.name == "first-clear":
        wished = present if order is None else order
        ranks = {int(number): rank for rank, number in enumerate(present)}
        result = first_clear(
            stack, numbers, np.array([ranks[int(one)] for one in wished if int(one) in ranks], dtype=np.int64)
        )
    elif chosen.name == "max-ndvi":
        chosen.check(bands)
        result = max_ndvi(stack, numbers, bands.index("B04"), bands.index("B08"))
    elif chosen.name == "medoid":
        result = medoid(stack, numbers)
    else:
        result = percentile(stack, numbers, chosen.percent)
    return result
