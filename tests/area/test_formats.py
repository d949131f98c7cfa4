"""GeoPackages, Shapefiles, FlatGeobufs and GPX: what other programs write is read with its names and its place."""

from __future__ import annotations

import io
import sqlite3
import struct
import zipfile

import numpy as np
import pytest
import shapely
from pyogrio import raw
from pyproj import Transformer
from shapely.geometry import LineString, MultiPoint, Point, Polygon, box

from stac_timelapse.area import formats, shapefile
from stac_timelapse.area.aoi import Place
from stac_timelapse.area.formats import parse
from stac_timelapse.area.naming import candidates, names_of
from stac_timelapse.area.vector import area_of
from stac_timelapse.errors import InvalidInputError

BOXES = {"Lake": box(15, 46, 15.1, 46.1), "Wood": box(15.2, 46, 15.3, 46.1), "Field": box(15.4, 46, 15.5, 46.1)}
EAST, NORTH = Transformer.from_crs(4326, 32633, always_xy=True).transform(*np.transpose([(15, 46), (15.1, 46.1)]))


def written(path, geometries, *, crs="EPSG:4326", layer=None, driver=None, kind=None, **fields):
    """Write geometries and columns of texts with GDAL, and return the path."""
    kinds = {each.geom_type for each in geometries if each is not None}
    raw.write(
        path,
        shapely.to_wkb(np.array(geometries, dtype=object)),
        [np.array(values, dtype=object) for values in fields.values()],
        list(fields),
        geometry_type=kind or kinds.pop(),
        crs=crs,
        layer=layer,
        driver=driver,
        append=path.exists(),
    )
    return path


def gpkg(tmp_path, geometries=None, **changes):
    path = tmp_path / "sites.gpkg"
    named = {} if "name" in changes else {"name": list(BOXES)}
    return written(path, geometries or list(BOXES.values()), **{"layer": "sites", **named, **changes})


def zipped(folder, *, without=(), inside=""):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in sorted(folder.iterdir()):
            if part.suffix[1:] not in without:
                archive.write(part, f"{inside}{part.name}")
    return packed.getvalue()


def shp(tmp_path, geometries, title="sites", /, **changes):
    folder = tmp_path / "parts"
    folder.mkdir(exist_ok=True)
    written(folder / f"{title}.shp", geometries, **changes)
    return folder


def refusal(data, name):
    with pytest.raises(InvalidInputError) as caught:
        area_of(parse(data, name), name)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


# --- GeoPackage and FlatGeobuf


@pytest.mark.parametrize("ending", ["gpkg", "fgb", "zip"])
@pytest.mark.parametrize("packed", [False, True])
def test_names_and_ground_of_every_format_are_those_that_were_written(tmp_path, ending, packed):
    if ending == "zip":
        data = zipped(shp(tmp_path, list(BOXES.values()), name=list(BOXES)), inside="export/2024/")
    else:
        written(tmp_path / f"a.{ending}", list(BOXES.values()), name=list(BOXES))
        data = (tmp_path / f"a.{ending}").read_bytes()
    if packed:
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("readme.txt", b"hello")
            archive.writestr(f"maps/sites.{ending}", data)
        data = whole.getvalue()
    content = parse(data, "what is this")

    # A FlatGeobuf is written in the order of its spatial index.
    found = {area.name: area.geometry for area in content.areas}
    assert found.keys() == BOXES.keys()
    for name, geometry in found.items():
        assert geometry.equals(BOXES[name])
    assert content.whole.geometry.equals(shapely.union_all(list(BOXES.values())))
    assert content.skipped == ()


def test_another_coordinate_system_becomes_degrees_and_heights_are_dropped(tmp_path):
    metres = shapely.force_3d(box(EAST[0], NORTH[0], EAST[1], NORTH[1]), 250)
    path = gpkg(tmp_path, [metres], crs="EPSG:32633", kind="Polygon Z", name=["Lake"])
    content = parse(path.read_bytes(), "x.gpkg")

    (area,) = content.areas
    assert not area.geometry.has_z
    corner = shapely.get_coordinates(area.geometry)
    assert np.abs(corner - [15, 46]).sum(axis=1).min() < 1e-9
    assert np.abs(corner - [15.1, 46.1]).sum(axis=1).min() < 1e-9


