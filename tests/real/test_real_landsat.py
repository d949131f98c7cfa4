"""A real Landsat scene against plain numpy: bits of QA_PIXEL, scale and offset; and a real item."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from reference import assert_composite, read_at, undecided

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.items import scene_of

BANDS = ("B04", "B03", "B02", "B08")
FILES = {"red": "SR_B4", "green": "SR_B3", "blue": "SR_B2", "nir08": "SR_B5", "qa_pixel": "QA_PIXEL"}
NAME = "LC08_L2SP_001062_20201031_20201106_02_T2"


@pytest.fixture
def scene(real, tmp_path):
    """Return the scene as an item with the names that Planetary Computer gives the files."""
    folder = real / "scenes" / "landsat-c2" / NAME
    item = json.loads((folder / f"{NAME}_SR_stac.json").read_text())
    with rasterio.open(folder / f"{NAME}_QA_PIXEL.TIF") as file:
        item["properties"] |= {"proj:epsg": file.crs.to_epsg(), "proj:bbox": list(file.bounds)}
    item["assets"] = {key: {"href": str(folder / f"{NAME}_{file}.TIF")} for key, file in FILES.items()}
    path = tmp_path / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [item]}))
    return path, folder


def reference(folder, grid, clear):
    """Return reflectances x 10 000 of what is clear, by the product guide's words alone."""
    where = grid.transform, grid.shape, grid.epsg
    quality = read_at(folder / f"{NAME}_QA_PIXEL.TIF", *where)
    fill, dilated, cirrus, cloud, shadow, snow, _, water = (quality >> bit & 1 == 1 for bit in range(8))
    land = ~(dilated | cirrus | cloud | shadow | snow | water)
    classes = {
        9: cloud, 8: dilated & ~cloud, 10: cirrus & ~cloud & ~dilated, 3: shadow & ~cloud & ~dilated & ~cirrus,
        11: snow & ~cloud & ~dilated & ~cirrus & ~shadow, 7: land,
        6: water & ~(cloud | dilated | cirrus | shadow | snow),
    }  # fmt: skip
    good = np.any([classes[one] for one in clear if one in classes], axis=0) & ~fill & (quality > 0)
    stack = []
    for key in ("red", "green", "blue", "nir08"):
        dn = read_at(folder / f"{NAME}_{FILES[key]}.TIF", *where).astype(float)
        value = np.maximum(10_000 * (dn * 0.0000275 - 0.2), 1)
        stack.append(np.where(good & (dn > 0), value, np.nan))
    return np.stack(stack)


@pytest.mark.parametrize("clear", [(3, 6), (9,), (3, 9), (4, 5, 6, 7, 8, 9, 10, 11)])
def test_a_real_scene_equals_the_reference(scene, clear):
    path, folder = scene
    area = AreaOfInterest.from_bbox(-66.1, -3.8, -64.3, -2.0)
    recipe = Recipe(
        str(path), area, "2020-10", "2020-10", bands=BANDS, resolution=600, max_cloud=100, clear=clear, method="median"
    )
    found = pipeline.find(recipe)
    (one,) = found.scenes
    assert (one.sensor, one.platform, one.tile, one.baseline, one.offset) == ("landsat", "", "001062", "02_T2", 0)
    grid = pipeline.grid_of(recipe, found)
    data = pipeline.lazy(recipe, found).compute(scheduler="threads")
    layers = np.stack([*data["reflectance"][0].to_numpy(), data["observations"][0].to_numpy()])
    values = reference(folder, grid, clear)
    sure = ~undecided(folder / f"{NAME}_QA_PIXEL.TIF", grid.transform, grid.shape, grid.epsg)
    assert sure.mean() > 0.98
    assert_composite(layers[:, sure], values[:, sure], (~np.isnan(values)).any(axis=0)[sure])
    assert (layers[-1] > 0).sum() > 20
    assert data["reflectance"].max() > 100


def test_a_real_item_says_what_it_is(real):
    (path,) = (real / "stac" / "landsat").glob("*.json")
    one = scene_of(json.loads(path.read_text()), ("B04", "B08", "B11"))
    assert (one.sensor, one.platform, one.tile, one.baseline) == ("landsat", "landsat-8", "028030", "02_T1")
    assert (one.epsg, one.offset, one.cloud_cover) == (32615, 0, 8.18)
    assert one.bounds == (173_085.0, 4_904_715.0 - 30 * 8041, 173_085.0 + 30 * 7931, 4_904_715.0)
    assert one.datatake == "landsat-8_20200114"
    assert [one.assets[band].href[-9:] for band in ("B04", "B08", "B11", "SCL")] == [
        "SR_B4.TIF", "SR_B5.TIF", "SR_B6.TIF", "PIXEL.TIF",
    ]  # fmt: skip
