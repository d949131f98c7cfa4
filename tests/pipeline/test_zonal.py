"""Months measured in their area and at places, against shares that shapely cuts out pixel by pixel."""

from __future__ import annotations

import csv
import functools
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import Transformer
from shapely.geometry import MultiPolygon, Polygon
from world import Granule, write_catalog

from stac_timelapse import cli
from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.area_sums import AreaSums
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.gaps import QUALITY_MEANS
from stac_timelapse.cube import coverage as coverage_module
from stac_timelapse.errors import CancelledError, InvalidInputError, ProviderError
from stac_timelapse.export.geotiff import write_composite
from stac_timelapse.export.parts import Sheet, assemble, new_folder, remove_folder, write_part
from stac_timelapse.month_file import Layers
from stac_timelapse.month_job import MonthResult
from stac_timelapse.picture.index_library import formula_of
from stac_timelapse.quantity import library_of, quantities_of, quantity_of, usual_quantity
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.facts import MonthFacts
from stac_timelapse.zonal import FILLED, NO_BAND, NO_LOOK, NO_VALUE, OUTSIDE, area_months, measure, place_months
from stac_timelapse.zonal_report import to_csv, to_dict, to_lines

WEST, NORTH, SIZE, STEP = 500_000.0, 5_195_000.0, 90, 10.0
GRID = Affine(STEP, 0, WEST, 0, -STEP, NORTH)
TO_DEGREES = Transformer.from_crs(32633, 4326, always_xy=True).transform
TO_METRES = Transformer.from_crs(4326, 32633, always_xy=True).transform


def lonlat(corners):
    """Return the lon/lat corners of metres to the right of, and below, the picture's corner."""
    return [TO_DEGREES(WEST + right, NORTH - down) for right, down in corners]


#: A triangle with a hole, and a rhombus apart from it; no edge runs along the pixels.
SHAPES = MultiPolygon(
    [
        Polygon(lonlat([(33, 37), (597, 151), (211, 803)]), [lonlat([(200, 150), (350, 180), (220, 400)])]),
        Polygon(lonlat([(700, 500), (861, 701), (704, 855), (502, 702)])),
    ]
)
NDVI = quantity_of("ndvi")


def result_of(path, month, passes=3):
    return MonthResult(month, path, passes, (), 1.0, 1.0, 0.0, MonthFacts(()), False, (), 0.1)


def pixels(seed, size=SIZE):
    """Return bands B08, B04 with gaps, and the number of looks."""
    rng = np.random.default_rng(seed)
    bands = rng.integers(1, 9000, (2, size, size)).astype(np.uint16)
    looks = rng.integers(0, 4, (size, size)).astype(np.uint8)
    bands[:, looks == 0] = 0
    return bands, looks


def written(folder, seed=1, month="2022-05", size=SIZE):
    bands, looks = pixels(seed, size)
    path = folder / f"{month}.tif"
    write_composite(path, bands, looks, bands=("B08", "B04"), epsg=32633, transform=GRID, month=month)
    return result_of(path, month)


@functools.cache
def shares_by_shapely(geometry, size=SIZE, step=STEP):
    """Return the share of each pixel inside: its square, intersected with the polygon whose edges are followed."""
    dense = shapely.transform(shapely.segmentize(geometry, 1e-5), TO_METRES, interleaved=False)
    left = WEST + step * np.arange(size)
    top = NORTH - step * np.arange(size)
    squares = shapely.box(left[None, :], top[:, None] - step, left[None, :] + step, top[:, None])
    shapely.prepare(dense)
    touched = shapely.intersects(dense, squares)
    shares = np.zeros((size, size))
    shares[touched] = shapely.area(shapely.intersection(squares[touched], dense)) / step**2
    return shares


def weighted(values, weights):
    """Return mean, standard deviation and percentiles of weighted values, from the sorted values themselves."""
    mean = np.average(values, weights=weights)
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    at = [values[order][np.argmax(reached >= share * reached[-1])] for share in (0.1, 0.5, 0.9)]
    return mean, math.sqrt(np.average((values - mean) ** 2, weights=weights)), *at


#: What is measured -> the same of reflectances B08 and B04 by plain numpy; NaN or infinite without a value.
PLAIN = {
    "ndvi": lambda nir, red: (nir - red) / (nir + red),
    "B04": lambda _nir, red: red,
    "dvi": lambda nir, red: nir - red,
    "Root = 20000 * sqrt(B08 - B04)": lambda nir, red: 20_000 * np.sqrt(nir - red),  # half of them have no root
    "1 / (B8 - B4)": lambda nir, red: 1 / (nir - red),  # both signs, and up to 10 000
    "B08 > B04": lambda nir, red: (nir > red).astype(float),
}


