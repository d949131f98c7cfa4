"""The file of a map made of months: a Cloud Optimized GeoTIFF on their grid that appears whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import rasterio
from rasterio.errors import RasterioError
from rasterio.shutil import copy as copy_raster

from stac_timelapse.errors import ProviderError, cause_of
from stac_timelapse.month_file import MonthFile

_COG = {"COMPRESS": "DEFLATE", "PREDICTOR": "2", "BLOCKSIZE": "512", "OVERVIEW_RESAMPLING": "NEAREST"}


@dataclass(frozen=True, slots=True)
class Layout:
    """What a map's file holds.

    Parameters
    ----------
    names
        Of its bands.
    scales
        What a step of each band is worth.
    dtype, nodata
        Of all bands.
    """

    names: tuple[str, ...]
    scales: tuple[float, ...]
    dtype: str
    nodata: int


@contextmanager
def map_file(path: Path, month: MonthFile, layout: Layout, tags: Sequence[Mapping[str, str]]) -> Iterator[Any]:
    """Give a dataset to be written tile by tile; it becomes the file at `path` at the end, if nothing fails.

    Parameters
    ----------
    path
        Where; its folder must be there.
    month
        Gives the grid.
    layout
        The bands.
    tags
        Text kept in the file; of one name the last counts.

    Raises
    ------
    ProviderError
        If a file cannot be read, inside, or written.
    """
    height, width = month.shape
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "dtype": layout.dtype,
        "count": len(layout.names),
        "height": height,
        "width": width,
        "crs": f"EPSG:{month.epsg}",
        "transform": month.transform,
        "nodata": layout.nodata,
        "tiled": True,
        "blockxsize": 512,
        "blockysize": 512,
        "compress": "deflate",
        "sparse_ok": True,
        "bigtiff": "if_safer",
    }
    try:
        with TemporaryDirectory(prefix=".part-", dir=path.parent) as folder:
            raw, cog = Path(folder) / "raw.tif", Path(folder) / path.name
            with rasterio.open(raw, "w", **profile) as out:
                for some in tags:
                    out.update_tags(**some)
                out.descriptions, out.scales = layout.names, layout.scales
                yield out
            copy_raster(raw, cog, driver="COG", **_COG)
            cog.replace(path)
    except (OSError, RasterioError) as error:
        raise ProviderError(
            f"The map of changes cannot be made ({cause_of(error)}): build the series again."
        ) from error
