"""The area of interest: a valid polygon in longitude and latitude."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import shapely
from pyproj import Geod
from shapely import affinity
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, box, mapping
from shapely.geometry.base import BaseGeometry

from stac_timelapse.area.geojson import features_of, shortened, to_lonlat
from stac_timelapse.area.polygon import checked, union
from stac_timelapse.errors import InvalidInputError

_GEOD = Geod(ellps="WGS84")
_EDGE_DEGREES = 0.1
_HALF_TURN = 180
_POLE = 90
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_BBOX = re.compile(rf"\s*[\[(]?\s*({_NUMBER})(?:\s*[,;\s]\s*({_NUMBER})){{3}}\s*[\])]?\s*")
_LIST = re.compile(r"[\[(]?[\d\s.,;eE+-]+[\])]?")
_SRID = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """A named point.

    Parameters
    ----------
    name
        May be empty.
    lon, lat
        WGS 84 degrees; the longitude is wrapped into -180 to 180.

    Raises
    ------
    InvalidInputError
        If it does not lie on this earth.
    """

    name: str
    lon: float
    lat: float

    def __post_init__(self) -> None:
        lon, lat = float(self.lon), float(self.lat)
        if not (math.isfinite(lon) and abs(lat) <= _POLE):
            raise InvalidInputError(
                f"The point {self.name!r} at {lon:g}, {lat:g} is not on this earth: "
                "give longitude before latitude, in degrees."
            )
        if abs(lon) > _HALF_TURN:
            object.__setattr__(self, "lon", (lon + _HALF_TURN) % 360 - _HALF_TURN)


@dataclass(frozen=True, slots=True)
class AreaOfInterest:
    """A place on earth, checked at birth.

    Longitudes are wrapped into -180 to 180 (a map that was scrolled around gives others), and what
    crosses the antimeridian becomes two parts.

    Parameters
    ----------
    geometry
        Polygon or MultiPolygon, lon/lat in WGS 84 degrees.
    name
        Title, may be empty.
    places
        Points of interest that came with it.

    Raises
    ------
    InvalidInputError
        If the geometry is no polygon, empty, crosses itself, or lies outside the world.
    """

    geometry: Polygon | MultiPolygon
    name: str = ""
    places: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "geometry", checked(self.geometry))
        object.__setattr__(self, "places", tuple(self.places))

    def __hash__(self) -> int:
        return hash((self.geometry.wkb, self.name, self.places))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AreaOfInterest):
            return NotImplemented
        return (self.geometry.wkb, self.name, self.places) == (other.geometry.wkb, other.name, other.places)

    @classmethod
    def from_bbox(cls, west: float, south: float, east: float, north: float, name: str = "") -> AreaOfInterest:
        """Return a rectangle in degrees; with `west` > `east` it crosses the antimeridian."""
        if not all(math.isfinite(value) for value in (west, south, east, north)):
            raise InvalidInputError(
                f"The bounds {west}, {south}, {east}, {north} are not four numbers: write degrees, like 15, 46, 16, 47."
            )
        if south >= north:
            raise InvalidInputError(
                f"The south {south:g} must lie below the north {north:g}: write the bounds as west, south, east, north."
            )
        if west == east:
            raise InvalidInputError(f"West and east are both {west:g}: the area has no width.")
        return cls(box(west, south, east if east > west else east + 360, north), name)

    @classmethod
    def from_geometry(cls, geometry: BaseGeometry, name: str = "", places: Sequence[Place] = ()) -> AreaOfInterest:
        """Return the area of a shapely geometry in lon/lat."""
        return cls(checked(geometry), name, tuple(places))

    @classmethod
    def from_geojson(cls, document: Mapping[str, Any] | str) -> AreaOfInterest:
        """Return the area of a GeoJSON Geometry, Feature or FeatureCollection (the union of its polygons)."""
        features = features_of(document)
        problem = next((feature.problem for feature in features if feature.problem), "")
        if problem:
            raise InvalidInputError(f"The GeoJSON cannot be used: {problem}")
        polygons = [each.geometry for each in features if isinstance(each.geometry, (Polygon, MultiPolygon))]
        if not polygons:
            found = ", ".join(sorted({each.geometry.geom_type for each in features if each.geometry})) or "nothing"
            raise InvalidInputError(f"The GeoJSON holds {found} and no polygon: draw or give a polygon.")
        names = {feature.name for feature in features if feature.name}
        geometry = polygons[0] if len(polygons) == 1 else union([checked(polygon) for polygon in polygons])
        return cls(geometry, names.pop() if len(names) == 1 else "", _places_of(document))

    @classmethod
    def from_wkt(cls, text: str) -> AreaOfInterest:
        """Return the area of a well-known text, with ``SRID=...;`` before it where it is not lon/lat."""
        prefix = _SRID.match(text)
        try:
            with np.errstate(invalid="ignore"):  # of a corner that is not a number, which `checked` refuses
                geometry = shapely.from_wkt(text[prefix.end() :] if prefix else text)
        except ShapelyError as error:
            raise InvalidInputError(
                f"This is not well-known text ({shortened(error)}): check its brackets and commas."
            ) from error
        return cls(checked(to_lonlat(geometry, prefix.group(1) if prefix else "")))

    @classmethod
    def parse(cls, text: str) -> AreaOfInterest:
        """Return the area of pasted text: ``west, south, east, north``, well-known text or GeoJSON.

        Raises
        ------
        InvalidInputError
            If it is none of these, or describes no area.
        """
        stripped = text.strip()
        if stripped.startswith("{"):
            return cls.from_geojson(stripped)
        if _BBOX.fullmatch(stripped):
            west, south, east, north = (float(value) for value in re.findall(_NUMBER, stripped))
            return cls.from_bbox(west, south, east, north)
        if stripped and _LIST.fullmatch(stripped):
            raise InvalidInputError(
                f"{shortened(stripped)!r} is not four numbers: write the bounds as west, south, east, north in degrees."
            )
        if re.match(r"(SRID\s*=|[A-Z]+\s*Z?\s*(\(|EMPTY))", stripped, re.IGNORECASE):
            return cls.from_wkt(stripped)
        raise InvalidInputError(
            f"{shortened(stripped)!r} is no area: write west, south, east, north in degrees, WKT or GeoJSON."
        )

    @property
    def bbox(self) -> tuple[float, float, float, float]:
        """``(west, south, east, north)`` in degrees; west > east where it crosses the antimeridian."""
        west, south, east, north = self.geometry.bounds
        if self._crosses:
            shifted = self.whole.bounds
            west, east = shifted[0], shifted[2] - 360
        return west, south, east, north

    @property
    def center(self) -> tuple[float, float]:
        """``(lon, lat)`` of the centroid."""
        point = self.whole.centroid
        return (point.x - 360 if point.x > _HALF_TURN else point.x), point.y

    @property
    def area_km2(self) -> float:
        """Area on the WGS 84 ellipsoid in square kilometres; edges are straight in longitude and latitude."""
        # An edge between distant corners would be a geodesic, which a parallel is not.
        oriented = shapely.segmentize(shapely.orient_polygons(self.geometry), _EDGE_DEGREES)
        return abs(float(_GEOD.geometry_area_perimeter(oriented)[0])) / 1e6

    @property
    def utm_epsg(self) -> int:
        """EPSG code of the UTM zone of the centre, with the exceptions of Norway and Svalbard."""
        lon, lat = self.center
        return (32600 if lat >= 0 else 32700) + _utm_zone(lon, lat)

    @property
    def text(self) -> str:
        """Its bounds if it is a box, else well-known text, exactly: what `parse` reads."""
        west, south, east, north = self.bbox
        if west < east and self.geometry.equals(box(west, south, east, north)):
            return ",".join(repr(float(value)) for value in (west, south, east, north))
        return shapely.to_wkt(self.geometry, rounding_precision=-1)

    def to_geojson(self) -> dict[str, Any]:
        """Return it as a GeoJSON Feature; `from_geojson` gives an equal area back."""
        properties: dict[str, Any] = {"name": self.name}
        if self.places:
            properties["places"] = [asdict(place) for place in self.places]
        return {
            "type": "Feature",
            "properties": properties,
            "geometry": json.loads(json.dumps(mapping(self.geometry))),
        }

    @property
    def _crosses(self) -> bool:
        west, _, east, _ = self.geometry.bounds
        return isinstance(self.geometry, MultiPolygon) and west == -_HALF_TURN and east == _HALF_TURN

    @property
    def whole(self) -> BaseGeometry:
        """The geometry without a cut: where it crosses the antimeridian its western parts lie beyond 180 degrees."""
        if not self._crosses:
            return self.geometry
        parts = [
            part if part.bounds[0] >= 0 else affinity.translate(part, 360) for part in shapely.get_parts(self.geometry)
        ]
        return shapely.union_all(parts)


def _places_of(document: Mapping[str, Any] | str) -> tuple[Place, ...]:
    """Return the places that `AreaOfInterest.to_geojson` wrote; other programs write none."""
    values = json.loads(document) if isinstance(document, str) else document
    properties = values.get("properties")
    places = properties.get("places") if isinstance(properties, Mapping) else None
    try:
        return tuple(Place(str(place["name"]), place["lon"], place["lat"]) for place in places or ())
    except (KeyError, TypeError, ValueError):
        return ()


def _utm_zone(lon: float, lat: float) -> int:
    zone = min(int((lon + 180) // 6) + 1, 60)
    if 56 <= lat < 64 and 3 <= lon < 12:  # noqa: PLR2004 - south-western Norway: zone 32 is widened
        return 32
    if 72 <= lat <= 84 and 0 <= lon < 42:  # noqa: PLR2004 - Svalbard: zones 32, 34 and 36 are left out
        return 31 if lon < 9 else 33 if lon < 21 else 35 if lon < 33 else 37  # noqa: PLR2004
    return zone
