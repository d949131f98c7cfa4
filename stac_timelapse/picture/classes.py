"""The colours in which the scene classification is usually shown, and a mask as a picture to lay over another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stac_timelapse.cube.look import KEPT, MARGIN, Judged

#: SCL class -> colour, as in the browsers of the Copernicus programme.
SCL_COLOURS: Mapping[int, str] = {
    0: "#000000",
    1: "#ff0000",
    2: "#2f2f2f",
    3: "#643200",
    4: "#00a000",
    5: "#ffe65a",
    6: "#0000ff",
    7: "#808080",
    8: "#c0c0c0",
    9: "#ffffff",
    10: "#64c8ff",
    11: "#ff96ff",
}
#: Of what a policy adds to the classes, and takes from them.
CHANGE_COLOURS: Mapping[int, str] = {MARGIN: "#ff8c1a", KEPT: "#00d6a3"}
_OUTLINE = (23, 40, 43, 255)
_OPAQUE = 225


def mask_overlay(judged: Judged) -> NDArray[np.uint8]:
    """Return what a mask hides in its classes' colours, outlined, and what the policy changed; the rest transparent.

    Returns
    -------
    ndarray of uint8
        ``(y, x, 4)`` RGBA.
    """
    table = np.zeros((256, 4), dtype=np.uint8)
    for reason, colour in {**SCL_COLOURS, **CHANGE_COLOURS}.items():
        if reason:
            table[reason] = (*bytes.fromhex(colour[1:]), _OPAQUE)
    picture = table[judged.reasons]
    hidden = (picture[..., 3] > 0) & (judged.reasons != KEPT)
    # White clouds would not be told from a white overlay.
    picture[hidden & ~ndimage.binary_erosion(hidden, border_value=1)] = _OUTLINE
    return picture
