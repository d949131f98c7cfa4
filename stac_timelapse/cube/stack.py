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
from stac_timelapse.cube.raster import Target
from stac_timelapse.cube.reader import Locator, MaskedReader, target_of
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.scenes.model import Scene
from stac_timelapse.scenes.periods import days_of

__all__ = ["TILE", "axes", "masked_cube", "month_layers", "refuse_rescue", "target_of", "targets"]

#: Edge of a tile in pixels, a multiple of the 512-pixel blocks that the archives use.
TILE = 1024
_ITEM = {"type": "Feature", "stac_version": "1.0.0", "geometry": None, "bbox": (-180.0, -90.0, 180.0, 90.0)}


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

    Raises
    ------
    InvalidInputError
        See `refuse_rescue`.
    """
    refuse_rescue(policy)
    rows, columns = grid.tiles(tile)
    inside = [index for index, scene in enumerate(scenes) if _touches(scene, grid)]
    if not inside:
        empty = da.zeros((len(scenes), len(bands), *grid.shape), dtype=np.uint16, chunks=(1, len(bands), rows, columns))
        return _label(empty, scenes, grid, bands)
    chunks = ((1,) * len(inside), (len(bands),), rows, columns)
    items = [_item(scenes[index], grid, bands, policy) for index in inside]
    stacked = _stack(items, bands, grid, chunks, MaskedReader)
    return _label(stacked, [scenes[index] for index in inside], grid, bands)


def month_layers(
    months: Sequence[str], layers: Sequence[Sequence[str]], grid: Grid, reader: Any, tile: int = TILE
) -> da.Array:
    """Stack months whose layers a reader computes; one task a month and tile, nothing is read.

    Parameters
    ----------
    months
        ``"YYYY-MM"``, or other periods.
    layers
        The addresses that the reader gets for each month's layers, in order.
    grid
        Output grid.
    reader
        A class of stackstac's Reader protocol.
    tile
        Edge of a chunk in pixels.

    Returns
    -------
    dask.array.Array
        ``(month, layer, y, x)`` uint16; a chunk holds all layers of one month, cut on the files' block edges.
    """
    rows, columns = grid.tiles(tile)
    names = [str(number) for number in range(len(layers[0]))]
    extent = {"proj:epsg": grid.epsg, "proj:bbox": grid.bounds}
    items = [
        {
            **_ITEM,
            "id": month,
            "properties": {"datetime": f"{days_of(month)[0]}T00:00:00Z", **extent},
            "assets": {
                name: {"href": text, "type": "image/tiff", **extent} for name, text in zip(names, texts, strict=True)
            },
        }
        for month, texts in zip(months, layers, strict=True)
    ]
    return _stack(items, names, grid, ((1,) * len(months), (len(names),), rows, columns), reader)


def refuse_rescue(policy: MaskPolicy) -> None:
    """Raise `InvalidInputError` where a policy needs the masks of the whole series, which nothing lazy has read."""
    if policy.rescue:
        raise InvalidInputError(
            "Bright ground is told from clouds by the masks of the whole series, which a lazy cube or Dataset has not "
            "read: build the months instead (pipeline.build, or stac-timelapse run --rescue), or leave the rescue out."
        )


def targets(grid: Grid, tile: int = TILE) -> list[Target]:
    """Return the tiles of a grid, row by row."""
    rows, columns = grid.tiles(tile)
    found, top = [], 0
    for height in rows:
        left = 0
        for width in columns:
            west, north = grid.west + left * grid.resolution, grid.north - top * grid.resolution
            found.append(Target(grid.epsg, west, north, grid.resolution, width, height))
            left += width
        top += height
    return found


def _stack(items: Sequence[dict[str, Any]], assets: Sequence[str], grid: Grid, chunks: Any, reader: Any) -> da.Array:
    stacked: da.Array = stackstac.stack(
        items,
        assets=list(assets),
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
        reader=reader,
    ).data
    return stacked


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
        **_ITEM,
        "id": scene.id,
        "properties": {"datetime": scene.datetime.isoformat(), **extent},
        "assets": {
            band: {"href": Locator.of(scene, band, policy).to_text(), "type": "image/tiff", **extent} for band in bands
        },
    }
