"""Monthly composites by plain rasterio, pyproj and numpy: shares no code with the library."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
import shapely
from pyproj import Transformer
from rasterio.transform import Affine
from scipy import ndimage

Clear = Sequence[int] | Callable[[np.ndarray], np.ndarray]

#: Cloud shadow, clouds, cirrus: what a margin grows around, unless it counts as clear.
CLOUDS = (3, 8, 9, 10)


def read_at(path: Path, transform: Affine, shape: tuple[int, int], epsg: int | None = None) -> np.ndarray:
    """Take the file's pixel under each output pixel's centre; 0 outside the file.

    With `epsg`, the centres are moved one by one to the file's own CRS.
    """
    return _under(pixels(path)[0], path, transform, shape, epsg)


def judged_at(
    path: Path, transform: Affine, shape: tuple[int, int], judge: Callable[[np.ndarray], np.ndarray], epsg: int | None
) -> np.ndarray:
    """Judge the whole picture of a file, and take what is under each output pixel's centre."""
    return _under(judge(pixels(path)[0]), path, transform, shape, epsg) > 0


def _under(data: np.ndarray, path: Path, transform: Affine, shape: tuple[int, int], epsg: int | None) -> np.ndarray:
    out = np.zeros(shape, dtype=np.int64)
    cols, rows = (np.floor(place + 1e-9).astype(int) for place in _places(path, transform, shape, epsg))
    inside = (cols >= 0) & (cols < data.shape[1]) & (rows >= 0) & (rows < data.shape[0])
    out[inside] = data[rows[inside], cols[inside]]
    return out


def _places(path: Path, transform: Affine, shape: tuple[int, int], epsg: int | None) -> tuple[np.ndarray, ...]:
    """Return column and row of the file, with fractions, under each output pixel's centre."""
    _, own, own_epsg = pixels(path)
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]]
    xs = transform.c + (cols + 0.5) * transform.a
    ys = transform.f + (rows + 0.5) * transform.e
    if epsg not in {None, own_epsg}:
        xs, ys = Transformer.from_crs(epsg, own_epsg, always_xy=True).transform(xs, ys)
    return (xs - own.c) / own.a, (ys - own.f) / own.e


def undecided(path: Path, transform: Affine, shape: tuple[int, int], epsg: int, *, within: float = 1e-3) -> np.ndarray:
    """Return where a centre is so near to an edge between the file's pixels that both are nearest, if it is warped."""
    if pixels(path)[2] == epsg:
        return np.zeros(shape, dtype=bool)
    places = _places(path, transform, shape, epsg)
    return np.any([np.abs(place - np.round(place)) < within for place in places], axis=0)


@functools.lru_cache(maxsize=64)
def pixels(path: Path) -> tuple[np.ndarray, Affine, int | None]:
    """Return all pixels of a file, its transform and CRS; real scenes are decoded once for several tests."""
    # Said here, for what read before in this thread may have switched off the sidecars that hold CRS and nodata.
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="FALSE"), rasterio.open(path) as source:
        return source.read(1), source.transform, source.crs.to_epsg() if source.crs else None


def clear_at(
    path: Path, transform: Affine, shape: tuple[int, int], clear: Clear, dilate: float, epsg: int | None
) -> np.ndarray:
    """Return where a classification is clear and farther than `dilate` metres from every cloud, shift by shift."""
    if callable(clear):
        return judged_at(path, transform, shape, clear, epsg)
    margin = int(np.ceil(dilate / transform.a))
    wide = Affine(
        transform.a, 0, transform.c - margin * transform.a, 0, transform.e, transform.f + margin * transform.a
    )
    scl = read_at(path, wide, (shape[0] + 2 * margin, shape[1] + 2 * margin), epsg)
    cloud = np.isin(scl, [value for value in CLOUDS if value not in clear])
    near = np.zeros(shape, dtype=bool)
    for down in range(2 * margin + 1):
        for right in range(2 * margin + 1):
            if dilate and np.hypot(down - margin, right - margin) * transform.a <= dilate:
                near |= cloud[down : down + shape[0], right : right + shape[1]]
    inner = slice(margin, margin + shape[0]), slice(margin, margin + shape[1])
    return np.isin(scl[inner], clear) & ~near


