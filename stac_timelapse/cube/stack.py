"""From scenes and a grid to a lazy, masked cube: the only module that knows stackstac's `stack`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
import stackstac
import xarray as xr

from stac_timelapse.cube.grid import Grid, project_bounds
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.reader import Locator, MaskedReader
from stac_timelapse.scenes.model import Scene

#: Edge of a tile in pixels, a multiple of the 512-pixel blocks that the archives use.
TILE = 1024


def masked_cube(
    scenes: Sequence[Scene], grid: Grid, bands: Sequence[str], policy: MaskPolicy, tile: int = TILE
) -> xr.DataArray:
    """Stack scenes lazily; nothing is read.

    Parameters
    ----------
    scenes
        At least one; their order is kept.
    grid
        Output grid.
    bands
        Sentinel-2 band names.
    policy
        What counts as clear.
    tile
        Edge of a chunk in pixels.

    Returns
    -------
    xarray.DataArray
        ``(scene, band, y, x)`` uint16, DN = reflectance x 10 000 with the offset removed, 0 = no clear
        observation; chunks ``(1, all bands, tile, tile)`` cut on the files' block edges.
    """
    rows, columns = grid.tiles(tile)
    inside = [index for index, scene in enumerate(scenes) if _touches(scene, grid)]
    if not inside:
        empty = da.zeros((len(scenes), len(bands), *grid.shape), dtype=np.uint16, chunks=(1, len(bands), rows, columns))
        return _label(empty, scenes, grid, bands)
    chunks = ((1,) * len(inside), (len(bands),), rows, columns)
    stacked = stackstac.stack(
        [_item(scenes[index], grid, bands, policy) for index in inside],
        assets=list(bands),
        epsg=grid.epsg,
        resolution=grid.resolution,
        bounds=grid.bounds,
        snap_bounds=False,
        chunksize=chunks,
        dtype=np.dtype(np.uint16),
        fill_value=np.uint16(0),
        rescale=False,
        sortby_date=False,
        properties=False,
        band_coords=False,
        reader=MaskedReader,
    )
    return _label(stacked.data, [scenes[index] for index in inside], grid, bands)


def _label(data: Any, scenes: Sequence[Scene], grid: Grid, bands: Sequence[str]) -> xr.DataArray:
    ys, xs = axes(grid)
    return xr.DataArray(
        data,
        dims=("scene", "band", "y", "x"),
        coords={"scene": [scene.id for scene in scenes], "band": list(bands), "y": ys, "x": xs},
        name="reflectance",
    )


def axes(grid: Grid) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the projected coordinates of the pixel centres, ``(y north to south, x west to east)``."""
    ys = grid.north - (np.arange(grid.height) + 0.5) * grid.resolution
    xs = grid.west + (np.arange(grid.width) + 0.5) * grid.resolution
    return ys, xs


def _touches(scene: Scene, grid: Grid) -> bool:
    west, south, east, north = project_bounds(scene.bounds, scene.epsg, grid.epsg)
    left, bottom, right, top = grid.bounds
    return west < right and east > left and south < top and north > bottom


def _item(scene: Scene, grid: Grid, bands: Sequence[str], policy: MaskPolicy) -> dict[str, Any]:
    # The bounds are given in the grid's CRS: stackstac would reproject corners only and lose edge pixels.
    extent = {"proj:epsg": grid.epsg, "proj:bbox": project_bounds(scene.bounds, scene.epsg, grid.epsg)}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": scene.id,
        "geometry": None,
        "bbox": scene.footprint.bounds,
        "properties": {"datetime": scene.datetime.isoformat(), **extent},
        "assets": {
            band: {"href": Locator.of(scene, band, policy).to_text(), "type": "image/tiff", **extent} for band in bands
        },
    }
