"""From a STAC item, as any of the providers writes it, to a `Scene`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError
from shapely import make_valid
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, box, shape
from shapely.geometry.base import BaseGeometry

from stac_timelapse.area.geojson import shortened
from stac_timelapse.area.polygon import checked, union
from stac_timelapse.errors import InvalidInputError, cause_of
from stac_timelapse.scenes.catalog import baseline_of, offset_of
from stac_timelapse.scenes.model import Asset, Bounds, Scene
from stac_timelapse.scenes.sensors import LANDSAT, MASK_BAND, asset_of, sensor_of

_TILE = re.compile(r"(?<![0-9A-Z])T?(\d{2}[C-X][A-Z]{2})(?![0-9A-Z])")
_DATATAKE = re.compile(r"(S2[A-D])(?:_MSIL2A)?_(\d{8}T\d{6})")
_STRIP = re.compile(r"_S(\d{8}T\d{6})")
#: Properties that hold satellite and start of the datatake; the last one is that of the first Earth Search.
_NAMES_OF_PRODUCT = ("s2:datatake_id", "s2:product_uri", "sentinel:product_id")
_HALF_TURN = 180
_MALFORMED = (InvalidInputError, KeyError, TypeError, ValueError, AttributeError, IndexError, ShapelyError, ProjError)
#: Tile corners of Sentinel-2 lie on multiples of this many metres.
_TILE_GRID = 60
_TILE_LETTERS = len("01WCR")
_DATATAKE_TIME = len("20230603T031757")
#: No satellite senses for longer at a stretch: half an orbit is day.
_LONGEST_DATATAKE = timedelta(minutes=50)


class UnusableItemError(InvalidInputError):
    """An item lacks what is needed to read it; the text says what."""


def scene_of(item: Mapping[str, Any], bands: Sequence[str], signing: str = "none", catalog: str = "") -> Scene:
    """Reduce a STAC item to what determines its pixels.

    Parameters
    ----------
    item
        The item as a dict, hrefs absolute.
    bands
        Sentinel-2 band names that will be read (the mask is always needed as well).
    signing
        See `Catalog.signing`.
    catalog
        Title of the catalogue that lists it.

    Raises
    ------
    UnusableItemError
        If a band, the mask, the time, the CRS or the outline is missing or malformed.
    """
    try:
        return replace(_scene(item, bands), signing=signing, catalog=catalog)
    except UnusableItemError:
        raise
    except _MALFORMED as error:
        name = item.get("id") if isinstance(item, Mapping) else shortened(item)
        known = isinstance(error, InvalidInputError)
        reason = str(error).rstrip(".") if known else f"{type(error).__name__}: {cause_of(error)}"
        raise UnusableItemError(f"Item {name} is malformed ({reason}) and was left out.") from error


def day_of(item: Mapping[str, Any]) -> date | None:
    """Return the day, UTC, on which the overflight of an item, usable or not, began; None where it does not say."""
    try:
        properties = item["properties"]
        when = _datetime(properties, "")
        return (_begun(_datatake(properties, str(item.get("id") or "")), when) or when).date()
    except (UnusableItemError, *_MALFORMED):
        return None


def may_touch(item: Mapping[str, Any], area: BaseGeometry) -> bool:
    """Tell whether an item, usable or not, touches the area, as far as it says."""
    try:
        return _footprint(item, "").intersects(area)
    except (UnusableItemError, *_MALFORMED):
        return True


def _scene(item: Mapping[str, Any], bands: Sequence[str]) -> Scene:
    if not item.get("id"):
        raise UnusableItemError("An item has no id and was left out.")
    name = str(item["id"])
    properties: Mapping[str, Any] = item.get("properties") or {}
    found = {}
    assets = item.get("assets") or {}
    sensor = sensor_of(assets)
    for band in (*bands, MASK_BAND):
        hit = asset_of(assets, band, sensor)
        if hit is None:
            raise UnusableItemError(f"Item {name} has no {band} file and was left out.")
        found[band] = hit[1]
    footprint = _footprint(item, name)
    tile = _tile(properties, name)
    epsg = _epsg(properties, found, tile, name)
    when = _datetime(properties, name)
    platform = str(properties.get("platform") or "").lower().replace("_", "-")
    datatake = _datatake(properties, name)
    return Scene(
        id=name,
        datetime=when,
        tile=tile,
        platform=platform,
        baseline=_baseline(properties, name),
        datatake=datatake or _overflight(platform, when, footprint),
        strip=_strip(properties),
        generated=str(properties.get("s2:generation_time") or properties.get("updated") or ""),
        cloud_cover=max(float(properties.get("eo:cloud_cover") or 0.0), 0.0),  # some write -1 for unknown
        footprint=footprint,
        epsg=epsg,
        bounds=_bounds(properties, found, footprint, epsg),
        assets={band: Asset(str(asset["href"]), _resolution(asset)) for band, asset in found.items()},
        offset=0 if sensor == LANDSAT else offset_of(properties, found[bands[0]], name),
        sensor=sensor,
        states_datatake=bool(datatake),
        begun=_begun(datatake, when),
    )


def _footprint(item: Mapping[str, Any], name: str) -> Polygon | MultiPolygon:
    if item.get("geometry"):
        geometry = shapely.force_2d(shape(item["geometry"]))
    elif item.get("bbox"):
        west, south, east, north = _flat(item["bbox"])
        geometry = box(west, south, east + 360 if east < west else east, north)
    else:
        raise UnusableItemError(f"Item {name} has no outline and was left out.")
    parts = (_eastward(part) for part in _polygons(geometry))
    polygons = [polygon for part in parts for polygon in _polygons(part if part.is_valid else make_valid(part))]
    if not polygons:
        raise UnusableItemError(f"Item {name} has an outline without an area and was left out.")
    return checked(union(polygons))


def _flat(bbox: Sequence[float]) -> tuple[float, float, float, float]:
    """Return the bounds without the heights that stand in a bbox of six."""
    half = len(bbox) // 2
    return bbox[0], bbox[1], bbox[half], bbox[half + 1]


def _polygons(geometry: BaseGeometry) -> list[Polygon]:
    parts = [part for member in shapely.get_parts(geometry) for part in shapely.get_parts(member)]
    return [part for part in parts if isinstance(part, Polygon) and part.area > 0]


def _eastward(polygon: Polygon) -> Polygon:
    """Return an outline that was drawn around the world for one that crosses the antimeridian."""
    west, _, east, _ = polygon.bounds
    if east - west <= _HALF_TURN:
        return polygon

    def moved(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        return corners + np.column_stack([360.0 * (corners[:, 0] < 0), np.zeros(len(corners))])

    return shapely.transform(polygon, moved)


def _baseline(properties: Mapping[str, Any], name: str) -> str:
    """Return the processing baseline, or of Landsat the collection and its tier: real time comes before the others."""
    landsat = [properties.get(f"landsat:collection_{what}") for what in ("number", "category")]
    return "_".join(map(str, landsat)) if all(landsat) else baseline_of(properties, name)


def _tile(properties: Mapping[str, Any], name: str) -> str:
    path, row = (properties.get(f"landsat:wrs_{what}") for what in ("path", "row"))
    if path and row:
        return f"{int(path):03d}{int(row):03d}"
    for key in ("grid:code", "s2:mgrs_tile"):
        if properties.get(key):
            # Some write zone 1 as "1", others as "01".
            return str(properties[key]).removeprefix("MGRS-").zfill(_TILE_LETTERS)
    found = _TILE.search(name)
    return found.group(1) if found else ""


def _epsg(properties: Mapping[str, Any], assets: Mapping[str, Mapping[str, Any]], tile: str, name: str) -> int:
    for holder in (*assets.values(), properties):
        code = holder.get("proj:code") or holder.get("proj:epsg")
        if code:
            return int(str(code).removeprefix("EPSG:"))
    if tile:
        return (32600 if tile[2] >= "N" else 32700) + int(tile[:2])
    raise UnusableItemError(f"Item {name} does not say its coordinate system (proj:code) and was left out.")


def _datetime(properties: Mapping[str, Any], name: str) -> datetime:
    text = properties.get("datetime") or properties.get("start_datetime")
    if not text:
        raise UnusableItemError(f"Item {name} has no date and was left out.")
    when = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def _datatake(properties: Mapping[str, Any], name: str) -> str:
    """Return satellite and start of the datatake; empty where the item does not say it."""
    for text in (*(properties.get(key) for key in _NAMES_OF_PRODUCT), name):
        found = _DATATAKE.search(str(text or ""))
        if found:
            return f"{found.group(1)}_{found.group(2)}"
    return ""


def _begun(datatake: str, when: datetime) -> datetime | None:
    """Return the start of a datatake, if a granule of this time can be of it; None where it is not stated."""
    if not datatake:
        return None
    try:
        start = datetime.strptime(datatake[-_DATATAKE_TIME:], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return start if abs(when - start) < _LONGEST_DATATAKE else None


def _overflight(platform: str, when: datetime, footprint: Polygon | MultiPolygon) -> str:
    # Without a datatake the solar day separates overflights: at one place a satellite passes once a day.
    largest = max(shapely.get_parts(footprint), key=shapely.area)
    solar = when + timedelta(hours=largest.centroid.x / 15)
    return f"{platform or 'satellite'}_{solar:%Y%m%d}"


def _strip(properties: Mapping[str, Any]) -> str:
    found = _STRIP.search(str(properties.get("s2:datastrip_id") or ""))
    return found.group(1) if found else ""


def _resolution(asset: Mapping[str, Any]) -> float:
    transform = asset.get("proj:transform")
    if transform:
        return abs(float(transform[0]))
    described: Mapping[str, Any] = next(iter(asset.get("raster:bands") or asset.get("bands") or ()), {})
    return float(described.get("spatial_resolution") or asset.get("gsd") or 0.0)


def _bounds(
    properties: Mapping[str, Any],
    assets: Mapping[str, Mapping[str, Any]],
    footprint: Polygon | MultiPolygon,
    epsg: int,
) -> Bounds:
    for holder in (*assets.values(), properties):
        transform, size = holder.get("proj:transform"), holder.get("proj:shape")
        if transform and size:
            west, north = float(transform[2]), float(transform[5])
            return west, north + float(transform[4]) * size[0], west + float(transform[0]) * size[1], north
        if holder.get("proj:bbox"):
            west, south, east, north = (float(value) for value in holder["proj:bbox"])
            return west, south, east, north
    # The item describes no raster: its outline does, up to the grid on which all tiles lie.
    transformer = Transformer.from_crs(CRS.from_epsg(4326), CRS.from_epsg(epsg), always_xy=True)
    each = []
    for part in shapely.get_parts(footprint):
        west, south, east, north = part.bounds
        each.append(transformer.transform_bounds(west, south, east, north, densify_pts=21))
    (west, south), (east, north) = np.min(each, axis=0)[:2], np.max(each, axis=0)[2:]
    return (
        math.floor(west / _TILE_GRID) * _TILE_GRID,
        math.floor(south / _TILE_GRID) * _TILE_GRID,
        math.ceil(east / _TILE_GRID) * _TILE_GRID,
        math.ceil(north / _TILE_GRID) * _TILE_GRID,
    )
