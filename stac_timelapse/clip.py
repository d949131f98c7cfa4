"""Cut finished months to the area, block by block, into files of their own; the months themselves stay whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import rasterio
from affine import Affine
from rasterio.windows import Window

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cube.outline import Outline, part_of
from stac_timelapse.export.parts import assemble, new_folder, remove_folder, sheet_of, write_part
from stac_timelapse.month_job import MonthResult, result_of

#: Edge of what is cut at a time, in pixels: a few blocks of a composite.
_TILE = 1024


def clip(results: Sequence[MonthResult], aoi: AreaOfInterest, folder: Path) -> Iterator[MonthResult]:
    """Yield every month again as ``composite_YYYY-MM.tif`` with 0 in every band outside the area.

    Which pixels are outside says `Outline`; the file's tag ``CLIPPED`` tells it.

    Parameters
    ----------
    results
        Finished months of one series.
    aoi
        Their area.
    folder
        Where the files are written; each appears whole or not at all.

    Raises
    ------
    OSError, rasterio.errors.RasterioError
        If a month cannot be read or written.
    """
    for one in results:
        path = folder / f"composite_{one.month}.tif"
        _clip(one.path, aoi, path)
        yield result_of(one.month, path, one.facts, dict(one.unreadable), one.seconds, from_store=one.from_store)


def _clip(source: Path, aoi: AreaOfInterest, path: Path) -> None:
    sheet = sheet_of(source)
    transform = Affine(*sheet.transform)
    outline = Outline.on(aoi, sheet.epsg, transform, (sheet.height, sheet.width))
    folder = new_folder(path.parent)
    try:
        parts = []
        with rasterio.open(source) as month:
            for top in range(0, sheet.height, _TILE):
                for left in range(0, sheet.width, _TILE):
                    wide, high = min(_TILE, sheet.width - left), min(_TILE, sheet.height - top)
                    inside = outline.inside(part_of(transform, left, top), (high, wide))
                    tile = month.read(window=Window(left, top, wide, high))
                    parts.append(write_part(folder, left, top, tile, inside, cut=True))
        words = f"0 in every band outside the area: a pixel is kept where {outline.rule}"
        assemble(replace(sheet, clipped=words), parts, path)
    finally:
        remove_folder(folder)
