"""The contenders. Each computes the same months of the same area from the same running STAC API."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import numpy as np

BANDS = ("B04", "B03", "B02")
START, END = "2022-05", "2022-07"


def seed(url: str, bbox: tuple[float, float, float, float]) -> float:
    """Compose as the original notebook does: stackstac, `where` on the SCL, resample, median; float64."""
    import pystac_client  # noqa: PLC0415 - each contender pays for its own imports, outside the clock
    import stackstac  # noqa: PLC0415
    from distributed import Client, LocalCluster  # noqa: PLC0415

    with (
        LocalCluster(n_workers=2, threads_per_worker=4, dashboard_address=None, host="127.0.0.1") as cluster,
        Client(cluster),
    ):
        search = pystac_client.Client.open(url).search(
            collections=["sentinel-2-l2a"], bbox=bbox, datetime=f"{START}-01/{END}-31"
        )
        items = [item.to_dict() for item in search.items() if item.properties["eo:cloud_cover"] <= 80]  # noqa: PLR2004
        cube = stackstac.stack(
            items, assets=[*BANDS, "SCL"], epsg=items[0]["properties"]["proj:epsg"], resolution=10, bounds_latlon=bbox
        )
        clear = cube.sel(band="SCL").isin([4, 5, 6, 7])
        months = cube.sel(band=list(BANDS)).where(clear).resample(time="1MS").median("time")
        return float(np.nanmean(months.compute().to_numpy()))


def ours(url: str, bbox: tuple[float, float, float, float]) -> float:
    """Compose with this library, months gathered in memory like the other's."""
    from stac_timelapse.area.aoi import AreaOfInterest  # noqa: PLC0415
    from stac_timelapse.cluster import connect  # noqa: PLC0415
    from stac_timelapse.pipeline import find, lazy  # noqa: PLC0415
    from stac_timelapse.recipe import Recipe  # noqa: PLC0415

    recipe = Recipe(url, AreaOfInterest.from_bbox(*bbox), START, END, bands=BANDS)
    with connect() as client:
        months = lazy(recipe, find(recipe))["reflectance"]
        values = client.compute(months).result().to_numpy()
        return float(values[values > 0].mean())


CONTENDERS: dict[str, Callable[[str, tuple[float, float, float, float]], float]] = {"seed": seed, "ours": ours}

if __name__ == "__main__":
    import resource
    import time

    name, address, bounds = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    begun = time.perf_counter()
    mean = CONTENDERS[name](address, tuple(bounds))
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    sys.stdout.write(json.dumps({"seconds": seconds, "mean_dn": mean, "peak_kb": peak}) + "\n")
