"""The contenders. Each makes the same months of the same area from the same items, in a process of its own.

The clock runs from the items and the running cluster to the months in the memory of this process.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import BANDS, CLEAR, MONTHS, world

#: Seconds, and the mean of the medians in DN: who agrees on the pixels agrees on it.
Outcome = tuple[float, float]


def seed(catalog: Path, size: int) -> Outcome:
    """Compose as the workflow does that this project replaces: stackstac, `where`, resample, median; float64."""
    import stackstac  # noqa: PLC0415 - each contender pays for its own imports, outside the clock
    from distributed import Client, LocalCluster  # noqa: PLC0415

    items = json.loads(catalog.read_text())["features"]
    with _local(LocalCluster, n_workers=2, threads_per_worker=4) as cluster, Client(cluster) as client:
        _warm(client, "stackstac", "rasterio", "xarray")
        begun = time.perf_counter()
        cube = stackstac.stack(
            items, assets=[*BANDS, "SCL"], epsg=world.EPSG, resolution=10, bounds=world.bounds_of(size)
        )
        clear = cube.sel(band="SCL").isin(CLEAR)
        months = cube.sel(band=list(BANDS)).where(clear).resample(time="1MS").median("time").compute()
        seconds = time.perf_counter() - begun
    return seconds, _mean(months.to_numpy())


def odc(catalog: Path, size: int) -> Outcome:
    """Compose with odc-stac, one slice a solar day, the same median in float32."""
    import odc.stac  # noqa: PLC0415
    import pystac  # noqa: PLC0415
    import xarray as xr  # noqa: PLC0415
    from distributed import Client, LocalCluster  # noqa: PLC0415
    from odc.geo.geobox import GeoBox  # noqa: PLC0415

    items = [pystac.Item.from_dict(item) for item in json.loads(catalog.read_text())["features"]]
    box = GeoBox.from_bbox(world.bounds_of(size), f"EPSG:{world.EPSG}", resolution=10)
    with _local(LocalCluster, n_workers=2, threads_per_worker=4) as cluster, Client(cluster) as client:
        _warm(client, "odc.stac", "odc.loader", "rasterio", "xarray")
        begun = time.perf_counter()
        cube = odc.stac.load(
            items,
            bands=[*BANDS, "SCL"],
            geobox=box,
            chunks={"x": 1024, "y": 1024},
            groupby="solar_day",
            stac_cfg={
                "sentinel-2-l2a": {
                    "assets": {
                        "*": {"nodata": 0, "data_type": "uint16"},
                        "SCL": {"nodata": 0, "data_type": "uint8"},
                    }
                }
            },
        )
        clear = cube["SCL"].isin(CLEAR)
        bands = xr.concat([cube[band] for band in BANDS], "band")
        months = bands.where(clear & (bands > 0)).astype("float32").resample(time="1MS").median("time").compute()
        seconds = time.perf_counter() - begun
    return seconds, _mean(months.to_numpy())


def ours(catalog: Path, size: int) -> Outcome:
    """Compose lazily with this library and gather the months in memory, like the others."""
    from stac_timelapse.cluster import connect  # noqa: PLC0415
    from stac_timelapse.composite.monthly import monthly_composites  # noqa: PLC0415
    from stac_timelapse.cube.mask import MaskPolicy  # noqa: PLC0415

    scenes, grid = scenes_and_grid(catalog, size)
    with connect() as client:
        _warm(client, "stac_timelapse.work", "stac_timelapse.composite.month_reader")
        client.run(_load_kernels)
        begun = time.perf_counter()
        data = monthly_composites(scenes, grid, BANDS, MaskPolicy(CLEAR))
        months = client.compute(data["reflectance"]).result()
        seconds = time.perf_counter() - begun
    return seconds, _mean(months.to_numpy())


def build(catalog: Path, size: int) -> Outcome:
    """Build the months as Cloud Optimized GeoTIFFs on disk, as the dashboard and the command line do."""
    import rasterio  # noqa: PLC0415

    from stac_timelapse.build import Builder  # noqa: PLC0415
    from stac_timelapse.cluster import connect  # noqa: PLC0415
    from stac_timelapse.composite.cache import MonthStore  # noqa: PLC0415
    from stac_timelapse.cube.mask import MaskPolicy  # noqa: PLC0415

    scenes, grid = scenes_and_grid(catalog, size)
    with tempfile.TemporaryDirectory(dir=catalog.parent) as folder, connect() as client:
        _warm(client, "stac_timelapse.work", "stac_timelapse.composite.month_reader")
        client.run(_load_kernels)
        begun = time.perf_counter()
        store = MonthStore(Path(folder))
        builder = Builder(scenes, grid, all_of(grid), BANDS, MaskPolicy(CLEAR), "median", client, store)
        paths = [result.path for result in builder.run()]
        seconds = time.perf_counter() - begun
        with rasterio.open(paths[0]) as first:
            middle = first.read(1, window=((0, 512), (0, 512)))
    return seconds, _mean(middle)


def preview(catalog: Path, size: int) -> Outcome:
    """Make the first picture of the preview that the dashboard shows before a build, from the scenes' overviews."""
    import rasterio  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    from stac_timelapse.build import Builder  # noqa: PLC0415
    from stac_timelapse.cluster import connect  # noqa: PLC0415
    from stac_timelapse.composite.cache import MonthStore  # noqa: PLC0415
    from stac_timelapse.cube.mask import MaskPolicy  # noqa: PLC0415
    from stac_timelapse.estimate import estimate_of  # noqa: PLC0415
    from stac_timelapse.picture.indices import PRESETS  # noqa: PLC0415
    from stac_timelapse.picture.render import render_cog, sample  # noqa: PLC0415
    from stac_timelapse.picture.stretch import stretch_of  # noqa: PLC0415

    scenes, full = scenes_and_grid(catalog, size)
    resolution = estimate_of(scenes, full, BANDS).preview_resolution
    if resolution is None:
        raise ValueError(f"An area of {size} pixels has no preview.")
    _, grid = scenes_and_grid(catalog, size, resolution)
    look = PRESETS["true-colour"]
    with tempfile.TemporaryDirectory(dir=catalog.parent) as folder, connect() as client:
        _warm(client, "stac_timelapse.work", "stac_timelapse.composite.month_reader")
        client.run(_load_kernels)
        begun = time.perf_counter()
        builder = Builder(
            scenes, grid, all_of(grid), BANDS, MaskPolicy(CLEAR), "median", client, MonthStore(Path(folder))
        )
        months = builder.run()
        path = next(months).path
        picture = render_cog(path, look, stretch_of([sample(path, look)], look), max_size=1600, crs="EPSG:3857")
        Image.fromarray(picture.rgb).save(Path(folder) / "frame.webp", "WEBP")
        seconds = time.perf_counter() - begun
        list(months)
        with rasterio.open(path) as first:
            pixels = first.read(1)
    return seconds, _mean(pixels)


