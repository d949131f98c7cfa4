"""An area across the antimeridian, with outlines drawn around the world the wrong way, as real items have them."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer
from world import Granule, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import NothingFoundError
from stac_timelapse.recipe import Recipe

SIZE = 64
#: Projected corner, in each zone, of a granule whose middle is 180 degrees east, 10 degrees north.
CORNERS = {
    epsg: [round(value / 60) * 60 + shift for value, shift in zip(middle, (-300, 300), strict=True)]
    for epsg in (32660, 32601)
    for middle in [Transformer.from_crs(4326, epsg, always_xy=True).transform(180, 10)]
}
AREA = AreaOfInterest.from_bbox(179.9985, 9.9985, -179.9985, 10.0015)


def granule(name, when, epsg, value):
    west, north = CORNERS[epsg]
    pixels = {"B04": np.full((SIZE, SIZE), value)}
    tile = f"{epsg % 100:02d}PXX"
    return Granule(name, when, pixels, np.full((SIZE, SIZE), 4), tile=tile, west=west, north=north, epsg=epsg)


@pytest.fixture
def recipe(tmp_path):
    path = write_catalog(
        tmp_path,
        [
            granule("east", "2022-01-03T22:00:00Z", 32660, 1000),
            granule("west", "2022-01-13T22:00:00Z", 32601, 3000),
        ],
    )
    return Recipe(str(path), AREA, "2022-01", "2022-01", bands=("B04",), max_cloud=100)


def test_both_zones_see_the_whole_area(recipe):
    scenes = pipeline.find(recipe)
    assert [scene.id for scene in scenes.scenes] == ["east", "west"]
    assert all(scene.footprint.area < 1e-3 for scene in scenes.scenes)
    data = pipeline.lazy(recipe, scenes).compute()
    # 0.003 degrees of longitude and latitude near the equator: some 330 m each way.
    assert data.sizes["x"] == pytest.approx(34, abs=2)
    assert data.sizes["y"] == pytest.approx(34, abs=2)
    assert data.rio.crs.to_epsg() in CORNERS
    assert (data["observations"] == 2).all()
    assert (data["reflectance"] == 2000).all()


def test_an_area_elsewhere_on_the_same_latitude_has_no_scenes(recipe):
    elsewhere = AreaOfInterest.from_bbox(20, 9.9985, 20.003, 10.0015)
    with pytest.raises(NothingFoundError, match="no scenes"):
        pipeline.find(recipe.but(aoi=elsewhere))
