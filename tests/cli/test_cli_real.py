"""Real scenes through the real command line, its files against plain rasterio and numpy."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from affine import Affine
from reference import inside_lonlat, month_median
from shapely.geometry import box

BANDS = ("B04", "B03", "B02", "B08")
CLEAR = (4, 5, 6, 7)
DAYS = ("20230810", "20230813", "20230815", "20230818", "20230820")
ONE_TILE = "15.5,46.3,15.7,46.45"
TWO_TILES = "16.0,46.0,16.1,46.1"


def run(tmp_path, catalog, aoi, month, resolution):
    """Run the command in its own process, with its workers in theirs; return summary, composite, transform."""
    done = subprocess.run(
        [
            sys.executable, "-m", "stac_timelapse.cli", "run", "--catalog", str(catalog), "--aoi", aoi, "--months",
            f"{month}/{month}", "--max-cloud", "100", "--bands", ",".join(BANDS), "--clear", "4,5,6,7", "--resolution",
            str(resolution), "--out", str(tmp_path / "out"), "--geotiff", "--json",
        ],
        env={**os.environ, "STAC_TIMELAPSE_CACHE": str(tmp_path / "cache")},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with rasterio.open(tmp_path / "out" / f"composite_{month}.tif") as file:
        assert file.descriptions == (*BANDS, "observations")
        assert (file.dtypes, file.nodata) == (("uint16",) * 5, 0)
        assert file.scales == (*(0.0001,) * 4, 1.0)
        return json.loads(done.stdout), file.read(), file.transform


def granules(folder, tile):
    """Return the files of each pass of a tile, in the order of time."""
    found = [next(folder.glob(f"*_{tile}_{day}_0_L2A")) for day in DAYS]
    return [{band: scene / f"{band}.tif" for band in (*BANDS, "SCL")} for scene in found]


def compare(composite, median, count):
    """Demand the count, the gaps and all values within 1 DN."""
    np.testing.assert_array_equal(composite[-1], count)
    np.testing.assert_array_equal(composite[:-1] > 0, ~np.isnan(median))
    assert np.nanmax(np.abs(np.where(count > 0, composite[:-1] - median, np.nan))) <= 1


def test_one_tile_equals_the_reference(real, tmp_path):
    folder = real / "scenes" / "earth-search-33T"
    summary, composite, transform = run(tmp_path, folder / "catalog.json", ONE_TILE, "2023-08", 120)
    passes = [[files] for files in granules(folder / "sentinel-2-l2a", "33TWM")]
    median, count = month_median(passes, BANDS, transform, composite.shape[1:], CLEAR)
    compare(composite, median, count)
    assert (composite.shape, summary["epsg"], summary["passes"]) == ((5, 141, 130), 32633, 5)
    inside = inside_lonlat(box(*map(float, ONE_TILE.split(","))), transform, count.shape, 32633)
    assert summary["months"][0]["observations_mean"] == pytest.approx(count[inside].mean(), abs=1e-4)
    # The provider took the offset away already: taken twice, a tenth of the blue would lie at DN 1.
    assert 100 < np.percentile(composite[2][count > 0], 10) < 1000
    recipe = json.loads((tmp_path / "out" / "recipe.json").read_text())
    assert {scene["offset"] for scene in recipe["scenes"]} == {0}


def test_the_cog_scene_equals_the_reference(real, tmp_path):
    folder = next((real / "scenes" / "cog-29RKH").rglob("S2A_29RKH_20200219_0_L2A"))
    item = json.loads((folder / f"{folder.name}.json").read_text())
    for name, band in {"red": "B04", "green": "B03", "blue": "B02", "nir": "B08", "scl": "SCL"}.items():
        item["assets"][name]["href"] = str(folder / f"{band}.tif")
    path = tmp_path / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [item]}))
    _, composite, transform = run(tmp_path, path, "-11.9,24.5,-11.3,25.1", "2020-02", 100)
    files = {band: folder / f"{band}.tif" for band in (*BANDS, "SCL")}
    median, count = month_median([[files]], BANDS, transform, composite.shape[1:], CLEAR)
    compare(composite, median, count)
    assert (count > 0).mean() > 0.9


def test_two_tiles_that_lie_half_a_pixel_apart(real, tmp_path):
    folder = real / "scenes" / "earth-search-33T"
    summary, composite, transform = run(tmp_path, folder / "catalog.json", TWO_TILES, "2023-08", 120)
    shape = composite.shape[1:]
    north, south = (granules(folder / "sentinel-2-l2a", tile) for tile in ("33TWM", "33TWL"))
    assert (summary["scenes"], summary["passes"]) == (10, 5)
    with rasterio.open(north[0]["SCL"]) as upper, rasterio.open(south[0]["SCL"]) as lower:
        assert (upper.bounds.top - lower.bounds.top) % 120 == 60
        assert (upper.bounds.top - transform.f) % 120 == 0
        alone = int((transform.f - lower.bounds.top) // 120)
    # The northern tile covers the whole area and sets the grid; the topmost rows are its own.
    assert 0 < alone < shape[0]
    median, count = month_median([[files] for files in north], BANDS, transform, shape, CLEAR)
    compare(composite[:, :alone], median[:, :alone], count[:alone])
    # Below, a pixel of the southern tile fills what the northern one leaves. Its centres lie on the edges of
    # pixels, so that rows above and below are as near: with one of them the count of passes must agree.
    counts = []
    for shift in (-1, 1):
        moved = transform * Affine.translation(0, shift * 1e-3)
        pairs = [list(pair) for pair in zip(north, south, strict=True)]
        counts.append(month_median(pairs, BANDS, moved, shape, CLEAR)[1])
    agreed = np.max([(composite[-1] == count)[alone + 1 :].mean() for count in counts])
    assert agreed > 0.995, agreed
    assert composite[-1].max() <= 5
