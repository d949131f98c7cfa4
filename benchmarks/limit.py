"""The limit: what reading and unpacking the needed blocks costs, each once, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks import BANDS, CLEAR
from stac_timelapse.cube.blocks import Block, View, view
from stac_timelapse.cube.decode import place, unpack
from stac_timelapse.cube.granule import IN_FLIGHT, Granule, read_clear
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.raster import Target
from stac_timelapse.cube.scratch import scratch
from stac_timelapse.scenes.model import Scene


def needed(scenes: Sequence[Scene], grid: Grid) -> list[tuple[View, tuple[Block, ...]]]:
    """Return the requests for the masks of an area and for all blocks that hold a clear pixel of it."""
    target = Target(grid.epsg, grid.west, grid.north, grid.resolution, grid.width, grid.height)
    requests: list[tuple[View, tuple[Block, ...]]] = []
    for scene in scenes:
        granule = Granule.of(scene, BANDS)
        mask = view(granule.source("SCL"), target)
        requests += [(mask, (block,)) for block in mask.blocks]
        clear = read_clear(granule, MaskPolicy(CLEAR), target)
        for band in BANDS:
            seen = view(granule.source(band), target)
            requests += [(seen, (block,)) for piece in seen.pieces(clear) for block in piece]
    return requests


def read_needed_blocks(scenes: Sequence[Scene], grid: Grid) -> float:
    """Return the seconds it takes to fetch and unpack them; finding out which they are is outside the clock."""
    requests = needed(scenes, grid)
    _read(requests[0])
    _read(requests[-1])
    begun = time.perf_counter()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        list(pool.map(_read, requests))
    return time.perf_counter() - begun


def _read(request: tuple[View, tuple[Block, ...]]) -> None:
    seen, (block,) = request
    data = scratch("piece", block.length).data
    seen.file.read_into(block.start, data)
    pixels: Any = unpack(data, seen.layout, seen.level)
    out = np.empty(pixels.shape, dtype=np.uint16)
    place(pixels, seen.layout.differenced, 0, 0, 1, 0, 0, np.ones(out.shape, dtype=bool), out)


def bytes_of_clear_blocks(scenes: Sequence[Scene], grid: Grid) -> int:
    """Return the bytes of the blocks that hold a clear pixel, and of the masks."""
    return sum(block.length for _, piece in needed(scenes, grid) for block in piece)
