"""What the ground of the demo landscape reflects on a date: no clouds, no noise, no offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray
from rasterio.features import shapes
from rasterio.transform import from_origin
from scipy import ndimage
from shapely.geometry import MultiPolygon, Polygon, shape

from stac_timelapse.demo.landscape import Landscape, landscape
from stac_timelapse.demo.noise import Field, halved, smoothstep
from stac_timelapse.demo.spec import EVENT_DATE, PIXEL, WORLD_NORTH, WORLD_WEST
from stac_timelapse.demo.spectra import BANDS, COVER_NAMES, SPECTRA, STABLE_COVERS, cover_reflectance
from stac_timelapse.demo.terrain import WORLD_SHAPE

#: Rows and columns of the landscape, as half-open ranges.
Window = tuple[slice, slice]
WHOLE: Window = (slice(0, WORLD_SHAPE[0]), slice(0, WORLD_SHAPE[1]))

#: Level of the reservoir in metres under the full one.
_LEVEL = (
    ("2021-08-15", -7.0),
    ("2021-10-10", -8.5),
    ("2021-12-20", -4.0),
    ("2022-02-20", -0.6),
    ("2022-04-25", 0.0),
    ("2022-05-31", -1.5),
    ("2022-07-15", -6.0),
    ("2022-08-31", -12.0),
    ("2022-09-30", -14.5),
    ("2022-10-31", -12.5),
    ("2022-12-31", -5.0),
)
#: Height in metres above which snow lies.
_SNOW_LINE = (
    ("2021-11-18", 1300.0),
    ("2021-11-28", 640.0),
    ("2021-12-10", 540.0),
    ("2022-01-06", 700.0),
    ("2022-01-20", 560.0),
    ("2022-02-08", 610.0),
    ("2022-02-22", 700.0),
    ("2022-03-08", 760.0),
    ("2022-03-24", 1300.0),
    ("2022-11-20", 1300.0),
    ("2022-12-02", 640.0),
    ("2022-12-18", 480.0),
    ("2022-12-31", 660.0),
)
#: Share of the snow that is seen from above; the rest lies under branches, melts or is swept away.
_SNOW_HELD = {
    "conifer": 0.09,
    "deciduous": 0.4,
    "river": 0.0,
    "asphalt": 0.25,
    "tile_roof": 0.7,
    "meadow": 0.97,
}
#: Point spread of the sensor, standard deviation in pixels.
_BLUR = 0.6
_MARGIN = 4
#: Days between the earliest and the latest spot of a field.
_LAG = 7.0


def surface(when: date, bands: tuple[str, ...] = BANDS, window: Window = WHOLE) -> Field:
    """Return what a perfect sensor would see through a clear sky.

    Parameters
    ----------
    when
        The day.
    bands
        Sentinel-2 names among `BANDS`.
    window
        Part of the landscape, rows and columns.

    Returns
    -------
    numpy.ndarray
        ``(band, y, x)`` float32, reflectance x 10 000 at 10 m, without the offset of baseline 04.00.
    """
    world = landscape()
    grown, inner = _with_margin(window)
    ground = _Ground(world, when, grown)
    snow = _snow(world, when, grown)
    lake = _lake(world, when, grown)
    fire = _fire(world, when, grown)
    light = world.texture[grown] * _shade(world, when, grown)
    river = world.terrain.river[grown] * (1 - lake.wet)
    result = np.empty((len(bands), *ground.shape(inner)), dtype=np.float32)
    for index, band in enumerate(bands):
        number = BANDS.index(band)
        image = ground.image(number)
        if fire is not None:
            image += fire * (SPECTRA["char"][number] - image)
        image += lake.mud * (SPECTRA["mud"][number] - image)
        image += lake.shore * (SPECTRA["shore"][number] - image)
        image *= light
        clear, turbid = SPECTRA["water"][number], SPECTRA["river"][number]
        image += lake.wet * (clear + lake.turbid * (turbid - clear) - image)
        image += river * (turbid - image)
        if snow is not None:
            image += snow * (SPECTRA["snow"][number] * np.sqrt(light) - image)
        result[index] = ndimage.gaussian_filter(image, _BLUR, truncate=4)[inner]
    return result


def surface_20m(when: date, bands: tuple[str, ...], window: Window = WHOLE) -> Field:
    """Return `surface` averaged to 20 m; the window begins and ends on even rows and columns."""
    return halved(surface(when, bands, window))


def median_surface(days: Sequence[date], bands: tuple[str, ...] = BANDS, window: Window = WHOLE) -> Field:
    """Return the median of `surface` over days: what a monthly median shows where every pass is clear.

    Parameters
    ----------
    days
        The days of a month's passes; where some are cloudy, a composite is the median of the others.
    bands, window
        As for `surface`.
    """
    return np.asarray(np.median([surface(day, bands, window) for day in days], axis=0), dtype=np.float32)


def event_outline(window: Window = WHOLE) -> MultiPolygon:
    """Return the outline of `event_mask` in metres of the demo's CRS."""
    transform = from_origin(WORLD_WEST + PIXEL * window[1].start, WORLD_NORTH - PIXEL * window[0].start, PIXEL, PIXEL)
    burnt = event_mask(window)
    found = shapes(burnt.astype(np.uint8), mask=burnt, transform=transform)
    parts = [shape(geometry) for geometry, _ in found]
    return MultiPolygon([part for part in parts if isinstance(part, Polygon)])


