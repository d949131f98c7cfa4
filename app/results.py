"""What the page shows of what came back: the months, their pictures, files, a pass on trial, a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stac_timelapse.build import MonthResult
from stac_timelapse.probe import PixelMonth
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.model import SceneSet


@dataclass(frozen=True, slots=True)
class Frame:
    """The picture of one finished month, ready for the browser.

    Parameters
    ----------
    month
        ``"YYYY-MM"``.
    url
        Relative to the page.
    bounds
        ``(west, south, east, north)`` in web mercator metres.
    """

    month: str
    url: str
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Download:
    """A finished export.

    Parameters
    ----------
    kind
        ``"gif"``, ``"geotiff"`` or ``"csv"``.
    name
        File name the browser saves it under.
    url
        Relative to the page; holds an unguessable token.
    size
        Bytes.
    """

    kind: str
    name: str
    url: str
    size: int

    @classmethod
    def of(cls, kind: str, path: Path) -> Download:
        """Return a file in a folder of the session's workspace as something to download."""
        return cls(kind, path.name, f"downloads/{path.parent.name}/{path.name}", path.stat().st_size)


@dataclass(frozen=True, slots=True)
class Series:
    """The months of one build, as far as they are finished.

    Parameters
    ----------
    recipe
        What they were built from.
    preset
        How their frames are coloured.
    months
        Every month asked for, in order; also those not finished and those without a pass.
    results
        The finished months, in order.
    frames
        Their pictures.
    number
        Counts the builds of the session.
    scenes
        What it was built from.
    previews
        Coarse pictures of all months, shown until a month is finished.
    """

    recipe: Recipe
    preset: str
    months: tuple[str, ...]
    results: tuple[MonthResult, ...] = ()
    frames: tuple[Frame, ...] = ()
    number: int = 0
    scenes: SceneSet | None = None
    previews: tuple[Frame, ...] = ()

    @property
    def pictures(self) -> tuple[Frame, ...]:
        """The best picture there is of each month, in order."""
        return tuple({one.month: one for one in (*self.previews, *self.frames)}[month] for month in self.shown)

    @property
    def shown(self) -> tuple[str, ...]:
        """The months that have a picture, in order."""
        return tuple(sorted({one.month for one in (*self.previews, *self.frames)}))

    def result(self, month: str) -> MonthResult | None:
        """Return the finished month, or None."""
        return next((one for one in self.results if one.month == month), None)

    @property
    def complete(self) -> bool:
        """Whether every month is finished."""
        return len(self.results) == len(self.months)


@dataclass(frozen=True, slots=True)
class Trial:
    """A pass in the mask lab.

    Parameters
    ----------
    picture, overlay
        The pass, and what the mask hides of it, as ``data:`` addresses of pictures of one size.
    clear
        Share of the area that is clear, 0 to 1.
    shares
        ``(reason, share of the area)``, see `stac_timelapse.cube.look.Judged`.
    """

    picture: str
    overlay: str
    clear: float
    shares: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Pixel:
    """One pixel of the series on display.

    Parameters
    ----------
    lon, lat
        The place that was asked for, degrees.
    ring
        The pixel's corners, lon/lat, closed.
    month
        What is behind it in the month on display, once that was read.
    bands
        Names of the values.
    method
        What makes the month of them.
    """

    lon: float
    lat: float
    ring: tuple[tuple[float, float], ...]
    month: PixelMonth | None
    bands: tuple[str, ...]
    method: str
