"""Months cut to the area: pixels are those whose centre, moved to degrees one by one, lies in the polygon."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
import shapely
from PIL import Image, ImageSequence
from pyproj import Transformer
from reference import inside_lonlat
from scipy import ndimage
from shapely.geometry import MultiPolygon, Polygon
from world import Granule, write_catalog

from stac_timelapse import clip as clip_module
from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cli import main
from stac_timelapse.clip import clip
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.picture.cartography import PAPER
from stac_timelapse.recipe import Recipe

WEST, NORTH = 499_980.0, 5_200_020.0
SIZE = 200
TO_DEGREES = Transformer.from_crs(32633, 4326, always_xy=True).transform


def lonlat(corners):
    """Return the lon/lat corners of metres to the right of, and below, the granules' corner."""
    return [TO_DEGREES(WEST + right, NORTH - down) for right, down in corners]


#: A triangle with a hole, and a rhombus apart from it.
AREA = MultiPolygon(
    [
        Polygon(lonlat([(103, 97), (1297, 251), (411, 1903)]), [lonlat([(400, 400), (700, 480), (480, 800)])]),
        Polygon(lonlat([(1500, 1200), (1800, 1500), (1500, 1800), (1200, 1500)])),
    ]
)


def granule(name, when, seed, scl=4):
    rng = np.random.default_rng(seed)
    classes = np.where(rng.random((SIZE, SIZE)) < 0.3, 9, scl)
    pixels = {band: rng.integers(1, 9000, (SIZE, SIZE)) for band in ("B04", "B03", "B02")}
    return Granule(name, when, pixels, classes)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    return write_catalog(
        tmp_path_factory.mktemp("scenes"),
        [granule("a", "2022-01-03T10:00:00Z", 1), granule("b", "2022-02-03T10:00:00Z", 2)],
    )


@pytest.fixture(scope="module")
def client():
    with connect(ClusterSpec(workers=1, threads_per_worker=2)) as client:
        yield client


def built(scenes, client, folder, area=AREA, **changes):
    aoi = AreaOfInterest.from_geometry(area, "A place")
    recipe = Recipe(str(scenes), aoi, "2022-01", "2022-02", max_cloud=100, clip=True).but(**changes)
    found = pipeline.find(recipe)
    months = {one.month: one for one in pipeline.build(recipe, found, client=client, store=MonthStore(folder))}
    return recipe, [months[month] for month in sorted(months)]


