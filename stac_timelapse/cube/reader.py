"""A stackstac reader that masks while it reads: what leaves it is clear, offset-free, or 0."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window
from stackstac.raster_spec import RasterSpec

from stac_timelapse.cube.mask import MaskPolicy, clear_pixels
from stac_timelapse.cube.raster import Source, Target, read_window
from stac_timelapse.scenes.catalog import MASK_BAND
from stac_timelapse.scenes.model import Scene

_last_mask = threading.local()


@dataclass(frozen=True, slots=True)
class Locator:
    """All that a worker needs to read one band of one scene, as text.

    stackstac hands a reader nothing but the asset's address; this is the address.
    """

    scene_id: str
    band: str
    href: str
    mask_href: str
    offset: int
    epsg: int
    bounds: tuple[float, float, float, float]
    signing: str
    clear: tuple[int, ...]
    dilate: float

    @classmethod
    def of(cls, scene: Scene, band: str, policy: MaskPolicy) -> Locator:
        """Return the locator of a scene's band under a mask policy."""
        return cls(
            scene_id=scene.id,
            band=band,
            href=scene.assets[band].href,
            mask_href=scene.assets[MASK_BAND].href,
            offset=scene.offset,
            epsg=scene.epsg,
            bounds=scene.bounds,
            signing=scene.signing,
            clear=policy.clear,
            dilate=policy.dilate,
        )

    def to_text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Locator:
        """Parse what `to_text` wrote."""
        values: dict[str, Any] = json.loads(text)
        values["bounds"] = tuple(values["bounds"])
        values["clear"] = tuple(values["clear"])
        return cls(**values)

    @property
    def source(self) -> Source:
        """The band's file."""
        return Source(self.scene_id, self.band, self.href, self.epsg, self.bounds, self.signing)

    @property
    def mask_source(self) -> Source:
        """The mask's file."""
        return replace(self.source, asset=MASK_BAND, href=self.mask_href)

    @property
    def policy(self) -> MaskPolicy:
        """What counts as clear."""
        return MaskPolicy(self.clear, self.dilate)


class _State(TypedDict):
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
        target = _target(self.spec, window)
        clear = _clear_window(self._locator, target)
        if not clear.any():
            return np.zeros(clear.shape, dtype=np.uint16)
        data = read_window(self._locator.source, target)
        return remove_offset(np.where(clear, data, np.uint16(0)), self._locator.offset)

    def close(self) -> None:
        """Do nothing: files are closed after each read."""

    def __getstate__(self) -> _State:
        return {"url": self.url, "spec": self.spec}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def remove_offset(data: NDArray[np.uint16], offset: int) -> NDArray[np.uint16]:
    """Add a (negative) offset to DN; 0 stays 0, and what would fall below 1 becomes 1."""
    if offset == 0:
        return data
    moved = np.clip(data.astype(np.int32) + offset, 1, np.iinfo(np.uint16).max).astype(np.uint16)
    return np.where(data == 0, data, moved)


def _target(spec: RasterSpec, window: Window) -> Target:
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
    key = (locator.mask_href, locator.policy, target)
    kept: tuple[Any, NDArray[np.bool_]] | None = getattr(_last_mask, "value", None)
    if kept is not None and kept[0] == key:
        return kept[1]
    margin = locator.policy.margin(target.resolution)
    wide = replace(
        target,
        west=target.west - margin * target.resolution,
        north=target.north + margin * target.resolution,
        width=target.width + 2 * margin,
        height=target.height + 2 * margin,
    )
    scl = np.minimum(read_window(locator.mask_source, wide), 255).astype(np.uint8)
    clear = clear_pixels(scl, locator.policy, target.resolution)
    clear = clear[margin : margin + target.height, margin : margin + target.width]
    _last_mask.value = (key, clear)
    return clear
