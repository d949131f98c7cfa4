"""A stackstac reader that masks while it reads: what leaves it is clear, offset-free, or 0."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window
from stackstac.raster_spec import RasterSpec

from stac_timelapse.cube.granule import Granule, read_bands, read_clear
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.raster import Target
from stac_timelapse.scenes.model import Scene
from stac_timelapse.scenes.sensors import MASK_BAND

_last_mask = threading.local()


@dataclass(frozen=True, slots=True)
class Locator:
    """All that a worker needs to read one band of one scene, as text.

    stackstac hands a reader nothing but the asset's address; this is the address.
    """

    granule: Granule
    band: str
    policy: MaskPolicy

    @classmethod
    def of(cls, scene: Scene, band: str, policy: MaskPolicy) -> Locator:
        """Return the locator of a scene's band under a mask policy."""
        return cls(Granule.of(scene, (band,)), band, policy)

    def to_text(self) -> str:
        """Return it as JSON."""
        values = {"granule": self.granule.to_json(), "band": self.band, "policy": asdict(self.policy)}
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Locator:
        """Parse what `to_text` wrote."""
        values: dict[str, Any] = json.loads(text)
        return cls(Granule.from_json(values["granule"]), values["band"], MaskPolicy(**values["policy"]))


class State(TypedDict):
    """What a reader is made of again on another worker."""

    url: str
    spec: RasterSpec


class MaskedReader:
    """stackstac's Reader protocol over a `Locator`.

    Returns uint16 DN with the offset removed; 0 where the pixel is not clear or has no data. A pixel
    with data never becomes 0: reflectances below zero after the offset are kept as DN 1.
    """

    def __init__(self, *, url: str, spec: RasterSpec, **_unused: Any) -> None:
        self.url = url
        self.spec = spec
        self._locator = Locator.from_text(url)

    def read(self, window: Window, **_unused: Any) -> NDArray[np.uint16]:
        """Read a window given in pixels of the spec.

        Returns
        -------
        ndarray of uint16
            ``(y, x)`` DN, reflectance x 10 000; 0 = no clear observation.
        """
        target = target_of(self.spec, window)
        clear = _clear_window(self._locator, target)
        layer: NDArray[np.uint16] = read_bands([self._locator.granule], [self._locator.band], [clear], target)[0, 0]
        return layer

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def __getstate__(self) -> State:
        return {"url": self.url, "spec": self.spec}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def target_of(spec: RasterSpec, window: Window) -> Target:
    """Return the pixels that stackstac asks for."""
    west, _, _, north = spec.bounds
    resolution = spec.resolutions_xy[0]
    return Target(
        epsg=spec.epsg,
        west=west + window.col_off * resolution,
        north=north - window.row_off * resolution,
        resolution=resolution,
        width=int(window.width),
        height=int(window.height),
    )


def _clear_window(locator: Locator, target: Target) -> NDArray[np.bool_]:
    """Return where the scene is clear; the bands of one scene and window are read in turn by one thread."""
    key = (locator.granule.source(MASK_BAND), locator.policy, target)
    kept: tuple[Any, NDArray[np.bool_]] | None = getattr(_last_mask, "value", None)
    if kept is not None and kept[0] == key:
        return kept[1]
    clear = read_clear(locator.granule, locator.policy, target)
    _last_mask.value = (key, clear)
    return clear
