"""A stackstac reader of whole months: what stackstac takes for one asset is one layer of a month's composite."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.composite.plan import MonthPlan
from stac_timelapse.cube.stack import target_of

_last_tile = threading.local()


def layer_text(plan: str, layer: int) -> str:
    """Return the address of one layer of a month: a band, or last the count."""
    return f"{layer}|{plan}"


class MonthReader:
    """stackstac's Reader protocol over a `MonthPlan`.

    stackstac reads the layers of one chunk in turn, in one thread: the first computes the tile, the
    others take their part of it, and the last lets it go.
    """

    def __init__(self, *, url: str, spec: Any, **_unused: Any) -> None:
        self.url = url
        self.spec = spec

    def read(self, window: Any, **_unused: Any) -> NDArray[np.uint16]:
        """Read one layer of a window given in pixels of the spec, ``(y, x)``."""
        layer, _, text = self.url.partition("|")
        target = target_of(self.spec, window)
        kept: tuple[Any, NDArray[np.uint16]] | None = getattr(_last_tile, "value", None)
        if kept is None or kept[0] != (text, target):
            kept = (text, target), MonthPlan.from_text(text).compose(target)
        tile = kept[1]
        _last_tile.value = kept if int(layer) + 1 < len(tile) else None
        plane: NDArray[np.uint16] = tile[int(layer)]
        return plane

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def __getstate__(self) -> dict[str, Any]:
        return {"url": self.url, "spec": self.spec}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]
