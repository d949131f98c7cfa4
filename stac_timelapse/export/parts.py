"""A composite in pieces: tiles written by many workers, then one Cloud Optimized GeoTIFF, with the memory of blocks."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.shutil import copy as copy_raster

from stac_timelapse.composite.gaps import OBSERVATIONS, QUALITY
from stac_timelapse.export.overviews import write_overviews

_SCALE = 0.0001
_BLOCK = 512
#: Overviews average the pixels that have data, the count too; where gaps were filled they are made in `overviews`.
#: Noisy reflectance deflates to the same size at any level, at level 1 in half the time (measured).
_COG = {
    "COMPRESS": "DEFLATE",
    "LEVEL": "1",
    "PREDICTOR": "2",
    "BLOCKSIZE": str(_BLOCK),
    "OVERVIEW_RESAMPLING": "AVERAGE",
    "BIGTIFF": "IF_SAFER",
}
#: GDAL's own default is a twentieth of the machine's memory for each process.
_GDAL_CACHE = 96 << 20
PART = ".part-"
_OVERVIEWS_MEAN = (
    "in an overview a pixel is marked as filled where any part of it is; its values are the mean of what was observed, "
    "and of what was filled only where nothing was observed"
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole that parts belong to.

    Parameters
    ----------
    bands
        Names of the reflectance bands, uint16 DN with scale 0.0001, 0 = no data.
    quality
        What the values of a quality band mean; without that band where it is empty.
    clipped
        Which pixels are in it, where all others are 0; empty where none was left out.
    width, height
        Pixels.
    epsg, transform
        Place on earth; the six numbers of the affine transform.
    month
        ``"YYYY-MM"``.
    tags
        Text kept in the file.
    """

    bands: tuple[str, ...]
    width: int
    height: int
    epsg: int
    transform: tuple[float, float, float, float, float, float]
    month: str
    tags: Mapping[str, str]
    quality: str = ""
    clipped: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all bands, in their order in the file."""
        return (*self.bands, *([QUALITY] if self.quality else []), OBSERVATIONS)


@dataclass(frozen=True, slots=True)
class Part:
    """One tile on disk.

    Parameters
    ----------
    path
        A plain GeoTIFF.
    left, top, width, height
        Its place in the sheet, in pixels.
    pixels
        Pixels that belong to the area; all where none is told apart. What follows is of them alone.
    observed
        Sum of their observation counts.
    clear
        Those with at least one observation.
    filled
        Those with a value and without an observation.
    """

    path: Path
    left: int
    top: int
    width: int
    height: int
    pixels: int
    observed: int
    clear: int
    filled: int


def write_part(
    folder: Path,
    left: int,
    top: int,
    tile: NDArray[np.uint16],
    inside: NDArray[np.bool_] | None = None,
    *,
    cut: bool = False,
) -> Part:
    """Write one tile into an existing folder.

    Parameters
    ----------
    folder
        Where.
    left, top
        Its place in the sheet, in pixels.
    tile
        ``(layer, y, x)`` uint16 with the observation count last.
    inside
        ``(y, x)``, True where a pixel belongs to the area; None: all do.
    cut
        Whether all others become 0 in every layer.
    """
    if inside is not None and cut:
        tile = tile * inside
    layers, height, width = tile.shape
    path = folder / f"{top}-{left}.tif"
    # Two workers may write the same tile, if one of them was believed lost: each writes its own file first.
    own = folder / f"{top}-{left}-{os.getpid()}-{time.monotonic_ns()}.part"
    profile = {"driver": "GTiff", "width": width, "height": height, "count": layers, "dtype": "uint16"}
    with rasterio.open(own, "w", **profile, interleave="band", transform=Affine.translation(left, top)) as file:
        file.write(tile)
    own.replace(path)
    values = tile.reshape(layers, -1) if inside is None else tile[:, inside]
    pixels, observed, clear = values.shape[1], int(values[-1].sum(dtype=np.int64)), int(np.count_nonzero(values[-1]))
    filled = int(np.count_nonzero(values[:-1].any(axis=0) & (values[-1] == 0))) if clear < pixels else 0
    return Part(path, left, top, width, height, pixels, observed, clear, filled)


def assemble(sheet: Sheet, parts: Sequence[Part], path: Path) -> None:
    """Make a Cloud Optimized GeoTIFF of parts; it appears whole or not at all.

    Parameters
    ----------
    sheet
        What it is of.
    parts
        Tiles that cover it.
    path
        Target; its folder must exist.
    """
    # Two workers may make the same month, as they may the same tile.
    folder, own = parts[0].path.parent, f"{os.getpid()}-{time.monotonic_ns()}"
    mosaic, cog = folder / f"mosaic-{own}.vrt", folder / f"cog-{own}.tif"
    mosaic.write_text(_virtual(sheet, parts), encoding="utf-8")
    threads = str(min(os.cpu_count() or 1, 4))
    with rasterio.Env(GDAL_CACHEMAX=_GDAL_CACHE, GDAL_NUM_THREADS=threads):
        if sheet.quality:
            overviews = write_overviews(mosaic, _BLOCK)
            mosaic.write_text(_virtual(sheet, parts, overviews), encoding="utf-8")
        copy_raster(mosaic, cog, driver="COG", NUM_THREADS=threads, **_COG)
    # On disk before it has its name: not even a power cut leaves half an entry.
    with cog.open("rb+") as file:
        os.fsync(file.fileno())
    cog.replace(path)


def sheet_of(path: Path) -> Sheet:
    """Return what a composite on disk is a sheet of, for one that is made from it."""
    with rasterio.open(path) as composite:
        tags = composite.tags()
        names = composite.descriptions
        west, *others = composite.transform[:6]
        return Sheet(
            bands=tuple(name for name in names if name not in {QUALITY, OBSERVATIONS}),
            width=composite.width,
            height=composite.height,
            epsg=composite.crs.to_epsg(),
            transform=(west, *others),
            month=tags["MONTH"],
            tags=tags,
            quality=tags.get("QUALITY_MEANS", ""),
            clipped=tags.get("CLIPPED", ""),
        )


def new_folder(beside: Path) -> Path:
    """Make a folder for parts beside the file that they become."""
    beside.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=PART, dir=beside))


def remove_folder(folder: Path) -> None:
    """Remove parts, also while a worker that was told to stop still writes one."""
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def _virtual(sheet: Sheet, parts: Sequence[Part], overviews: Sequence[Path] = ()) -> str:
    pixels = sum(part.pixels for part in parts)
    outside = ", or outside the area" if sheet.clipped else ""
    tags = {
        **sheet.tags,
        "MONTH": sheet.month,
        "NODATA_MEANS": f"0 in any band: no {'data' if sheet.quality else 'clear observation in this month'}{outside}",
        **({"CLIPPED": sheet.clipped} if sheet.clipped else {}),
        **({"QUALITY_MEANS": sheet.quality, "OVERVIEWS_MEAN": _OVERVIEWS_MEAN} if sheet.quality else {}),
        "OBSERVATIONS_MEAN": f"{sum(part.observed for part in parts) / pixels:.6f}",
        "CLEAR_SHARE": f"{sum(part.clear for part in parts) / pixels:.8f}",
        "FILLED_SHARE": f"{sum(part.filled for part in parts) / pixels:.8f}",
    }
    metadata = "".join(f"<MDI key={quoteattr(key)}>{escape(value)}</MDI>" for key, value in tags.items())
    place = ", ".join(map(repr, Affine(*sheet.transform).to_gdal()))
    bands = "".join(_band(number, name, parts, overviews) for number, name in enumerate(sheet.names, start=1))
    return (
        f'<VRTDataset rasterXSize="{sheet.width}" rasterYSize="{sheet.height}"><SRS>EPSG:{sheet.epsg}</SRS>'
        f"<GeoTransform>{place}</GeoTransform><Metadata>{metadata}</Metadata>{bands}</VRTDataset>"
    )


def _band(number: int, name: str, parts: Sequence[Part], overviews: Sequence[Path]) -> str:
    scale = 1.0 if name in {OBSERVATIONS, QUALITY} else _SCALE
    sources = "".join(
        f'<SimpleSource><SourceFilename relativeToVRT="1">{escape(part.path.name)}</SourceFilename>'
        f'<SourceBand>{number}</SourceBand><SourceProperties RasterXSize="{part.width}" RasterYSize="{part.height}" '
        f'DataType="UInt16" BlockXSize="{part.width}" BlockYSize="1"/>'
        f'<SrcRect xOff="0" yOff="0" xSize="{part.width}" ySize="{part.height}"/>'
        f'<DstRect xOff="{part.left}" yOff="{part.top}" xSize="{part.width}" ySize="{part.height}"/></SimpleSource>'
        for part in parts
    )
    smaller = "".join(
        f'<Overview><SourceFilename relativeToVRT="1">{escape(path.name)}</SourceFilename>'
        f"<SourceBand>{number}</SourceBand></Overview>"
        for path in overviews
    )
    return (
        f'<VRTRasterBand dataType="UInt16" band="{number}"><Description>{escape(name)}</Description>'
        f"<NoDataValue>0</NoDataValue><Offset>0</Offset><Scale>{scale!r}</Scale>{sources}{smaller}"
        "</VRTRasterBand>"
    )
