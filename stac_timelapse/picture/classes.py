"""The colours in which the scene classification is usually shown."""

from __future__ import annotations

from collections.abc import Mapping

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
