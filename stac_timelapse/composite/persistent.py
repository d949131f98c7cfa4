"""Ground that the classification takes for cloud in nearly every pass: roofs, beaches, salt. A cloud moves on."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stac_timelapse.composite.plan import MonthPlan
from stac_timelapse.cube.granule import IN_FLIGHT, Granule, read_classes, together, widened
from stac_timelapse.cube.mask import CLOUD_CLASSES
from stac_timelapse.cube.raster import Target
from stac_timelapse.errors import AssetReadError

#: Flagged in more than so many percent of the passes that saw it, a pixel is bright ground.
SHARE = 80
#: With fewer looks nothing is said: where clouds hide the ground half of the time, more than 80 % of 10 looks are
#: cloudy at one pixel in a hundred, of 20 at one in 800.
LEAST_LOOKS = 20


def persistent_pixels(plan: MonthPlan, target: Target) -> tuple[NDArray[np.bool_], dict[str, str]]:
    """Find the pixels of a tile, and of what is seen around it, that are flagged as cloud in nearly every pass.

    Parameters
    ----------
    plan
        The passes of the whole series, without bands.
    target
        The tile. So many granules are held at a time as are read at once, whatever the number of passes.

    Returns
    -------
    pixels
        ``(y, x)`` of the tile widened by the mask's margin, True where more than `SHARE` percent of at least
        `LEAST_LOOKS` passes with data have a cloud class (8, 9, 10). The granules of a pass are one look.
    unreadable
        Scene id -> reason, of the granules left out because their masks could not be read.
    """
    wide = widened(target, plan.policy)
    shape = wide.height, wide.width
    looks, flagged = np.zeros(shape, dtype=np.uint16), np.zeros(shape, dtype=np.uint16)
    #: Number of the pass that saw the pixel last, counted from 1.
    latest = np.zeros(shape, dtype=np.uint16)
    cloud = np.zeros(256, dtype=bool)
    cloud[list(CLOUD_CLASSES)] = True
    unreadable: dict[str, str] = {}
    numbers = plan.touching(wide)
    for first in range(0, len(numbers), IN_FLIGHT):
        some = numbers[first : first + IN_FLIGHT]
        read = together([(_classes, (plan.granules[number], wide)) for number in some])
        for number, classes in zip(some, read, strict=True):
            if isinstance(classes, AssetReadError):
                unreadable[classes.scene_id] = f"{classes.asset}: {classes.reason}"
            else:
                _count(classes, cloud, plan.pass_of[number] + 1, latest, looks, flagged)
    often = 100 * flagged.astype(np.uint32) > SHARE * looks.astype(np.uint32)
    return often & (looks >= LEAST_LOOKS), unreadable


def pack(pixels: NDArray[np.bool_]) -> bytes:
    """Return pixels as compressed bits: of a tile mostly some hundred bytes."""
    return zlib.compress(np.packbits(pixels).tobytes())


def unpack(bits: bytes, plan: MonthPlan, target: Target) -> NDArray[np.bool_]:
    """Return what `pack` made of the pixels of a tile and its surroundings, ``(y, x)``."""
    wide = widened(target, plan.policy)
    flat = np.unpackbits(np.frombuffer(zlib.decompress(bits), dtype=np.uint8), count=wide.height * wide.width)
    return flat.astype(bool).reshape(wide.height, wide.width)


def _classes(granule: Granule, target: Target) -> NDArray[Any] | AssetReadError:
    try:
        return read_classes(granule, target)
    except AssetReadError as error:
        return error


@njit(nogil=True, cache=True)
def _count(
    scl: NDArray[Any],
    cloud: NDArray[np.bool_],
    number: int,
    latest: NDArray[np.uint16],
    looks: NDArray[np.uint16],
    flagged: NDArray[np.uint16],
) -> None:  # pragma: no cover - compiled
    for row in range(scl.shape[0]):
        for col in range(scl.shape[1]):
            value = scl[row, col]
            if value != 0 and latest[row, col] != number:
                latest[row, col] = number
                looks[row, col] += 1
                flagged[row, col] += cloud[min(value, 255)]
