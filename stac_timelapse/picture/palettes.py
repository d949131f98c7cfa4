"""Palettes for pictures of one value, all of them readable without full colour vision."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.errors import InvalidInputError

Colours = tuple[tuple[int, int, int], ...]


def _colours(text: str) -> Colours:
    return tuple((int(one[:2], 16), int(one[2:4], 16), int(one[4:], 16)) for one in text.split())


GREENS: Colours = ((250, 243, 224), (231, 218, 160), (170, 200, 110), (84, 156, 84), (16, 96, 66), (5, 48, 44))
BLUES: Colours = ((247, 240, 226), (214, 219, 208), (136, 184, 212), (48, 118, 182), (10, 60, 122), (4, 28, 66))
EMBERS: Colours = ((38, 8, 44), (112, 22, 68), (190, 56, 60), (236, 122, 58), (248, 198, 110), (253, 246, 218))
FROST: Colours = ((44, 34, 28), (92, 76, 66), (124, 122, 126), (146, 172, 194), (196, 222, 238), (252, 254, 255))
VIOLETS: Colours = ((244, 238, 250), (205, 190, 228), (158, 130, 200), (108, 76, 164), (62, 36, 112), (28, 12, 58))

#: Every sixteenth colour of matplotlib's (viridis and inferno: van der Walt and Smith 2015; cividis: Nunez, Anderton
#: and Renslow 2018) and of colorcet's CET-CBD1 (Kovesi 2015). To import either library takes a second.
_VIRIDIS = _colours(
    "440154 47186a 472c7b 424085 3a528b 32628d 2c728e 26818e 20908c "
    "1e9e88 27ad80 3dbb74 5cc862 81d34c aadb32 d4e11a fde724"
)
_CIVIDIS = _colours(
    "00204c 002b68 05366e 2c416b 414d6b 51586c 60646e 6f6f72 7c7b78 "
    "8b8778 9b9377 aba174 bcae6e cdbc67 dfcb5d f1da50 ffe945"
)
_INFERNO = _colours(
    "000003 0a0723 200c4a 3c0965 560f6d 6f196e 892269 a22b61 ba3654 "
    "d04544 e35932 f0711e f98c09 fbaa0e f8c931 f1e864 fcfea4"
)
_DIVERGING = _colours(
    "3a90fe 619bfc 7da6fb 94b2fa a8bef8 bbcaf6 ced7f4 dfe3f2 ececec "
    "e9e3d3 e2d6b9 daca9e d1be84 c8b26a bda64f b39a32 a78f08"
)

#: Name, as on the command line -> colours from the low to the high limit.
PALETTES: Mapping[str, Colours] = {
    "viridis": _VIRIDIS,
    "cividis": _CIVIDIS,
    "inferno": _INFERNO,
    "blue-ochre": _DIVERGING,
    "greens": GREENS,
    "blues": BLUES,
    "embers": EMBERS,
    "grey": ((0, 0, 0), (255, 255, 255)),
}


def colours_of(name: str) -> Colours:
    """Return a palette's colours.

    Raises
    ------
    InvalidInputError
        If there is none of this name.
    """
    if name not in PALETTES:
        raise InvalidInputError(f"The palette {name!r} is not known: use {', '.join(PALETTES)}.")
    return PALETTES[name]


def steps_of(colours: Colours, number: int = 256) -> NDArray[np.uint8]:
    """Return ``(number, 3)`` uint8 colours from the first to the last, straight lines between those given."""
    at, anchors = np.linspace(0, 1, number), np.linspace(0, 1, len(colours))
    channels = [np.interp(at, anchors, [colour[i] for colour in colours]) for i in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)
