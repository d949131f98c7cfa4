"""Landsat Collection 2 Level 2 in the terms of Sentinel-2: its scene classification, DN = 10 000 x reflectance.

Source: USGS, Landsat 8-9 Collection 2 Level 2 Science Product Guide, LSDS-1619: QA_PIXEL's bits, scale 0.0000275,
offset -0.2, fill 0. Landsat 4 to 7 have the same bits but that of cirrus.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

_SCALE, _OFFSET = 0.0000275, -0.2
_FILL, _DILATED, _CIRRUS, _CLOUD, _SHADOW, _SNOW, _WATER = (1 << bit for bit in (0, 1, 2, 3, 4, 5, 7))
_VALUES = 1 << 16


@functools.cache
def class_table() -> NDArray[np.uint8]:
    """Return the SCL class of every value of QA_PIXEL.

    Where several bits are set the first of these counts: fill, cloud, dilated cloud (as cloud of medium probability),
    cirrus, shadow, snow, water. What is left is land, which is not classified further.
    """
    quality = np.arange(_VALUES)
    conditions = [quality & bit > 0 for bit in (_FILL, _CLOUD, _DILATED, _CIRRUS, _SHADOW, _SNOW, _WATER)]
    table = np.select(conditions, [0, 9, 8, 10, 3, 11, 6], default=7).astype(np.uint8)
    table[0] = 0  # beyond the file
    return table


@functools.cache
def reflectance_table() -> NDArray[np.uint16]:
    """Return DN, 10 000 x reflectance, of every value of a surface reflectance file; 0 = no data.

    Reflectances at or below 0 become DN 1.
    """
    reflectance = np.arange(_VALUES) * _SCALE + _OFFSET
    table: NDArray[np.uint16] = np.maximum(np.floor(10_000 * reflectance + 0.5), 1).astype(np.uint16)
    table[0] = 0
    return table
