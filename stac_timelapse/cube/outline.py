"""The area on a grid: which pixels belong to it, and where its edges run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from shapely.geometry.base import BaseGeometry

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cube.grid import project

#: How far beyond a part of the grid its own piece of the outline goes, in pixels.
_MARGIN = 2
#: Rows that are looked at in one go when a grid is searched for a pixel inside.
_STRIP = 512


@dataclass(frozen=True, slots=True)
class Outline:
    """The area in a projected CRS, as a grid of pixels sees it.

    A pixel belongs to the area if its centre lies inside, holes and parts respected. Where an area is so small or thin
    that it holds no centre at all, every pixel that it touches belongs to it.

    Parameters
    ----------
    geometry
        Polygon or MultiPolygon in metres.
    by_centre
        Whether at least one pixel's centre lies inside.
    """

    geometry: BaseGeometry
    by_centre: bool

    @classmethod
    def on(cls, aoi: AreaOfInterest, epsg: int, transform: Affine, shape: tuple[int, int]) -> Outline:
        """Return the outline of an area on a north-up grid of ``(height, width)`` pixels."""
        geometry = project(aoi.whole, 4326, epsg)
        height, width = shape
        by_centre = any(
            _inside(geometry, part_of(transform, 0, top), (min(_STRIP, height - top), width)).any()
            for top in range(0, height, _STRIP)
        )
        return cls(geometry, by_centre)

    @property
    def rule(self) -> str:
        """Which pixels belong to the area, in words."""
        return "its centre lies inside the area" if self.by_centre else "the area, which holds no centre, touches it"

    def near(self, transform: Affine, shape: tuple[int, int]) -> Outline:
        """Return what of it matters to a part of the grid: the same there, and less to send to a worker."""
        height, width = shape
        corner = part_of(transform, -_MARGIN, -_MARGIN)
        far = part_of(transform, width + _MARGIN, height + _MARGIN)
        return replace(self, geometry=shapely.clip_by_rect(self.geometry, corner.c, far.f, far.c, corner.f))

    def inside(self, transform: Affine, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return ``(y, x)`` of a part of the grid, True where the pixel belongs to the area."""
        return _inside(self.geometry, transform, shape, all_touched=not self.by_centre)

    def rings(self, transform: Affine) -> Sequence[NDArray[np.float64]]:
        """Return the edges, those of holes too, each ``(corner, 2)`` in columns and rows of the grid, 0 at its edge."""
        corner, pixel = (transform.c, transform.f), (transform.a, transform.e)
        return [
            (shapely.get_coordinates(ring) - corner) / pixel
            for part in shapely.get_parts(self.geometry)
            for ring in (part.exterior, *part.interiors)
        ]


def part_of(transform: Affine, left: int, top: int) -> Affine:
    """Return the transform of a part of a north-up grid that begins at a column and row."""
    west, north = transform.c + left * transform.a, transform.f + top * transform.e
    return Affine(transform.a, 0, west, 0, transform.e, north)


def _inside(
    geometry: BaseGeometry, transform: Affine, shape: tuple[int, int], *, all_touched: bool = False
) -> NDArray[np.bool_]:
    if geometry.is_empty:
        return np.zeros(shape, dtype=np.bool_)
    mask: NDArray[np.bool_] = geometry_mask([geometry], shape, transform, invert=True, all_touched=all_touched)
    return mask
