"""A probe says of every pixel what the build's file says, and of every observation what its own file holds."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import from_origin
from reference import pixels
from scipy import ndimage
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.composite.gaps import WIDENED
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.probe import BRIGHT, NOT_CLEAR, NOT_HERE, SMALL, Probe
from stac_timelapse.probe_report import to_csv, to_dict
from stac_timelapse.recipe import Recipe

SIZE, PASSES = 120, 27
ZONES = 32633, 32632
WEST, NORTH = 499_980.0, 5_200_020.0
AREA = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 95, NORTH - 1105, WEST + 1105, NORTH - 95))
ROOF = np.s_[30:40, 30:40]
BANDS = ("B04", "B08")


def corner(epsg):
    """Return the upper left corner of the scenes of a zone: the same ground, in its own grid."""
    if epsg == ZONES[0]:
        return WEST, NORTH
    x, y = Transformer.from_crs(ZONES[0], epsg, always_xy=True).transform(WEST, NORTH)
    return round(x / 20) * 20.0, round(y / 20) * 20.0


def granule(number, epsg, platform, baseline="03.01"):
    rng = np.random.default_rng(number * 2 + (epsg == ZONES[1]))
    scl = np.full((SIZE, SIZE), 4)
    if number % 6 != 5:
        field = ndimage.gaussian_filter(rng.standard_normal(scl.shape), 6)
        scl[field > np.quantile(field, 0.75)] = 9
        scl[np.roll(field, 9, axis=1) > np.quantile(field, 0.85)] = 3
        scl[rng.random(scl.shape) < 0.01] = 8
    scl[ROOF] = 8
    if number % 4 == 0:
        scl[:, 70:] = 0  # the edge of the swath
    bands = {band: rng.integers(1, 9000, scl.shape) + (1000 if baseline >= "04.00" else 0) for band in BANDS}
    west, north = corner(epsg)
    return Granule(
        f"scene-{number:02d}-{epsg}", f"2022-0{1 + number % 3}-{1 + number // 3 * 3:02d}T10:00:00Z", bands, scl,
        tile=f"{epsg % 100}TWM", epsg=epsg, west=west, north=north, platform=platform, baseline=baseline,
        cloud=95 if number == 7 else 10,
    )  # fmt: skip


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    granules = []
    for number in range(PASSES):
        later = "04.00" if number % 5 == 3 else "03.01"
        granules.append(granule(number, ZONES[0], "sentinel-2a", later))
        if number % 3 == 0:
            granules.append(granule(number, ZONES[1], "sentinel-2a"))
    return write_catalog(tmp_path_factory.mktemp("probe"), granules)


@pytest.fixture(scope="module")
def client():
    with connect(ClusterSpec(workers=1, threads_per_worker=2, processes=False)) as client:
        yield client


@pytest.fixture
def recipe(catalog):
    return Recipe(str(catalog), AREA, "2022-01", "2022-03", bands=BANDS, max_cloud=90)


def built(recipe, client, folder):
    scenes = pipeline.find(recipe)
    results = pipeline.build(recipe, scenes, client=client, store=MonthStore(folder))
    return scenes, {result.month: result for result in results}


def place_of(path, row, col):
    with rasterio.open(path) as file:
        x, y = file.xy(row, col)
        return Transformer.from_crs(file.crs, 4326, always_xy=True).transform(x, y)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"method": "medoid"},
        {"method": "percentile:25", "dilate": 40.0},
        {"method": "max-ndvi", "opening": 20.0},
        {"rescue": True, "dilate": 30.0, "opening": 20.0},
        {"gaps": "hold", "excluded": ("most of February",)},
        {"gaps": "blend", "excluded": ("most of February",)},
        {"gaps": "widen:9", "dilate": 200.0, "rescue": True},
    ],
    ids=lambda changes: " ".join(map(str, changes.values())) or "plain",
)
def test_a_probe_says_what_the_file_holds(recipe, client, tmp_path, changes):
    recipe = recipe.but(**changes)
    if recipe.excluded:
        february = pipeline.search(recipe).passes_of("2022-02")
        recipe = recipe.but(excluded=tuple(one.key for one in february[1:]))
    scenes, results = built(recipe, client, tmp_path)
    rng = np.random.default_rng(8)
    with rasterio.open(results["2022-01"].path) as file:
        height, width = file.shape
    places = [(0, 0), (height - 1, width - 1), (25, 25), *(rng.integers(0, (height, width)) for _ in range(7))]
    seen, filled = set(), 0
    for row, col in places:
        probe = Probe(recipe, scenes, *place_of(results["2022-01"].path, row, col))
        assert probe.at == (row, col)
        for month, result in results.items():
            with rasterio.open(result.path) as file:
                layers = dict(zip(file.descriptions, file.read()[:, row, col], strict=True))
            found = probe.look(month)
            assert found.values == tuple(layers[band] for band in BANDS)
            assert found.count == layers["observations"]
            assert found.quality == layers.get("quality", min(found.count, 1))
            filled += found.quality > 1
            inside = [one for one in found.observations if one.scene.datetime.strftime("%Y-%m") == month]
            assert sum(one.kept for one in inside) == found.count
            outside = {one.scene.id for one in found.observations} - {one.scene.id for one in inside}
            assert bool(outside) <= (found.quality in {0, WIDENED})
            for one in found.observations:
                assert_own(one, probe)
                seen.add(one.reason.split(" from ")[0])
    expected = {
        "": True,
        NOT_CLEAR: True,
        NOT_HERE: True,
        "above the cloud limit": True,
        "the pass has this pixel": recipe.dilate < 100,
        "left out by hand": recipe.excluded,
        f"within {recipe.dilate:g} m of a cloud or its shadow": recipe.dilate,
        SMALL: recipe.opening and not recipe.rescue,
        BRIGHT: recipe.rescue and recipe.dilate < 100,
    }
    assert {reason for reason, wanted in expected.items() if wanted} <= seen
    assert bool(filled) == (recipe.gaps != "blank")


def assert_own(one, probe):
    """Demand class and values of the very pixel of the scene's files, its offset removed."""
    files = {name: asset.href for name, asset in one.scene.assets.items()}
    _, own, epsg = pixels(files["SCL"])
    grid = from_origin(probe.pixel.west, probe.pixel.north, 10, 10)
    x, y = Transformer.from_crs(probe.pixel.epsg, epsg, always_xy=True).transform(*(grid @ (0.5, 0.5)))
    col, row = ~own @ (x, y)
    if not (0 <= col < SIZE and 0 <= row < SIZE):
        assert (one.scl, set(one.values)) == (0, {0})
        return
    at = int(row), int(col)
    assert one.scl == pixels(files["SCL"])[0][at]
    offset = -1000 if one.scene.baseline == "04.00" else 0
    assert one.values == tuple(max(int(pixels(files[band])[0][at]) + offset, 1) for band in BANDS)


