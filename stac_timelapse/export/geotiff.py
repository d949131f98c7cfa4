"""One month as a Cloud Optimized GeoTIFF."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.shutil import copy as copy_raster
from rasterio.windows import Window


class CompositeWriter:
    """Write tile after tile; the file appears whole when the context ends without an error."""

    def __init__(self, path: Path, *, bands: Sequence[str], width: int, height: int, epsg: int, transform: Affine, month: str, tags: Mapping[str, str]) -> None:
        self._path, self._bands, self._tags, self._month = path, tuple(bands), dict(tags), month
        path.parent.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(prefix=".part-", dir=path.parent)
        self._plain = Path(self._folder.name) / "plain.tif"
        self._file = rasterio.open(self._plain, "w", driver="GTiff", width=width, height=height, count=len(bands) + 1, dtype="uint16", crs=f"EPSG:{epsg}", transform=transform, nodata=0, tiled=True, blockxsize=512, blockysize=512, BIGTIFF="IF_SAFER")
        self._observations, self._seen, self._pixels = 0, 0, width * height
        self._discarded = False

    def write(self, window: Window, tile: NDArray[np.uint16]) -> None:
        self._file.write(tile, window=window)
        self._observations += int(tile[-1].sum())
        self._seen += int(np.count_nonzero(tile[-1]))

    def discard(self) -> None:
        self._discarded = True

    def __enter__(self) -> CompositeWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None and not self._discarded:
                self._finish()
            else:
                self._file.close()
        finally:
            self._folder.cleanup()

    def _finish(self) -> None:
        for number, band in enumerate((*self._bands, "observations"), start=1):
            self._file.set_band_description(number, band)
        self._file.scales = (*([0.0001] * len(self._bands)), 1.0)
        self._file.update_tags(**self._tags, MONTH=self._month, OBSERVATIONS_MEAN=f"{self._observations / self._pixels:.6f}", CLEAR_SHARE=f"{self._seen / self._pixels:.8f}")
        self._file.close()
        cog = Path(self._folder.name) / "cog.tif"
        copy_raster(self._plain, cog, driver="COG", COMPRESS="DEFLATE", PREDICTOR="2", BLOCKSIZE="512", OVERVIEW_RESAMPLING="AVERAGE")
        os.replace(cog, self._path)
