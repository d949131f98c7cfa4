"""Which share of each pixel of a grid lies inside the area, exactly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from affine import Affine
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray
from rasterio.windows import Window
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cube.grid import project

#: Edge of a tile, in pixels: two blocks of a composite.
_TILE = 1024


def coverage(
    aoi: AreaOfInterest, epsg: int, transform: Affine, shape: tuple[int, int]
) -> Iterator[tuple[Window, NDArray[np.float64]]]:
    """Yield the tiles of a north-up grid that the area touches, and what of their pixels lies inside.

    Parameters
    ----------
    aoi
        The area, with its holes and parts.
    epsg, transform, shape
        The grid's CRS, its place and its ``(height, width)``.

    Yields
    ------
    window
        A tile, in pixels of the grid.
    shares
        ``(y, x)``, 0 to 1, exact but for rounding to about 1e-7: worked out from where the edges cross each pixel
        (library exactextract), not from its centre.
    """
    area = project(aoi.whole, 4326, epsg)
    shapely.prepare(area)
    height, width = shape
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            wide, high = min(_TILE, width - left), min(_TILE, height - top)
            west, south = transform.c + left * transform.a, transform.f + (top + high) * transform.e
            tile = shapely.box(west, south, west + wide * transform.a, south - high * transform.e)
            if shapely.contains_properly(area, tile):
                yield Window(left, top, wide, high), np.ones((high, wide))
            elif shapely.intersects(area, tile):
                # In pixels of the tile, counted upwards: near zero, where numbers are finest.
                across, down = 1 / transform.a, -1 / transform.e
                moved = affine_transform(area, [across, 0, 0, down, -west * across, -south * down])
                yield Window(left, top, wide, high), _shares(moved, (high, wide))


def _shares(area: BaseGeometry, shape: tuple[int, int]) -> NDArray[np.float64]:
    high, wide = shape
    shares = np.zeros(high * wide)
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(area)}
    raster = NumPyRasterSource(np.zeros(shape, dtype=np.uint8), 0, 0, wide, high)
    (found,) = exact_extract(raster, feature, ["cell_id", "coverage"])
    shares[np.asarray(found["properties"]["cell_id"], dtype=np.int64)] = found["properties"]["coverage"]
    return shares.reshape(shape)
