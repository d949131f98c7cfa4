"""Landsat's bits and numbers, and a whole series of it that is built, looked into and joined with nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from world import EARTH_SEARCH_NAMES, Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.cube.landsat import class_table, reflectance_table
from stac_timelapse.errors import InvalidInputError, NothingFoundError, ProviderError
from stac_timelapse.probe import Probe
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.catalog import CATALOGS
from stac_timelapse.scenes.union import catalogs_of

WEST, NORTH = 500_000.0 - 15, 5_200_005.0
SIZE = 700
#: Usual values of QA_PIXEL (clear land, clear water, cloud, shadow, cirrus, snow, dilated cloud, fill).
LAND, WATER, CLOUD, SHADOW, CIRRUS, SNOW, DILATED, FILL = 21824, 21952, 22280, 23888, 54596, 30048, 21762, 1
NAMES = {**EARTH_SEARCH_NAMES, "B08": "nir08", "SCL": "qa_pixel"}


@pytest.mark.parametrize(
    ("quality", "scl"),
    [(LAND, 7), (WATER, 6), (CLOUD, 9), (SHADOW, 3), (CIRRUS, 10), (SNOW, 11), (DILATED, 8), (FILL, 0), (0, 0),
     (CLOUD | FILL, 0), (CLOUD | 1 << 4, 9)],
)  # fmt: skip
def test_usual_values_have_their_class(quality, scl):
    assert class_table()[quality] == scl


def test_reflectance_is_scaled_and_never_becomes_no_data():
    table = reflectance_table()
    # 0.0000275 x 10 000 x DN - 2000
    assert [int(table[dn]) for dn in (0, 1, 7273, 7276, 7277, 10_000, 43_636, 65_535)] == [
        0, 1, 1, 1, 1, 750, 10_000, 16_022,
    ]  # fmt: skip


def granule(name, when, dn, quality):
    bands = {band: np.full((SIZE, SIZE), dn + 400 * at) for at, band in enumerate(("B04", "B08"))}
    qa = np.full((SIZE, SIZE), LAND) if quality is None else quality
    return Granule(
        name, when, bands, qa, names=NAMES, west=WEST, north=NORTH, resolution=30, platform="LANDSAT_8",
        extra={"landsat:wrs_path": "190", "landsat:wrs_row": "28", "landsat:collection_number": "02",
               "landsat:collection_category": "T1", "s2:mgrs_tile": None, "s2:processing_baseline": None,
               "s2:datatake_id": None, "s2:datastrip_id": None},
    )  # fmt: skip


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    # Granules of the world are written with 8 bit masks; Landsat's has 16.
    import world  # noqa: PLC0415

    monkeypatch.setattr(world.np, "uint8", np.uint16)
    cloudy = np.full((SIZE, SIZE), LAND)
    cloudy[:350] = CLOUD
    cloudy[350:360] = FILL
    path = write_catalog(
        tmp_path / "scenes",
        [
            granule("one", "2022-07-03T10:00:00Z", 10_000, None),
            granule("two", "2022-07-12T10:00:00Z", 12_000, cloudy),
        ],
    )
    monkeypatch.undo()
    return path


def test_a_month_is_built_and_every_pixel_explained(catalog, tmp_path):
    aoi = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 100, NORTH - 20_900, WEST + 20_900, NORTH - 100))
    recipe = Recipe(str(catalog), aoi, "2022-07", "2022-07", bands=("B04", "B08"), resolution=30, max_cloud=100)
    scenes = pipeline.find(recipe)
    assert [(one.platform, one.tile, one.sensor) for one in scenes.scenes] == [("landsat-8", "190028", "landsat")] * 2
    assert len(scenes.passes) == 2
    with connect(ClusterSpec(workers=1, threads_per_worker=2, processes=False)) as client:
        (month,) = pipeline.build(recipe, scenes, client=client, store=MonthStore(tmp_path / "store"))
    # 10 000 x 0.275 - 2000 = 750; 12 000 -> 1300; their median 1025.
    with rasterio.open(month.path) as file:
        red, nir, count = file.read()
        place = file.transform
    top = round((place.f - NORTH) / 30)
    upper, gap, lower = (slice(top + first, top + last) for first, last in ((5, 350), (350, 360), (360, 690)))
    assert (set(red[upper, 5:600].flat), set(red[lower, 5:600].flat)) == ({750}, {1025})
    assert (set(nir[upper, 5:600].flat), set(nir[lower, 5:600].flat)) == ({860}, {1135})
    assert [set(count[rows, 5:600].flat) for rows in (upper, gap, lower)] == [{1}, {1}, {2}]
    assert pipeline.measure(recipe, scenes)[0].keys() == {one.key for one in scenes.passes}

    fates = {
        100: [("Unclassified", True, 750), ("Cloud, high probability", False, 1300)],
        355: [("Unclassified", True, 750), ("No data", False, 1300)],
        500: [("Unclassified", True, 750), ("Unclassified", True, 1300)],
    }
    for row, expected in fates.items():
        x, y = WEST + 9000 + 15, NORTH - 30 * row - 15
        lon, lat = Transformer.from_crs(32633, 4326, always_xy=True).transform(x, y)
        seen = Probe(recipe, scenes, lon, lat).look("2022-07")
        assert [(one.scl_name, one.kept, one.values[0]) for one in seen.observations] == expected


def test_a_band_that_it_does_not_have_is_said(catalog):
    aoi = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 100, NORTH - 2000, WEST + 2000, NORTH - 100))
    with pytest.raises((ProviderError, NothingFoundError), match="no B05 file"):
        pipeline.find(Recipe(str(catalog), aoi, "2022-07", "2022-07", bands=("B05",), max_cloud=100))


def test_it_is_not_joined_with_another_sensor():
    assert CATALOGS["landsat"].finest == 30
    with pytest.raises(InvalidInputError, match="do not list the same satellites, and their reflectances differ"):
        catalogs_of("planetary-computer+landsat")