def test_a_real_shapefile_in_feet_lies_where_new_york_is(real):
    content = parse((real / "vector/geopandas/nybb_16a.zip").read_bytes(), "nybb_16a.zip")

    # New York State Plane, US feet (EPSG:2263). The city gives 22.7 square miles of land for Manhattan.
    areas = {area.name: area for area in content.areas}
    assert areas.keys() == {"Staten Island", "Queens", "Brooklyn", "Manhattan", "Bronx"}
    assert areas["Manhattan"].area_km2 == pytest.approx(22.7 * 2.59, rel=0.02)
    assert areas["Manhattan"].geometry.covers(Point(-73.9855, 40.7580))  # Times Square
    assert content.skipped == ()


@pytest.mark.filterwarnings("ignore:.crs. was not provided")
@pytest.mark.parametrize("srs", [None, -1])
def test_a_geopackage_without_a_coordinate_system(tmp_path, srs):
    path = gpkg(tmp_path, crs=None)
    if srs is not None:
        connection = sqlite3.connect(path)
        connection.execute("UPDATE gpkg_contents SET srs_id = ?", (srs,))
        connection.execute("UPDATE gpkg_geometry_columns SET srs_id = ?", (srs,))
        connection.commit()
        connection.close()
    content = parse(path.read_bytes(), "x.gpkg")

    assert content.areas[0].geometry.equals(BOXES["Lake"])
    assert [sentence[:57] for sentence in content.skipped] == [
        "The layer 'sites' does not say its coordinate system (a S"
    ]


def test_a_circle_of_arcs_becomes_a_polygon(tmp_path):
    path = gpkg(tmp_path, [BOXES["Lake"]], name=["Circle"])
    corners = np.array([(15, 46), (15.1, 46.1), (15.2, 46), (15.1, 45.9), (15, 46)], "<f8").tobytes()
    curve = b"GP\0\1" + struct.pack("<iBIIBII", 4326, 1, 10, 1, 1, 8, 5) + corners  # CurvePolygon of a CircularString
    connection = sqlite3.connect(path)
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f'DROP TRIGGER "{trigger}"')  # they call functions that only GDAL has
    connection.execute("UPDATE sites SET geom = ?", (curve,))
    connection.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'")
    connection.commit()
    connection.close()
    (area,) = parse(path.read_bytes(), "x.gpkg").areas

    assert area.geometry.area == pytest.approx(np.pi * 0.1**2, rel=2e-3)


def test_points_lines_and_all_layers(tmp_path):
    path = gpkg(tmp_path)
    written(path, [Point(15.05, 46.05), MultiPoint([(1, 2), (3, 4)])], layer="wells", kind="Unknown", name=["Well", ""])
    written(path, [LineString([(0, 0), (1, 1)])] * 2, layer="roads", name=["A1", "A2"])
    written(path, [box(1, 1, 2, 2)], layer="island", code=["i7"])
    written(path, [box(5, 5, 6, 6), None], layer="more", kind="Polygon", name=["Lake", "Nowhere"])
    content = parse(path.read_bytes(), "x.gpkg")

    assert [area.name for area in content.areas] == ["Lake", "Wood", "Field", "code i7"]
    assert content.areas[0].geometry.equals(BOXES["Lake"] | box(5, 5, 6, 6))  # of both layers
    assert content.places == (Place("Well", 15.05, 46.05), Place("", 1, 2), Place("", 3, 4))
    assert content.skipped == (
        "1 feature without a geometry was left out: only polygons and points are used.",
        "2 lines were left out: only polygons and points are used.",
    )


def test_one_bad_shape_does_not_spoil_the_others(tmp_path):
    bow = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    content = parse(gpkg(tmp_path, [BOXES["Lake"], bow], name=["Lake", "Bow"]).read_bytes(), "x.gpkg")

    assert [area.name for area in content.areas] == ["Lake"]
    (said,) = content.skipped
    assert said.startswith("The shape 'Bow' was left out: the polygon crosses itself near 0.500, 0.500: redraw it")


def test_a_geopackage_that_a_map_program_has_open(tmp_path):
    path = gpkg(tmp_path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    connection.close()
    assert path.read_bytes()[18:20] == b"\x02\x02"

    assert [area.name for area in parse(path.read_bytes(), "x.gpkg").areas] == list(BOXES)


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["CREATE TABLE t (a)"], "is an SQLite database but not a GeoPackage"),
        (["CREATE TABLE gpkg_contents (a)"], "x.gpkg is damaged: it cannot be opened"),
    ],
)
def test_a_database_that_is_no_geopackage(tmp_path, statements, words):
    connection = sqlite3.connect(tmp_path / "x.gpkg")
    for statement in statements:
        connection.execute(statement)
    connection.close()

    assert words in refusal((tmp_path / "x.gpkg").read_bytes(), "x.gpkg")


