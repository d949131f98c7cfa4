"""Fill the months on disk from each other: tile by tile through the whole series, into files of their own."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.windows import Window

from stac_timelapse.composite.cache import MonthStore, code_digest
from stac_timelapse.composite.gaps import QUALITY_MEANS, Gaps, fill_months
from stac_timelapse.cube.outline import Outline, part_of
from stac_timelapse.errors import CancelledError
from stac_timelapse.export.parts import Part, assemble, new_folder, remove_folder, sheet_of, write_part
from stac_timelapse.month_job import MonthResult, explained, result_of

#: Edge of what is filled at a time, in pixels: the block of a composite.
_TILE = 512
_THREADS = 2


def fill(
    results: Sequence[MonthResult],
    gaps: Gaps,
    outline: Outline,
    store: MonthStore,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[MonthResult]:
    """Yield every month of a finished series again, filled from the others and with a quality band.

    Parameters
    ----------
    results
        All months of the series.
    gaps
        ``hold`` or ``blend``.
    outline
        Of the area, on their grid.
    store
        Where the filled months are kept, beside the others.
    should_stop
        Asked after every tile.

    Raises
    ------
    CancelledError
        If it was asked to stop.
    ProviderError
        If a month cannot be written.
    """
    begun = time.monotonic()
    series = sorted(results, key=lambda one: one.month)
    paths = [store.path(_key(number, series, gaps)) for number in range(len(series))]
    there = sum(store.take(path.stem) for path in paths) == len(paths)
    if not there:
        try:
            _write(series, paths, gaps, outline, should_stop)
        except (OSError, RasterioError) as error:
            raise explained(error, series[0].month, store.folder) from error
    for one, path in zip(series, paths, strict=True):
        filled = result_of(one.month, path, one.facts, dict(one.unreadable), 0.0, from_store=there)
        yield replace(filled, seconds=one.seconds + (time.monotonic() - begun) / len(series))


def _write(
    series: Sequence[MonthResult],
    paths: Sequence[Path],
    gaps: Gaps,
    outline: Outline,
    should_stop: Callable[[], bool] | None,
) -> None:
    folders = [new_folder(path.parent) for path in paths]
    # What a month says of itself stays, but for the figures that are counted anew.
    sheets = [
        replace(sheet, tags={**sheet.tags, "GAPS": str(gaps)}, quality=QUALITY_MEANS)
        for sheet in map(sheet_of, (one.path for one in series))
    ]
    months = [one.month for one in series]
    sources = [one.path for one in series]
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="fill")
    try:
        height, width = sheets[0].height, sheets[0].width
        corners = [(left, top) for top in range(0, height, _TILE) for left in range(0, width, _TILE)]
        tiles: list[Future[list[Part]]] = [
            pool.submit(_tile, sources, months, gaps, corner, folders, outline) for corner in corners
        ]
        parts: list[list[Part]] = [[] for _ in series]
        for tile in tiles:
            if should_stop is not None and should_stop():
                raise CancelledError("The build was cancelled; the months finished before are kept.")
            for mine, part in zip(parts, tile.result(), strict=True):
                mine.append(part)
        for sheet, mine, path in zip(sheets, parts, paths, strict=True):
            assemble(sheet, mine, path)
    finally:
        pool.shutdown(cancel_futures=True)
        for folder in folders:
            remove_folder(folder)


def _tile(
    sources: Sequence[Path],
    months: Sequence[str],
    gaps: Gaps,
    corner: tuple[int, int],
    folders: Sequence[Path],
    outline: Outline,
) -> list[Part]:
    """Fill one tile of all months."""
    left, top = corner
    stack = []
    for path in sources:
        with rasterio.open(path) as month:
            wide, high = min(_TILE, month.width - left), min(_TILE, month.height - top)
            stack.append(month.read(window=Window(left, top, wide, high)))
            transform = month.transform
    inside = outline.inside(part_of(transform, left, top), (high, wide))
    layers = np.stack(stack)
    count = layers[:, -1]
    values, quality = fill_months(layers[:, :-1], count > 0, months, gaps)
    return [
        write_part(folder, left, top, np.concatenate([value, mark[None].astype(np.uint16), seen[None]]), inside)
        for folder, value, mark, seen in zip(folders, values, quality, count, strict=True)
    ]


def _key(number: int, series: Sequence[MonthResult], gaps: Gaps) -> str:
    """Hash what determines a filled month: all months of the series, the rule, and which month it is."""
    content = [code_digest(), str(gaps), number, *((one.month, one.path.stem) for one in series)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]
