"""The pictures of finished months: small files for the browser's player, full ones for the resting view."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.results import Frame
from stac_timelapse.build import MonthResult
from stac_timelapse.picture.appearance import Appearance
from stac_timelapse.picture.render import render_cog, sample
from stac_timelapse.picture.settled import Settled, settle
from stac_timelapse.picture.stretch import stretch_of

WEB_MERCATOR = "EPSG:3857"
#: Decoding larger pictures stalls the browser while it plays.
_FRAME_PIXELS = 1600
_THUMB_PIXELS = 160
_FULL_PIXELS = 4096
_KEPT = 3
_QUALITY = 88

Bounds = tuple[float, float, float, float]


class FramePainter:
    """Paints the months of one series with one locked stretch.

    While months still come in, the stretch of those before is kept, so that nothing flickers; `lock`
    then settles the stretch on all of them.

    Parameters
    ----------
    folder
        Where the pictures are written; its name is the token under which the browser fetches them.
    appearance
        How they are shown.
    bands
        Of the series.
    """

    def __init__(self, folder: Path, appearance: Appearance, bands: Sequence[str]) -> None:
        self.appearance = appearance
        self.preset = appearance.picture(bands)
        self.folder = folder
        #: How the months are shown, as far as they are known.
        self.settled: Settled | None = None
        self.full = FullPictures(self)
        self._version = 0
        self._provisional = True

    def paint(self, result: MonthResult) -> Frame:
        """Write the picture of a month, and a small one for the filmstrip."""
        if self.settled is None or self._provisional:
            first = sample(result.path, self.preset)
            self.settled = Settled(stretch_of([first], self.preset, self.appearance.tone))
            self._provisional = result.empty  # a month without a clear pixel says nothing about brightness
        stretch = self.settled.of(result.month)
        picture = render_cog(result.path, self.preset, stretch, max_size=_FRAME_PIXELS, crs=WEB_MERCATOR)
        # Another name for another picture: the browser keeps what it has.
        name = f"{result.month}-{self._version}-{result.path.stem[:8]}.webp"
        frame = Image.fromarray(picture.rgb)
        frame.save(self.folder / name, "WEBP", quality=_QUALITY, method=1)
        frame.thumbnail((_THUMB_PIXELS, _THUMB_PIXELS), Image.Resampling.BOX, reducing_gap=None)
        frame.save(self.folder / f"thumb-{name}", "WEBP", quality=_QUALITY, method=4)
        self.full.add(result.month, result.path)
        folder = f"frames/{self.folder.name}"
        return Frame(result.month, f"{folder}/{name}", picture.bounds, f"{folder}/thumb-{name}")

    def lock(self, results: Sequence[MonthResult]) -> bool:
        """Settle the stretch on all months; return whether the pictures must be painted again."""
        months = [(one.month, one.path) for one in results if not one.empty]
        settled = settle(months, self.preset, self.appearance.tone, even=self.appearance.even)
        before = self.settled
        changed = before is None or (settled.stretch, settled.gains) != (before.stretch, before.gains)
        self.settled = settled
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
        Gives the picture and its stretch.
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
            settled = self._painter.settled
            if settled is None:
                raise RuntimeError("a picture was asked for before the first month was painted")
            if month not in self._kept:
                picture = render_cog(
                    self._paths[month],
                    self._painter.preset,
                    settled.of(month),
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
