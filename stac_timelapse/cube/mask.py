"""Which pixels are clear: the scene classification (SCL) and the policy that judges it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
CLOUD_CLASSES = (8, 9, 10)
#: Only clouds and their shadows have edges that the classification misses: these grow, others do not.
_GROWING = (3, *CLOUD_CLASSES)
MAX_DILATE = 2000.0
MAX_OPENING = 500.0
#: A pixel that is rescued is not clear in a pass with other clouds or shadows so near, which cover it too. Metres.
_COVERED = 120.0
#: Around what is rescued its mixed pixels are taken for clouds now and then: no sign of a true one. Metres.
_RIM = 40.0


@dataclass(frozen=True, slots=True)
class MaskPolicy:
    """Which SCL classes count as clear, what is too small to be a cloud, and how far a cloud's edge reaches.

    Parameters
    ----------
    clear
        SCL classes kept.
    dilate
        Distance in metres (true Euclidean, centre to centre) around clouds and cloud shadows that is
        not clear either.
    opening
        Radius in metres (centre to centre) of the morphological opening (Serra 1982) of clouds and cloud shadows,
        taken together, before they grow: what holds no disc of this radius is clear. 0 leaves all.
    rescue
        Whether pixels that are flagged as cloud in nearly every pass of the series are taken for bright ground, see
        `stac_timelapse.composite.persistent`.
    """

    clear: tuple[int, ...] = DEFAULT_CLEAR
    dilate: float = 0.0
    opening: float = 0.0
    rescue: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "clear", tuple(sorted(set(self.clear))))
        wrong = [value for value in self.clear if value not in SCL_CLASSES or value == 0]
        if wrong or not self.clear:
            named = f"class {wrong[0]}" if wrong else "an empty list"
            raise InvalidInputError(
                f"The clear classes cannot hold {named}: choose among 1 to 11 of the scene classification, "
                "usually 4,5,6,7."
            )
        if not 0 <= self.dilate <= MAX_DILATE:
            raise InvalidInputError(
                f"A cloud margin of {self.dilate:g} m is not possible: choose 0 to {MAX_DILATE:g} m."
            )
        if not 0 <= self.opening <= MAX_OPENING:
            raise InvalidInputError(
                f"An opening of clouds by {self.opening:g} m is not possible: choose 0 to {MAX_OPENING:g} m."
            )

    def margin(self, resolution: float) -> int:
        """Return the pixels around a window that must be seen for it to be judged as in the whole picture."""
        grown = max(self.dilate, _COVERED) + _RIM if self.rescue else self.dilate
        # What an opening does to a pixel depends on discs that hold it, and these on the pixels in them.
        return math.ceil(grown / resolution) + 2 * math.ceil(self.opening / resolution)


@njit(nogil=True, cache=True)
def _looked_up(scl: NDArray[Any], lookup: NDArray[np.bool_]) -> NDArray[np.bool_]:  # pragma: no cover - compiled
    out = np.empty(scl.shape, dtype=np.bool_)
    for row in range(scl.shape[0]):
        for col in range(scl.shape[1]):
            out[row, col] = lookup[min(scl[row, col], 255)]
    return out


def _of_classes(scl: NDArray[Any], classes: Sequence[int]) -> NDArray[np.bool_]:
    lookup = np.zeros(256, dtype=bool)
    lookup[list(classes)] = True
    found: NDArray[np.bool_] = _looked_up(scl, lookup)
    return found


def clear_pixels(
    scl: NDArray[np.uint8] | NDArray[np.uint16],
    policy: MaskPolicy,
    resolution: float,
    rescued: NDArray[np.bool_] | None = None,
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
    rescued
        ``(y, x)``, True where the cloud classes are mistaken in nearly every pass: there they neither mask nor grow,
        unless the pass has other clouds or shadows within 120 m (those within 40 m of a rescued pixel are its rim).

    Returns
    -------
    ndarray of bool
        ``(y, x)``, True where the pixel is clear.
    """
    clear = _of_classes(scl, policy.clear)
    if policy.dilate == 0 and policy.opening == 0 and rescued is None:
        return clear
    cloud = _of_classes(scl, [value for value in _GROWING if value not in policy.clear])
    if not cloud.any():
        return clear
    if policy.opening > 0:
        large = _opened(cloud, scl == 0, policy.opening, resolution)
        clear |= cloud & ~large
        cloud = large
    if rescued is not None and rescued.any():
        return _with_rescued(clear, cloud, cloud & _of_classes(scl, CLOUD_CLASSES), rescued, policy, resolution)
    if policy.dilate > 0:
        clear &= ~_within(policy.dilate, cloud, resolution)
    return clear


def _within(reach: float, pixels: NDArray[np.bool_], resolution: float) -> NDArray[np.bool_]:
    """Return ``(y, x)``, where one of the pixels is at most so many metres away: their dilation with a disc."""
    if not pixels.any():
        # The transform of a picture without background is undefined.
        return pixels
    near: NDArray[np.bool_] = ndimage.distance_transform_edt(~pixels, sampling=resolution) <= reach
    return near


def _opened(cloud: NDArray[np.bool_], unseen: NDArray[np.bool_], radius: float, resolution: float) -> NDArray[np.bool_]:
    """Open clouds with a disc; beyond the edge of the data they may go on, so what it cuts is not small."""
    eroded = ~_within(radius, ~(cloud | unseen), resolution)
    return cloud & _within(radius, eroded, resolution)


def _with_rescued(
    clear: NDArray[np.bool_],
    cloud: NDArray[np.bool_],
    flagged: NDArray[np.bool_],
    rescued: NDArray[np.bool_],
    policy: MaskPolicy,
    resolution: float,
) -> NDArray[np.bool_]:
    """Return what is clear when persistently bright ground is no cloud; `flagged` is cloud without shadow."""
    true = cloud & ~(flagged & _within(_RIM, rescued, resolution))
    clear = clear | (flagged & rescued)
    if policy.dilate > 0:
        clear &= ~_within(policy.dilate, true, resolution)
    covered = _within(max(policy.dilate, _COVERED), true, resolution)
    return clear & ~(flagged & rescued & covered)
