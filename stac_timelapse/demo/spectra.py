"""How each kind of ground looks in each band, and how it changes through the year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]

BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")

#: Surface reflectance x 10 000 in the order of `BANDS`.
SPECTRA: Mapping[str, tuple[float, ...]] = {
    "crop": (270, 620, 330, 4300, 1950, 980),
    "crop_dark": (230, 520, 270, 4000, 1700, 800),
    "crop_bright": (330, 760, 420, 4500, 2150, 1100),
    "bloom": (480, 1500, 1280, 4300, 2050, 1050),
    "straw": (860, 1310, 1700, 2900, 3500, 2500),
    "soil": (720, 1000, 1310, 2050, 2850, 2400),
    "grass": (330, 680, 430, 3700, 2250, 1180),
    "lawn": (390, 700, 520, 3100, 2150, 1250),
    "hay": (600, 950, 1020, 2700, 2900, 1900),
    "dormant": (440, 680, 680, 2150, 2350, 1450),
    "sprout": (480, 740, 760, 2450, 2450, 1750),
    "conifer": (170, 320, 210, 2250, 950, 420),
    "leaves": (210, 480, 250, 3700, 1600, 700),
    "autumn": (330, 640, 880, 2700, 1950, 1000),
    "twigs": (430, 570, 650, 1650, 1900, 1200),
    "water": (340, 430, 280, 140, 60, 40),
    "river": (520, 720, 580, 420, 170, 110),
    "mud": (760, 1000, 1180, 1500, 1500, 1050),
    "shore": (1250, 1560, 1900, 2350, 3000, 2500),
    "tile_roof": (720, 880, 1330, 1950, 2350, 2050),
    "grey_roof": (980, 1060, 1120, 1450, 1650, 1500),
    "white_roof": (2550, 2640, 2690, 2880, 2650, 2400),
    "asphalt": (820, 900, 960, 1200, 1400, 1330),
    "concrete": (1500, 1640, 1740, 2050, 2300, 2100),
    "gravel": (1350, 1540, 1690, 2000, 2500, 2250),
    "char": (270, 300, 340, 720, 1750, 2000),
    "snow": (8300, 8400, 8300, 7500, 1000, 750),
    "cloud": (6300, 6300, 6300, 6700, 4700, 3700),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One turn of the year: at `day` the ground turns from what it was to something else.

    Parameters
    ----------
    day
        Day of the year at which half of the turn is done.
    width
        Days of the logistic rise: nine tenths of the turn happen within six times this.
    to
        Name of the spectrum it turns to.
    """

    day: float
    width: float
    to: str


@dataclass(frozen=True, slots=True)
class Cover:
    """A kind of ground.

    Parameters
    ----------
    year
        Turns in the order of the year; the last one lasts until the first one of the next year.
    jitter
        Standard deviation in days by which the turns differ from one parcel to another.
    spread
        Relative standard deviation of the brightness from one parcel to another.
    """

    year: tuple[Change, ...]
    jitter: float = 0.0
    spread: float = 0.0


def _steady(name: str, spread: float = 0.0) -> Cover:
    return Cover((Change(1, 1, name),), 0, spread)


COVERS: Mapping[str, Cover] = {
    "wheat": Cover(
        (Change(88, 9, "crop"), Change(182, 6, "straw"), Change(248, 3, "soil"), Change(305, 8, "sprout")), 6, 0.07
    ),
    "barley": Cover((Change(112, 7, "crop_bright"), Change(172, 6, "straw"), Change(228, 3, "soil")), 6, 0.08),
    "rapeseed": Cover(
        (
            Change(78, 9, "crop"),
            Change(120, 3, "bloom"),
            Change(144, 4, "crop_bright"),
            Change(186, 6, "straw"),
            Change(226, 3, "soil"),
            Change(268, 7, "crop"),
            Change(334, 9, "sprout"),
        ),
        3,
        0.06,
    ),
    "maize": Cover((Change(162, 6, "crop_dark"), Change(262, 7, "straw"), Change(284, 2, "soil")), 6, 0.08),
    "beet": Cover((Change(154, 7, "crop_bright"), Change(286, 3, "soil")), 7, 0.07),
    "alfalfa": Cover(
        (
            Change(86, 8, "crop"),
            Change(146, 1.5, "hay"),
            Change(160, 4, "crop"),
            Change(196, 1.5, "hay"),
            Change(212, 5, "crop"),
            Change(256, 1.5, "hay"),
            Change(272, 5, "crop_dark"),
            Change(322, 9, "dormant"),
        ),
        9,
        0.05,
    ),
    "meadow": Cover(
        (Change(94, 9, "grass"), Change(168, 3, "hay"), Change(190, 9, "grass"), Change(312, 12, "dormant")), 10, 0.06
    ),
    "garden": Cover((Change(98, 9, "lawn"), Change(310, 10, "dormant")), 5, 0.10),
    "conifer": Cover((Change(1, 1, "conifer"),), 0, 0.10),
    "deciduous": Cover((Change(114, 4, "leaves"), Change(288, 5, "autumn"), Change(308, 4, "twigs")), 3, 0.07),
    "soil": _steady("soil", 0.1),
    "river": _steady("river", 0.0),
    "tile_roof": _steady("tile_roof", 0.12),
    "grey_roof": _steady("grey_roof", 0.12),
    "white_roof": _steady("white_roof", 0.08),
    "asphalt": _steady("asphalt", 0.03),
    "concrete": _steady("concrete", 0.05),
    "gravel": _steady("gravel", 0.09),
    "track": Cover((Change(100, 9, "hay"),), 0, 0.03),
}
COVER_NAMES = tuple(COVERS)
#: Their reflectance does not change through the year (only snow and relief change them).
STABLE_COVERS = ("tile_roof", "grey_roof", "asphalt", "concrete", "gravel")


def cover_reflectance(cover: str, day_of_year: float, shift: Table) -> Table:
    """Return what a kind of ground reflects on a day, one row for each parcel.

    Parameters
    ----------
    cover
        Key of `COVERS`.
    day_of_year
        1 to 366; fractions are welcome.
    shift
        ``(parcel,)``, days by which each parcel is late.

    Returns
    -------
    numpy.ndarray
        ``(parcel, band)``, reflectance x 10 000 in the order of `BANDS`.
    """
    year = COVERS[cover].year
    spectra = np.array([SPECTRA[change.to] for change in year], dtype=float)
    if len(year) == 1:
        return np.repeat(spectra, shift.size, axis=0)
    result = np.repeat(spectra[-1:], shift.size, axis=0)
    # The year before is walked through as well, so that a slow turn of its end reaches into this one.
    for cycle in (-365.25, 0.0, 365.25):
        for change, spectrum in zip(year, spectra, strict=True):
            late = (day_of_year - change.day - cycle - shift) / change.width
            done = 1 / (1 + np.exp(-np.clip(late, -40, 40)))
            result += done[:, None] * (spectrum - result)
    return result
