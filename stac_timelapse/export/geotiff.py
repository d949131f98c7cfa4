"""A month as a Cloud Optimized GeoTIFF, and all months as one ZIP."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.export.parts import Sheet, assemble, new_folder, remove_folder, write_part

#: A ZIP of the same files is the same file, whenever it is made.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)

_README = """Monthly composites made with STAC Timelapse
============================================

composite_PERIOD.tif    one Cloud Optimized GeoTIFF a month (YYYY-MM) or other period (first_last)
  bands                 surface reflectance: value x 0.0001; the band's name is its description
  quality               only where gaps were filled: where each value comes from (tag QUALITY_MEANS)
  last band             observations: how many clear satellite passes are behind each pixel
  0                     no data: no clear observation, or outside the area where the tag CLIPPED says so
recipe.json             everything that determines the result

Every file carries its scenes, the mask and the credit line as TIFF tags (gdalinfo shows them).
"""


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
    """Write a composite that is in memory, ``(band, y, x)`` DN and ``(y, x)`` count, as a Cloud Optimized GeoTIFF.

    Parameters
    ----------
    path
        Target; its folder is made, and it appears whole or not at all.
    reflectance, observations
        The pixels; 0 = no clear observation.
    bands
        Names of the bands.
    epsg, transform
        Place on earth.
    month
        ``"YYYY-MM"``.
    tags
        Text kept in the file.
    """
    _, height, width = reflectance.shape
    west, *others = transform[:6]
    sheet = Sheet(tuple(bands), width, height, epsg, (west, *others), month, tags or {})
    folder = new_folder(path.parent)
    try:
        tile = np.concatenate([reflectance, observations[None].astype(np.uint16)])
        assemble(sheet, [write_part(folder, 0, 0, tile)], path)
    finally:
        remove_folder(folder)
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
