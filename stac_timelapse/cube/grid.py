"""The one pixel grid of a timelapse: a UTM zone, a resolution, and the scenes' own pixel corners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.scenes.model import Bounds, Scene

#: A curved edge is followed with this many points a side (corners alone cut off up to 121 m at 1 degree).
_POINTS_PER_SIDE = 21
#: Pixel edges nearer than this to a grid line are on it (floating-point noise of the projection).
_ON_LINE = 1e-6


@dataclass(frozen=True, slots=True)
class Grid:
    """North-up pixel grid.

    Parameters
    ----------
    epsg
        Projected CRS, in metres.
    resolution
        Pixel size in metres.
    west, north
        Outer corner of the upper left pixel.
    width, height
        Size in pixels.
    origin
        ``(x, y)`` of a corner of the scenes' own raster: block edges are counted from it.
    """

    epsg: int
    resolution: float
    west: float
    north: float
    width: int
    height: int
    origin: tuple[float, float]

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or self.resolution <= 0:
            raise InvalidInputError(
                f"A grid of {self.width} x {self.height} pixels at {self.resolution:g} m holds nothing: "
                "choose a larger area or a finer resolution."
            )

    @classmethod
    def for_area(cls, aoi: AreaOfInterest, resolution: float, scenes: Sequence[Scene]) -> Grid:
        """Return the smallest grid around an area whose pixels coincide with those of the scenes.

        The CRS is the UTM zone of the area's centre, or the scenes' most frequent one where none of
        them is in that zone. The grid is anchored at the corner of the scene that covers most of the
        area, since a grid counted from zero lies half a pixel off the overviews at 80 or 120 m.

        Parameters
        ----------
        aoi
            The area.
        resolution
            Pixel size in metres.
        scenes
            Scenes found for it, at least one.
        """
        zones = [scene.epsg for scene in scenes]
        epsg = aoi.utm_epsg if aoi.utm_epsg in zones else max(sorted(set(zones)), key=zones.count)
        bounds = project(aoi.whole, 4326, epsg).bounds
        own = [scene for scene in scenes if scene.epsg == epsg]
        anchor = max(own, key=lambda scene: (_overlap(scene.bounds, bounds), scene.tile, scene.id))
        return cls.around(bounds, epsg, resolution, (anchor.bounds[0], anchor.bounds[3]))

    @classmethod
    def around(cls, bounds: Bounds, epsg: int, resolution: float, origin: tuple[float, float]) -> Grid:
        """Return the smallest grid with pixel corners at `origin` that encloses projected bounds."""
        left = math.floor((bounds[0] - origin[0]) / resolution + _ON_LINE)
        right = math.ceil((bounds[2] - origin[0]) / resolution - _ON_LINE)
        top = math.floor((origin[1] - bounds[3]) / resolution + _ON_LINE)
        bottom = math.ceil((origin[1] - bounds[1]) / resolution - _ON_LINE)
        return cls(
            epsg=epsg,
            resolution=resolution,
            west=origin[0] + left * resolution,
            north=origin[1] - top * resolution,
            width=max(right - left, 1),
            height=max(bottom - top, 1),
            origin=origin,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """``(height, width)``."""
        return self.height, self.width

    @property
    def bounds(self) -> Bounds:
        """Projected ``(west, south, east, north)`` in metres."""
        return (
            self.west,
            self.north - self.height * self.resolution,
            self.west + self.width * self.resolution,
            self.north,
        )

    @property
    def transform(self) -> Affine:
        """Affine transform from pixel to projected coordinates."""
        return Affine(self.resolution, 0, self.west, 0, -self.resolution, self.north)

    def tiles(self, size: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return chunk sizes ``(y, x)`` whose cuts lie on every `size`-th pixel counted from the origin.

        Cuts at the files' own block edges keep a block from being fetched for two tiles.
        """
        top = round((self.origin[1] - self.north) / self.resolution)
        left = round((self.west - self.origin[0]) / self.resolution)
        return _cuts(top, self.height, size), _cuts(left, self.width, size)


def project(geometry: BaseGeometry, from_epsg: int, to_epsg: int) -> BaseGeometry:
    """Reproject a geometry with its edges followed, x/y order (lon/lat, east/north)."""
    transformer = Transformer.from_crs(CRS.from_epsg(from_epsg), CRS.from_epsg(to_epsg), always_xy=True)
    # Of the largest part: parts that lie far from each other must not be followed more coarsely for it.
    west, south, east, north = shapely.bounds(shapely.get_parts(geometry)).T
    step = float(np.max([east - west, north - south])) / _POINTS_PER_SIDE
    dense = shapely.segmentize(geometry, step) if step > 0 else geometry
    projected: BaseGeometry = shapely.transform(dense, transformer.transform, interleaved=False)  # type: ignore[arg-type]
    return projected


def project_bounds(bounds: Bounds, from_epsg: int, to_epsg: int) -> Bounds:
    """Reproject bounds with their edges followed."""
    if from_epsg == to_epsg:
        return bounds
    transformer = Transformer.from_crs(CRS.from_epsg(from_epsg), CRS.from_epsg(to_epsg), always_xy=True)
    west, south, east, north = transformer.transform_bounds(*bounds, densify_pts=_POINTS_PER_SIDE)
    return west, south, east, north


def _cuts(start: int, length: int, size: int) -> tuple[int, ...]:
    first = size - start % size
    if first >= length:
        return (length,)
    full, rest = divmod(length - first, size)
    return (first, *([size] * full), *([rest] if rest else []))


def _overlap(one: Bounds, other: Bounds) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)
