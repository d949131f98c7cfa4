"""Overviews of a month whose gaps were filled: no overview takes what was filled for observed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
from numba import njit
from numpy.typing import NDArray
from rasterio.windows import Window

#: Rows of an overview that are made at a time.
_STRIP = 128
#: Borders of pixels this near to each other (in pixels) are the same.
_SAME = 1e-6
_Layers = NDArray[np.uint16]


def sizes(height: int, width: int, block: int) -> Iterator[tuple[int, int]]:
    """Yield ``(height, width)`` of the overviews down to one block, as GDAL's COG driver cuts odd ones."""
    factor = 1
    while max(height, width) // factor > block:
        factor *= 2
        yield max(height // factor, 1), max(width // factor, 1)


def write_overviews(whole: Path, block: int) -> list[Path]:
    """Write the overviews of a month with a quality band, each made of the one before.

    Parameters
    ----------
    whole
        The month: reflectance, then quality, then observations; uint16, 0 = no data.
    block
        Pixels a side below which there is no further one.

    Returns
    -------
    list of Path
        Plain GeoTIFFs beside the month, the finest first; see `thinned` for their pixels.
    """
    paths: list[Path] = []
    with rasterio.open(whole) as month:
        shapes = list(sizes(month.height, month.width, block))
        profile = {"driver": "GTiff", "count": month.count, "dtype": "uint16", "interleave": "band"}
    for number, (height, width) in enumerate(shapes):
        path = whole.with_name(f"{whole.stem}-overview-{number}.tif")
        with rasterio.open(paths[-1] if paths else whole) as finer:
            # The place on earth is the month's own, whatever an overview says: only GDAL warns of none.
            place = {"crs": finer.crs, "transform": finer.transform}
            with rasterio.open(path, "w", width=width, height=height, **profile, **place) as overview:
                _fill(finer, overview)
        paths.append(path)
    return paths


def _fill(finer: rasterio.DatasetReader, overview: rasterio.io.DatasetWriter) -> None:
    step = finer.height / overview.height
    for top in range(0, overview.height, _STRIP):
        high = min(_STRIP, overview.height - top)
        first = int(top * step + _SAME)
        last = min(int(np.ceil((top + high) * step - _SAME)), finer.height)
        layers = finer.read(window=Window(0, first, finer.width, last - first))
        borders = np.arange(top, top + high + 1) * step - first
        across = np.arange(overview.width + 1) * (finer.width / overview.width)
        overview.write(thinned(layers, borders, across), window=Window(0, top, overview.width, high))


@njit(nogil=True, cache=True)
def thinned(layers: _Layers, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> _Layers:
    """Return the larger pixels of an overview.

    Parameters
    ----------
    layers
        ``(layer, y, x)``: reflectance, then quality, then observations; 0 = no data.
    rows, columns
        Borders of the larger pixels, in pixels of the layers; one more than there are larger pixels.

    Returns
    -------
    ndarray of uint16
        ``(layer, y, x)``. Of the quality the largest value: a pixel that was filled in any part says so. Of the rest
        the mean, by the share of each pixel that lies inside: of the observed pixels where there is one, else of the
        filled ones; of those alone that have data, halves rounded up.
    """
    count = layers.shape[0]
    out = np.zeros((count, len(rows) - 1, len(columns) - 1), dtype=np.uint16)
    total = np.zeros((2, count), dtype=np.float64)
    weight = np.zeros((2, count), dtype=np.float64)
    for i in range(len(rows) - 1):
        for j in range(len(columns) - 1):
            total[:] = 0.0
            weight[:] = 0.0
            worst, seen = np.uint16(0), 0
            for row in range(int(rows[i] + _SAME), min(int(np.ceil(rows[i + 1] - _SAME)), layers.shape[1])):
                high = min(rows[i + 1], row + 1.0) - max(rows[i], float(row))
                for col in range(int(columns[j] + _SAME), min(int(np.ceil(columns[j + 1] - _SAME)), layers.shape[2])):
                    share = high * (min(columns[j + 1], col + 1.0) - max(columns[j], float(col)))
                    observed = 1 if layers[count - 1, row, col] else 0
                    seen = max(seen, observed)
                    worst = max(worst, layers[count - 2, row, col])
                    for layer in range(count):
                        if layers[layer, row, col]:
                            total[observed, layer] += share * layers[layer, row, col]
                            weight[observed, layer] += share
            for layer in range(count):
                if weight[seen, layer] > 0.0:
                    out[layer, i, j] = np.uint16(total[seen, layer] / weight[seen, layer] + 0.5)
            out[count - 2, i, j] = worst
    return out
