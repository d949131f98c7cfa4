"""One value a month: numpy/numba kernels that fuse a pass's granules and reduce the passes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

METHODS = ("median",)


@njit(nogil=True, cache=True)
def median_of_passes(  # noqa: C901 - one loop nest, compiled
    stack: NDArray[np.uint16], pass_of: NDArray[np.int64]
) -> NDArray[np.uint16]:  # pragma: no cover - compiled
    """Fuse each pass, then take each band's median over the passes.

    Within a pass a pixel is taken whole from the first granule that has it, so that two granules of
    one overflight count once and a pixel's bands belong together.

    Parameters
    ----------
    stack
        ``(scene, band, y, x)`` DN, 0 = no clear observation; the scenes of a pass are consecutive.
    pass_of
        ``(scene,)`` number of each scene's pass.

    Returns
    -------
    ndarray of uint16
        ``(band + 1, y, x)``: the medians (of an even count the mean of the middle two, halves rounded
        up; 0 = no observation) and last the number of passes that observed the pixel.
    """
    scenes, bands, height, width = stack.shape
    out = np.zeros((bands + 1, height, width), dtype=np.uint16)
    values = np.empty((bands, scenes), dtype=np.uint16)
    counts = np.empty(bands, dtype=np.int64)
    for row in range(height):
        for col in range(width):
            counts[:] = 0
            seen = 0
            last = -1
            for scene in range(scenes):
                if pass_of[scene] == last:
                    continue
                found = False
                for band in range(bands):
                    value = stack[scene, band, row, col]
                    if value != 0:
                        found = True
                        # Insertion keeps the few values of a month sorted.
                        at = counts[band]
                        while at > 0 and values[band, at - 1] > value:
                            values[band, at] = values[band, at - 1]
                            at -= 1
                        values[band, at] = value
                        counts[band] += 1
                if found:
                    seen += 1
                    last = pass_of[scene]
            out[bands, row, col] = seen
            for band in range(bands):
                count = counts[band]
                if count == 0:
                    continue
                middle = count // 2
                if count % 2 == 1:
                    out[band, row, col] = values[band, middle]
                else:
                    pair = np.int64(values[band, middle - 1]) + np.int64(values[band, middle])
                    out[band, row, col] = (pair + 1) // 2
    return out


def reduce_month(stack: NDArray[np.uint16], pass_of: NDArray[np.int64], method: str) -> NDArray[np.uint16]:
    """Apply a reducer to one tile of one month; see `median_of_passes`."""
    kernels: dict[str, Any] = {"median": median_of_passes}
    result: NDArray[np.uint16] = kernels[method](np.ascontiguousarray(stack), pass_of)
    return result