@pytest.mark.parametrize("name", PLAIN)
def test_an_area_with_a_hole_and_two_parts_is_measured_by_the_exact_shares_of_its_pixels(tmp_path, monkeypatch, name):
    monkeypatch.setattr(coverage_module, "_TILE", 32)  # many tiles: some inside, some outside, some at the edge
    results = [written(tmp_path, seed, f"2022-0{seed}") for seed in (1, 2)]
    found = area_months(results, AreaOfInterest.from_geometry(SHAPES), quantity_of(name))
    shares = shares_by_shapely(SHAPES)
    for seed, month in zip((1, 2), found, strict=True):
        bands, looks = pixels(seed)
        with np.errstate(all="ignore"):
            all_values = PLAIN[name](*(bands / 10_000))
        seen = (looks > 0) & (shares > 0) & np.isfinite(all_values)
        values = all_values[seen]
        mean, sd, *percentiles = weighted(values, shares[seen])
        unit = {"R": 10_000, "1": 100}.get(name[0], 1)
        assert (month.mean, month.sd) == (pytest.approx(mean, abs=2e-6 * unit), pytest.approx(sd, abs=4e-6 * unit))
        # To four figures, and the shares by shapely may lead to the value beside it.
        assert [month.p10, month.median, month.p90] == pytest.approx(percentiles, abs=5e-4, rel=2e-3)
        assert month.clear_share == pytest.approx(shares[looks > 0].sum() / shares.sum(), abs=1e-5)
        assert month.observations_mean == pytest.approx((shares * looks).sum() / shares.sum(), abs=1e-5)
        assert month.pixels == pytest.approx(shares[seen].sum(), rel=1e-5)
        assert (month.filled_share, month.passes, month.resolution) == (0, 3, 10)
        # By whole pixels it would be another mean.
        assert abs(month.mean - values.mean()) > 2e-5 * unit
    assert found[0].mean != found[1].mean


def test_the_percentiles_of_a_formula_keep_four_figures_of_any_value():
    rng = np.random.default_rng(5)
    quantity = quantity_of("X = B08 * B04")
    values = np.concatenate(
        [10.0 ** rng.uniform(-12, 30, 5000), -(10.0 ** rng.uniform(-12, 30, 5000)), [0.0, 1.0, 0.5]]
    )
    told = np.array([quantity.value_of(number) for number in quantity.rounded(values).tolist()])
    np.testing.assert_allclose(told, values, rtol=6e-4, atol=1e-9)
    assert told[-3:].tolist() == [0, 1, 0.5]
    # Few bins, wherever the values lie: a month takes little memory.
    sums = AreaSums(quantity)
    for scale in (3e-3, 1.0, 9e3):
        layers = Layers(np.full((2, 4, 4), 3000, np.uint16), np.ones((4, 4), np.uint16), np.ones((4, 4), np.uint16))
        layers.bands[:] = np.rint(layers.bands * min(scale, 3)).astype(np.uint16)
        sums.add(np.ones((4, 4)), layers)
    assert sums.bins.nbytes < 2_000_000
    assert sums.bins.sum() == 48


def test_a_month_whose_formula_has_no_value_anywhere_says_so(tmp_path):
    quantity = quantity_of("1 / (B08 - B08)")
    result, area = written(tmp_path), AreaOfInterest.from_geometry(SHAPES, "Field")
    measured = measure([result], area, quantity, places=[Place("Mill", *lonlat([(705, 705)])[0])])
    (month,), ((_, (place,)),) = measured.area, measured.places
    assert (month.mean, month.median, month.pixels, place.value) == (None, None, 0, None)
    assert month.clear_share > 0.5
    assert place.reason == (NO_VALUE if pixels(1)[1][70, 70] else NO_LOOK)
    assert next(csv.DictReader(io.StringIO(to_csv(measured))))["note"] == "the formula has no value"
    assert to_dict(measured)["formula"] == "1 / (B08 - B08)"


