"""The area of interest: a valid polygon in longitude and latitude."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import shapely
from pyproj import Geod
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon, box, mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from stac_timelapse.errors import InvalidInputError

_GEOD = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class AreaOfInterest:
    geometry: Polygon | MultiPolygon
    name: str = ""
    places: tuple[Place, ...] = ()

    @classmethod
    def from_bbox(cls, w, s, e, n, name=""):
        return cls(box(w, s, e, n), name)

    @classmethod
    def from_geometry(cls, g, name="", places=()):
        return cls(g, name, tuple(places))

    @classmethod
    def from_geojson(cls, d):
        d = json.loads(d) if isinstance(d, str) else d
        return cls(shape(d["geometry"]), (d.get("properties") or {}).get("name", ""))

    @classmethod
    def parse(cls, t):
        return cls.from_bbox(*map(float, t.split(",")))

    @property
    def bbox(self):
        return self.geometry.bounds

    @property
    def center(self):
        return self.geometry.centroid.x, self.geometry.centroid.y

    @property
    def area_km2(self):
        return abs(_GEOD.geometry_area_perimeter(self.geometry)[0]) / 1e6

    @property
    def utm_epsg(self):
        return (32601 if self.center[1] >= 0 else 32701) + int((self.center[0] + 180) // 6)

    def to_geojson(self):
        return {"type": "Feature", "properties": {"name": self.name}, "geometry": mapping(self.geometry)}