def event_mask(window: Window = WHOLE) -> NDArray[np.bool_]:
    """Return ``(y, x)``, where the fire of `EVENT_DATE` killed most trees."""
    return np.asarray(landscape().burnt[window] > 0.6)  # noqa: PLR2004 - most of them


def stable_mask(window: Window = WHOLE) -> NDArray[np.bool_]:
    """Return ``(y, x)``, where nothing but snow changes: roofs, roads and rock whose neighbours are such as well."""
    hard = landscape().covered_by(*STABLE_COVERS)
    return np.asarray(ndimage.binary_erosion(hard, np.ones((3, 3)))[window])


def water_mask(when: date, window: Window = WHOLE) -> NDArray[np.bool_]:
    """Return ``(y, x)``, whether a pixel is mostly reservoir on a day."""
    return np.asarray(_lake(landscape(), when, window).wet > 0.5)  # noqa: PLR2004 - mostly


def snow_share(when: date, window: Window = WHOLE) -> Field:
    """Return ``(y, x)``, the share of each pixel under snow on a day, 0 to 1."""
    snow = _snow(landscape(), when, window)
    return np.zeros(landscape().parcel[window].shape, np.float32) if snow is None else snow


def _with_margin(window: Window) -> tuple[Window, Window]:
    grown, inner = [], []
    for part, size in zip(window, WORLD_SHAPE, strict=True):
        start, stop = max(part.start - _MARGIN, 0), min(part.stop + _MARGIN, size)
        grown.append(slice(start, stop))
        inner.append(slice(part.start - start, part.stop - start))
    return (grown[0], grown[1]), (inner[0], inner[1])


class _Ground:
    """The land without water, snow, fire and relief on a day: two parcels a pixel, each early to late."""

    def __init__(self, world: Landscape, when: date, window: Window) -> None:
        self._parcels = world.parcel[window]
        self._mixed = np.flatnonzero(world.share[window].ravel() < 1)
        self._others = world.other[window].ravel()[self._mixed]
        self._rest = 1 - world.share[window].ravel()[self._mixed]
        self._lag = world.lag[window]
        self._early = _parcel_table(world, when, -_LAG / 2)
        self._late = _parcel_table(world, when, _LAG / 2)

    def shape(self, inner: Window) -> tuple[int, ...]:
        """Return the rows and columns of a part."""
        return self._parcels[inner].shape

    def image(self, number: int) -> Field:
        """Return ``(y, x)`` of one band."""
        image = self._late[:, number][self._parcels]
        image += (1 - self._lag) * ((self._early - self._late)[:, number][self._parcels])
        flat, lag = image.ravel(), self._lag.ravel()[self._mixed]
        early, late = self._early[self._others, number], self._late[self._others, number]
        flat[self._mixed] += self._rest * (late + (1 - lag) * (early - late) - flat[self._mixed])
        return image