def test_a_part_of_one_pixel_counts_as_that_part(tmp_path):
    bands = np.array([[[3000, 1000]], [[1000, 3000]]], dtype=np.uint16)
    looks = np.array([[2, 4]], dtype=np.uint8)
    write_composite(tmp_path / "a.tif", bands, looks, bands=("B08", "B04"), epsg=32633, transform=GRID, month="2022-05")
    # Three quarters of what lies inside is in the first pixel, NDVI 0.5; the rest in the second, NDVI -0.5.
    area = AreaOfInterest.from_geometry(Polygon(lonlat([(4, 2), (12, 2), (12, 6), (4, 6)])))
    (month,) = area_months([result_of(tmp_path / "a.tif", "2022-05")], area, NDVI)
    assert month.mean == pytest.approx(0.25, abs=1e-4)
    assert month.sd == pytest.approx(math.sqrt(0.25 - 0.0625), abs=1e-4)
    assert (month.p10, month.median, month.p90) == (-0.5, 0.5, 0.5)
    assert month.observations_mean == pytest.approx(2.5, abs=1e-3)
    assert month.pixels == pytest.approx(0.32, abs=1e-3)


def filled_month(folder):
    """Four pixels in a row: seen, held from before, nothing, seen but without a red band."""
    tile = np.array([[[3000, 8000, 0, 500]], [[1000, 100, 0, 0]], [[1, 2, 0, 1]], [[2, 0, 0, 1]]], dtype=np.uint16)
    sheet = Sheet(("B08", "B04"), 4, 1, 32633, GRID[:6], "2022-05", {}, quality=QUALITY_MEANS)
    parts = new_folder(folder)
    assemble(sheet, [write_part(parts, 0, 0, tile)], folder / "filled.tif")
    remove_folder(parts)
    return result_of(folder / "filled.tif", "2022-05")


def test_what_was_filled_is_told_apart_and_is_in_no_other_number(tmp_path):
    area = AreaOfInterest.from_geometry(Polygon(lonlat([(-5, -5), (45, -5), (45, 15), (-5, 15)])))
    result = filled_month(tmp_path)
    (month,) = area_months([result], area, NDVI)
    assert (month.mean, month.sd, month.median, month.pixels) == (0.5, 0, 0.5, pytest.approx(1))
    assert (month.clear_share, month.filled_share, month.observations_mean) == pytest.approx((0.5, 0.25, 0.75))
    at = [place_months([result], Place("", *TO_DEGREES(WEST + x, NORTH - 5)), NDVI)[0] for x in (5, 15, 25, 35, 45, -1)]
    assert [(one.value, one.reason, one.observations) for one in at] == [
        (0.5, "", 2), (None, FILLED, 0), (None, NO_LOOK, 0), (None, NO_BAND, 1), (None, OUTSIDE, 0), (None, OUTSIDE, 0)
    ]  # fmt: skip


def test_a_month_without_a_clear_pixel_has_no_values_and_keeps_its_place(tmp_path):
    seen = written(tmp_path)
    nothing = np.zeros((2, SIZE, SIZE), dtype=np.uint16)
    path = tmp_path / "gap.tif"
    write_composite(path, nothing, nothing[0].astype(np.uint8), bands=("B08", "B04"), epsg=32633, transform=GRID,
                    month="2022-06")  # fmt: skip
    area = AreaOfInterest.from_geometry(SHAPES, "Two fields", [Place("Mill", *lonlat([(705, 705)])[0])])
    measured = measure([seen, result_of(path, "2022-06", passes=0)], area, NDVI)
    gap = measured.area[1]
    assert (gap.mean, gap.sd, gap.p10, gap.median, gap.p90) == (None,) * 5
    assert (gap.clear_share, gap.observations_mean, gap.passes) == (0, 0, 0)
    rows = list(csv.DictReader(io.StringIO(to_csv(measured))))
    assert [(row["month"], row["what"], row["mean"] != "", row["note"]) for row in rows] == [
        ("2022-05", "Two fields", True, ""), ("2022-06", "Two fields", False, "no clear look"),
        ("2022-05", "Mill", pixels(1)[1][70, 70] > 0, "" if pixels(1)[1][70, 70] else NO_LOOK),
        ("2022-06", "Mill", False, NO_LOOK),
    ]  # fmt: skip
    assert float(rows[0]["mean"]) == pytest.approx(measured.area[0].mean, abs=1e-6)
    assert (float(rows[2]["lon"]), float(rows[2]["lat"])) == lonlat([(705, 705)])[0]
    told = to_dict(measured)
    assert [one["mean"] for one in told["months"]] == [pytest.approx(measured.area[0].mean, abs=1e-6), None]
    assert told["places"][0]["months"][1]["reason"] == NO_LOOK
    lines = list(to_lines(measured))
    assert [line.split()[0] for line in lines] == ["month", "2022-05", "2022-06", "2022-05", "2022-06"]


