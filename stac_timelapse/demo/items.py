"""STAC 1.1 documents of the demo catalogue, with the fields that the real catalogues have."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry import Polygon, box, mapping
from shapely.geometry.base import BaseGeometry

from stac_timelapse.demo.spec import (
    BANDS_10M,
    BANDS_20M,
    COLLECTION,
    EPSG,
    PIXEL,
    WORLD_WEST,
    DemoSpec,
    PassPlan,
    Tile,
)
from stac_timelapse.demo.truth import sun
from stac_timelapse.demo.weather import swath_end

STAC_VERSION = "1.1.0"
_EXTENSIONS = (
    "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
    "https://stac-extensions.github.io/grid/v1.1.0/schema.json",
    "https://stac-extensions.github.io/mgrs/v1.0.0/schema.json",
    # 1.2.0 knows both proj:code and, for old clients, proj:epsg.
    "https://stac-extensions.github.io/projection/v1.2.0/schema.json",
    "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
    "https://stac-extensions.github.io/sat/v1.0.0/schema.json",
    "https://stac-extensions.github.io/view/v1.0.0/schema.json",
)
#: Common name, centre wavelength and full width at half maximum in micrometres, title.
_BAND_FACTS = {
    "B02": ("blue", 0.49, 0.098, "Band 2 - Blue - 10m"),
    "B03": ("green", 0.56, 0.045, "Band 3 - Green - 10m"),
    "B04": ("red", 0.665, 0.038, "Band 4 - Red - 10m"),
    "B08": ("nir", 0.842, 0.145, "Band 8 - NIR - 10m"),
    "B11": ("swir16", 1.61, 0.143, "Band 11 - SWIR (1.6) - 20m"),
    "B12": ("swir22", 2.19, 0.242, "Band 12 - SWIR (2.2) - 20m"),
}
_CLASS_FIELDS = {
    1: "s2:saturated_defective_pixel_percentage",
    2: "s2:dark_features_percentage",
    3: "s2:cloud_shadow_percentage",
    4: "s2:vegetation_percentage",
    5: "s2:not_vegetated_percentage",
    6: "s2:water_percentage",
    7: "s2:unclassified_percentage",
    8: "s2:medium_proba_clouds_percentage",
    9: "s2:high_proba_clouds_percentage",
    10: "s2:thin_cirrus_percentage",
    11: "s2:snow_ice_percentage",
}
_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
SYNTHETIC = "A synthetic landscape made by STAC Timelapse for demonstration and tests. Not satellite data."
_TO_LONLAT = Transformer.from_crs(f"EPSG:{EPSG}", "EPSG:4326", always_xy=True)


def lonlat(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry in UTM metres as lon/lat, its edges bent as the projection bends them."""

    def turned(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = _TO_LONLAT.transform(points[:, 0], points[:, 1])
        return np.asarray(np.round(np.c_[x, y], 7), np.float64)

    return shapely.transform(geometry.segmentize(3000), turned)


def footprint(plan: PassPlan, tile: Tile) -> Polygon | None:
    """Return what a pass saw of a tile in UTM metres, or None."""
    west, south, east, north = tile.bounds
    square = box(west, south, east, north)
    if plan.edge is None:
        return square
    rows = np.array([tile.row, tile.row + tile.size], dtype=float)
    ends = WORLD_WEST + PIXEL * swath_end(plan, rows)
    far = west - 1e6 if plan.edge > 0 else east + 1e6
    side = Polygon([(far, north), (ends[0], north), (ends[1], south), (far, south)])
    seen = square.intersection(side)
    # A sliver of a few pixels would not be published as a granule.
    return seen if isinstance(seen, Polygon) and seen.area > 0.01 * square.area else None


def item_id(plan: PassPlan, tile: Tile, *, reprocessed: bool) -> str:
    """Return the name of a granule: as Planetary Computer composes it from the product's name, after a plain word."""
    made = _generated(plan, reprocessed=reprocessed)
    letter = plan.platform[-1].upper()
    product = f"S2{letter}_MSIL2A_{plan.start:%Y%m%dT%H%M%S}_R{plan.orbit:03d}_T{tile.code}_{made:%Y%m%dT%H%M%S}"
    return f"SYNTHETIC_{product}"


def _generated(plan: PassPlan, *, reprocessed: bool) -> datetime:
    return plan.start + (timedelta(days=312, hours=7, minutes=13) if reprocessed else timedelta(hours=3, minutes=41))


def make_item(
    plan: PassPlan, tile: Tile, classes: NDArray[np.integer], offset: int, *, reprocessed: bool
) -> dict[str, Any]:
    """Return the STAC item of a granule, hrefs relative to the item's own folder.

    Parameters
    ----------
    plan, tile
        Which granule.
    classes
        ``(y, x)``, its scene classification.
    offset
        DN that its bands carry on top of reflectance x 10 000.
    reprocessed
        Whether it is the later one of two twins.
    """
    seen = footprint(plan, tile)
    if seen is None:
        raise ValueError(f"The pass of {plan.day} does not see tile {tile.code}.")
    outline = lonlat(seen)
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": list(_EXTENSIONS),
        "id": item_id(plan, tile, reprocessed=reprocessed),
        "collection": COLLECTION,
        "geometry": mapping(outline),
        "bbox": list(outline.bounds),
        "properties": _properties(plan, tile, classes, reprocessed=reprocessed),
        "assets": _assets(tile, offset),
        "links": [
            {"rel": "root", "href": "../../catalog.json", "type": "application/json"},
            {"rel": "parent", "href": "../collection.json", "type": "application/json"},
            {"rel": "collection", "href": "../collection.json", "type": "application/json"},
        ],
    }


