"""The pictures of finished months: small files for the browser's player, full ones for the resting view."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import Resampling

from app.results import Frame
from stac_timelapse.build import MonthResult
from stac_timelapse.picture.indices import PRESETS, Preset
from stac_timelapse.picture.render import Stretch, render_cog, stretch_of

WEB_MERCATOR = "EPSG:3857"
#: Decoding larger pictures stalls the browser while it plays.
_FRAME_PIXELS = 1600
_FULL_PIXELS = 4096
_SAMPLE_PIXELS = 400
_KEPT = 3
_QUALITY = 88

Bounds = tuple[float, float, float, float]


def sample(path: Path, preset: Preset) -> NDArray[np.uint16]:
    """Read a month thinned out, ``(band, y, x)`` uint16 in the preset's order, for the stretch."""
    with rasterio.open(path) as composite:
        step = max(composite.width, composite.height) / _SAMPLE_PIXELS
        shape = (
            len(preset.bands),
            max(1, round(composite.height / max(step, 1))),
            max(1, round(composite.width / max(step, 1))),
        )
        indexes = [composite.descriptions.index(band) + 1 for band in preset.bands]
        values: NDArray[np.uint16] = composite.read(indexes, out_shape=shape, resampling=Resampling.nearest)
    return values


class FramePainter:
    """Paints the months of one series with one locked stretch.

    While months still come in, the stretch of those before is kept, so that nothing flickers; `lock`
    then settles the stretch on all of them.

    Parameters
    ----------
    folder
        Where the pictures are written; its name is the token under which the browser fetches them.
    preset
        Name of the preset.
    """

    def __init__(self, folder: Path, preset: str) -> None:
        self.preset = PRESETS[preset]
        self.folder = folder
        self.stretch: Stretch | None = None
        self.full = FullPictures(self)
        self._version = 0
        self._provisional = True

    def paint(self, result: MonthResult) -> Frame:
        """Write the picture of a month."""
        if self.stretch is None or self._provisional:
            self.stretch = stretch_of([sample(result.path, self.preset)], self.preset)
            self._provisional = result.empty  # a month without a clear pixel says nothing about brightness
        picture = render_cog(result.path, self.preset, self.stretch, max_size=_FRAME_PIXELS, crs=WEB_MERCATOR)
        # Another name for another picture: the browser keeps what it has.
        name = f"{result.month}-{self._version}-{result.path.stem[:8]}.webp"
        Image.fromarray(picture.rgb).save(self.folder / name, "WEBP", quality=_QUALITY, method=1)
        self.full.add(result.month, result.path)
        return Frame(result.month, f"frames/{self.folder.name}/{name}", picture.bounds)

    def lock(self, results: Sequence[MonthResult]) -> bool:
        """Settle the stretch on all months; return whether the pictures must be painted again."""
        stretch = stretch_of((sample(one.path, self.preset) for one in results if not one.empty), self.preset)
        changed = stretch != self.stretch
        self.stretch = stretch
        self.full.forget()
        self._provisional = False
        self._version += 1
        return changed

    def repaint(self, results: Iterable[MonthResult]) -> tuple[Frame, ...]:
        """Write the pictures of all months with the locked stretch."""
        return tuple(self.paint(one) for one in results)


class FullPictures:
    """Full-resolution pictures of finished months, painted when they are asked for; the last few are kept.

    Safe to use from several threads.

    Parameters
    ----------
    painter
        Gives preset and stretch.
    """

    def __init__(self, painter: FramePainter) -> None:
        self._painter = painter
        self._paths: dict[str, Path] = {}
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[NDArray[np.uint8], Bounds]] = OrderedDict()

    def add(self, month: str, path: Path) -> None:
        """Make a finished month known."""
        with self._lock:
            if self._paths.get(month) != path:
                self._kept.pop(month, None)
            self._paths[month] = path

    def forget(self) -> None:
        """Drop what is kept, because the stretch changed."""
        with self._lock:
            self._kept.clear()

    def has(self, month: str) -> bool:
        """Tell whether the month is finished."""
        return month in self._paths

    def load(self, month: str) -> tuple[NDArray[np.uint8], Bounds]:
        """Return ``(y, x, 4)`` RGBA uint8 and the web mercator bounds of a finished month."""
        with self._lock:
            stretch = self._painter.stretch
            if stretch is None:
                raise RuntimeError("a picture was asked for before the first month was painted")
            if month not in self._kept:
                picture = render_cog(
                    self._paths[month],
                    self._painter.preset,
                    stretch,
                    max_size=_FULL_PIXELS,
                    crs=WEB_MERCATOR,
                )
                self._kept[month] = (with_alpha(picture.rgb), picture.bounds)
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(month)
            return self._kept[month]


def with_alpha(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return ``(y, x, 4)`` uint8, opaque where the picture had no alpha."""
    if picture.shape[2] == 4:  # noqa: PLR2004 - red, green, blue, alpha
        return picture
    opaque = np.full((*picture.shape[:2], 1), 255, dtype=np.uint8)
    return np.concatenate([picture, opaque], axis=2)
