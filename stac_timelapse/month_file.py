"""How a finished month is read: some of its bands with what is known of each pixel, whole or from an overview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from stac_timelapse.composite.gaps import NO_DATA, OBSERVATIONS, OBSERVED, QUALITY
from stac_timelapse.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Layers:
    """A part of a month.

    Parameters
    ----------
    bands
        ``(band, y, x)`` DN, 0 = no data.
    looks
        ``(y, x)`` number of clear passes.
    quality
        ``(y, x)``, see `stac_timelapse.composite.gaps.QUALITY_MEANS`.
    """

    bands: NDArray[np.uint16]
    looks: NDArray[np.uint16]
    quality: NDArray[np.uint16]

    @property
    def observed(self) -> NDArray[np.bool_]:
        """``(y, x)``, True where every band holds what was seen in the month itself.

        A pixel of an overview may be filled in part, and marked so; its bands hold the mean of what was seen.
        """
        seen: NDArray[np.bool_] = (self.looks > 0) & self.bands.all(axis=0)
        return seen


@dataclass(frozen=True, slots=True)
class MonthFile:
    """Some bands of a composite on disk.

    Parameters
    ----------
    path
        A Cloud Optimized GeoTIFF.
    indexes
        Numbers of the bands, of the observations and, where there is one, of the quality.
    has_quality
        Whether there is one.
    level
        Which overview is read; None for the pixels themselves.
    epsg, transform, shape
        Place on earth and ``(height, width)`` of what is read.
    """

    path: Path
    indexes: tuple[int, ...]
    has_quality: bool
    level: int | None
    epsg: int
    transform: Affine
    shape: tuple[int, int]

    @classmethod
    def of(cls, path: Path, bands: Sequence[str], most_pixels: int | None = None) -> MonthFile:
        """Look at a composite.

        Parameters
        ----------
        path
            The composite.
        bands
            Their names.
        most_pixels
            With more the finest overview of no more is read, or the coarsest there is.

        Raises
        ------
        InvalidInputError
            If a band was not built; the sentence names all of them.
        """
        with rasterio.open(path) as composite:
            names = composite.descriptions
            lacking = [band for band in bands if band not in names]
            if lacking:
                built = ", ".join(name for name in names if name not in {OBSERVATIONS, QUALITY})
                several = len(lacking) > 1
                what = f"The bands {' and '.join(lacking)} were" if several else f"The band {lacking[0]} was"
                raise InvalidInputError(
                    f"{what} not built, only {built}: build the series with {'them' if several else 'it'}, "
                    "or choose another."
                )
            layers = [*bands, OBSERVATIONS, *([QUALITY] if QUALITY in names else [])]
            indexes = tuple(names.index(name) + 1 for name in layers)
            factors, pixels, epsg = composite.overviews(1), composite.width * composite.height, composite.crs.to_epsg()
        level = None
        if most_pixels is not None and pixels > most_pixels and factors:
            small = [at for at, factor in enumerate(factors) if pixels / factor**2 <= most_pixels]
            level = small[0] if small else len(factors) - 1
        # An overview opened as a dataset does not know the bands' names any more.
        with rasterio.open(path, **_options(level)) as composite:
            return cls(path, indexes, QUALITY in names, level, epsg, composite.transform, composite.shape)

    def read(self, window: Window) -> Layers:
        """Read a part, in pixels of what is read."""
        with rasterio.open(self.path, **_options(self.level)) as composite:
            layers: NDArray[np.uint16] = composite.read(self.indexes, window=window)
        if self.has_quality:
            return Layers(layers[:-2], layers[-2], layers[-1])
        looks = layers[-1]
        return Layers(layers[:-1], looks, np.where(looks > 0, OBSERVED, NO_DATA).astype(np.uint16))


def _options(level: int | None) -> dict[str, int]:
    return {} if level is None else {"OVERVIEW_LEVEL": level}