def test_programs_in_a_geopackage_are_not_run(tmp_path):
    path = gpkg(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute(
        "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n) SELECT * FROM n"
    )
    connection.execute("INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('endless', 'features', 4326)")
    connection.execute("INSERT INTO gpkg_geometry_columns VALUES ('endless', 'i', 'POLYGON', 4326, 0, 0)")
    connection.commit()
    content = parse(path.read_bytes(), "x.gpkg")

    assert [area.name for area in content.areas] == list(BOXES)
    assert content.skipped == ("The view 'endless' was left out: only tables are read.",)

    connection.execute("PRAGMA writable_schema = ON")
    virtual = "CREATE VIRTUAL TABLE passwd USING VirtualOGR(''/etc/passwd'')"
    connection.execute(f"INSERT INTO sqlite_master VALUES ('table', 'passwd', 'passwd', 0, '{virtual}')")  # noqa: S608
    connection.commit()
    connection.close()
    assert "has virtual tables, which are not read for safety" in refusal(path.read_bytes(), "x.gpkg")


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_a_truncated_geopackage_is_one_sentence_or_what_is_left(tmp_path, share):
    data = gpkg(tmp_path).read_bytes()
    try:
        content = parse(data[: int(share * len(data))], "x.gpkg")
    except InvalidInputError as error:
        assert str(error).startswith("x.gpkg ")  # noqa: PT017 - the other outcome is fine too
        assert str(error).endswith("Export it again.")  # noqa: PT017
    else:
        assert {area.name for area in content.areas} <= BOXES.keys()


# --- Shapefile


def test_each_shapefile_of_an_archive_is_a_layer(tmp_path):
    for name, shape in BOXES.items():
        folder = shp(tmp_path, [shape], name, code=["7"])
    (folder / "Lake.dbf").rename(folder / "LAKE.DBF")
    content = parse(zipped(folder), "x.zip")

    assert {area.name for area in content.areas} == {"code 7"}
    content = parse(zipped(folder, without=("dbf", "DBF")), "x.zip")
    assert {area.name: area.geometry.bounds for area in content.areas} == {
        name: shape.bounds for name, shape in BOXES.items()
    }
    assert sorted(content.skipped) == [
        f"The Shapefile {name!r} has no .dbf file, so its shapes have no names." for name in sorted(BOXES)
    ]


def test_a_lost_index_is_rebuilt_exactly(tmp_path):
    folder = shp(tmp_path, list(BOXES.values()), name=list(BOXES))

    assert shapefile.index_of((folder / "sites.shp").read_bytes()) == (folder / "sites.shx").read_bytes()
    content = parse(zipped(folder, without=("shx",)), "x.zip")
    assert [area.name for area in content.areas] == list(BOXES)


def test_names_without_a_code_page_are_read_as_utf8_or_else_as_latin(tmp_path):
    folder = shp(tmp_path, [BOXES["Lake"]], naziv=["Žička gora"])
    assert [area.name for area in parse(zipped(folder, without=("cpg",)), "x.zip").areas] == ["Žička gora"]

    dbf = (folder / "sites.dbf").read_bytes()
    (folder / "sites.dbf").write_bytes(dbf.replace("Žička gora".encode(), "Älvdalen    ".encode("latin-1")))
    assert [area.name for area in parse(zipped(folder, without=("cpg",)), "x.zip").areas] == ["Älvdalen"]


def test_without_a_prj_degrees_are_assumed_and_said(tmp_path):
    folder = shp(tmp_path, [BOXES["Lake"]], name=["Lake"])
    content = parse(zipped(folder, without=("prj",)), "x.zip")

    assert content.areas[0].geometry.equals(BOXES["Lake"])
    (said,) = content.skipped
    assert said == (
        "The layer 'sites' does not say its coordinate system (a Shapefile has it in a .prj file): "
        "its numbers are taken as longitude and latitude."
    )


def test_without_a_prj_metres_are_refused(tmp_path):
    folder = shp(tmp_path, [box(EAST[0], NORTH[0], EAST[1], NORTH[1])], crs="EPSG:32633", name=["Lake"])

    assert refusal(zipped(folder, without=("prj",)), "x.zip") == (
        "x.zip cannot be used. The layer 'sites' does not say its coordinate system, and its numbers are no degrees: "
        "add its .prj file to the archive, or export it in longitude and latitude."
    )
    # Another layer can be used all the same.
    shp(tmp_path, [BOXES["Wood"]], "wood", name=["Wood"])
    (folder / "sites.prj").unlink()
    content = parse(zipped(folder), "x.zip")
    assert [area.name for area in content.areas] == ["Wood"]
    assert content.skipped[0].startswith("The layer 'sites' was left out: the layer 'sites' does not say")


def test_an_archive_whose_shapefile_lost_its_shapes(tmp_path):
    folder = shp(tmp_path, [BOXES["Lake"]], name=["Lake"])

    assert "without a map in it" in refusal(zipped(folder, without=("shp",)), "x.zip")
    shape = (folder / "sites.shp").read_bytes()
    (folder / "sites.shp").write_bytes(shape[:120])
    assert "damaged" in refusal(zipped(folder), "x.zip")


def test_a_shp_alone(tmp_path):
    folder = shp(tmp_path, [BOXES["Lake"]], name=["Lake"])
    content = parse((folder / "sites.shp").read_bytes(), "sites.shp")

    assert content.areas[0].geometry.equals(BOXES["Lake"])
    assert [sentence.split("'")[1] for sentence in content.skipped] == ["sites", "sites"]


@pytest.mark.parametrize("words", [-1, 0, 2**31 - 1])
def test_an_index_of_records_that_lie(words):
    shape = shapefile.START + bytes(96) + struct.pack(">ii", 1, words) + bytes(40)

    assert len(shapefile.index_of(shape)) == 100


# --- names


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"NAME": ["Lake", "Lake"], "title": ["a", "b"]}, ["Lake", "Lake"]),
        ({"id": [1, 2], "Title": ["a", "b"]}, ["a", "b"]),
        ({"NAME_0": ["Italy", "Italy"], "NAME_1": ["Lazio", "Umbria"]}, ["Lazio", "Umbria"]),
        ({"BoroName": ["Queens"], "BoroCode": [4]}, ["Queens"]),
        ({"name": [None, None], "id": [7.0, float("nan")]}, ["id 7", ""]),
        ({"area": [1.5, 2.5]}, ["", ""]),
        ({}, ["", ""]),
    ],
)
def test_the_first_sensible_attribute_is_the_name(columns, names):
    chosen = {field: columns[field] for field in candidates(columns)}

    assert names_of(chosen, len(names)) == names


