"""What a worker does for a build: compose one tile, put a month together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from stac_timelapse.composite.persistent import pack, persistent_pixels, unpack
from stac_timelapse.composite.plan import MonthPlan
from stac_timelapse.cube.outline import Outline
from stac_timelapse.cube.raster import Target
from stac_timelapse.export.parts import Part, Sheet, assemble, new_folder, remove_folder, write_part

#: Pixels, left column, top row.
Tile = tuple[NDArray[np.uint16], int, int]


def compose_part(
    plan: str,
    target: Target,
    corner: tuple[int, int],
    folder: str | None,
    outline: Outline,
    bright: bytes | None = None,
) -> Part | Tile:
    """Compose one tile of a month.

    Parameters
    ----------
    plan
        Text of a `MonthPlan`.
    target
        The tile.
    corner
        Its left column and top row in the sheet.
    folder
        Where it is written; None where the workers do not share the disk.
    outline
        Of the area: which pixels count.
    bright
        What `bright_part` returned of it, if bright ground is to be told from clouds.

    Returns
    -------
    Part or tuple
        What was written, or the tile itself with its left column and top row.
    """
    month = MonthPlan.from_text(plan)
    tile = month.compose(target, None if bright is None else unpack(bright, month, target))
    if folder is None:
        return (tile, *corner)
    return write_part(Path(folder), *corner, tile, outline.inside(target.transform, (target.height, target.width)))


def bright_part(plan: str, target: Target) -> tuple[bytes, int, dict[str, str]]:
    """Find bright ground that is taken for cloud on one tile.

    Parameters
    ----------
    plan
        Text of a `MonthPlan` of the whole series.
    target
        The tile.

    Returns
    -------
    bits
        The tile with its surroundings, see `pack`.
    pixels
        How many of the tile are such.
    unreadable
        Scene id -> reason.
    """
    series = MonthPlan.from_text(plan)
    pixels, unreadable = persistent_pixels(series, target)
    margin = series.policy.margin(target.resolution)
    inside = pixels[margin : margin + target.height, margin : margin + target.width]
    return pack(pixels), int(np.count_nonzero(inside)), unreadable


def finish_month(sheet: Sheet, parts: Sequence[Part], path: str) -> None:
    """Make a month's file of its parts."""
    assemble(sheet, parts, Path(path))


def shares_disk(client: Client, folder: Path) -> bool:
    """Tell whether all workers see a folder of this machine."""
    mark = new_folder(folder)
    try:
        seen = client.run(os.path.isdir, str(mark), on_error="ignore")
        return bool(seen) and all(value is True for value in seen.values())
    finally:
        remove_folder(mark)
