"""A month as a Cloud Optimized GeoTIFF, and all months as one ZIP."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.shutil import copy as copy_raster
from rasterio.windows import Window

from stac_timelapse.errors import InvalidInputError

OBSERVATIONS = "observations"
_SCALE = 0.0001
_BLOCK = 512
#: Overviews average the pixels that have data; the count's overviews are averages as well, for display.
_COG = {"COMPRESS": "DEFLATE", "PREDICTOR": "2", "BLOCKSIZE": str(_BLOCK), "OVERVIEW_RESAMPLING": "AVERAGE"}
#: A ZIP of the same files is the same file, whenever it is made.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)

_README = """Monthly composites made with STAC Timelapse
============================================

composite_YYYY-MM.tif   one Cloud Optimized GeoTIFF a month
  bands                 surface reflectance: value x 0.0001; the band's name is its description
  last band             observations: how many clear satellite passes are behind each pixel
  0                     no data: no clear observation in that month
recipe.json             everything that determines the result

Every file carries its scenes, the mask and the credit line as TIFF tags (gdalinfo shows them).
"""


class CompositeWriter:
    """Write a composite tile by tile; the file appears, whole, when the context ends without an error.

    Memory is bounded by the tile: tiles go to a plain GeoTIFF beside the target, which is then turned
    into a COG. Mean observations and the share of clear pixels are counted on the way and kept as tags.

    Parameters
    ----------
    path
        Target; its folder is made.
    bands
        Names of the reflectance bands, uint16 DN with scale 0.0001, 0 = no data.
    width, height
        Pixels.
    epsg, transform
        Place on earth.
    month
        ``"YYYY-MM"``.
    tags
        Text kept in the file.
    """

    def __init__(
        self,
        path: Path,
        *,
        bands: Sequence[str],
        width: int,
        height: int,
        epsg: int,
        transform: Affine,
        month: str,
        tags: Mapping[str, str],
    ) -> None:
        self._path = path
        self._bands = tuple(bands)
        self._tags = {**tags, "MONTH": month, "NODATA_MEANS": "0 in any band: no clear observation in this month"}
        self._profile = {
            "driver": "GTiff",
            "width": width,
            "height": height,
            "count": len(self._bands) + 1,
            "dtype": "uint16",
            "crs": f"EPSG:{epsg}",
            "transform": transform,
            "nodata": 0,
            "tiled": True,
            "blockxsize": _BLOCK,
            "blockysize": _BLOCK,
            "BIGTIFF": "IF_SAFER",
        }
        self._pixels = width * height
        self._observed = 0
        self._clear = 0
        self._discarded = False

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix=".part-", dir=self._path.parent)
        self._plain = Path(self._folder.name) / "plain.tif"
        self._file = rasterio.open(self._plain, "w", **self._profile)
        return self

    def write(self, window: Window, tile: NDArray[np.uint16]) -> None:
        """Write one tile, ``(band + 1, y, x)`` uint16 with the observation count last."""
        self._file.write(tile, window=window)
        self._observed += int(tile[-1].sum(dtype=np.int64))
        self._clear += int(np.count_nonzero(tile[-1]))

    def discard(self) -> None:
        """Leave no file when the context ends."""
        self._discarded = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and not self._discarded:
                self._finish()
            else:
                self._file.close()
        finally:
            self._folder.cleanup()

    def _finish(self) -> None:
        pixels = self._pixels
        for number, name in enumerate((*self._bands, OBSERVATIONS), start=1):
            self._file.set_band_description(number, name)
        self._file.scales = (*([_SCALE] * len(self._bands)), 1.0)
        self._file.offsets = (0.0,) * (len(self._bands) + 1)
        self._file.update_tags(
            **self._tags,
            OBSERVATIONS_MEAN=f"{self._observed / pixels:.6f}",
            CLEAR_SHARE=f"{self._clear / pixels:.8f}",
        )
        self._file.close()
        cog = Path(self._folder.name) / "cog.tif"
        copy_raster(self._plain, cog, driver="COG", **_COG)
        cog.replace(self._path)


def write_composite(
    path: Path,
    reflectance: NDArray[np.uint16],
    observations: NDArray[np.uint8],
    *,
    bands: Sequence[str],
    epsg: int,
    transform: Affine,
    month: str,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Write a composite that is in memory, ``(band, y, x)`` DN and ``(y, x)`` count; see `CompositeWriter`."""
    _, height, width = reflectance.shape
    with CompositeWriter(
        path,
        bands=bands,
        width=width,
        height=height,
        epsg=epsg,
        transform=transform,
        month=month,
        tags=tags or {},
    ) as writer:
        writer.write(Window(0, 0, width, height), np.concatenate([reflectance, observations[None].astype(np.uint16)]))
    return path


def zip_months(paths: Sequence[Path], out: Path, recipe_json: str) -> Path:
    """Pack composites as ``composite_YYYY-MM.tif`` with the recipe and a short explanation.

    The files are stored as they are, for they are compressed already, and streamed.

    Parameters
    ----------
    paths
        Composites; each knows its month.
    out
        The ZIP; it appears whole or not at all.
    recipe_json
        Written as ``recipe.json``.

    Raises
    ------
    InvalidInputError
        If there is no month.
    """
    if not paths:
        raise InvalidInputError("There is no month to pack: build the timelapse first.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=out.parent) as folder:
        part = Path(folder) / out.name
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_entry("README.txt"), _README)
            archive.writestr(_entry("recipe.json"), recipe_json)
            for path in paths:
                with (
                    path.open("rb") as source,
                    archive.open(_entry(f"composite_{month_of(path)}.tif", path.stat().st_size), "w") as target,
                ):
                    while piece := source.read(1 << 20):
                        target.write(piece)
        part.replace(out)
    return out


def month_of(path: Path) -> str:
    """Return the ``"YYYY-MM"`` that a composite was made for."""
    with rasterio.open(path) as composite:
        month: str = composite.tags()["MONTH"]
    return month


def _entry(name: str, size: int = 0) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _ZIP_DATE)
    entry.file_size = size
    entry.external_attr = 0o644 << 16
    return entry
