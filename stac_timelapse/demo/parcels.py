"""How the ground is divided: blocks of land, fields within them, stands of trees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.demo.noise import Field, doubled, fractal, hash01
from stac_timelapse.demo.terrain import WORLD_SHAPE

#: The landscape is drawn on pixels of half the size first, so that edges mix at 10 m.
FINE_SHAPE = (2 * WORLD_SHAPE[0], 2 * WORLD_SHAPE[1])

Numbers = NDArray[np.int64]
_STAGGER = 0.6
_ASPECT = 1.25


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """The farmland, all rasters ``(y, x)`` on the fine grid.

    Parameters
    ----------
    block
        Which block of land between two tracks.
    strip
        Which field.
    edge
        Distance to the block's edge in 10 m pixels.
    rows
        Factor on the brightness along the direction of ploughing.
    """

    block: Numbers
    strip: Numbers
    edge: Field
    rows: Field


def fine_axes() -> tuple[Field, Field]:
    """Return the rows ``(y, 1)`` and columns ``(1, x)`` of the fine pixels' centres in 10 m pixels."""
    rows = (np.arange(FINE_SHAPE[0], dtype=np.float32) + 0.5) / 2 - 0.5
    columns = (np.arange(FINE_SHAPE[1], dtype=np.float32) + 0.5) / 2 - 0.5
    return np.asarray(rows[:, None], np.float32), np.asarray(columns[None, :], np.float32)


def make_fields() -> Fields:
    """Divide the farmland, always in the same way: blocks with curved edges, each cut into fields of one direction."""
    rng = np.random.default_rng(31)
    y, x = fine_axes()
    wander = [fractal(WORLD_SHAPE, seed, beta=2, longest=220, shortest=16) for seed in (32, 33)]
    waver = [doubled(field) for field in wander]
    cells = _Cells(52.0, rng)
    block, edge = cells.nearest(y + 14 * waver[0], x + 14 * waver[1])
    rows, columns = (cells.seeds[:, axis].clip(0, WORLD_SHAPE[axis] - 1).astype(int) for axis in (0, 1))
    turn = rng.uniform(0, np.pi, len(cells.seeds)) * 0.35 + 0.9 * wander[0][rows, columns]
    long = rng.uniform(24, 60, len(cells.seeds))
    wide = rng.choice([7.0, 11.0, 16.0, 26.0, 48.0], p=[0.14, 0.24, 0.28, 0.2, 0.14], size=len(cells.seeds))
    per_block = [np.asarray(values, np.float32)[block] for values in (np.cos(turn), np.sin(turn), long, wide)]
    cosine, sine, long_here, wide_here = per_block
    dy, dx = (y - cells.seeds[:, 0].astype(np.float32)[block], x - cells.seeds[:, 1].astype(np.float32)[block])
    bend = 1.3 * waver[1]
    u = (cosine * dx + sine * dy + bend) / long_here
    v = (-sine * dx + cosine * dy + bend) / wide_here
    row = np.floor(v + 40).astype(np.int64)
    # Neighbouring rows of fields are not in line with each other.
    column = np.floor(u + 40 + ((row * 7919 + block * 104729) % 97) / 97).astype(np.int64)
    _, strip = np.unique((block * 128 + row) * 128 + column, return_inverse=True)
    strip = strip.reshape(FINE_SHAPE)
    furrow = np.floor(v * wide_here / 0.9).astype(np.int64)
    streaks = 1 + 0.04 * (hash01(furrow, strip) - 0.5)
    return Fields(block, strip, edge, streaks.astype(np.float32))


@lru_cache(maxsize=1)
def stands() -> Numbers:
    """Return which stand of trees a fine pixel would belong to, ``(y, x)``, always the same."""
    wander = [doubled(fractal(WORLD_SHAPE, seed, beta=1.5, longest=60, shortest=4)) for seed in (44, 45)]
    y, x = fine_axes()
    nearest, _ = _Cells(21.0, np.random.default_rng(43)).nearest(y + 5 * wander[0], x + 5 * wander[1])
    return nearest


def mean_of(values: Field, group: Numbers) -> Field:
    """Return for every pixel the mean of its group."""
    flat = group.ravel()
    means = np.bincount(flat, values.ravel()) / np.maximum(np.bincount(flat), 1)
    return np.asarray(means[group], dtype=np.float32)


class _Cells:
    """Random points that keep away from each other, and which of them is nearest.

    The points sit on a staggered grid and stray from it; so the nearest are looked for among the
    grid's neighbours only, which is many times faster than a tree. The margin of points around the
    landscape is wider than any warped coordinate strays.
    """

    def __init__(self, spacing: float, rng: np.random.Generator) -> None:
        self._spacing = spacing
        height, width = WORLD_SHAPE
        self._margin = 3
        rows = np.arange(-self._margin, int(height / spacing) + self._margin + 2) * spacing
        columns = np.arange(-self._margin, int(width / (spacing * _ASPECT)) + self._margin + 2) * spacing * _ASPECT
        grid = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
        grid[1::2, :, 1] += spacing * _STAGGER
        grid += rng.uniform(-0.36, 0.36, grid.shape) * spacing
        self._shape = grid.shape[:2]
        self.seeds = grid.reshape(-1, 2)

    def nearest(self, y: Field, x: Field) -> tuple[Numbers, Field]:
        """Return the number of the nearest point, and how far it is to where another one becomes nearest."""
        row = np.rint(y / self._spacing).astype(np.int32) + self._margin
        first = np.full(y.shape, np.inf, np.float32)
        second = first.copy()
        best = np.zeros(y.shape, np.int32)
        seed_y, seed_x = np.ascontiguousarray(self.seeds.T, dtype=np.float32)
        for up in (-1, 0, 1):
            line = row + up
            shifted = x - np.float32(self._spacing * _STAGGER) * (line & 1)
            middle = np.rint(shifted / np.float32(self._spacing * _ASPECT)).astype(np.int32) + self._margin
            for aside in (-1, 0, 1):
                number = line * self._shape[1] + middle + aside
                away = (seed_y[number] - y) ** 2 + (seed_x[number] - x) ** 2
                second = np.minimum(second, np.maximum(first, away))
                np.copyto(best, number, where=away < first)
                first = np.minimum(first, away)
        return np.asarray(best, np.int64), np.asarray((np.sqrt(second) - np.sqrt(first)) / 2, np.float32)
