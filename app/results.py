"""What the page shows of what came back: the months, their pictures, files, a pass on trial, a pixel, places."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stac_timelapse.build import MonthResult
from stac_timelapse.picture.appearance import OWN, Appearance
from stac_timelapse.picture.indices import Preset
from stac_timelapse.picture.settled import Settled
from stac_timelapse.probe import PixelMonth
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.model import SceneSet
from stac_timelapse.zonal import Measured


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
    thumb
        The same picture small, relative to the page.
    """

    month: str
    url: str
    bounds: tuple[float, float, float, float]
    thumb: str


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
    appearance
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
    settled
        What holds for the brightness of all months, once all are finished.
    """

    recipe: Recipe
    appearance: Appearance
    months: tuple[str, ...]
    results: tuple[MonthResult, ...] = ()
    frames: tuple[Frame, ...] = ()
    number: int = 0
    scenes: SceneSet | None = None
    previews: tuple[Frame, ...] = ()
    settled: Settled | None = None

    @property
    def preset(self) -> str:
        """Name of the preset on display, or that of one's own formula."""
        return OWN if self.appearance.formula is not None else self.picture.name

    @property
    def picture(self) -> Preset:
        """What is on display."""
        return self.appearance.picture(self.recipe.bands)

    @property
    def as_shown(self) -> Recipe:
        """The recipe of what is on display: the same months, perhaps in other colours than they were built for."""
        return self.recipe.but(**self.appearance.fields())

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
    title
        What the picture shows, e.g. ``"True colour"``.
    clear
        Share of the area that is clear, 0 to 1.
    shares
        ``(reason, share of the area)``, see `stac_timelapse.cube.look.Judged`.
    """

    picture: str
    title: str
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


@dataclass(frozen=True, slots=True)
class Chart:
    """What is charted under the player.

    Parameters
    ----------
    months
        Every month of the series, in order; also those not finished.
    measured
        The finished ones, in the area, at its places and at the pixels that were clicked, in this order.
    clicked
        How many of the places are clicked pixels.
    """

    months: tuple[str, ...]
    measured: Measured
    clicked: int = 0


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """A place that was searched for by name or coordinates.

    Parameters
    ----------
    name, kind, where
        What it is called, what it is (``"town"``, ``"sample"``, ...) and what it lies in.
    lon, lat
        Its middle, degrees.
    bbox
        West, south, east, north in degrees: what shows it on the map.
    """

    name: str
    kind: str
    where: str
    lon: float
    lat: float
    bbox: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PlaceAnswer:
    """What a search for places found.

    Parameters
    ----------
    text
        What was typed.
    places
        The most likely first.
    sentence
        What is said about them, or why there are none.
    bad
        Whether it cannot be used as it was typed.
    credit
        Whose names they are.
    sure
        Whether the first one is what was meant, without a choice.
    """

    text: str
    places: tuple[FoundPlace, ...] = ()
    sentence: str = ""
    bad: bool = False
    credit: str = ""
    sure: bool = False