def _parcel_table(world: Landscape, when: date, late: float) -> Field:
    day = when.timetuple().tm_yday
    table = np.zeros((world.cover.size, len(BANDS)))
    for number, name in enumerate(COVER_NAMES):
        mine = world.cover == number
        table[mine] = cover_reflectance(name, day, world.shift[mine] + late)
    return np.asarray(table * world.brightness[:, None], dtype=np.float32)


def _at(table: tuple[tuple[str, float], ...], when: date) -> float:
    days = [date.fromisoformat(day).toordinal() for day, _ in table]
    return float(np.interp(when.toordinal(), days, [value for _, value in table]))


def _snow(world: Landscape, when: date, window: Window) -> Field | None:
    line = _at(_SNOW_LINE, when)
    height = world.terrain.height[window]
    if line > height.max() + 60:
        return None
    drift = 9 * world.ripple[window] - 200 * world.terrain.relief[window]
    share = smoothstep(height + drift, line - 40, line + 70)
    holds = np.ones(len(COVER_NAMES), dtype=np.float32)
    for name, part in _SNOW_HELD.items():
        holds[COVER_NAMES.index(name)] = part
    held = holds[world.cover]
    mixed = world.share[window]
    held_here = mixed * held[world.parcel[window]] + (1 - mixed) * held[world.other[window]]
    # Sunlit crowns are the ones that carry it.
    uneven = np.clip(1 + 2 * (world.texture[window] - 1), 0.4, 1.05)
    return np.asarray((0.94 * share * held_here * uneven).clip(0, 0.96), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Lake:
    """The reservoir on a day: ``(y, x)``, shares of the pixel that are water, wet mud, dry shore; and murkiness."""

    wet: Field
    mud: Field
    shore: Field
    turbid: Field


def _lake(world: Landscape, when: date, window: Window) -> _Lake:
    depth = world.terrain.lake_depth[window]
    below = depth + _at(_LEVEL, when)
    bed = smoothstep(depth, -0.2, 0.5)
    dried = smoothstep(-below, 0.2, 5.0)
    shallow = smoothstep(-below, -3.5, 0.5)
    turbid = np.clip(0.14 + 0.55 * shallow + 0.12 * world.ripple[window], 0, 1)
    return _Lake(
        wet=smoothstep(below, -0.35, 0.35),
        mud=np.asarray(bed * (1 - dried)),
        shore=np.asarray(bed * dried * 0.92 * (1 + 0.06 * world.ripple[window]).clip(0, 1.08)),
        turbid=np.asarray(turbid, np.float32),
    )


def _fire(world: Landscape, when: date, window: Window) -> Field | None:
    days = (when - EVENT_DATE).days
    if days <= 0:
        return None
    # Ash washes off within weeks; grass and shoots come back over years.
    return np.asarray(world.burnt[window] * (0.72 + 0.28 * np.exp(-days / 70)) * (1 - 0.16 * min(days / 365, 1)))


def sun(when: date) -> tuple[float, float]:
    """Return the sun's azimuth and elevation in degrees at the time of the pass (about 10 h UTC)."""
    declination = 23.44 * np.sin(2 * np.pi * (when.timetuple().tm_yday - 81) / 365.25)
    latitude, hour = np.radians(49.4), np.radians(-13.0)
    tilt = np.radians(declination)
    elevation = np.arcsin(np.sin(latitude) * np.sin(tilt) + np.cos(latitude) * np.cos(tilt) * np.cos(hour))
    azimuth = np.pi + np.arcsin(np.cos(tilt) * np.sin(hour) / np.cos(elevation))
    return float(np.degrees(azimuth)), float(np.degrees(elevation))


def _shade(world: Landscape, when: date, window: Window) -> Field:
    """Return the light on slopes; Sen2Cor's terrain correction leaves a part of it."""
    _, elevation = sun(when)
    contrast = min(1.1 / np.tan(np.radians(elevation)), 1.7)
    return np.asarray(np.clip(1 + contrast * world.terrain.relief[window], 0.5, 1.35), dtype=np.float32)


def as_day(when: date | datetime | str) -> date:
    """Return the day of a date, a time, or ISO text."""
    if isinstance(when, str):
        when = datetime.fromisoformat(when)
    return when.date() if isinstance(when, datetime) else when
