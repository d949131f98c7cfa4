"""Monthly composites: lazy, on one grid, empty months included."""

from __future__ import annotations

from collections.abc import Sequence

import dask.array as da
import numpy as np
import rioxarray  # noqa: F401 - registers the .rio accessor
import xarray as xr
from numpy.typing import NDArray

from stac_timelapse.composite.gaps import BLANK, QUALITY_MEANS, Gaps, fill_months
from stac_timelapse.composite.month_reader import MonthReader, layer_text
from stac_timelapse.composite.plan import MonthPlan, clearest_first
from stac_timelapse.composite.reducers import reduce_month
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.stack import TILE, axes, masked_cube, month_layers, refuse_rescue
from stac_timelapse.scenes.facts import facts_by_month
from stac_timelapse.scenes.model import Pass, SceneSet
from stac_timelapse.scenes.periods import days_of

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
    gaps: Gaps = BLANK,
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
    gaps
        What is shown where no pass of the month saw the ground.
    tile
        Edge of a chunk in pixels.

    Returns
    -------
    xarray.Dataset
        ``reflectance (time, band, y, x)`` uint16, ``scale_factor`` 0.0001, 0 = no clear observation;
        ``observations (time, y, x)`` uint16, clear passes behind each pixel; with another rule for gaps than blank
        ``quality (time, y, x)`` uint8, see `stac_timelapse.composite.gaps.QUALITY_MEANS`. ``time`` is the first day
        of the month; a month without a clear pixel keeps its slot. CRS in ``spatial_ref``.

    Raises
    ------
    InvalidInputError
        See `refuse_rescue`.
    """
    refuse_rescue(policy)
    facts = facts_by_month(scenes, gaps.near)
    plans = [MonthPlan.of(one.used, grid, bands, policy, method, one.near) for one in facts.values()]
    texts = [[layer_text(plan.to_text(), layer) for layer in range(plan.layers)] for plan in plans]
    layers = month_layers(scenes.months, texts, grid, MonthReader, tile)
    if gaps.across_months:
        layers = layers.rechunk({0: -1}).map_blocks(
            _filled, scenes.months, gaps, chunks=((len(plans),), (len(bands) + 2,), *layers.chunks[2:]), dtype=np.uint16
        )
    # Not indexing: it would make a task a chunk now, for graphs of millions of chunks too.
    reflectance = da.blockwise(
        _bands_of,
        "tkyx",
        layers,
        "tbyx",
        new_axes={"k": len(bands)},
        concatenate=True,
        dtype=np.uint16,
        number=len(bands),
    )
    observations = da.blockwise(_count_of, "tyx", layers, "tbyx", concatenate=True, dtype=np.uint16)
    ys, xs = axes(grid)
    dataset = xr.Dataset(
        {
            "reflectance": (("time", "band", "y", "x"), reflectance),
            "observations": (("time", "y", "x"), observations),
        },
        coords={
            "time": np.array([np.datetime64(days_of(month)[0], "ns") for month in scenes.months]),
            "band": list(bands),
            "y": ys,
            "x": xs,
            "passes": ("time", [len(one.used) for one in facts.values()]),
        },
        attrs={"Conventions": "CF-1.10", "method": method, "clear_classes": list(policy.clear), "gaps": str(gaps)},
    )
    if layers.shape[1] > len(bands) + 1:
        quality = da.blockwise(_quality_of, "tyx", layers, "tbyx", concatenate=True, dtype=np.uint8)
        means = {"long_name": "where the value comes from", "comment": QUALITY_MEANS, "grid_mapping": "spatial_ref"}
        dataset["quality"] = ("time", "y", "x"), quality, means
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


def _filled(chunk: NDArray[np.uint16], months: Sequence[str], gaps: Gaps) -> NDArray[np.uint16]:
    values, quality = fill_months(chunk[:, :-1], chunk[:, -1] > 0, months, gaps)
    return np.concatenate([values, quality[:, None].astype(np.uint16), chunk[:, -1:]], axis=1)


def _bands_of(chunk: NDArray[np.uint16], number: int) -> NDArray[np.uint16]:
    return chunk[:, :number]


def _quality_of(chunk: NDArray[np.uint16]) -> NDArray[np.uint8]:
    return chunk[:, -2].astype(np.uint8)


def _count_of(chunk: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return chunk[:, -1]