def limit(catalog: Path, size: int) -> Outcome:
    """Read and unpack each needed block once with the fastest reader we know, and do nothing with it."""
    from benchmarks.limit import read_needed_blocks  # noqa: PLC0415

    scenes, grid = scenes_and_grid(catalog, size)
    return read_needed_blocks(scenes.scenes, grid), 0.0


CONTENDERS: dict[str, Callable[[Path, int], Outcome]] = {
    "seed": seed,
    "odc": odc,
    "ours": ours,
    "build": build,
    "preview": preview,
    "limit": limit,
}


def _local(cluster: Any, **more: Any) -> Any:
    return cluster(dashboard_address=None, host="127.0.0.1", **more)


def _warm(client: Any, *modules: str) -> None:
    """Import modules on the workers: a worker does it once and outlives many builds."""
    client.run(_import, modules)


def _import(modules: Sequence[str]) -> None:
    for module in modules:
        importlib.import_module(module)


def _load_kernels() -> None:
    # What was compiled before is loaded once a worker.
    from benchmarks.kernels import KERNELS  # noqa: PLC0415

    for name in ("median", "place", "place a mask", "mask with a margin"):
        KERNELS[name](8)


def scenes_and_grid(catalog: Path, size: int, resolution: float = 10.0) -> Any:
    """Return the scenes and the grid of an area, at a resolution in metres."""
    from stac_timelapse.area.aoi import AreaOfInterest  # noqa: PLC0415
    from stac_timelapse.cube.grid import Grid  # noqa: PLC0415
    from stac_timelapse.pipeline import find  # noqa: PLC0415
    from stac_timelapse.recipe import Recipe  # noqa: PLC0415

    area = AreaOfInterest.from_bbox(14.9, 46.2, 15.4, 46.7)
    scenes = find(Recipe(str(catalog), area, MONTHS[0], MONTHS[-1], bands=BANDS, max_cloud=100))
    grid = Grid.around(world.bounds_of(size), world.EPSG, resolution, (world.WEST, world.NORTH))
    return scenes, grid


def all_of(grid: Any) -> Any:
    """Return the outline of an area that is the grid itself."""
    from shapely.geometry import box  # noqa: PLC0415

    from stac_timelapse.cube.outline import Outline  # noqa: PLC0415

    return Outline(box(*grid.bounds), by_centre=True)


def _mean(values: NDArray[Any]) -> float:
    values = values.astype(np.float64)
    return float(np.nanmean(values[values > 0]))


if __name__ == "__main__":
    outcome = CONTENDERS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(json.dumps({"seconds": outcome[0], "mean_dn": outcome[1]}) + "\n")
