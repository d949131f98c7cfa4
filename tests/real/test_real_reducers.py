"""Every reducer and several masks on real scenes, against plain numpy over rasterio's reads."""

from __future__ import annotations

import json

import numpy as np
import pytest
from affine import Affine
from reference import assert_composite, clear_picture, fused_passes, read_at, reduced

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


def opened(scenes, grid, recipe):
    """Return the passes' clear pixels, each mask judged by scipy on far more than the grid."""
    margin = 40
    wide = grid.transform @ Affine.translation(-margin, -margin)
    shape = tuple(length + 2 * margin for length in grid.shape)
    fused = []
    for path in scenes:
        scl = read_at(path / "SCL.tif", wide, shape)
        clear = clear_picture(scl, recipe.clear, recipe.resolution, dilate=recipe.dilate, opening=recipe.opening)
        clear = clear[margin:-margin, margin:-margin]
        data = np.stack([read_at(path / f"{band}.tif", grid.transform, grid.shape) for band in BANDS])
        fused.append(np.where(clear & (data > 0), data, np.nan))
    return np.stack(fused)


@pytest.mark.parametrize(("opening", "dilate"), [(250.0, 0.0), (400.0, 300.0)])
@pytest.mark.parametrize("place", ["alps", "sahara"])
def test_an_opened_mask_equals_scipys_morphology(request, place, opening, dilate):
    recipe, scenes, _ = request.getfixturevalue(place)
    recipe = recipe.but(opening=opening, dilate=dilate, max_cloud=100)
    found = pipeline.find(recipe)
    values, count = reduced(opened(scenes, pipeline.grid_of(recipe, found), recipe), "median")
    data = pipeline.lazy(recipe, found).compute(scheduler="threads")
    assert_composite([*data["reflectance"][0].to_numpy(), data["observations"][0].to_numpy()], values, count)


@pytest.mark.parametrize("gaps", ["hold", "blend", "widen:5"])
def test_every_rule_for_gaps_equals_the_reference(alps, gaps):
    recipe, scenes, _ = alps
    # Of five passes 15 August is left to the first half of the month, 20 August to the second.
    recipe = recipe.but(period="half-month", gaps=gaps, max_cloud=100, dilate=1500.0, end="2023-09")
    keys = [one.key for one in pipeline.search(recipe).passes]
    recipe = recipe.but(excluded=(keys[0], keys[1], keys[3]))
    found = pipeline.choose(recipe, pipeline.search(recipe))
    grid = pipeline.grid_of(recipe, found)
    data = pipeline.lazy(recipe, found).compute(scheduler="threads")
    cube = fused_passes(
        [[{band: scenes[at] / f"{band}.tif" for band in (*BANDS, "SCL")}] for at in (2, 4)],
        BANDS, grid.transform, grid.shape, recipe.clear, dilate=recipe.dilate,
    )  # fmt: skip
    first, second = (np.nan_to_num(one) for one in cube)
    seen = [(one > 0).any(axis=0) for one in (first, second)]
    nothing = np.zeros_like(first)
    expected, quality = [first, second, nothing, nothing], [seen[0] * 1, seen[1] * 1, 0 * seen[0], 0 * seen[0]]
    if gaps == "hold":
        for at in (1, 2, 3):
            held = (quality[at] == 0) & (expected[at - 1] > 0).any(axis=0)
            expected[at] = np.where(held, expected[at - 1], expected[at])
            quality[at] = np.where(held, 2, quality[at])
    elif gaps == "widen:5":
        for at, other in (
            (0, 1),
            (1, 0),
        ):  # 18 August is three days after the first half, 15 August one before the second
            near = ~seen[at] & seen[other]
            expected[at] = np.where(near, (first, second)[other], expected[at])
            quality[at] = np.where(near, 4, quality[at])
    for at in range(4):
        np.testing.assert_array_equal(data["reflectance"][at], expected[at])
        np.testing.assert_array_equal(data["quality"][at], quality[at])
        np.testing.assert_array_equal(data["observations"][at], quality[at] == 1)
    assert seen[0].any()
    assert (seen[0] & ~seen[1]).any()
    assert (seen[1] & ~seen[0]).any()
