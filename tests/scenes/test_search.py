from __future__ import annotations

import json

import numpy as np
import pytest
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import InvalidInputError, NothingFoundError, ProviderError
from stac_timelapse.scenes.catalog import CATALOGS, Catalog, catalog_of
from stac_timelapse.scenes.model import BY_HAND, SCENE_CLOUD
from stac_timelapse.scenes.search import SceneQuery, find_scenes

AREA = AreaOfInterest.from_bbox(*lonlat_bbox(500_000, 5_199_500, 500_400, 5_199_900))
PIXELS = np.full((64, 64), 500)
CLEAR = np.full((64, 64), 4)


def granule(name, when, **more):
    return Granule(name, when, {"B04": PIXELS}, CLEAR, **more)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    path = write_catalog(
        tmp_path_factory.mktemp("catalog"),
        [
            granule("june", "2022-06-10T10:00:00Z", cloud=5),
            granule("june-old", "2022-06-10T10:00:00Z", cloud=5, baseline="02.14"),
            granule("june-cloudy", "2022-06-20T10:00:00Z", cloud=95),
            granule("august", "2022-08-31T23:59:58Z", cloud=20),
            granule("next-year", "2023-06-05T10:00:00Z", cloud=0),
            granule("elsewhere", "2022-06-11T10:00:00Z", west=600_000),
        ],
    )
    return catalog_of(str(path))


def query(start="2022-06", end="2022-08", **more):
    return SceneQuery(AREA, start, end, bands=("B04",), **more)


def test_items_become_scenes_become_passes(catalog):
    found = find_scenes([catalog], query(max_cloud=80))
    assert (found.n_items, found.n_twins, found.n_rejected(SCENE_CLOUD), found.n_scenes) == (4, 1, 1, 2)
    assert [scene.id for scene in found.scenes] == ["june", "august"]
    assert found.months == ("2022-06", "2022-07", "2022-08")
    assert [len(found.passes_of(month)) for month in found.months] == [1, 0, 1]


def test_months_are_not_merged_across_years(catalog):
    found = find_scenes([catalog], query(end="2023-06", months_of_year=(6,)))
    assert {month: len(found.passes_of(month)) for month in found.months} == {"2022-06": 2, "2023-06": 1}


def test_a_pass_can_be_left_out(catalog):
    found = find_scenes([catalog], query())
    june = found.passes_of("2022-06")[0]
    left = found.without({june.key: BY_HAND})
    assert june.key not in {one.key for one in left.passes}
    assert [(other.one, other.reason) for other in left.rejected] == [(june, BY_HAND)]
    assert left.months == found.months
    assert {scene.id for scene in left.found} == {scene.id for scene in found.scenes}


def test_the_footprints_are_a_geodataframe(catalog):
    frame = find_scenes([catalog], query()).to_geodataframe()
    assert frame.crs.to_epsg() == 4326
    assert frame["id"].tolist() == ["june", "june-cloudy", "august"]


def test_nothing_there(catalog):
    with pytest.raises(NothingFoundError, match="has no scenes of 2019-01 to 2019-02") as caught:
        find_scenes([catalog], query("2019-01", "2019-02"))
    assert caught.value.reason == "no_scenes"


def test_an_area_at_sea(catalog):
    sea = SceneQuery(AreaOfInterest.from_bbox(-30, 40, -29.9, 40.1), "2022-06", "2022-08", bands=("B04",))
    with pytest.raises(NothingFoundError, match="move the area to land"):
        find_scenes([catalog], sea)


def test_all_too_cloudy(catalog):
    with pytest.raises(NothingFoundError, match=r"All 3 scenes .* the clearest has 5.0 %") as caught:
        find_scenes([catalog], query(max_cloud=1))
    assert caught.value.reason == "all_cloudy"


def test_a_band_that_no_item_has(catalog):
    with pytest.raises(ProviderError, match=r"None of the 4 items .* has no B11 file"):
        find_scenes([catalog], SceneQuery(AREA, "2022-06", "2022-08", bands=("B11",)))


def test_a_catalogue_that_does_not_answer():
    silent = Catalog("silent", "The silent catalogue", "http://127.0.0.1:9", "sentinel-2-l2a", "")
    with pytest.raises(ProviderError, match=r"The silent catalogue cannot be reached .* the demo catalogue works"):
        find_scenes([silent], query())


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"type": "Nonsense"}'])
def test_a_file_that_is_no_catalogue(tmp_path, text):
    path = tmp_path / "catalog.json"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=r"catalog\.json"):
        find_scenes([catalog_of(str(path))], query())


def test_a_damaged_static_catalogue_is_the_providers_fault(tmp_path):
    link = {"rel": "item", "href": "./gone.json"}
    document = {"type": "Catalog", "id": "x", "stac_version": "1.0.0", "description": "x", "links": [link]}
    (tmp_path / "catalog.json").write_text(json.dumps(document))
    with pytest.raises(ProviderError, match="damaged"):
        find_scenes([catalog_of(str(tmp_path))], query())


def test_known_and_unknown_catalogues():
    assert set(CATALOGS) == {"demo", "planetary-computer", "earth-search", "landsat"}
    assert catalog_of("https://example.org/stac/", "mine").url == "https://example.org/stac"
    assert catalog_of("earth-search", "sentinel-2-c1-l2a").collection == "sentinel-2-c1-l2a"
    with pytest.raises(InvalidInputError, match="'nowhere' is not known"):
        catalog_of("nowhere")
