"""Random fields with a natural look, the same in every run."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

Field = NDArray[np.float32]


def fractal(shape: tuple[int, int], seed: int, *, beta: float, longest: float, shortest: float = 2.0) -> Field:
    """Return a random field whose power falls with frequency, as hills and clouds do.

    Parameters
    ----------
    shape
        Rows and columns.
    seed
        The same seed gives the same field.
    beta
        Exponent of the amplitude's fall: 1 is rough, 2 is smooth.
    longest, shortest
        Wavelengths in pixels outside which nothing is left.

    Returns
    -------
    numpy.ndarray
        ``(y, x)`` float32 with mean 0 and standard deviation 1; it continues across its own edges.
    """
    white = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    spectrum = fft.rfft2(white)
    radius = np.hypot(fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])[None, :]).astype(np.float32)
    gain = np.maximum(radius, 1.0 / longest) ** -beta
    gain *= np.exp(-((radius * shortest) ** 4)) * (1 - np.exp(-((radius * longest) ** 2)))
    field = fft.irfft2(spectrum * gain, s=shape)
    return np.asarray((field - field.mean()) / field.std(), dtype=np.float32)


def smoothstep(values: Field, low: float, high: float) -> Field:
    """Return 0 below `low`, 1 above `high`, and a smooth rise between."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def doubled(coarse: Field) -> Field:
    """Return a field ``(y, x)`` on pixels of half the size, interpolated linearly between pixel centres."""
    padded = np.pad(np.asarray(coarse, np.float32), 1, mode="edge")
    rows = np.empty((2 * coarse.shape[0], padded.shape[1]), dtype=np.float32)
    rows[::2] = 0.75 * padded[1:-1] + 0.25 * padded[:-2]
    rows[1::2] = 0.75 * padded[1:-1] + 0.25 * padded[2:]
    result = np.empty((rows.shape[0], 2 * coarse.shape[1]), dtype=np.float32)
    result[:, ::2] = 0.75 * rows[:, 1:-1] + 0.25 * rows[:, :-2]
    result[:, 1::2] = 0.75 * rows[:, 1:-1] + 0.25 * rows[:, 2:]
    return result


def halved(fine: NDArray[np.floating | np.bool_]) -> Field:
    """Return the mean of every 2 x 2 pixels of ``(..., y, x)``; of booleans the share that is true."""
    fine = np.asarray(fine, dtype=np.float32)
    total = fine[..., ::2, ::2] + fine[..., 1::2, ::2] + fine[..., ::2, 1::2] + fine[..., 1::2, 1::2]
    return np.asarray(0.25 * total, dtype=np.float32)


def hash01(*keys: ArrayLike) -> Field:
    """Return one number in [0, 1) for each combination of integers: random, but the same wherever it is asked for."""
    state: NDArray[np.uint32] = np.asarray(np.uint32(2166136261))
    with np.errstate(over="ignore"):
        for key in keys:
            state = (state ^ np.asarray(key).astype(np.int64).astype(np.uint32)) * np.uint32(2654435761)
            state = (state ^ (state >> np.uint32(15))) * np.uint32(2246822519)
            state = state ^ (state >> np.uint32(13))
    return (state >> np.uint32(8)).astype(np.float32) / np.float32(1 << 24)
