"""What a reader finds in a file, sorted: areas, places, and notes of the rest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from shapely.geometry import MultiPoint, MultiPolygon, Point, Polygon

from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.area.geojson import Feature
from stac_timelapse.area.notes import Notes
from stac_timelapse.errors import InvalidInputError

#: Most areas and places of a file.
MAX_SHAPES = 10_000


@dataclass
class Found:
    """What a file holds.

    Parameters
    ----------
    areas, places
        Polygons and points, in the order of the file.
    notes
        What was left out, or taken for something else.
    """

    areas: list[AreaOfInterest] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)

    def take(self, features: Iterable[Feature]) -> Found:
        """Put features where they belong, and return what is found by now; what cannot be used is noted."""
        for feature in features:
            try:
                self._sort(feature)
            except InvalidInputError as error:
                self.notes.refuse("shape", feature.name, str(error))
        return self

    def _sort(self, feature: Feature) -> None:
        geometry = feature.geometry
        if feature.problem:
            raise InvalidInputError(feature.problem)
        if geometry is None:
            self.notes.unused["feature without a geometry"] += 1
        elif isinstance(geometry, (Polygon, MultiPolygon)):
            self.areas.append(AreaOfInterest(geometry, feature.name))
        elif isinstance(geometry, (Point, MultiPoint)):
            points = [geometry] if isinstance(geometry, Point) else list(geometry.geoms)
            self.places.extend(Place(feature.name, point.x, point.y) for point in points if not point.is_empty)
        else:
            self.notes.unused["line"] += 1
