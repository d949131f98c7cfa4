"""The sensors that are read, and how each one's files are named. Bands have Sentinel-2's names everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SENTINEL_2, LANDSAT = "sentinel-2", "landsat"
#: The file that the mask is made of, whatever it is called; what is in it depends on the sensor.
MASK_BAND = "SCL"

#: Keys under which the providers publish each band, the first that an item has is used.
_SENTINEL_2: Mapping[str, tuple[str, ...]] = {
    "B01": ("B01", "coastal", "B01_60m"),
    "B02": ("B02", "blue", "B02_10m"),
    "B03": ("B03", "green", "B03_10m"),
    "B04": ("B04", "red", "B04_10m"),
    "B05": ("B05", "rededge1", "B05_20m"),
    "B06": ("B06", "rededge2", "B06_20m"),
    "B07": ("B07", "rededge3", "B07_20m"),
    "B08": ("B08", "nir", "B08_10m"),
    "B8A": ("B8A", "nir08", "B8A_20m"),
    "B09": ("B09", "nir09", "B09_60m"),
    "B11": ("B11", "swir16", "B11_20m"),
    "B12": ("B12", "swir22", "B12_20m"),
    "SCL": ("SCL", "scl", "SCL_20m"),
}
#: The bands that see nearly what Sentinel-2's of these names see; of Landsat 4 to 9, Collection 2 Level 2.
_LANDSAT: Mapping[str, tuple[str, ...]] = {
    "B01": ("coastal",),
    "B02": ("blue",),
    "B03": ("green",),
    "B04": ("red",),
    "B08": ("nir08",),
    "B11": ("swir16",),
    "B12": ("swir22",),
    "SCL": ("qa_pixel",),
}
_KEYS = {SENTINEL_2: _SENTINEL_2, LANDSAT: _LANDSAT}

BANDS = tuple(band for band in _SENTINEL_2 if band != MASK_BAND)
LANDSAT_BANDS = tuple(band for band in _LANDSAT if band != MASK_BAND)


def sensor_of(assets: Mapping[str, Any]) -> str:
    """Return whose files an item lists."""
    return LANDSAT if "qa_pixel" in assets else SENTINEL_2


def asset_of(assets: Mapping[str, Any], band: str, sensor: str = SENTINEL_2) -> tuple[str, Mapping[str, Any]] | None:
    """Return an item's ``(key, asset)`` for a Sentinel-2 band name, or None where it has none."""
    for key in _KEYS[sensor].get(band, ()):
        if key in assets:
            return key, assets[key]
    return None