# --- GPX


def gpx(content, start='<?xml version="1.0"?>'):
    return f'{start}<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1">{content}</gpx>'.encode()


def points(tag, *corners):
    return "".join(f'<{tag} lon="{lon}" lat="{lat}"><ele>250</ele></{tag}>' for lon, lat in corners)


def track(name, *segments):
    walked = "".join(f"<trkseg>{points('trkpt', *each)}</trkseg>" for each in segments)
    return f"<trk><name>{name}</name>{walked}</trk>"


AROUND = [(15, 46), (15.01, 46), (15.01, 46.01), (15, 46.01)]


def test_waypoints_closed_tracks_and_routes():
    near = (15.0003, 46.0002)  # 32 m from the start: 0.0003 degrees are 23 m there, and 0.0002 are 22 m
    far = (15.0009, 46.0002)  # 73 m
    content = parse(
        gpx(
            '<wpt lon="15.005" lat="46.005"><name>Spring</name></wpt>'
            + track("Walk", [*AROUND, near])
            + track("Pause", [*AROUND[:2]], [*AROUND[2:], AROUND[0]])
            + track("Way", [*AROUND, far])
            + track("Out and back", [(15, 46), (15.1, 46)])
            + track("Standing", [(15, 46)])
            + f"<rte><name>Round</name>{points('rtept', *AROUND, AROUND[0])}</rte>"
        ),
        "x.gpx",
    )

    assert [area.name for area in content.areas] == ["Walk", "Pause", "Round"]
    assert content.areas[0].geometry.equals(Polygon([*AROUND, near]))
    assert content.areas[1].geometry.equals(box(15, 46, 15.01, 46.01))
    assert content.areas[2].geometry.equals(box(15, 46, 15.01, 46.01))
    assert content.places == (Place("Spring", 15.005, 46.005),)
    assert content.skipped == (
        "1 closed route is taken as a polygon.",
        "2 closed tracks are taken as polygons.",
        "3 open tracks were left out: only polygons and points are used.",
    )