def _properties(plan: PassPlan, tile: Tile, classes: NDArray[np.integer], *, reprocessed: bool) -> dict[str, Any]:
    counts = np.bincount(classes.ravel(), minlength=12)
    valid = max(int(counts[1:].sum()), 1)
    share = {number: round(100 * int(counts[number]) / valid, 6) for number in _CLASS_FIELDS}
    baseline = "05.00" if reprocessed else plan.baseline
    letter = plan.platform[-1].upper()
    made = _generated(plan, reprocessed=reprocessed)
    strip_start = plan.start + timedelta(seconds=268)
    azimuth, elevation = sun(plan.day)
    west, south, east, north = tile.bounds
    return {
        "title": f"Synthetic Sentinel-2{letter} scene of {plan.day}, tile {tile.code} (not satellite data)",
        "description": SYNTHETIC,
        "demo:synthetic": True,
        "datetime": f"{plan.start:%Y-%m-%dT%H:%M:%S}.024000Z",
        "created": f"{made:%Y-%m-%dT%H:%M:%SZ}",
        "updated": f"{made:%Y-%m-%dT%H:%M:%SZ}",
        "platform": plan.platform,
        "constellation": "sentinel-2",
        "instruments": ["msi"],
        "gsd": 10,
        "eo:cloud_cover": round(sum(share[number] for number in (8, 9, 10)), 6),
        "grid:code": f"MGRS-{tile.code}",
        "mgrs:utm_zone": int(tile.code[:2]),
        "mgrs:latitude_band": tile.code[2],
        "mgrs:grid_square": tile.code[3:],
        "proj:code": f"EPSG:{EPSG}",
        "proj:epsg": EPSG,
        "proj:bbox": [west, south, east, north],
        "proj:centroid": dict(
            zip(("lon", "lat"), _TO_LONLAT.transform((west + east) / 2, (south + north) / 2), strict=True)
        ),
        "sat:orbit_state": "descending",
        "sat:relative_orbit": plan.orbit,
        "view:sun_azimuth": round(azimuth, 4),
        "view:sun_elevation": round(elevation, 4),
        "s2:mgrs_tile": tile.code,
        "s2:processing_baseline": baseline,
        "s2:product_type": "S2MSI2A",
        "s2:datatake_id": plan.datatake.rsplit("_N", 1)[0] + f"_N{baseline}",
        "s2:datatake_type": "INS-NOBS",
        "s2:datastrip_id": (
            f"S2{letter}_OPER_MSI_L2A_DS_DEMO_{made:%Y%m%dT%H%M%S}_S{strip_start:%Y%m%dT%H%M%S}_N{baseline}"
        ),
        "s2:granule_id": (
            f"S2{letter}_OPER_MSI_L2A_TL_DEMO_{made:%Y%m%dT%H%M%S}_A{plan.absolute_orbit:06d}_T{tile.code}_N{baseline}"
        ),
        "s2:product_uri": (
            f"S2{letter}_MSIL2A_{plan.start:%Y%m%dT%H%M%S}_N{baseline.replace('.', '')}_R{plan.orbit:03d}"
            f"_T{tile.code}_{made:%Y%m%dT%H%M%S}.SAFE"
        ),
        "s2:generation_time": f"{made:%Y-%m-%dT%H:%M:%S}.000000Z",
        "s2:mean_solar_zenith": round(90 - elevation, 4),
        "s2:mean_solar_azimuth": round(azimuth, 4),
        "s2:reflectance_conversion_factor": round(_sun_distance_factor(plan.day), 9),
        "s2:degraded_msi_data_percentage": 0.0,
        "s2:nodata_pixel_percentage": round(100 * int(counts[0]) / classes.size, 6),
        **{field: share[number] for number, field in _CLASS_FIELDS.items()},
    }


