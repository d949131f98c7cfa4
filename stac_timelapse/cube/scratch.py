"""Memory that a thread uses again and again: the pages of a new array cost as much as unpacking its pixels."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

_kept = threading.local()


def scratch(name: str, size: int) -> NDArray[np.uint8]:
    """Return ``size`` bytes of this thread, with whatever was in them.

    They are the caller's until the same thread asks for the same name again, and grow to the largest size asked for.
    """
    buffer: NDArray[np.uint8] | None = getattr(_kept, name, None)
    if buffer is None or len(buffer) < size:
        buffer = np.empty(size, dtype=np.uint8)
        setattr(_kept, name, buffer)
    return buffer[:size]
