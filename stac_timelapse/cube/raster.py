"""Read a window of one single-band file on a given grid, from wherever it is."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from stac_timelapse.errors import AssetReadError, without_secrets
from stac_timelapse.scenes.catalog import forget_signature, sign
from stac_timelapse.scenes.model import Bounds
from stac_timelapse.scenes.sensors import MASK_BAND

# A JPEG2000 file without its sidecar has no georeference, and its item has it: no news for the user. The filter
# is set once because `warnings.catch_warnings` is not safe in the threads that read.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)

#: GDAL's own retries answer a busy server. One thread a read: where several decode the blocks of a JPEG 2000 file, GDAL
#: loses the error of a cut file and returns whatever was in memory as its pixels. Reads run in parallel already.
GDAL_OPTIONS = {
    "GDAL_NUM_THREADS": "1",
    "GDAL_HTTP_MAX_RETRY": "4",
    "GDAL_HTTP_RETRY_DELAY": "0.5",
    "GDAL_HTTP_CONNECTTIMEOUT": "10",
    "GDAL_HTTP_LOW_SPEED_TIME": "30",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "100",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "GDAL_HTTP_MULTIPLEX": "YES",
    "CPL_VSIL_CURL_USE_HEAD": "NO",
    "VSI_CACHE": "TRUE",
}
#: GDAL takes a failure, or half an answer, for the state of the file as long as the process lives. It asks again where
#: the rights to storage change, which these do for no address of ours, and forgets what it keeps when a file is closed.
_AFRESH = {"GS_NO_SIGN_REQUEST": "YES", "CPL_VSIL_CURL_NON_CACHED": "/vsicurl/"}
_REFUSED = re.compile(r"\b40[13]\b")
#: Pixel corners this near to each other (in pixels) are the same.
_ALIGNED = 1e-3
#: How exactly the nearest pixel is found, in pixels. GDAL's own 0.125 takes the neighbour for one pixel in a hundred,
#: and another one wherever the tiles are cut otherwise; finer than this costs time (measured).
_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Source:
    """One file and what its item knows of it, should the file itself not say.

    Parameters
    ----------
    scene_id, asset
        For error messages.
    href
        Address without signature.
    epsg
        CRS of the item.
    bounds
        Projected bounds of the raster by the item.
    signing
        See `Catalog.signing`.
    """

    scene_id: str
    asset: str
    href: str
    epsg: int
    bounds: Bounds
    signing: str = "none"


@dataclass(frozen=True, slots=True)
class Target:
    """The window to fill: a north-up grid of square pixels.

    Parameters
    ----------
    epsg
        CRS.
    west, north
        Upper left corner in metres.
    resolution
        Pixel size in metres.
    width, height
        Size in pixels.
    """

    epsg: int
    west: float
    north: float
    resolution: float
    width: int
    height: int

    @property
    def transform(self) -> Affine:
        """Affine transform from pixel to projected coordinates."""
        return Affine(self.resolution, 0, self.west, 0, -self.resolution, self.north)


@dataclass(frozen=True, slots=True)
class Alignment:
    """How a grid lies on a file whose pixel corners it shares.

    Parameters
    ----------
    left, top
        Column and row of the grid's first pixel, counted in its own pixels from the file's corner.
    factor
        File pixels a side of a grid pixel, 1 or more.
    repeat
        Grid pixels a side of a file pixel, 1 or more; one of the two is 1.
    """

    left: int
    top: int
    factor: int
    repeat: int


def align(west: float, north: float, pixel: float, target: Target) -> Alignment | None:
    """Return how a target lies on a file of its CRS, or None where their pixels do not agree."""
    coarse, fine = target.resolution / pixel, pixel / target.resolution
    col, row = (target.west - west) / target.resolution, (north - target.north) / target.resolution
    if not (_whole(col) and _whole(row)):
        return None
    if round(coarse) >= 1 and _whole(coarse):
        return Alignment(round(col), round(row), round(coarse), 1)
    if round(fine) >= 1 and _whole(fine):
        return Alignment(round(col), round(row), 1, round(fine))
    return None


def read_window(source: Source, target: Target) -> NDArray[np.uint16]:
    """Read a file on a grid with nearest-neighbour resampling.

    Where file and grid share CRS and pixel corners (also at a whole multiple of the pixel size, which
    the file's overviews serve) pixels are copied; everything else is warped.

    Returns
    -------
    ndarray of uint16
        ``(y, x)``; 0 outside the file and where the file has no data.

    Raises
    ------
    AssetReadError
        If the file cannot be opened or read.
    """
    try:
        href = sign(source.href, source.signing)
        try:
            return _read(href, source, target)
        except RasterioError as error:
            if "://" not in href:
                raise
            if _REFUSED.search(str(error)):
                # The signature was withdrawn before its time.
                forget_signature(source.signing)
        return _read(sign(source.href, source.signing), source, target, _AFRESH)
    except (RasterioError, OSError, ValueError) as error:
        reason = _reason(error)
    # Raised outside the handler: GDAL's exception in the chain cannot be unpickled, and the error of a worker
    # would arrive as text.
    raise AssetReadError(source.scene_id, source.asset, reason)


def _read(href: str, source: Source, target: Target, options: Mapping[str, str] | None = None) -> NDArray[np.uint16]:
    with _open(href, options or {}) as dataset:
        crs, transform = _georeference(dataset, source)
        thinned = source.asset == MASK_BAND and target.resolution > transform.a
        with _without_wavelets(dataset) if thinned else nullcontext(dataset) as pixels:
            data = _copy(pixels, crs, transform, target)
        if data is None:
            data = _warp(dataset, crs, transform, target)
        if dataset.nodata:
            data[data == dataset.nodata] = 0
        return data.astype(np.uint16, copy=False)


@contextmanager
def _open(href: str, options: Mapping[str, str]) -> Iterator[rasterio.DatasetReader]:
    # Beside a local file its sidecar may hold CRS and nodata; on a server looking for it costs requests.
    listing = "EMPTY_DIR" if "://" in href else "TRUE"
    with (
        rasterio.Env(**GDAL_OPTIONS, **options, GDAL_DISABLE_READDIR_ON_OPEN=listing),
        rasterio.open(href) as dataset,
    ):
        yield dataset


@contextmanager
def _without_wavelets(dataset: rasterio.DatasetReader) -> Iterator[rasterio.DatasetReader]:
    """Open classes without their overviews where these are wavelets: the mean of two classes would be a third one."""
    if dataset.driver.startswith("JP2"):
        with rasterio.open(dataset.name, OVERVIEW_LEVEL="NONE") as whole:
            yield whole
    else:
        yield dataset


def _georeference(dataset: rasterio.DatasetReader, source: Source) -> tuple[CRS, Affine]:
    crs, transform = dataset.crs, dataset.transform
    if crs is None:
        crs = CRS.from_epsg(source.epsg)
    if transform.is_identity:
        west, south, east, north = source.bounds
        transform = Affine((east - west) / dataset.width, 0, west, 0, (south - north) / dataset.height, north)
    return crs, transform


def _copy(dataset: rasterio.DatasetReader, crs: CRS, transform: Affine, target: Target) -> NDArray[np.uint16] | None:
    """Copy pixels, or return None where the grids do not agree."""
    square = transform.b == 0 and transform.d == 0 and abs(transform.a + transform.e) < _ALIGNED * abs(transform.a)
    if not square or crs.to_epsg() != target.epsg:
        return None
    found = align(transform.c, transform.f, transform.a, target)
    if found is None:
        return None
    if found.repeat == 1:
        return _read_block(dataset, found.left, found.top, target.width, target.height, found.factor)
    repeat = found.repeat
    first_col, first_row = found.left // repeat, found.top // repeat
    last_col = (found.left + target.width - 1) // repeat
    last_row = (found.top + target.height - 1) // repeat
    block = _read_block(dataset, first_col, first_row, last_col - first_col + 1, last_row - first_row + 1, 1)
    grown = block.repeat(repeat, axis=0).repeat(repeat, axis=1)
    skip_col, skip_row = found.left - first_col * repeat, found.top - first_row * repeat
    return grown[skip_row : skip_row + target.height, skip_col : skip_col + target.width]


def _read_block(
    dataset: rasterio.DatasetReader, left: int, top: int, width: int, height: int, factor: int
) -> NDArray[np.uint16]:
    """Read a window given in pixels that are `factor` file pixels wide; 0 outside the file."""
    out = np.zeros((height, width), dtype=np.uint16)
    # A last, partial block of the file counts as a whole coarse pixel, as its overviews have it.
    columns, rows = -(-dataset.width // factor), -(-dataset.height // factor)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, columns), min(top + height, rows)
    if x0 >= x1 or y0 >= y1:
        return out
    window = Window(
        x0 * factor,
        y0 * factor,
        min(x1 * factor, dataset.width) - x0 * factor,
        min(y1 * factor, dataset.height) - y0 * factor,
    )
    out[y0 - top : y1 - top, x0 - left : x1 - left] = dataset.read(
        1, window=window, out_shape=(y1 - y0, x1 - x0), resampling=Resampling.nearest
    )
    return out


def _warp(dataset: rasterio.DatasetReader, crs: CRS, transform: Affine, target: Target) -> NDArray[np.uint16]:
    with WarpedVRT(
        dataset,
        src_crs=crs,
        src_transform=transform,
        crs=CRS.from_epsg(target.epsg),
        transform=target.transform,
        width=target.width,
        height=target.height,
        resampling=Resampling.nearest,
        src_nodata=dataset.nodata if dataset.nodata is not None else 0,
        nodata=dataset.nodata if dataset.nodata is not None else 0,
        tolerance=_TOLERANCE,
    ) as warped:
        data: NDArray[np.uint16] = warped.read(1)
    return data


def _whole(value: float) -> bool:
    return abs(value - round(value)) < _ALIGNED


def _reason(error: BaseException) -> str:
    """Return what went wrong without what may be a signature: what GDAL said first, not what followed from it."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = without_secrets(str(error).strip().split("\n", maxsplit=1)[0])
    return text[-160:] if text else type(error).__name__
