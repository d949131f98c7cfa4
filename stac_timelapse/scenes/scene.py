"""One granule of one overflight, reduced to what determines its pixels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from shapely.geometry import MultiPolygon, Polygon

from stac_timelapse.scenes.sensors import SENTINEL_2

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Asset:
    """One single-band raster of a scene.

    Parameters
    ----------
    href
        Address without a signature.
    resolution
        Pixel size the item states, in metres; 0 where it does not.
    """

    href: str
    resolution: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """One granule of one overflight: a STAC item reduced to what determines its pixels.

    Parameters
    ----------
    id
        The STAC item's id.
    datetime
        Sensing time, UTC.
    tile
        MGRS tile, e.g. ``"33TWM"``.
    platform
        e.g. ``"sentinel-2a"``.
    baseline
        Processing baseline, e.g. ``"05.09"``; empty where unknown.
    datatake
        What the scenes of one overflight have in common, without the baseline.
    strip
        Start of the datastrip: halves of one tile of one datatake differ in it.
    generated
        Time of processing as text, the newer of two twins sorts last.
    cloud_cover
        Percent of the whole granule; 0 where the item does not say.
    footprint
        Outline of the data, lon/lat.
    epsg
        CRS of the pixels.
    bounds
        Projected ``(west, south, east, north)`` of the rasters, in metres.
    assets
        Band name -> `Asset`; Sentinel-2's names whatever the provider calls them.
    offset
        DN to add to each reflectance pixel (0 or -1000).
    signing
        How its hrefs are signed when they are read.
    states_datatake
        Whether the item says its datatake; else it stands for satellite and day.
    catalog
        Title of the catalogue that lists it.
    sensor
        Whose files they are, see `stac_timelapse.scenes.sensors`; Landsat's have no `offset` but a scale of their own.
    begun
        When its overflight began, UTC; None where nothing but its own time is known of that.
    """

    id: str
    datetime: dt.datetime
    tile: str
    platform: str
    baseline: str
    datatake: str
    strip: str
    generated: str
    cloud_cover: float
    footprint: Polygon | MultiPolygon
    epsg: int
    bounds: Bounds
    assets: Mapping[str, Asset]
    offset: int
    signing: str = "none"
    states_datatake: bool = True
    catalog: str = ""
    sensor: str = SENTINEL_2
    begun: dt.datetime | None = None

    @property
    def overflight(self) -> dt.datetime:
        """When its overflight began, UTC: the same for all its granules, and in every catalogue.

        It decides the day of a scene. Some catalogues date a granule by the start of the datatake, others by its own
        sensing, which may be a quarter of an hour later and on the next day.
        """
        return self.begun or self.datetime

    @property
    def month(self) -> str:
        """Year and month of its overflight, ``"YYYY-MM"`` (UTC)."""
        return f"{self.overflight:%Y-%m}"
