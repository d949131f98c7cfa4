"""Which pixels are clear: the scene classification (SCL) and the policy that judges it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import ndimage

from stac_timelapse.errors import InvalidInputError

#: Sen2Cor scene classification (ESA, Sentinel-2 Level-2A algorithm overview).
SCL_CLASSES: Mapping[int, str] = {
    0: "No data",
    1: "Saturated or defective",
    2: "Dark area or cast shadow",
    3: "Cloud shadow",
    4: "Vegetation",
    5: "Bare soil",
    6: "Water",
    7: "Unclassified",
    8: "Cloud, medium probability",
    9: "Cloud, high probability",
    10: "Thin cirrus",
    11: "Snow or ice",
}
DEFAULT_CLEAR = (4, 5, 6, 7)
#: Only clouds and their shadows have edges that the classification misses: these grow, others do not.
_GROWING = (3, 8, 9, 10)
_MAX_DILATE = 2000.0


@dataclass(frozen=True, slots=True)
class MaskPolicy:
    """Which SCL classes count as clear, and how far a cloud's edge reaches.

    Parameters
    ----------
    clear
        SCL classes kept.
    dilate
        Distance in metres (true Euclidean, centre to centre) around clouds and cloud shadows that is
        not clear either.
    """

    clear: tuple[int, ...] = DEFAULT_CLEAR
    dilate: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "clear", tuple(sorted(set(self.clear))))
        wrong = [value for value in self.clear if value not in SCL_CLASSES or value == 0]
        if wrong or not self.clear:
            named = f"class {wrong[0]}" if wrong else "an empty list"
            raise InvalidInputError(
                f"The clear classes cannot hold {named}: choose among 1 to 11 of the scene classification, "
                "usually 4,5,6,7."
            )
        if not 0 <= self.dilate <= _MAX_DILATE:
            raise InvalidInputError(
                f"A cloud margin of {self.dilate:g} m is not possible: choose 0 to {_MAX_DILATE:g} m."
            )

    def margin(self, resolution: float) -> int:
        """Return the pixels around a window that its dilation has to see."""
        return int(np.ceil(self.dilate / resolution)) if self.dilate > 0 else 0


@njit(nogil=True, cache=True)
def _looked_up(scl: NDArray[Any], lookup: NDArray[np.bool_]) -> NDArray[np.bool_]:  # pragma: no cover - compiled
    out = np.empty(scl.shape, dtype=np.bool_)
    for row in range(scl.shape[0]):
        for col in range(scl.shape[1]):
            out[row, col] = lookup[min(scl[row, col], 255)]
    return out


def clear_pixels(
    scl: NDArray[np.uint8] | NDArray[np.uint16], policy: MaskPolicy, resolution: float
) -> NDArray[np.bool_]:
    """Judge a window of the scene classification.

    Parameters
    ----------
    scl
        ``(y, x)`` classes; values outside 0 to 11 (lossy files hold some) are never clear.
    policy
        What counts as clear.
    resolution
        Pixel size in metres.

    Returns
    -------
    ndarray of bool
        ``(y, x)``, True where the pixel is clear.
    """
    lookup = np.zeros(256, dtype=bool)
    lookup[list(policy.clear)] = True
    clear: NDArray[np.bool_] = _looked_up(scl, lookup)
    growing = [value for value in _GROWING if value not in policy.clear]
    if policy.dilate > 0 and growing:
        cloud = np.isin(scl, growing)
        if cloud.any():
            clear &= ndimage.distance_transform_edt(~cloud, sampling=resolution) > policy.dilate
    return clear
