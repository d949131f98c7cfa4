"""Monthly medians by plain rasterio and numpy: shares no code with the library."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine
from scipy import ndimage


def read_at(path: Path, transform: Affine, shape: tuple[int, int]) -> np.ndarray:
    """Take the file's pixel under each output pixel's centre; 0 outside the file."""
    return _under(*pixels(path), transform, shape)


def judged_at(
    path: Path, transform: Affine, shape: tuple[int, int], judge: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Judge the whole picture of a file, and take what is under each output pixel's centre."""
    data, own = pixels(path)
    return _under(judge(data), own, transform, shape) > 0


def _under(data: np.ndarray, own: Affine, transform: Affine, shape: tuple[int, int]) -> np.ndarray:
    out = np.zeros(shape, dtype=np.int64)
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
    # Said here, for what read before in this thread may have switched off the sidecars that hold CRS and nodata.
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="FALSE"), rasterio.open(path) as source:
        return source.read(1), source.transform


def month_median(
    passes: Sequence[Sequence[Mapping[str, Path]]],
    bands: Sequence[str],
    transform: Affine,
    shape: tuple[int, int],
    clear: Sequence[int] | Callable[[np.ndarray], np.ndarray],
    offset: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return float medians (band, y, x; nan = none) and the observation count (y, x).

    `passes` holds for each pass its granules as ``{band: path}`` with ``"SCL"``; `clear` the classes that are, or what
    tells of a whole file's classes where it is.
    """
    judge = clear if callable(clear) else functools.partial(np.isin, test_elements=clear)
    fused = []
    for granules in passes:
        stack = np.full((len(bands), *shape), np.nan)
        for granule in granules:
            is_clear = judged_at(granule["SCL"], transform, shape, judge)
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


def disc(radius: float, resolution: float) -> np.ndarray:
    """Return the pixels whose centres are at most a radius in metres from the middle one's."""
    reach = int(radius // resolution)
    rows, cols = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return resolution * np.hypot(rows, cols) <= radius


def bright_ground(scls: Sequence[np.ndarray]) -> np.ndarray:
    """Return what is of class 8, 9 or 10 in more than four fifths of the looks, of at least 20."""
    looks = np.sum([scl != 0 for scl in scls], axis=0)
    flagged = np.sum([np.isin(scl, (8, 9, 10)) for scl in scls], axis=0)
    return (looks >= 20) & (5 * flagged > 4 * looks)


def clear_picture(
    scl: np.ndarray,
    clear: Sequence[int],
    resolution: float,
    *,
    dilate: float = 0,
    opening: float = 0,
    bright: np.ndarray | None = None,
) -> np.ndarray:
    """Judge a whole picture with scipy's binary morphology, disc by disc; what lies outside it is not known."""

    def grown(pixels: np.ndarray, metres: float) -> np.ndarray:
        return ndimage.binary_dilation(pixels, disc(metres, resolution))

    good = np.isin(scl, clear)
    cloud = np.isin(scl, sorted({3, 8, 9, 10} - set(clear)))
    if opening:
        # What lies outside the picture may be cloud as well.
        edge = 2 * int(opening // resolution)
        solid = np.pad(cloud | (scl == 0), edge, constant_values=True)
        solid = grown(ndimage.binary_erosion(solid, disc(opening, resolution), border_value=1), opening)
        solid = solid[edge : edge + scl.shape[0], edge : edge + scl.shape[1]]
        good |= cloud & ~solid
        cloud &= solid
    mistaken = np.zeros_like(good)
    if bright is not None:
        mistaken = cloud & np.isin(scl, (8, 9, 10)) & bright
        rim = cloud & np.isin(scl, (8, 9, 10)) & grown(bright, 40)
        cloud &= ~rim
    if dilate:
        good &= ~grown(cloud, dilate)
        mistaken &= ~grown(cloud, dilate)
    return good | (mistaken & ~grown(cloud, 120))
