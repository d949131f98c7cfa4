"""Cloud-optimized GeoTIFFs whose overviews are made here, in the steps of the digitisation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import Affine, from_origin

from stac_timelapse.demo.noise import Field
from stac_timelapse.demo.spec import EPSG

Raster = NDArray[np.uint16] | NDArray[np.uint8]
Halving = Callable[[Raster], Raster]

_BLOCK = 512
#: Overviews are halved until fewer pixels a side than this would be left.
_SMALLEST = 100


def write_cog(path: Path, data: Raster, corner: tuple[float, float], pixel: float, name: str, halve: Halving) -> None:
    """Write ``(y, x)`` as a cloud-optimized GeoTIFF, nodata 0, at least one overview.

    The driver's own averages have every value between two steps, which would fill a third of the file
    with what nobody measured. So it gets them ready made, through a virtual raster that names them.

    Parameters
    ----------
    path
        The file.
    data
        Sides divisible by four.
    corner
        West and north in metres.
    pixel
        Metres.
    name
        Description of the band.
    halve
        Makes an overview of the raster above it.
    """
    levels = [data, halve(data)]
    while levels[-1].shape[0] // 2 >= _SMALLEST:
        levels.append(halve(levels[-1]))
    with ExitStack() as stack:
        files = [_in_memory(stack, level, corner, pixel * data.shape[0] / level.shape[0]) for level in levels]
        virtual = _virtual(files, data, from_origin(*corner, pixel, pixel), name)
        predictor = "YES" if data.dtype == np.uint16 else "NO"
        copy(virtual, path, driver="COG", compress="DEFLATE", predictor=predictor, level=6, blocksize=_BLOCK)


def averaged(digitise: Callable[[Field], Field]) -> Halving:
    """Return a halving that averages what is not nodata and digitises the result."""

    def halve(raster: Raster) -> Raster:
        values = raster.astype(np.float32)
        count = _summed((raster > 0).astype(np.float32))
        mean = np.asarray(_summed(values) / np.maximum(count, 1), np.float32)
        digits = np.where(count > 0, digitise(mean), 0)
        return digits.astype(np.uint8) if raster.dtype == np.uint8 else digits.astype(np.uint16)

    return halve


def commonest(raster: Raster) -> Raster:
    """Return the value that most of each 2 x 2 pixels have, the first of them where none leads."""
    quarters = np.stack([raster[::2, ::2], raster[::2, 1::2], raster[1::2, ::2], raster[1::2, 1::2]])
    votes = (quarters[:, None] == quarters[None, :]).sum(axis=0)
    chosen: Raster = np.take_along_axis(quarters, votes.argmax(axis=0)[None], axis=0)[0]
    return chosen


def _summed(values: Field) -> Field:
    return values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]


def _in_memory(stack: ExitStack, data: Raster, corner: tuple[float, float], pixel: float) -> str:
    memory = stack.enter_context(MemoryFile())
    with memory.open(
        driver="GTiff",
        width=data.shape[1],
        height=data.shape[0],
        count=1,
        dtype=data.dtype,
        nodata=0,
        crs=f"EPSG:{EPSG}",
        transform=from_origin(*corner, pixel, pixel),
    ) as target:
        target.write(data, 1)
    return str(memory.name)


def _virtual(files: Sequence[str], data: Raster, transform: Affine, name: str) -> str:
    def source(file: str) -> str:
        return f'<SourceFilename relativeToVRT="0">{file}</SourceFilename><SourceBand>1</SourceBand>'

    kind = {"uint16": "UInt16", "uint8": "Byte"}[data.dtype.name]
    overviews = "".join(f"<Overview>{source(file)}</Overview>" for file in files[1:])
    return (
        f"<VRTDataset rasterXSize={quoteattr(str(data.shape[1]))} rasterYSize={quoteattr(str(data.shape[0]))}>"
        f"<SRS>EPSG:{EPSG}</SRS><GeoTransform>{', '.join(map(repr, transform.to_gdal()))}</GeoTransform>"
        f'<VRTRasterBand dataType="{kind}" band="1"><NoDataValue>0</NoDataValue><Description>{name}</Description>'
        f"<ColorInterp>Gray</ColorInterp><SimpleSource>{source(files[0])}</SimpleSource>{overviews}"
        "</VRTRasterBand></VRTDataset>"
    )
