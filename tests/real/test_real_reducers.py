"""Every reducer and several masks on real scenes, against plain numpy over rasterio's reads."""

from __future__ import annotations

import json

import pytest
from reference import assert_composite, fused_passes, reduced

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.recipe import Recipe

BANDS = ("B04", "B03", "B02", "B08")
METHODS = ("median", "mean", "percentile:25", "percentile:90", "first-clear", "max-ndvi", "medoid")
#: Clear classes, and the margin around clouds in metres.
MASKS = (((4, 5, 6, 7), 0.0), ((4, 5), 0.0), ((4, 5, 6, 7, 11), 250.0), ((4, 5, 6, 7, 10), 600.0))


@pytest.fixture(scope="module")
def alps(real):
    """Return a month of five passes: recipe, files of each pass, and their order from the least cloudy on."""
    folder = real / "scenes" / "earth-search-33T"
    scenes = sorted((folder / "sentinel-2-l2a").glob("*_33TWM_*"), key=lambda path: path.name[10:18])
    clouds = [json.loads((path / f"{path.name}.json").read_text())["properties"]["eo:cloud_cover"] for path in scenes]
    area = AreaOfInterest.from_bbox(15.5, 46.3, 15.7, 46.45)
    recipe = Recipe(str(folder / "catalog.json"), area, "2023-08", "2023-08", bands=BANDS, resolution=120)
    return recipe, scenes, sorted(range(5), key=clouds.__getitem__)


@pytest.fixture(scope="module")
def sahara(real, tmp_path_factory):
    """Return a month of one pass, of lossless COGs."""
    folder = next((real / "scenes" / "cog-29RKH").rglob("S2A_29RKH_20200219_0_L2A"))
    item = json.loads((folder / f"{folder.name}.json").read_text())
    for name, band in {"red": "B04", "green": "B03", "blue": "B02", "nir": "B08", "scl": "SCL"}.items():
        item["assets"][name]["href"] = str(folder / f"{band}.tif")
    path = tmp_path_factory.mktemp("sahara") / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [item]}))
    area = AreaOfInterest.from_bbox(-11.9, 24.5, -11.6, 24.8)
    return Recipe(str(path), area, "2020-02", "2020-02", bands=BANDS, resolution=100), [folder], [0]


@pytest.mark.parametrize(("clear", "dilate"), MASKS)
@pytest.mark.parametrize("place", ["alps", "sahara"])
def test_every_reducer_equals_the_reference(request, place, clear, dilate):
    recipe, scenes, order = request.getfixturevalue(place)
    recipe = recipe.but(clear=clear, dilate=dilate, max_cloud=100)
    found = pipeline.find(recipe)
    grid = pipeline.grid_of(recipe, found)
    passes = [[{band: path / f"{band}.tif" for band in (*BANDS, "SCL")}] for path in scenes]
    cube = fused_passes(passes, BANDS, grid.transform, grid.shape, clear, dilate=dilate)
    seen = {}
    for method in METHODS:
        data = pipeline.lazy(recipe.but(method=method), found).compute(scheduler="threads")
        layers = [*data["reflectance"][0].to_numpy(), data["observations"][0].to_numpy()]
        values, count = reduced(cube, method, BANDS, order)
        assert_composite(layers, values, count)
        seen[method] = data["reflectance"][0].to_numpy().tobytes()
    assert (count > 0).mean() > 0.05
    # Where a pixel has several looks, no two reducers say the same.
    assert len(set(seen.values())) == (len(METHODS) if place == "alps" else 1)
