"""Bad input and bad luck on the command line: one sentence each, the right code, never a traceback."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from PIL import Image
from pyogrio import raw
from servers import answering
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.cli import main
from stac_timelapse.cluster import ClusterSpec, connect

WEST, NORTH = 499_980.0, 5_200_020.0
BOUNDS = lonlat_bbox(WEST + 5, NORTH - 955, WEST + 955, NORTH - 5)
BOX = ",".join(str(value) for value in BOUNDS)
KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Folder>{}</Folder></Document></kml>'
POINT = "<Placemark><name>Gauge</name><Point><coordinates>15.001,46.95</coordinates></Point></Placemark>"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STAC_TIMELAPSE_CACHE", str(tmp_path / "cache"))


def granule(name, when, scl=4):
    return Granule(name, when, {"B04": np.full((96, 96), 1000)}, np.full((96, 96), scl))


@pytest.fixture
def catalog(tmp_path):
    return write_catalog(
        tmp_path / "scenes", [granule("a", "2022-01-03T10:00:00Z"), granule("b", "2022-01-13T10:00:00Z")]
    )


@pytest.fixture(scope="module")
def cluster():
    """Return the address of a cluster for all tests; to start one for each takes longer than the rest."""
    with connect(ClusterSpec(workers=1, threads_per_worker=2)) as client:
        yield client.scheduler.address


@pytest.fixture
def run(catalog, tmp_path, capsys, cluster):
    def command(**changes):
        options = {
            "catalog": catalog,
            "aoi": BOX,
            "months": "2022-01",
            "bands": "B04",
            "out": tmp_path / "out",
            "cluster": cluster,
            **changes,
        }
        code = main(["run", *(str(part) for name, value in options.items() for part in (f"--{name}", value))])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.err.strip().splitlines()[-1]

    return command


def kmz(content):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("doc.kml", content)
    return packed.getvalue()


def wkt(corners):
    return f"POLYGON(({', '.join(f'{x:.9f} {y:.9f}' for x, y in [*corners, corners[0]])}))"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("points.kml", KML.format(POINT), "points.kml holds 1 point and no polygon: draw the area"),
        ("empty.kml", KML.format(""), "empty.kml holds no polygon: draw the area"),
        ("broken.kmz", kmz(KML.format(POINT))[:60], "broken.kmz is damaged: it cannot be unpacked"),
        ("nothing.kmz", b"PK\x03\x04", "nothing.kmz is damaged"),
        ("broken.kml", "<kml><Document>", "broken.kml is damaged at line 1: it is not complete XML"),
        ("broken.geojson", '{"type": ', "broken.geojson cannot be used. The GeoJSON is damaged at line 1"),
        (
            "bow.geojson",
            json.dumps({"type": "Polygon", "coordinates": [[[15, 46], [16, 47], [16, 46], [15, 47], [15, 46]]]}),
            "left out: the polygon crosses itself near 15.500, 46.500: redraw it",
        ),
        ("table.csv", "a,b\n1,2", "table.csv is no map file that can be read: save the area as KML"),
        ("nul.kml", b"\x00\x00\x00", "nul.kml is no map file"),
    ],
)
def test_a_file_without_an_area(run, tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    code, said = run(aoi=path)
    assert code == 2
    assert words in said


@pytest.mark.parametrize(
    ("aoi", "code", "words"),
    [
        (
            "POLYGON((15 46, 16 47, 16 46, 15 47, 15 46))",
            2,
            "The polygon crosses itself near 15.500, 46.500: redraw it",
        ),
        ("-30,40,-29.9,40.1", 3, "has no scenes of 2022-01 for the area -30.000, 40.000, -29.900, 40.100"),
        ("-180,-80,180,80", 2, "The area is too big: 40,075 x 17,811 km, and 1,000 km are allowed"),
        ("14,45,17,48", 2, "pixels, and 120,560,400 are allowed; choose 40 m or a smaller area"),
        ("15,46,15,46", 2, "must lie below"),
        ("15,91,16,95", 2, "beyond the pole"),
        ("x" * 500, 2, "is no area: write west, south, east, north"),
        ("", 2, "is no area"),
        ("no/such/file.kmz", 2, "no/such/file.kmz does not exist"),
    ],
)
def test_an_area_that_cannot_be(run, aoi, code, words):
    got, said = run(aoi=aoi)
    assert got == code
    assert words in said


def test_a_polygon_as_long_text_is_an_area(run):
    west, south, east, north = BOUNDS
    angles = np.linspace(0, 2 * math.pi, 60, endpoint=False)
    text = wkt(
        [
            ((west + east) / 2 + (east - west) / 3 * math.cos(a), (south + north) / 2 + 3e-3 * math.sin(a))
            for a in angles
        ]
    )
    assert len(text) > 1000
    assert run(aoi=text)[0] == 0


def test_points_of_a_kml_are_places_of_the_recipe(run, tmp_path):
    west, south, east, north = BOUNDS
    ring = f"{west},{south} {east},{south} {east},{north} {west},{north} {west},{south}"
    polygon = f"<LinearRing><coordinates>{ring}</coordinates></LinearRing>"
    polygon = f"<Polygon><outerBoundaryIs>{polygon}</outerBoundaryIs></Polygon>"
    path = tmp_path / "area.kmz"
    path.write_bytes(kmz(KML.format(f"{POINT}</Folder><Folder><Placemark><name>Lake</name>{polygon}</Placemark>")))
    assert run(aoi=path)[0] == 0
    recipe = json.loads((tmp_path / "out" / "recipe.json").read_text())
    assert recipe["aoi"]["properties"] == {"name": "Lake", "places": [{"name": "Gauge", "lon": 15.001, "lat": 46.95}]}


def test_one_area_of_a_file(catalog, tmp_path, capsys):
    west, south, east, north = BOUNDS
    here, far = shapely.box(west, south, east, north), shapely.box(15.5, 46.9, 15.51, 46.91)
    path = tmp_path / "two.fgb"
    names = np.array(["Here", "Far"], dtype=object)
    # Without its index, which would change the order.
    options = {"layer_options": {"SPATIAL_INDEX": "NO"}, "geometry_type": "Polygon", "crs": "EPSG:4326"}
    raw.write(path, shapely.to_wkb([here, far]), [names], ["name"], **options)

    def search(aoi, *area):
        code = main(
            ["search", "--catalog", str(catalog), "--aoi", str(aoi), "--months", "2022-01", "--bands", "B04", *area]
        )
        return code, capsys.readouterr().err

    code, said = search(path)
    assert code == 0, said
    assert "two.fgb holds 2 areas, taken together (1 'Here', 2 'Far'); --area takes one of them." in said
    for name in ("Here", "1"):
        code, said = search(path, "--area", name)
        assert code == 0
        assert "2 passes" in said
        assert "taken together" not in said
    code, said = search(path, "--area", "far")
    assert code == 3
    assert "for the area 15.500, 46.900, 15.510, 46.910" in said
    code, said = search(path, "--area", "Near")
    assert code == 2
    assert "two.fgb has no area 'Near': choose one of 1 'Here', 2 'Far'." in said
    code, said = search(BOX, "--area", "Here")
    assert code == 2
    assert "--area 'Here' chooses among the areas of a file, and --aoi is none: leave it out." in said


@pytest.mark.parametrize("out", ["taken", "taken/deeper", "/proc", "/proc/nothing"])
def test_a_folder_that_cannot_be_written_is_named_before_anything_is_computed(run, tmp_path, out):
    (tmp_path / "taken").write_text("a file")
    code, said = run(out=Path(out) if out.startswith("/") else tmp_path / out)
    assert code == 2
    assert "cannot be used" in said
    assert "choose another --out" in said
    assert not (tmp_path / "cache" / "months").exists()


def test_a_folder_in_the_place_of_a_result(run, tmp_path):
    (tmp_path / "out" / "composite_2022-01.tif").mkdir(parents=True)
    code, said = run()
    assert code == 2
    assert "The results cannot be written to" in said
    assert "Is a directory" in said


def test_nothing_readable(run, tmp_path):
    for path in (tmp_path / "scenes").rglob("*.tif"):
        path.write_bytes(b"no raster")
    code, said = run()
    assert code == 4
    assert said.startswith("stac-timelapse: None of 2 scenes can be read; the first, ")
    assert "SCL.tif' not recognized" in said


def test_the_api_is_down(run):
    with answering(lambda _: (500, {}, b"")) as url:
        code, said = run(catalog=url)
    assert code == 4
    assert "refused the search (status 500): try again in a few minutes." in said
    code, said = run(catalog=url)
    assert code == 4
    assert "cannot be reached" in said


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("null", 2, "is neither a STAC Catalog"),
        ('{"type": "FeatureCollection", "features": null}', 2, "without a list of features"),
        ('{"type": "FeatureCollection", "features": [1]}', 4, "None of the 1 items of bad.json can be used"),
        (
            '{"type": "FeatureCollection", "features": [{"assets": {"B04": {}, "SCL": {}}, "bbox": [0, 0, 60, 60]}]}',
            4,
            "has no",
        ),
        ('{"type": "Catalog"}', 4, "The static catalogue bad.json is damaged"),
        ('{"type": "Catalog", "id": "x", "stac_version": "1.0.0", "description": "x", "links": [1]}', 4, "is damaged"),
    ],
)
def test_a_catalogue_that_is_none(run, tmp_path, content, code, words):
    (tmp_path / "bad.json").write_text(content)
    got, said = run(catalog=tmp_path / "bad.json")
    assert got == code
    assert words in said


@pytest.mark.parametrize("address", ["http://", "https:///stac", "http://[::1"])
def test_an_address_that_is_none(run, address):
    code, said = run(catalog=address)
    assert code == 2
    assert "is not the address of a STAC API" in said


def test_one_bad_item_does_not_spoil_the_others(run, catalog, tmp_path):
    document = json.loads(catalog.read_text())
    broken = json.loads(json.dumps(document["features"][0]))
    broken["id"], broken["properties"]["proj:epsg"] = "broken", "thirty-two"
    elsewhere = {**broken, "id": "elsewhere", "geometry": None, "bbox": [0, 0, 1, 1]}
    catalog.write_text(json.dumps({**document, "features": [broken, elsewhere, None, *document["features"]]}))
    assert run()[0] == 0
    recipe = json.loads((tmp_path / "out" / "recipe.json").read_text())
    assert [text[:11] for text in recipe["left_out"]] == ["Item broken", "Item None i"]


def test_months_of_cloud_only_are_said_and_still_written(run, tmp_path):
    path = write_catalog(tmp_path / "cloudy", [granule("a", "2022-01-03T10:00:00Z", scl=9)])
    code, said = run(catalog=path, months="2022-01/2022-03")
    assert code == 3
    assert "No pixel of the area is clear in the 1 passes found" in said
    for month in ("2022-01", "2022-02", "2022-03"):
        with rasterio.open(tmp_path / "out" / f"composite_{month}.tif") as file:
            assert not file.read().any()
    with Image.open(tmp_path / "out" / "timelapse.gif") as gif:
        assert gif.n_frames == 3


def test_a_small_area_has_a_gif_with_every_month(run, tmp_path):
    west, south = BOUNDS[0] + 0.004, BOUNDS[1] + 0.003
    code, _ = run(aoi=f"{west},{south},{west + 2e-4},{south + 2e-4}", months="2022-01/2022-06")
    assert code == 0
    with Image.open(tmp_path / "out" / "timelapse.gif") as gif:
        assert gif.n_frames == 6


def test_an_error_of_our_own_is_a_sentence_too(run, monkeypatch):
    def broken(_recipe):
        raise KeyError("surprise")

    monkeypatch.setattr(pipeline, "find", broken)
    code, said = run()
    assert code == 1
    assert "an error of the program itself (KeyError: 'surprise'): please report it" in said


def test_a_reader_that_has_seen_enough(catalog):
    command = [sys.executable, "-m", "stac_timelapse.cli", "search", "--catalog", str(catalog), "--aoi", BOX]
    with subprocess.Popen(
        [*command, "--months", "2022-01"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert "Traceback" not in said
    assert "Exception ignored" not in said