def fused_passes(
    passes: Sequence[Sequence[Mapping[str, Path]]],
    bands: Sequence[str],
    transform: Affine,
    shape: tuple[int, int],
    clear: Clear,
    *,
    offsets: Sequence[Sequence[int]] | None = None,
    dilate: float = 0.0,
    epsg: int | None = None,
) -> np.ndarray:
    """Return the clear pixels of each pass, float (pass, band, y, x), nan = none.

    `passes` holds for each pass its granules as ``{band: path}`` with ``"SCL"``, `offsets` what to add to their DN;
    `clear` the classes that are, or what tells of a whole file's classes where it is.
    """
    fused = []
    for number, granules in enumerate(passes):
        stack = np.full((len(bands), *shape), np.nan)
        for index, granule in enumerate(granules):
            offset = 0 if offsets is None else offsets[number][index]
            is_clear = clear_at(granule["SCL"], transform, shape, clear, dilate, epsg)
            data = np.stack([read_at(granule[band], transform, shape, epsg) for band in bands])
            observed = is_clear & (data > 0).any(axis=0) & np.isnan(stack).all(axis=0)
            values = np.where(data > 0, np.maximum(data + offset, 1) if offset else data, np.nan)
            stack[:, observed] = values[:, observed]
        fused.append(stack)
    return np.stack(fused)


def reduced(
    cube: np.ndarray, method: str, bands: Sequence[str] = (), order: Sequence[int] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Reduce (pass, band, y, x) with nan = none to float (band, y, x) and the observation count (y, x)."""
    seen = (~np.isnan(cube)).any(axis=1)
    count = seen.sum(axis=0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy warns of all-nan pixels, which are meant
        if method == "mean":
            return np.nanmean(cube, axis=0), count
        if method == "median":
            return np.nanmedian(cube, axis=0), count
    if method.startswith("percentile:"):
        return _percentile(cube, float(method.partition(":")[2])), count
    if method == "first-clear":
        ranks = np.empty(len(cube))
        ranks[list(order)] = np.arange(len(cube))
        cost = np.where(seen, ranks[:, None, None], np.inf)
    elif method == "max-ndvi":
        red, nir = cube[:, bands.index("B04")], cube[:, bands.index("B08")]
        # A pass without one of the two counts only where there is no other.
        cost = np.where(seen, np.nan_to_num((red - nir) / (red + nir), nan=2.0), np.inf)
    elif method == "medoid":
        known = np.nan_to_num(cube)
        steps = np.sqrt(((known[:, None] - known[None]) ** 2).sum(axis=2))
        cost = np.where(seen, np.where(seen[None], steps, 0).sum(axis=1), np.inf)
    else:
        raise ValueError(method)
    best = cost.argmin(axis=0)
    whole = np.take_along_axis(cube, best[None, None], axis=0)[0]
    return np.where(count > 0, whole, np.nan), count


def _percentile(cube: np.ndarray, percent: float) -> np.ndarray:
    """Return the percentile over the passes, between two looks in a straight line (numpy's own takes minutes)."""
    rising = np.sort(cube, axis=0)  # nan last
    last = (~np.isnan(cube)).sum(axis=0) - 1
    place = np.maximum(last, 0) * percent / 100
    low = np.floor(place).astype(int)
    first = np.take_along_axis(rising, low[None], axis=0)[0]
    second = np.take_along_axis(rising, np.minimum(low + 1, np.maximum(last, 0))[None], axis=0)[0]
    return first + (second - first) * (place - low)


def month_median(
    passes: Sequence[Sequence[Mapping[str, Path]]],
    bands: Sequence[str],
    transform: Affine,
    shape: tuple[int, int],
    clear: Clear,
) -> tuple[np.ndarray, np.ndarray]:
    """Return float medians (band, y, x; nan = none) and the observation count (y, x)."""
    return reduced(fused_passes(passes, bands, transform, shape, clear), "median")


def assert_composite(layers: np.ndarray, values: np.ndarray, count: np.ndarray) -> None:
    """Demand the count, the gaps, and every value within 1 DN; `layers` is (band + 1, y, x) with the count last."""
    layers = np.asarray(layers)
    np.testing.assert_array_equal(layers[-1], count)
    np.testing.assert_array_equal(layers[:-1] > 0, ~np.isnan(values))
    assert np.nanmax(np.abs(layers[:-1] - values), initial=0) <= 1


def inside_lonlat(area, transform: Affine, shape: tuple[int, int], epsg: int) -> np.ndarray:
    """Return where a pixel's centre, moved to degrees, lies in a shapely polygon in degrees (longitudes as given)."""

    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]]
    xs, ys = transform.c + (cols + 0.5) * transform.a, transform.f + (rows + 0.5) * transform.e
    lons, lats = Transformer.from_crs(epsg, 4326, always_xy=True).transform(xs, ys)
    return shapely.contains_xy(area, np.where(lons < area.bounds[0] - 1, lons + 360, lons), lats)


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
