"""A small world on disk: scenes whose right answer is known by arithmetic."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.shutil import copy as copy_raster
from rasterio.transform import from_origin
from rasterio.warp import transform, transform_geom

EARTH_SEARCH_NAMES = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir", "SCL": "scl"}


@dataclass
class Granule:
    """One scene to be written: DN a band, SCL classes, and what its item says."""

    name: str
    when: str
    bands: Mapping[str, np.ndarray]
    scl: np.ndarray
    tile: str = "33TWM"
    west: float = 499_980
    north: float = 5_200_020
    epsg: int = 32633
    resolution: float = 10
    scl_resolution: float | None = None
    baseline: str = "03.01"
    datatake: str | None = None
    platform: str = "sentinel-2a"
    cloud: float = 10.0
    names: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    strip: str = "20230101T000000"


def write_cog(path: Path, data: np.ndarray, granule: Granule, resolution: float, *, overviews: str = "NEAREST") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = path.with_suffix(".plain.tif")
    with rasterio.open(
        plain,
        "w",
        driver="GTiff",
        width=data.shape[1],
        height=data.shape[0],
        count=1,
        dtype=data.dtype,
        crs=f"EPSG:{granule.epsg}",
        transform=from_origin(granule.west, granule.north, resolution, resolution),
        nodata=0,
    ) as target:
        target.write(data, 1)
    copy_raster(plain, path, driver="COG", BLOCKSIZE=512, OVERVIEW_RESAMPLING=overviews, COMPRESS="DEFLATE")
    plain.unlink()
    return path


def write_granule(folder: Path, granule: Granule) -> dict[str, Any]:
    """Write the files and return the STAC item."""
    home = folder / granule.name
    sizes = {**dict.fromkeys(granule.bands, granule.resolution)}
    scl_resolution = granule.scl_resolution or granule.resolution
    assets = {}
    for band, data in {**granule.bands, "SCL": granule.scl}.items():
        resolution = scl_resolution if band == "SCL" else sizes[band]
        dtype = np.uint8 if band == "SCL" else np.uint16
        path = write_cog(home / f"{band}.tif", np.asarray(data).astype(dtype), granule, resolution)
        assets[granule.names.get(band, band)] = {
            "href": str(path),
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "roles": ["data"],
            "proj:shape": list(np.shape(data)),
            "proj:transform": [resolution, 0, granule.west, 0, -resolution, granule.north],
        }
    height, width = next(iter(granule.bands.values())).shape
    west, north = granule.west, granule.north
    east, south = west + width * granule.resolution, north - height * granule.resolution
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    # Corner by corner, so that across the antimeridian the outline is as wrong as the providers' own.
    xs, ys = transform(f"EPSG:{granule.epsg}", "EPSG:4326", *zip(*ring, strict=True))
    geometry = {"type": "Polygon", "coordinates": [[list(corner) for corner in zip(xs, ys, strict=True)]]}
    stamp = granule.when.replace("-", "").replace(":", "").replace("Z", "")
    datatake = granule.datatake or f"GS2{granule.platform[-1].upper()}_{stamp}_000001_N{granule.baseline}"
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": granule.name,
        "collection": "sentinel-2-l2a",
        "geometry": geometry,
        "bbox": [min(xs), min(ys), max(xs), max(ys)],
        "links": [],
        "properties": {
            "datetime": granule.when,
            "platform": granule.platform,
            "eo:cloud_cover": granule.cloud,
            "proj:epsg": granule.epsg,
            "s2:mgrs_tile": granule.tile,
            "s2:processing_baseline": granule.baseline,
            "s2:datatake_id": datatake,
            "s2:datastrip_id": f"S2A_OPER_MSI_L2A_DS_X_20230101T000000_S{granule.strip}_N{granule.baseline}",
            "s2:generation_time": granule.when,
            **granule.extra,
        },
        "assets": assets,
    }


def write_catalog(folder: Path, granules: Sequence[Granule]) -> Path:
    """Write the granules and an ItemCollection of them; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    items = [write_granule(folder, granule) for granule in granules]
    path = folder / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    return path


def lonlat_bbox(west: float, south: float, east: float, north: float, epsg: int = 32633) -> tuple[float, ...]:
    """Return lon/lat bounds well inside projected ones (the box is tilted a little)."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = transform_geom(f"EPSG:{epsg}", "EPSG:4326", {"type": "Polygon", "coordinates": [ring]})
    xs, ys = zip(*geometry["coordinates"][0], strict=True)
    return sorted(xs)[1], sorted(ys)[1], sorted(xs)[-2], sorted(ys)[-2]