@pytest.mark.parametrize("gaps", ["blank", "hold"])
def test_every_band_is_0_outside_holes_and_parts_respected(scenes, client, tmp_path, monkeypatch, gaps):
    monkeypatch.setattr(clip_module, "_TILE", 64)
    recipe, months = built(scenes, client, tmp_path / "store", gaps=gaps)
    before = [one.path.read_bytes() for one in months]
    cut = list(clip(months, recipe.aoi, tmp_path / "out"))
    assert [one.path.read_bytes() for one in months] == before
    assert [one.path.name for one in cut] == ["composite_2022-01.tif", "composite_2022-02.tif"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [one.path.name for one in cut]
    for one, whole in zip(cut, months, strict=True):
        with rasterio.open(one.path) as file, rasterio.open(whole.path) as source:
            inside = inside_lonlat(AREA, file.transform, file.shape, 32633)
            layers = file.read()
            np.testing.assert_array_equal(layers, source.read() * inside)
            assert (file.transform, file.crs, file.descriptions) == (source.transform, source.crs, source.descriptions)
            assert (file.scales, file.nodatavals) == (source.scales, source.nodatavals)
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            tags, own = file.tags(), source.tags()
        assert ("quality" in source.descriptions) == (gaps == "hold")
        assert tags["CLIPPED"] == (
            "0 in every band outside the area: a pixel is kept where its centre lies inside the area"
        )
        for name in ("CLEAR_SHARE", "FILLED_SHARE", "OBSERVATIONS_MEAN"):
            assert tags[name] == own[name]
        assert tags["NODATA_MEANS"].endswith(", or outside the area")
        assert "CLIPPED" not in own
        assert {key: tags[key] for key in ("SCENES", "MONTH", "GAPS")} == {
            key: own[key] for key in ("SCENES", "MONTH", "GAPS")
        }
        seen = layers[-1] > 0
        filled = layers[:-1].any(axis=0) & ~seen
        assert one.clear_share == pytest.approx(seen.sum() / inside.sum(), abs=1e-8)
        assert one.filled_share == pytest.approx(filled.sum() / inside.sum(), abs=1e-8)
        assert one.observations_mean == pytest.approx(layers[-1].sum() / inside.sum(), abs=1e-6)
        assert 0.1 < inside.mean() < 0.5
    assert (cut[1].filled_share > 0.1) == (gaps == "hold")


def test_the_months_are_the_same_ones_whether_files_are_clipped_or_not(scenes, client, tmp_path):
    built(scenes, client, tmp_path / "store", clip=False)
    recipe, months = built(scenes, client, tmp_path / "store", clip=True)
    assert all(one.from_store for one in months)
    assert recipe.key != recipe.but(clip=False).key
    assert Recipe.from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize(
    ("corners", "kept"),
    [
        # Within one pixel of 10 m, on its centre.
        ([(1003, 1003), (1008, 1003), (1008, 1008), (1003, 1008)], [(100, 100)]),
        # Between centres: the pixels that it touches.
        ([(1006, 1001), (1012, 1001), (1012, 1004), (1006, 1004)], [(100, 100), (100, 101)]),
        # Long and thin, over the centres of one row.
        ([(503, 1003), (1498, 1003), (1498, 1007), (503, 1007)], [(100, column) for column in range(50, 150)]),
    ],
)
def test_tiny_and_thin_areas_keep_what_they_hold(scenes, client, tmp_path, corners, kept):
    recipe, months = built(scenes, client, tmp_path / "store", Polygon(lonlat(corners)), resolution=10)
    (one, _) = clip(months, recipe.aoi, tmp_path / "out")
    with rasterio.open(one.path) as file, rasterio.open(months[0].path) as source:
        by_centre = len(kept) != 2
        assert ("holds no centre" in file.tags()["CLIPPED"]) != by_centre
        rows = round((NORTH - file.transform.f) / 10)
        columns = round((file.transform.c - WEST) / 10)
        expected = np.zeros(file.shape, bool)
        for row, column in kept:
            expected[row - rows, column - columns] = True
        np.testing.assert_array_equal(file.read(), source.read() * expected)
    assert one.observations_mean * len(kept) == pytest.approx(source_count(months[0].path, expected))


def source_count(path, where):
    with rasterio.open(path) as source:
        return source.read(source.count)[where].sum()


def test_on_the_command_line_files_gif_and_figures_are_of_the_area(scenes, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("STAC_TIMELAPSE_CACHE", str(tmp_path / "cache"))
    area = tmp_path / "area.geojson"
    area.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(AREA)}))
    command = ["run", "--catalog", str(scenes), "--aoi", str(area), "--months", "2022-01"]
    command += ["--max-cloud", "100", "--json"]

    def run(*options):
        assert main([*command, "--out", str(tmp_path / "out"), *options]) == 0
        return json.loads(capsys.readouterr().out)

    whole, cut = run("--geotiff"), run("--clip")
    again = run("--gif", "--clip")
    with rasterio.open(tmp_path / "out" / "composite_2022-01.tif") as file:
        inside = inside_lonlat(AREA, file.transform, file.shape, 32633)
        layers = file.read()
    assert not layers[:, ~inside].any()
    share = (layers[-1][inside] > 0).mean()
    assert [one["months"][0]["clear_share"] for one in (whole, cut, again)] == [pytest.approx(share, abs=1e-6)] * 3
    assert cut["months"][0]["from_store"]
    assert json.loads((tmp_path / "out" / "recipe.json").read_text())["clip"] is True
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "composite_2022-01.tif", "recipe.json", "timelapse.gif"
    ]  # fmt: skip
    with Image.open(tmp_path / "out" / "timelapse.gif") as gif:
        picture = np.asarray(next(ImageSequence.Iterator(gif)).convert("RGB")).astype(int)
    factor = picture.shape[1] // inside.shape[1]
    drawn = inside.repeat(factor, axis=0).repeat(factor, axis=1)
    # Away from the outline, and from the title and the north arrow above.
    sure = away_from(drawn, 3 * factor)
    sure[:60] = False
    blank = np.abs(picture[: len(drawn)] - PAPER).max(axis=-1) <= 8
    assert blank[sure & ~drawn].all()
    # Random pixels are as dark now and then.
    assert (sure & drawn).sum() > 1000
    assert blank[sure & drawn].mean() < 0.01


def away_from(mask, pixels):
    """Return where nothing within so many rows and columns differs."""
    size = 2 * pixels + 1
    return ndimage.maximum_filter(mask, size) == ndimage.minimum_filter(mask, size)
