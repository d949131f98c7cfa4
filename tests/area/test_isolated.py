"""A file is read by another process: what it finds comes back whole, and what goes wrong there is one sentence here."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import shapely
from pyogrio import raw
from shapely.geometry import box

from stac_timelapse.area import isolated
from stac_timelapse.area.aoi import Place
from stac_timelapse.area.ogr import DRIVERS
from stac_timelapse.area.vector import load_area, read_vector
from stac_timelapse.errors import InvalidInputError


@pytest.fixture
def child(monkeypatch):
    """Make the process that reads do something else: lines that stand before its own."""

    def change(lines):
        monkeypatch.setattr(isolated, "_PROGRAM", f"{lines}; {isolated._PROGRAM}")

    return change


def feature(shape, name):
    return {"type": "Feature", "properties": {"name": name}, "geometry": shapely.geometry.mapping(shape)}


def geojson(*features):
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


AREA = geojson(feature(box(15, 46, 16, 47), "Žička gora"))


def refusal(data, name="x.gpkg"):
    with pytest.raises(InvalidInputError) as caught:
        read_vector(data, name)
    sentence = str(caught.value)
    assert sentence.startswith(name)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_what_the_other_process_found_arrives_exactly(tmp_path):
    wild = shapely.Point(15.1, 46.1).buffer(0.0123)  # numbers with all their digits
    data = geojson(
        feature(wild, "Žička gora"),
        feature(box(179, 1, 181, 2), ""),
        feature(shapely.Point(15.123456789, 46), "Well"),
        feature(shapely.LineString([(0, 0), (1, 1)]), "Road"),
    )
    (tmp_path / "č.geojson").write_bytes(data)
    content = read_vector(tmp_path / "č.geojson", "č.geojson")

    assert [area.name for area in content.areas] == ["Žička gora", ""]
    assert content.areas[0].geometry.equals_exact(wild, 0)
    assert content.areas[1].bbox == (179, 1, -179, 2)
    assert content.places == (Place("Well", 15.123456789, 46),)
    assert content.skipped == ("1 line was left out: only polygons and points are used.",)
    assert content.whole.area_km2 == pytest.approx(sum(area.area_km2 for area in content.areas))
    assert load_area(data, "č.geojson", "č 2").geometry == content.areas[1].geometry


def test_the_other_process_reads_three_formats_and_knows_no_secret(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    show = "import json, os, pyogrio; print(json.dumps([list(pyogrio.list_drivers()), list(os.environ)]))"
    done = subprocess.run(
        [sys.executable, "-c", show], env=isolated.environment(), capture_output=True, check=True, text=True
    )
    drivers, environment = json.loads(done.stdout)

    assert set(drivers) == set(DRIVERS)
    assert "AWS_SECRET_ACCESS_KEY" not in environment


def test_a_file_that_takes_too_long(child, monkeypatch):
    monkeypatch.setattr(isolated, "SECONDS", 0.2)
    child("import time; time.sleep(600)")

    assert refusal(AREA) == (
        "x.gpkg was not read within 0 seconds: save only the shapes that you need, or simplify them."
    )


@pytest.mark.parametrize(
    "lines",
    [
        "import os; os.abort()",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import ctypes; ctypes.string_at(0)",
        "raise SystemExit(0)",
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1)); all(iter(lambda: 1, 0))",
    ],
)
def test_a_reader_that_dies(child, lines):
    child(lines)

    assert refusal(AREA) == "x.gpkg broke the reading off: it is damaged or unsafe. Export it again."


def test_a_file_that_needs_too_much_memory(monkeypatch):
    # The same file can be read with the usual limit: numpy and GEOS take less than the half of it.
    monkeypatch.setattr(isolated, "MEMORY", 300_000_000)
    assert len(read_vector(AREA, "x.gpkg").areas) == 1

    numbers = b"[" + b"[0,0]," * 1_500_000 + b"[0,0]]"
    many = b'{"type": "Polygon", "coordinates": [' + numbers + b"]}"
    assert refusal(many) == "x.gpkg needs more than 0 GB of memory to read: save only the shapes that you need."


def test_no_file_can_be_written_by_the_other_process(child, tmp_path):
    target = tmp_path / "written"
    limits = "from stac_timelapse.area import reader_process; reader_process._limit(10**9, 20)"
    child(
        f"import json, sys; sys.path[:] = json.loads(sys.argv[1]); {limits}; open({str(target)!r}, 'wb', 0).write(b'x')"
    )

    assert "broke the reading off" in refusal(AREA)
    assert target.read_bytes() == b""


def test_an_error_of_our_own_is_logged_and_said(child, caplog):
    path = "import json, sys; sys.path[:] = json.loads(sys.argv[1])"
    child(f"{path}; from stac_timelapse.area import formats; formats.parse = {{}}.__getitem__")
    with caplog.at_level(logging.ERROR):
        said = refusal(AREA)

    assert said == "x.gpkg cannot be read: something in it is not as expected. Export it again."
    assert "TypeError" in caplog.text


def test_a_million_corners(tmp_path):
    angles = np.linspace(0, 2 * np.pi, 1_000_000)
    circle = shapely.Polygon(np.column_stack([15 + 0.1 * np.cos(angles), 46 + 0.1 * np.sin(angles)]))
    raw.write(tmp_path / "x.gpkg", shapely.to_wkb([circle]), [], [], geometry_type="Polygon", crs="EPSG:4326")

    assert refusal((tmp_path / "x.gpkg").read_bytes()) == (
        "x.gpkg has 1,000,000 corners, and 500,000 are allowed: save only the shapes that you need, or simplify them."
    )


def test_a_bomb_of_a_shapefile():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.shp", bytes(25_000_000))
    assert refusal(packed.getvalue(), "x.zip") == "x.zip unpacks to more than 20 MB: simplify its polygons."


def test_a_name_that_no_command_line_can_hold():
    assert read_vector(AREA, "-c\n'").areas[0].name == "Žička gora"
    assert "broke the reading off" in refusal(AREA, "x\0.gpkg")