def test_a_large_month_is_measured_on_an_overview_and_says_at_which_resolution(tmp_path):
    result = written(tmp_path, size=1100)
    area = AreaOfInterest.from_geometry(Polygon(lonlat([(13, 17), (9907, 111), (9000, 10807), (1500, 9000)])))
    (whole,) = area_months([result], area, NDVI)
    (coarse,) = area_months([result], area, NDVI, most_pixels=310_000)
    assert (whole.resolution, coarse.resolution) == (10, 20)
    with rasterio.open(result.path, OVERVIEW_LEVEL=0) as overview:
        nir, red, looks = overview.read().astype(float)
    dense = shapely.transform(shapely.segmentize(area.geometry, 1e-5), TO_METRES, interleaved=False)
    rows, columns = np.mgrid[0:550, 0:550]
    inside = shapely.contains_xy(dense, WEST + 20 * columns + 10, NORTH - 20 * rows - 10)
    seen = inside & (looks > 0)
    # By pixels' centres here, so not to the last digit.
    assert coarse.mean == pytest.approx(((nir - red)[seen] / (nir + red)[seen]).mean(), abs=2e-4)
    assert coarse.clear_share == pytest.approx(seen.sum() / inside.sum(), abs=1e-3)
    assert coarse.pixels == pytest.approx(whole.pixels / 4 / 0.75, rel=0.02)
    (every,) = area_months([result], area, NDVI, most_pixels=None)
    assert every == whole


def test_what_cannot_be_measured_is_one_sentence(tmp_path):
    result = written(tmp_path)
    area = AreaOfInterest.from_geometry(SHAPES)
    assert area_months([], area, NDVI) == []
    with pytest.raises(InvalidInputError, match="The band B03 was not built, only B08, B04"):
        area_months([result], area, quantity_of("ndwi"))
    with pytest.raises(InvalidInputError, match="do not reach the area"):
        area_months([result], AreaOfInterest.from_bbox(3, 3, 3.1, 3.1), NDVI)
    with pytest.raises(ProviderError, match=r"A finished month cannot be read .* build the series again"):
        area_months([replace(result, path=tmp_path / "gone.tif")], area, NDVI)
    with pytest.raises(ProviderError, match="cannot be read"):
        place_months([replace(result, path=tmp_path / "gone.tif")], Place("", 15, 46), NDVI)
    with pytest.raises(InvalidInputError, match="2022-06 has other pixels than 2022-05"):
        area_months([result, written(tmp_path, month="2022-06", size=80)], area, NDVI)
    with pytest.raises(CancelledError):
        area_months([result], area, NDVI, should_stop=lambda: True)
    with pytest.raises(InvalidInputError, match=r"The bands B02 and B03 were not built, only B08, B04: .* with them"):
        area_months([result], area, quantity_of("B08 / (B02 + B03)"))
    with pytest.raises(
        InvalidInputError, match=r"'evi9' cannot be charted: use one of ndvi, .*B12, an index of the lib"
    ):
        quantity_of("evi9")
    with pytest.raises(InvalidInputError, match=r"At character 7 of the formula"):
        quantity_of("B08 / tan(B04)")


def test_what_can_be_measured_follows_from_the_built_bands():
    assert [one.name for one in quantities_of(("B08", "B04"))] == ["ndvi", "B08", "B04"]
    assert usual_quantity("ndmi", ("B08", "B04", "B11")).name == "ndmi"
    assert usual_quantity("infrared", ("B08", "B04", "B03")).name == "ndvi"
    assert usual_quantity("true-colour", ("B04", "B03", "B02")).name == "B04"
    assert quantity_of("b8a").bands == ("B8A",)
    own = quantity_of("Mine = B08 / B04")
    assert (own.title, own.label, own.kind) == ("Mine", "Mine", "formula")
    assert usual_quantity("formula", ("B08", "B04"), "Mine = B08 / B04") == own
    assert usual_quantity("formula", ("B08",), "Mine = B08 / B04").name == "B08"
    # An index of the library is that index, by its name or written out.
    evi = quantity_of("evi")
    assert (evi.name, evi.title, set(evi.bands)) == ("EVI", "EVI · Enhanced Vegetation Index", {"B08", "B04", "B02"})
    assert quantity_of(formula_of("EVI")) == evi
    offered = [one.name for one in library_of(("B08", "B04"))]
    assert "DVI" in offered
    assert not {"EVI", "NDVI"} & set(offered)


