"""Micro-benchmarks of the kernels, one a name: ``python -m benchmarks.kernels [pixels a side]``."""

from __future__ import annotations

import sys
import timeit
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.composite.reducers import reduce_month
from stac_timelapse.cube.decode import place, unpack
from stac_timelapse.cube.mask import MaskPolicy, clear_pixels
from stac_timelapse.cube.tiff import Layout, Level

_PASSES, _BANDS = 6, ("B04", "B08", "B02")
_ROUNDS = 5


def _stack(side: int) -> NDArray[np.uint16]:
    random = np.random.default_rng(5)
    clear = random.random((_PASSES, 1, side, side)) > 0.45  # noqa: PLR2004 - the share of cloud everywhere here
    stack: NDArray[np.uint16] = (random.integers(1, 4000, (_PASSES, len(_BANDS), side, side)) * clear).astype(np.uint16)
    return stack


def _reduce(method: str) -> Callable[[int], Callable[[], object]]:
    def prepare(side: int) -> Callable[[], object]:
        stack, pass_of = _stack(side), np.arange(_PASSES, dtype=np.int64)
        return lambda: reduce_month(stack, pass_of, method, _BANDS)

    return prepare


def _packed(side: int, dtype: Any) -> tuple[bytes, Layout, Level]:
    raw = zlib.compress(_stack(side)[0, 0].astype(dtype).tobytes())
    level = Level(side, side, side, side, np.zeros(1, np.int64), np.array([len(raw)]))
    return raw, Layout(np.dtype(dtype), True, True, 0, None, None, None, (level,)), level


def _place(dtype: Any, repeat: int) -> Callable[[int], Callable[[], object]]:
    def prepare(side: int) -> Callable[[], object]:
        block, clear = unpack(*_packed(side, dtype)), np.ones((side * repeat, side * repeat), dtype=bool)
        out = np.zeros(clear.shape, dtype=np.uint16)
        return lambda: place(block, True, 0, -1000, repeat, 0, 0, clear, out)

    return prepare


def _unpack(side: int) -> Callable[[], object]:
    packed = _packed(side, np.uint16)
    return lambda: unpack(*packed)


def _mask(side: int) -> Callable[[], object]:
    scl = np.random.default_rng(5).choice(np.array([4, 5, 9], dtype=np.uint16), size=(side, side))
    return lambda: clear_pixels(scl, MaskPolicy(dilate=60.0), 10.0)


PREPARED: Mapping[str, Callable[[int], Callable[[], object]]] = {
    **{name: _reduce(name) for name in ("median", "mean", "percentile:25", "first-clear", "max-ndvi", "medoid")},
    "place": _place(np.uint16, 1),
    "place a mask": _place(np.uint8, 2),
    "unpack": _unpack,
    "mask with a margin": _mask,
}
#: Each run once, with inputs of so many pixels a side.
KERNELS: Mapping[str, Callable[[int], object]] = {
    name: lambda side, prepare=prepare: prepare(side)()  # type: ignore[misc]
    for name, prepare in PREPARED.items()
}


def main(side: int = 1024) -> None:
    """Print the best of some rounds for every kernel."""
    sys.stdout.write(f"| kernel, {side} x {side} pixels, {_PASSES} passes x {len(_BANDS)} bands | ms |\n|---|---|\n")
    for name, prepare in PREPARED.items():
        run = prepare(side)
        run()
        sys.stdout.write(f"| {name} | {1000 * min(timeit.repeat(run, number=1, repeat=_ROUNDS)):.1f} |\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