def _sun_distance_factor(day: date) -> float:
    """Return how much stronger than on average the sun shines, for the Earth is nearer to it in January."""
    return 1 + 0.0334 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 3) / 365.25)


def _assets(tile: Tile, offset: int) -> dict[str, Any]:
    assets = {}
    for band in (*BANDS_10M, *BANDS_20M, "SCL"):
        pixel = PIXEL if band in BANDS_10M else 2 * PIXEL
        size = tile.size * PIXEL // pixel
        west, _, _, north = tile.bounds
        raster: dict[str, Any] = {"nodata": 0, "data_type": "uint16", "spatial_resolution": pixel}
        asset: dict[str, Any] = {
            "href": f"./{band}.tif",
            "type": _COG,
            "roles": ["data"],
            "gsd": pixel,
            "proj:shape": [size, size],
            "proj:transform": [pixel, 0, west, 0, -pixel, north],
            "proj:bbox": list(tile.bounds),
        }
        if band == "SCL":
            raster["data_type"] = "uint8"
            asset |= {"title": "Scene classification map (SCL)", "roles": ["data", "classification"]}
        else:
            common, centre, width, title = _BAND_FACTS[band]
            raster |= {"scale": 0.0001, "offset": round(-offset / 10_000, 4)}
            asset |= {
                "title": title,
                "roles": ["data", "reflectance"],
                "bands": [{"name": band, "description": title, "eo:common_name": common}],
                "eo:bands": [
                    {"name": band, "common_name": common, "center_wavelength": centre, "full_width_half_max": width}
                ],
            }
        assets[band] = asset | {"raster:bands": [raster]}
    assets["thumbnail"] = {
        "href": "./thumbnail.jpg",
        "type": "image/jpeg",
        "title": "Thumbnail",
        "roles": ["thumbnail"],
    }
    return assets


def union_bounds(spec: DemoSpec) -> tuple[int, int, int, int]:
    """Return west, south, east, north in metres of all tiles together."""
    west, south, east, north = zip(*(tile.bounds for tile in spec.tiles), strict=True)
    return min(west), min(south), max(east), max(north)


def demo_bbox(spec: DemoSpec) -> tuple[float, float, float, float]:
    """Return west, south, east, north in degrees of all tiles together."""
    west, south, east, north = lonlat(box(*union_bounds(spec))).bounds
    return west, south, east, north