@pytest.fixture(scope="module")
def cluster():
    """Return the address of a scheduler with one worker in this process: nothing has to be imported anew."""
    with connect(ClusterSpec(workers=1, threads_per_worker=2, processes=False)) as client:
        yield client.scheduler.address


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    monkeypatch.setenv("STAC_TIMELAPSE_CACHE", str(tmp_path / "cache"))
    granules = [
        Granule(name, when, {"B08": np.full((96, 96), nir), "B04": np.full((96, 96), 1000)}, np.full((96, 96), scl),
                west=WEST, north=NORTH)
        for name, when, nir, scl in [
            ("one", "2022-01-03T10:00:00Z", 3000, 4), ("two", "2022-01-13T10:00:00Z", 7000, 4),
            ("cloudy", "2022-02-03T10:00:00Z", 3000, 9),
        ]
    ]  # fmt: skip
    return write_catalog(tmp_path / "scenes", granules)


def test_on_the_command_line_by_options_and_by_a_recipe(catalog, cluster, tmp_path, capsys):
    (west, north), (east, south) = lonlat([(101, 99), (707, 803)])
    # 3000 and 7000 have the median 5000: NDVI 2 / 3 everywhere.
    query = ["--catalog", str(catalog), "--aoi", f"{west},{south},{east},{north}", "--months", "2022-01/2022-02"]
    query += ["--cluster", cluster]
    table = tmp_path / "area.csv"
    options = ["--index", "NDVI", "--at", f"{(west + east) / 2},{(south + north) / 2}", "--csv", str(table), "--json"]
    assert cli.main(["stats", *query, *options]) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert "2022-01: 2 passes" in captured.err
    assert (told["index"], told["bands"]) == ("ndvi", ["B08", "B04"])
    first, second = told["months"]
    assert (first["mean"], first["sd"], first["clear_share"], first["passes"]) == (0.666667, 0, 1, 2)
    assert (second["mean"], second["clear_share"]) == (None, 0)
    (place,) = told["places"]
    assert [one["value"] for one in place["months"]] == [0.666667, None]
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["month"], row["what"] == "area", row["mean"]) for row in rows] == [
        ("2022-01", True, "0.666667"), ("2022-02", True, ""), ("2022-01", False, "0.666667"), ("2022-02", False, ""),
    ]  # fmt: skip

    # The recipe's own bands serve where they can: the months are there already.
    area = AreaOfInterest.from_bbox(west, south, east, north, "Field 7")
    recipe = Recipe(str(catalog), area, "2022-01", "2022-02", bands=("B08", "B04"))
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    assert cli.main(["stats", str(tmp_path / "recipe.json"), "--cluster", cluster]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("was there already") == 2
    assert [line.split()[:5] for line in captured.out.splitlines()[1:]] == [
        ["2022-01", "Field", "7", "0.6667", "0.0000"], ["2022-02", "Field", "7", "-", "-"]
    ]  # fmt: skip
    assert "written with" not in captured.err

    # A recipe with what it led to says where that is no longer so.
    lists = {**recipe.to_dict(), "scenes": [{"id": name} for name in ("one", "cloudy", "lost")]}
    (tmp_path / "recipe.json").write_text(json.dumps(lists))
    assert cli.main(["stats", str(tmp_path / "recipe.json"), "--cluster", cluster]) == 0
    assert "not those the recipe was written with: 1 new (two), 1 gone (lost); months may" in capsys.readouterr().err

    # A formula of the same bands, and the picture of a recipe that is one.
    assert cli.main(["stats", *query, "--formula", "Ratio = B08 / B04", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("was there already") == 2
    told = json.loads(captured.out)
    assert (told["index"], told["months"][0]["mean"], told["months"][0]["median"]) == ("Ratio = B08 / B04", 5, 5)
    recipe = recipe.but(formula="DVI = B08 - B04")
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    assert cli.main(["stats", str(tmp_path / "recipe.json"), "--cluster", cluster]) == 0
    assert [line.split()[3] for line in capsys.readouterr().out.splitlines()[1:]] == ["0.4000", "-"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "There is no recipe and no --catalog, --aoi, --months: name a recipe.json"),
        (["gone.json"], "The recipe gone.json cannot be read (No such file or directory)"),
        (["--catalog", "demo", "--aoi", "1,1,2,2", "--months", "2022-01", "--index", "x"], "'x' cannot be charted"),
    ],
)
def test_what_was_not_asked_well_is_one_sentence_on_the_command_line(capsys, arguments, sentence):
    assert cli.main(["stats", *arguments]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert sentence in said