def test_the_table_and_the_json_hold_every_observation(recipe):
    scenes = pipeline.find(recipe)
    probe = Probe(recipe, scenes, *AREA.whole.centroid.coords[0])
    months = [probe.look(month) for month in recipe.months]
    rows = list(csv.DictReader(io.StringIO(to_csv(probe, months))))
    told = to_dict(probe, months)
    assert [month["month"] for month in told["months"]] == list(recipe.months)
    for month in told["months"]:
        own = [row for row in rows if row["month"] == month["month"]]
        assert [row["row"] for row in own] == [*["observation"] * len(month["observations"]), "composite"]
        assert {one["scene"] for one in month["observations"]} == {
            scene.id for scene in scenes.found if f"{scene.datetime:%Y-%m}" == month["month"]
        }
        for row, one in zip(own, month["observations"], strict=False):
            assert (row["scene"], row["scl_name"], row["reason"]) == (one["scene"], one["scl_name"], one["reason"])
            assert row["used"] == str(int(one["used"]))
            assert [row[band] for band in BANDS] == [
                "" if value is None else str(value) for value in one["values"].values()
            ]
        values = [row["B04"] for row in own[:-1] if row["used"] == "1"]
        if values:
            median = np.floor(np.median([round(float(value) * 10000) for value in values]) + 0.5) / 10000
            assert float(own[-1]["B04"]) == month["composite"]["values"]["B04"] == median
        assert own[-1]["passes"] == str(len(values))


def test_what_cannot_be_read_is_told_and_not_used(recipe, catalog):
    scenes = pipeline.find(recipe)
    lon, lat = AREA.whole.centroid.coords[0]
    before = Probe(recipe, scenes, lon, lat).look("2022-02")
    victim = next(one for one in before.observations if one.kept).scene
    lost = Probe(recipe, scenes, lon, lat, {victim.id: "B04: not found"}).look("2022-02")
    (told,) = [one for one in lost.observations if one.scene.id == victim.id]
    assert (told.kept, told.scl, told.values, told.scl_name) == (False, None, (), "")
    assert told.reason == "could not be read (B04: not found)"
    assert lost.count in {before.count, before.count - 1}

    name, epsg = victim.id, victim.epsg
    file = catalog.parent / name / "B08.tif"
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[:300])
        anew = Probe(recipe, scenes, lon, lat).look("2022-02")
    finally:
        file.write_bytes(whole)
    (told,) = [one for one in anew.observations if one.scene.id == name]
    assert epsg in ZONES
    assert told.reason.startswith("could not be read (B08: ")
    assert (anew.values, anew.count) == (lost.values, lost.count)
    row = next(one for one in to_dict(Probe(recipe, scenes, lon, lat), [anew])["months"][0]["observations"]
               if one["scene"] == name)  # fmt: skip
    assert row["values"] == {"B04": None, "B08": None}


def test_a_place_off_the_picture_is_refused_in_a_sentence(recipe):
    scenes = pipeline.find(recipe)
    with pytest.raises(InvalidInputError, match=r"The place 3\.00000, 46\.00000 .* is not on the picture, .*inside"):
        Probe(recipe, scenes, 3, 46)
    with pytest.raises(InvalidInputError, match=r"The month 2021-12 is not one of 2022-01, 2022-02, 2022-03"):
        Probe(recipe, scenes, *AREA.whole.centroid.coords[0]).look("2021-12")
