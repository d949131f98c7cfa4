"""What is measured in finished months: a spectral index, the reflectance of a band, or a formula of bands."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.composite.monthly import SCALE
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.appearance import preset_of
from stac_timelapse.picture.formula import band_of, by_parts, parse
from stac_timelapse.picture.index_library import SpectralIndex, index_library, index_of, indices_of
from stac_timelapse.picture.indices import PRESETS, Preset
from stac_timelapse.scenes.sensors import BANDS

#: Bins of a formula: below the first value they are evenly spaced, above it each is by 1 / 12 000 larger than the one
#: before, so that four figures of any value are right.
_EVEN_BELOW, _BINS_PER_E, _FIGURES = 1e-5, 12_000, 4
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number a pixel, made of a month's bands.

    Parameters
    ----------
    name
        Of a preset of the kind ``"index"``, e.g. ``"ndvi"``; of a band, e.g. ``"B04"``; of an index of the library,
        e.g. ``"EVI"``; or the text of a formula.
    title
        Name shown to people.
    label
        The same where room is scarce, e.g. ``"NDVI"``.
    kind
        What it is; every ``"index"`` is a normalised difference, from -1 to 1.
    picture
        Computes it.
    """

    name: str
    title: str
    label: str
    kind: Literal["index", "band", "library", "formula"]
    picture: Preset

    @property
    def bands(self) -> tuple[str, ...]:
        """The bands that it needs."""
        return self.picture.bands

    @property
    def is_index(self) -> bool:
        """Whether it is a normalised difference, from -1 to 1."""
        return self.kind == "index"

    @property
    def span(self) -> float:
        """How far two values can lie apart; infinity of what may have any unit."""
        return {"index": 2.0, "band": np.iinfo(np.uint16).max * SCALE}.get(self.kind, math.inf)

    def of(self, numbers: NDArray[np.uint16]) -> NDArray[np.float64]:
        """Return the values of pixels.

        Parameters
        ----------
        numbers
            ``(band, pixel, ...)`` DN in the order of `bands`; 0 = no data.

        Returns
        -------
        ndarray of float64
            ``(pixel, ...)``; NaN where a band has no data, or the formula no value: a division by zero, for example.
        """
        values: NDArray[np.float64] = by_parts(numbers, self.picture.exact, np.float64)
        return values

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the number of the bin of each value.

        Bins of an index or a band are 0.0001 apart, which of a reflectance loses nothing. A formula may have any unit:
        its bins are as wide as one in 12 000 of the value itself.
        """
        at: NDArray[np.float64] = values / SCALE
        if not math.isfinite(self.span):
            at = np.arcsinh(values / _EVEN_BELOW) * _BINS_PER_E
        return np.rint(at).astype(np.int64)

    def value_of(self, number: int) -> float:
        """Return the value in the middle of a bin: on steps of 0.0001, or of a formula to four figures."""
        if math.isfinite(self.span):
            return round(number * SCALE, 4)
        return float(f"{_EVEN_BELOW * math.sinh(number / _BINS_PER_E):.{_FIGURES}g}")


def quantity_of(text: str) -> Quantity:
    """Return the quantity of a name, whatever its case, or of a formula.

    Raises
    ------
    InvalidInputError
        If it is none; the sentence says what it could be, or where the formula is wrong.
    """
    preset = PRESETS.get(text.lower())
    if preset is not None and preset.kind == "index":
        return Quantity(preset.name, preset.title, preset.name.upper(), "index", preset)
    band = band_of(text.upper())
    if band in BANDS:
        return Quantity(band, f"Reflectance of {band}", "Reflectance", "band", preset_of(band))
    library = next((one for one in index_library().values() if one.name.lower() == text.lower()), None)
    if library is not None:
        return _of_library(library)
    if _WORD.fullmatch(text):
        known = ", ".join([*(one.name for one in PRESETS.values() if one.kind == "index"), *BANDS])
        raise InvalidInputError(
            f"{text!r} cannot be charted: use one of {known}, an index of the library "
            "(`stac-timelapse indices WORD` looks for one), or a formula such as B08 / B04."
        )
    library = index_of(text)
    if library is not None:
        return _of_library(library)
    formula = parse(text)
    return Quantity(formula.text, formula.title, formula.name or "Value", "formula", preset_of(text))


def quantities_of(bands: Sequence[str]) -> list[Quantity]:
    """Return what built bands allow: every preset that is an index and whose bands are among them, then each band."""
    indices = [one.name for one in PRESETS.values() if one.kind == "index" and set(one.bands) <= set(bands)]
    return [quantity_of(name) for name in (*indices, *bands)]


def library_of(bands: Sequence[str]) -> list[Quantity]:
    """Return the indices of the library that built bands allow and that are no preset."""
    return [_of_library(one) for one in indices_of(bands) if one.name.lower() not in PRESETS]


def usual_quantity(preset: str | None, bands: Sequence[str], formula: str | None = None) -> Quantity:
    """Return what is measured unless something else is chosen: the picture's own formula or index, else the first.

    Parameters
    ----------
    preset
        Name of the picture, or None.
    bands
        The built ones, at least one.
    formula
        The picture's, or None.
    """
    own = None if formula is None else quantity_of(formula)
    if own is not None and set(own.bands) <= set(bands):
        return own
    allowed = quantities_of(bands)
    return next((one for one in allowed if one.name == preset), allowed[0])


def _of_library(index: SpectralIndex) -> Quantity:
    return Quantity(index.name, f"{index.name} · {index.title}", index.name, "library", preset_of(index.formula.text))
