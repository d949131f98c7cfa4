"""Monthly medians by plain rasterio and numpy: shares no code with the library."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine


def read_at(path: Path, transform: Affine, shape: tuple[int, int]) -> np.ndarray:
    """Take the file's pixel under each output pixel's centre; 0 outside the file."""
    out = np.zeros(shape, dtype=np.int64)
    data, own = pixels(path)
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]]
    xs = transform.c + (cols + 0.5) * transform.a
    ys = transform.f + (rows + 0.5) * transform.e
    file_cols = np.floor((xs - own.c) / own.a + 1e-9).astype(int)
    file_rows = np.floor((ys - own.f) / own.e + 1e-9).astype(int)
    inside = (file_cols >= 0) & (file_cols < data.shape[1]) & (file_rows >= 0) & (file_rows < data.shape[0])
    out[inside] = data[file_rows[inside], file_cols[inside]]
    return out


@functools.lru_cache(maxsize=64)
def pixels(path: Path) -> tuple[np.ndarray, Affine]:
    """Return all pixels of a file and its transform; real scenes are decoded once for several tests."""
    with rasterio.open(path) as source:
        return source.read(1), source.transform


def month_median(
    passes: Sequence[Sequence[Mapping[str, Path]]],
    bands: Sequence[str],
    transform: Affine,
    shape: tuple[int, int],
    clear: Sequence[int],
    offset: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return float medians (band, y, x; nan = none) and the observation count (y, x).

    `passes` holds for each pass its granules as ``{band: path}`` with ``"SCL"``.
    """
    fused = []
    for granules in passes:
        stack = np.full((len(bands), *shape), np.nan)
        for granule in granules:
            is_clear = np.isin(read_at(granule["SCL"], transform, shape), clear)
            data = np.stack([read_at(granule[band], transform, shape) for band in bands])
            observed = is_clear & (data > 0).any(axis=0) & np.isnan(stack).all(axis=0)
            values = np.where(data > 0, data + offset, np.nan)
            stack[:, observed] = values[:, observed]
        fused.append(stack)
    cube = np.stack(fused)
    count = (~np.isnan(cube)).any(axis=1).sum(axis=0)
    with np.errstate(all="ignore"):
        import warnings  # noqa: PLC0415 - numpy warns of all-nan pixels, which are meant

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return np.nanmedian(cube, axis=0), count
