"""Monthly composites: lazy, on one grid, empty months included."""

from __future__ import annotations

from collections.abc import Sequence

import dask.array as da
import numpy as np
import rioxarray  # noqa: F401 - registers the .rio accessor
import xarray as xr
from numpy.typing import NDArray

from stac_timelapse.composite.month_reader import MonthReader, layer_text
from stac_timelapse.composite.plan import MonthPlan, clearest_first
from stac_timelapse.composite.reducers import reduce_month
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.stack import TILE, axes, masked_cube, month_layers
from stac_timelapse.scenes.model import Pass, SceneSet

#: Reflectance = DN x SCALE.
SCALE = 0.0001


def month_array(
    passes: Sequence[Pass], grid: Grid, bands: Sequence[str], policy: MaskPolicy, method: str, tile: int = TILE
) -> da.Array:
    """Composite the passes of one month lazily, scene by scene: the plain way that `monthly_composites` must equal.

    Every scene is a layer of a stackstac cube, read and masked by itself; use it where the cube is wanted.

    Returns
    -------
    dask.array.Array
        ``(band + 1, y, x)`` uint16: DN with 0 = no clear observation, and last the observation count.
        All zero for a month without passes.
    """
    rows, columns = grid.tiles(tile)
    layers = len(bands) + 1
    if not passes:
        empty: da.Array = da.zeros((layers, *grid.shape), dtype=np.uint16, chunks=(layers, rows, columns))
        return empty
    scenes = [scene for one in passes for scene in one.scenes]
    numbers = {scene.id: number for number, one in enumerate(passes) for scene in one.scenes}
    cube = masked_cube(scenes, grid, bands, policy, tile)
    pass_of = np.array([numbers[name] for name in cube["scene"].to_numpy()], dtype=np.int64)
    composite: da.Array = da.blockwise(
        reduce_month,
        "kyx",
        cube.data,
        "sbyx",
        pass_of=pass_of,
        method=method,
        bands=tuple(bands),
        order=np.array(clearest_first(passes), dtype=np.int64),
        new_axes={"k": layers},
        dtype=np.uint16,
        concatenate=True,
        meta=np.empty((0, 0, 0), dtype=np.uint16),
        align_arrays=False,
    )
    return composite


def monthly_composites(
    scenes: SceneSet,
    grid: Grid,
    bands: Sequence[str],
    policy: MaskPolicy,
    method: str = "median",
    tile: int = TILE,
) -> xr.Dataset:
    """Composite every month lazily; nothing is read.

    Parameters
    ----------
    scenes
        Passes and months.
    grid
        Output grid.
    bands
        Sentinel-2 band names.
    policy
        What counts as clear.
    method
        Reducer, see `stac_timelapse.composite.reducers.METHODS`.
    tile
        Edge of a chunk in pixels.

    Returns
    -------
    xarray.Dataset
        ``reflectance (time, band, y, x)`` uint16, ``scale_factor`` 0.0001, 0 = no clear observation;
        ``observations (time, y, x)`` uint8, clear passes behind each pixel. ``time`` is the first day
        of the month; a month without a clear pixel keeps its slot. CRS in ``spatial_ref``.
    """
    passes = scenes.by_month()
    plans = [MonthPlan.of(passes[month], grid, bands, policy, method).to_text() for month in scenes.months]
    texts = [[layer_text(plan, layer) for layer in range(len(bands) + 1)] for plan in plans]
    layers = month_layers(scenes.months, texts, grid, MonthReader, tile)
    # Not indexing: it would make a task a chunk now, for graphs of millions of chunks too.
    reflectance = da.blockwise(
        _bands_of, "tkyx", layers, "tbyx", new_axes={"k": len(bands)}, concatenate=True, dtype=np.uint16
    )
    observations = da.blockwise(_count_of, "tyx", layers, "tbyx", concatenate=True, dtype=np.uint8)
    ys, xs = axes(grid)
    dataset = xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), reflectance),
            "observations": (("time", "y", "x"), observations),
        },
        coords={
            "time": np.array([np.datetime64(f"{month}-01", "ns") for month in scenes.months]),
            "band": list(bands),
            "y": ys,
            "x": xs,
            "passes": ("time", [len(passes[month]) for month in scenes.months]),
        },
        attrs={"Conventions": "CF-1.10", "method": method, "clear_classes": list(policy.clear)},
    )
    dataset["reflectance"].attrs = {
        "long_name": "surface reflectance",
        "units": "1",
        "scale_factor": SCALE,
        "add_offset": 0.0,
        "_FillValue": np.uint16(0),
        "grid_mapping": "spatial_ref",
    }
    dataset["observations"].attrs = {
        "long_name": "number of clear passes",
        "units": "1",
        "grid_mapping": "spatial_ref",
    }
    dataset["x"].attrs = {"standard_name": "projection_x_coordinate", "units": "m"}
    dataset["y"].attrs = {"standard_name": "projection_y_coordinate", "units": "m"}
    placed: xr.Dataset = dataset.rio.write_crs(grid.epsg).rio.write_transform(grid.transform)
    return placed


def _bands_of(chunk: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return chunk[:, :-1]


def _count_of(chunk: NDArray[np.uint16]) -> NDArray[np.uint8]:
    return chunk[:, -1].astype(np.uint8)