def test_a_track_that_crosses_itself_encloses_all_its_loops():
    eight = [(15, 46), (15.02, 46.02), (15.02, 46), (15, 46.02), (15, 46)]
    (area,) = parse(gpx(track("Eight", eight)), "x.gpx").areas

    assert area.geometry.area == pytest.approx(2 * 0.5 * 0.02 * 0.01)  # two triangles
    forth_and_back = [(15, 46), (15.01, 46), (15.02, 46), (15.01, 46), (15, 46)]
    content = parse(gpx(track("Line", forth_and_back)), "x.gpx")
    assert content.areas == ()
    assert content.skipped == ("The track 'Line' was left out: it encloses no ground.",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gpx("<wpt/>"), "A waypoint without a name was left out: it has a point without longitude and latitude."),
        (gpx('<wpt lon="1" lat="95"/>'), "is not on this earth"),
        (gpx(track("T", [(1, 2), ("east", 3)])), "The track 'T' was left out: it has a point without"),
        (gpx("<wpt>")[:-3], "x.gpx is damaged at line 1"),
        (
            gpx("<wpt><name>&b;</name></wpt>", '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'),
            "x.gpx defines XML entities, which are not read for safety",
        ),
    ],
)
def test_gpx_that_cannot_be_used(data, words):
    assert words in refusal(data, "x.gpx")


# --- what names other files


@pytest.mark.parametrize("path", ["/etc/passwd", "http://127.0.0.1:9/areas.json", "/vsicurl/http://127.0.0.1:9/a.shp"])
def test_a_virtual_dataset_is_no_map_file(path):
    layer = f'<OGRVRTLayer name="x"><SrcDataSource>{path}</SrcDataSource></OGRVRTLayer>'
    vrt = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"

    assert "XML but neither KML nor GPX (its first element is 'OGRVRTDataSource')" in refusal(vrt.encode(), "x.gpkg")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("layer.shp", vrt)
        archive.writestr("layer.dbf", vrt)
    assert refusal(packed.getvalue(), "x.zip") == (
        "x.zip cannot be used. The Shapefile 'layer' was left out: its .shp file is damaged or none: export it again."
    )


# --- how much


def test_more_shapes_or_corners_than_allowed(tmp_path, monkeypatch):
    data = gpkg(tmp_path).read_bytes()
    monkeypatch.setattr(formats, "MAX_CORNERS", 14)
    assert refusal(data, "x.gpkg").startswith("x.gpkg has 15 corners, and 14 are allowed: save only the shapes that")
    monkeypatch.setattr(formats, "MAX_SHAPES", 2)
    assert refusal(data, "x.gpkg").startswith("x.gpkg has 3 shapes, and 2 are allowed")


# --- one of several


def test_an_area_is_chosen_by_name_or_number(tmp_path):
    content = parse(gpkg(tmp_path).read_bytes(), "sites.gpkg")

    assert area_of(content, "sites.gpkg").geometry.equals(content.whole.geometry)
    assert area_of(content, "sites.gpkg").name == "sites"
    for wanted in ("Wood", "wood", " WOOD ", "2"):
        chosen = area_of(content, "sites.gpkg", wanted)
        assert (chosen.name, chosen.geometry.bounds) == ("Wood", BOXES["Wood"].bounds)
    for wanted in ("Hill", "0", "4", "²"):
        with pytest.raises(InvalidInputError) as caught:
            area_of(content, "sites.gpkg", wanted)
        assert str(caught.value) == (f"sites.gpkg has no area {wanted!r}: choose one of 1 'Lake', 2 'Wood', 3 'Field'.")


def test_areas_without_a_name_are_numbered(tmp_path):
    content = parse(gpkg(tmp_path, name=["1", "", ""]).read_bytes(), "sites.gpkg")

    # A name comes before a number.
    assert area_of(content, "sites.gpkg", "1").geometry.equals(BOXES["Lake"])
    assert area_of(content, "sites.gpkg", "sites 3").geometry.equals(BOXES["Field"])
    assert area_of(content, "sites.gpkg", "3").name == "sites 3"
