"""Files that people bring: what is in them is found, what is not used is said, nothing breaks."""

from __future__ import annotations

import io
import json
import re
import warnings
import zipfile
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from stac_timelapse.area import archive, vector
from stac_timelapse.area.aoi import Place
from stac_timelapse.area.coordinates import coordinates_of
from stac_timelapse.area.formats import parse
from stac_timelapse.area.vector import area_of
from stac_timelapse.errors import InvalidInputError

_REAL = Path(__file__).resolve().parents[3] / "shared" / "real" / "vector"
REAL_FILES = sorted(str(path.relative_to(_REAL)) for path in _REAL.rglob("*") if path.is_file())

RING = "<LinearRing><coordinates>{}</coordinates></LinearRing>"
SQUARE = "0,0 2,0 2,2 0,2 0,0"


def read_vector(source, name):
    return parse(source.read_bytes() if isinstance(source, Path) else source, name)


def load_area(source, name):
    return area_of(read_vector(source, name), name)


def polygon(outer: str, *inner: str) -> str:
    holes = "".join(f"<innerBoundaryIs>{RING.format(hole)}</innerBoundaryIs>" for hole in inner)
    return f"<Polygon><outerBoundaryIs>{RING.format(outer)}</outerBoundaryIs>{holes}</Polygon>"


def placemark(content: str, name: str = "") -> str:
    return f"<Placemark><name>{name}</name>{content}</Placemark>"


def kml(*content: str, root: str = 'kml xmlns="http://www.opengis.net/kml/2.2"') -> bytes:
    return f'<?xml version="1.0"?><{root}><Document>{"".join(content)}</Document></kml>'.encode()


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return buffer.getvalue()


def refusal(data: bytes, name: str = "x.kml") -> str:
    with pytest.raises(InvalidInputError) as caught:
        load_area(data, name)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


# --- real files


@pytest.mark.parametrize("name", REAL_FILES or [pytest.param("", marks=pytest.mark.skip("the real files are absent"))])
def test_a_real_file_is_read_or_refused_with_a_sentence(real, name):
    path = real / "vector" / name
    for read in (read_vector, load_area):
        try:
            read(path, path.name)
        except InvalidInputError as error:
            sentence = str(error)
            assert sentence.startswith(path.name)
            assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("name", "areas", "places", "skipped"),
    [
        ("gdal/non_conformant_multi.kml", 1, 1, ["1 line was"]),
        ("gdal/description_with_xml.kml", 0, 1, []),
        ("gdal/placemark_in_root_and_subfolder.kml", 0, 0, ["2 lines were"]),
        ("gdal/empty.kml", 0, 0, []),
        ("togeojson/test/data/linear_ring.kml", 1, 0, ["1 closed line is taken as a polygon."]),
        ("togeojson/test/data/polygon.kml", 1, 0, []),
        ("togeojson/test/data/twopoints.kml", 0, 2, []),
        ("togeojson/test/data/bad.kml", 0, 0, ["A point without a name", "The polygon 'hollow box'", "1 line was"]),
        ("togeojson/test/data/gxmultitrack.kml", 0, 2, ["1 track was"]),
        ("togeojson/test/data/ground_overlay.kml", 0, 0, ["1 image overlay was"]),
        ("togeojson/test/data/networklink.kml", 0, 0, ["1 network link was"]),
        ("libkml-examples/kml/kmlsamples.kml", 9, 4, ["8 image overlays were", "6 lines were"]),
        ("libkml-examples/kml/model.kml", 0, 0, ["4 3-D models were"]),
        ("libkml-examples/kml/polygons2d.kml", 50, 50, []),
        ("libkml-examples/kml/time.kml", 0, 361, ["12 image overlays were"]),
        ("geopandas/null_geom.geojson", 0, 0, ["1 feature without a geometry was", "1 line was"]),
        ("geopandas/overlay/geom_type/df1.geojson", 1, 0, []),
    ],
)
def test_real_files_hold_what_was_counted_in_their_text(real, name, areas, places, skipped):
    content = read_vector(real / "vector" / name, name)

    assert (len(content.areas), len(content.places)) == (areas, places)
    assert len(content.skipped) == len(skipped)
    for sentence, start in zip(content.skipped, skipped, strict=True):
        assert sentence.startswith(start)


def test_the_counts_of_a_large_real_file_are_those_of_its_text(real):
    path = real / "vector/libkml-examples/kml/polygons2d.kml"
    content = read_vector(path, path.name)

    text = path.read_text(encoding="utf-8")
    assert len(content.areas) == len(re.findall(r"<Placemark\b", text))
    assert sum(len(shapely.get_parts(area.geometry)) for area in content.areas) == len(re.findall(r"<Polygon\b", text))
    assert len(content.places) == len(re.findall(r"<Point\b", text))


def test_a_real_area_of_interest_given_as_a_line_only(real):
    area = load_area(real / "vector/togeojson/test/data/linear_ring.kml", "linear_ring.kml")

    assert area.bbox == (-126.0, 24.0, -66.0, 50.0)
    assert area.name == "AOI"


def test_truncated_names_the_line(real):
    path = real / "vector/gdal/truncated.kml"

    assert refusal(path.read_bytes(), path.name) == (
        "truncated.kml is damaged at line 35: it is not complete XML. Export it again."
    )


# --- KML


def test_all_folders_are_walked_and_points_become_places():
    data = kml(
        placemark("<Point><coordinates>1,1,250</coordinates></Point>", "Well"),
        "<Folder><name>Empty</name></Folder>",
        f"<Folder><Folder>{placemark(polygon(SQUARE), 'Field')}</Folder></Folder>",
        f"<Document><Folder>{placemark(polygon('5,0 6,0 6,1 5,1 5,0'), 'Wood')}</Folder></Document>",
    )
    content = read_vector(data, "farm.kml")
    area = load_area(data, "farm.kml")

    assert [(each.name, each.geometry.area) for each in content.areas] == [("Field", 4), ("Wood", 1)]
    assert content.places == (Place("Well", 1, 1),)
    assert content.skipped == ()
    assert area.geometry.area == 5
    assert area.name == "farm"
    assert area.places == (Place("Well", 1, 1),)


def test_overlapping_polygons_of_a_file_count_once():
    assert load_area(kml(placemark(polygon(SQUARE)), placemark(polygon("1,0 3,0 3,2 1,2"))), "x.kml").geometry.area == 6


@pytest.mark.parametrize(
    "root",
    [
        "kml",
        'kml xmlns="http://earth.google.com/kml/2.0"',
        'kml xmlns="http://earth.google.com/kml/2.1"',
        'kml xmlns="https://example.com/what-is-this"',
    ],
)
def test_namespaces_do_not_count(root):
    assert load_area(kml(placemark(polygon(SQUARE), "Field"), root=root), "x.kml").name == "Field"


def test_a_prefix_that_was_never_declared():
    data = kml(placemark("<gx:Track><gx:coord>1 2 3</gx:coord></gx:Track>"), placemark(polygon(SQUARE)))
    content = read_vector(data, "x.kml")

    assert len(content.areas) == 1
    assert content.skipped == ("1 track was left out: only polygons and points are used.",)


def test_cdata_and_blanks_and_a_byte_order_mark():
    name = "<![CDATA[ Field & <b>wood</b> ]]>"
    coordinates = f"<![CDATA[\n\t {SQUARE.replace(' ', chr(10))} \n]]>"
    data = b"\xef\xbb\xbf" + kml(placemark(polygon(coordinates), name))

    assert load_area(data, "x.kml").name == "Field & <b>wood</b>"
    assert load_area(b"\n  " + kml(placemark(polygon(SQUARE))), "x.kml").geometry.area == 4
    text = kml(placemark(polygon(SQUARE), "Polje č")).decode().replace('"1.0"', '"1.0" encoding="utf-16"')
    assert load_area(text.encode("utf-16"), "x.kml").name == "Polje č"


@pytest.mark.parametrize(
    "text",
    [
        "0,0 2,0 2,2 0,2 0,0",
        "0,0,9 2,0,9 2,2,9 0,2,9 0,0,9",
        "0,0\t2,0\n2,2   0,2",  # not closed
        "0, 0 2, 0 2, 2 0, 2 0, 0",
        "0,0,1, 2,0,1, 2,2,1, 0,2,1, 0,0,1",
        "0,0,1,2,0,1,2,2,1,0,2,1,0,0,1",
        "0,0,2,0,2,2,0,2,0,0",
        "0.,0e0 +2,0 2.0,2 .0,2",
        "0,0, 2,0, 2,2, 0,2, 0,0,",
    ],
)
def test_coordinates_as_they_are_found_in_the_wild(text):
    area = load_area(kml(placemark(polygon(text))), "x.kml")

    assert area.geometry.equals(box(0, 0, 2, 2))
    assert not area.geometry.has_z


def test_holes_and_many_geometries_in_one_placemark():
    inner = "0.5,0.5 1.5,0.5 1.5,1.5 0.5,1.5 0.5,0.5"
    many = polygon(SQUARE, inner) + "<MultiGeometry>" + polygon("5,0 6,0 6,1 5,1") + "</MultiGeometry>"
    content = read_vector(
        kml(placemark(f"<MultiGeometry>{many}<Point><coordinates>1,1</coordinates></Point></MultiGeometry>", "Two")),
        "x.kml",
    )

    assert [(each.name, each.geometry.area) for each in content.areas] == [("Two", 4)]
    assert content.places == (Place("Two", 1, 1),)


def test_what_is_left_out_is_said_once_for_each_kind():
    line = "<LineString><coordinates>0,0 1,1</coordinates></LineString>"
    content = read_vector(
        kml(
            placemark(polygon(SQUARE)),
            *[placemark(line)] * 3,
            "<GroundOverlay/><GroundOverlay/><NetworkLink/>",
            placemark("<Model/>"),
            placemark("<Point/>"),
        ),
        "x.kml",
    )

    assert content.skipped == (
        "1 3-D model was left out: only polygons and points are used.",
        "2 image overlays were left out: only polygons and points are used.",
        "3 lines were left out: only polygons and points are used.",
        "1 network link was left out: only polygons and points are used.",
        "1 point without coordinates was left out: only polygons and points are used.",
    )


def test_bad_polygons_are_left_out_and_the_others_stay():
    content = read_vector(
        kml(
            placemark(polygon(SQUARE), "Good"),
            placemark(polygon("15.1,46 15.3,46.2 15.3,46 15.1,46.2 15.1,46"), "Bow tie"),
            placemark(polygon("0,0 1,1"), "Short"),
            placemark(polygon("46,115 47,115 47,116 46,115"), "Swapped"),
            placemark(polygon("a,b c,d e,f")),
            placemark("<Point><coordinates>1,91</coordinates></Point>", "Off"),
        ),
        "x.kml",
    )

    assert [each.name for each in content.areas] == ["Good"]
    assert content.skipped == (
        (
            "The polygon 'Bow tie' was left out: "
            "the polygon crosses itself near 15.200, 46.100: redraw it so that its lines do not cross."
        ),
        "The polygon 'Short' was left out: it has 2 corners and needs at least three.",
        (
            "The polygon 'Swapped' was left out: "
            "the latitude 116 is beyond the pole: give longitude before latitude, in degrees."
        ),
        "A polygon without a name was left out: its coordinates are not pairs of longitude and latitude.",
        (
            "The point 'Off' was left out: "
            "the point 'Off' at 1, 91 is not on this earth: give longitude before latitude, in degrees."
        ),
    )


def test_a_thousand_bad_polygons_are_told_in_six_sentences():
    content = read_vector(kml(*[placemark(polygon("0,0 1,1"))] * 1000, placemark(polygon(SQUARE))), "x.kml")

    assert len(content.areas) == 1
    assert len(content.skipped) == 6
    assert content.skipped[-1] == "995 more shapes cannot be used either."


def test_only_points():
    points = [placemark(f"<Point><coordinates>{lon},1</coordinates></Point>") for lon in range(3)]

    assert refusal(kml(*points)) == (
        "x.kml holds 3 points and no polygon: draw the area on the map or upload a file with a polygon."
    )
    assert refusal(kml(points[0])).startswith("x.kml holds 1 point and no polygon: ")
    assert refusal(kml()).startswith("x.kml holds no polygon: ")


def test_nesting_deeper_than_python_recurses():
    nested = "<MultiGeometry>" * 20_000 + polygon(SQUARE) + "</MultiGeometry>" * 20_000
    assert load_area(kml(placemark(nested)), "x.kml").geometry.area == 4


@pytest.mark.parametrize(
    ("declaration", "use"),
    [
        ('<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">', "&b;"),
        ('<!ENTITY a SYSTEM "file:///etc/hostname">', "&a;"),
        ('<!ENTITY % a SYSTEM "http://127.0.0.1:9/x.dtd"> %a;', ""),
    ],
)
def test_entities_are_refused_before_they_unfold(declaration, use):
    data = f"<!DOCTYPE kml [{declaration}]><kml><Document>{placemark(polygon(SQUARE), use)}</Document></kml>"

    assert refusal(data.encode()) == (
        "x.kml defines XML entities, which are not read for safety: save it again from a map program."
    )


# --- GeoJSON


def test_geojson_is_sorted_like_kml():
    def feature(geometry, name=None):
        drawn = shapely.geometry.mapping(shapely.from_wkt(geometry)) if geometry else None
        return {"type": "Feature", "properties": {"name": name}, "geometry": drawn}

    document = {
        "type": "FeatureCollection",
        "features": [
            feature("POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))", "Field"),
            feature("MULTIPOLYGON (((5 0, 6 0, 6 1, 5 1, 5 0)), ((7 0, 8 0, 8 1, 7 1, 7 0)))", "Woods"),
            feature("POINT (1 1)", "Well"),
            feature("MULTIPOINT ((3 3), (4 4))", "Trees"),
            feature("LINESTRING (0 0, 1 1)"),
            feature(None),
            feature("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "Bow"),
            {"type": "Feature", "properties": {"name": "Odd"}, "geometry": {"type": "Circle", "coordinates": []}},
        ],
    }
    content = read_vector(json.dumps(document).encode(), "farm.geojson")

    assert [(each.name, each.geometry.area) for each in content.areas] == [("Field", 4), ("Woods", 2)]
    assert content.places == (Place("Well", 1, 1), Place("Trees", 3, 3), Place("Trees", 4, 4))
    assert content.skipped == (
        (
            "The shape 'Bow' was left out: "
            "the polygon crosses itself near 0.500, 0.500: redraw it so that its lines do not cross."
        ),
        "The shape 'Odd' was left out: its geometry is not GeoJSON.",
        "1 feature without a geometry was left out: only polygons and points are used.",
        "1 line was left out: only polygons and points are used.",
    )


def test_damaged_geojson_names_the_line():
    assert refusal(b'{"type": "FeatureCollection",\n"features": [\n{"type": "Fea', "a.geojson").startswith(
        "a.geojson cannot be used. The GeoJSON is damaged at line 3: "
    )
    assert "its type is 'Topology'" in refusal(b'{"type": "Topology"}', "a.json")
    assert "its type is 'list'" in refusal(b"[1, 2]", "a.json")


# --- KMZ


def test_kmz_is_opened_at_its_main_document():
    main, other = kml(placemark(polygon(SQUARE), "Main")), kml(placemark(polygon(SQUARE), "Other"))

    assert load_area(packed({"a.kml": other, "doc.kml": main}), "x.kmz").name == "Main"
    assert load_area(packed({"images/a.png": b"", "files/Area.KML": other}), "x.kmz").name == "Other"
    assert load_area(packed({"__MACOSX/._doc.kml": b"\0", "area.kml": other}), "x.kmz").name == "Other"


def test_a_kmz_in_a_kmz_but_no_deeper():
    inner = packed({"doc.kml": kml(placemark(polygon(SQUARE), "Inner"))})

    assert load_area(packed({"layer.kmz": inner}), "x.kmz").name == "Inner"
    assert "archives in archives" in refusal(packed({"a.kmz": packed({"b.kmz": inner})}), "x.kmz")


def test_content_counts_more_than_the_name():
    data = kml(placemark(polygon(SQUARE), "Field"))

    for name in ("area.txt", "area.geojson", "area", "!x.kmz"):
        assert load_area(data, name).name == "Field"
        assert load_area(packed({"doc.kml": data}), name).name == "Field"
    assert load_area(b' {"type": "Polygon", "coordinates": [[[0,0],[2,0],[2,2],[0,0]]]}', "a.kml").name == "a"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\n", "x.kmz is no map file that can be read: save the area as KML, KMZ, GeoJSON"),
        (b"SQLite format 3\0", "x.kmz is damaged: it cannot be opened"),
        (b"<html><body>Sign in</body></html>", "XML but neither KML nor GPX (its first element is 'html')"),
        (b"PK\x03\x04 and then nothing", "x.kmz is damaged"),
        (packed({"readme.txt": b"hello"}), "without a map in it"),
        (packed({"doc.kml": b"<kml><Docu"}), "damaged at line 1"),
        (kml(placemark(polygon(SQUARE)))[:-30], "damaged at line 1"),
        (b'<?xml version="1.0" encoding="klingon"?><kml/>', "damaged"),
        (b"<kml>\xff\xfe</kml>", "damaged at line 1"),
    ],
)
def test_what_is_no_map_gets_one_sentence(data, words):
    assert words in refusal(data, "x.kmz")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InvalidInputError, match=r"a\.kml cannot be read \(No such file or directory\)"):
        vector.load_area(tmp_path / "a.kml", "a.kml")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        vector.load_area(tmp_path, "folder")
    for empty in (b"", b" \n"):
        with pytest.raises(InvalidInputError, match="x is empty"):
            vector.load_area(empty, "x")


# --- hostile archives


def test_a_large_file_is_refused_unread(monkeypatch, tmp_path):
    path = tmp_path / "big.kml"
    with path.open("wb") as target:
        target.truncate(21_000_000)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))

    with pytest.raises(InvalidInputError, match=r"big\.kml has 21 MB and the limit is 20 MB"):
        vector.load_area(path, path.name)


def test_zip_bombs():
    assert "unpacks to more than 20 MB" in refusal(packed({"doc.kml": b" " * 21_000_000}), "x.kmz")
    assert re.search("unpacks to [0-9]+ times its size", refusal(packed({"doc.kml": b" " * 5_000_000}), "x.kmz"))
    assert "more than 10000 files" in refusal(packed({"doc.kml": b"PK\x01\x02" * 20}) + b"PK\x01\x02" * 10_001, "x.kmz")


def test_an_archive_that_lies_about_its_sizes(monkeypatch):
    data = bytearray(packed({"doc.kml": b" " * 3000}))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    monkeypatch.setattr(archive, "MAX_BYTES", 2000)

    assert "x.kmz" in refusal(bytes(data), "x.kmz")


def test_a_password():
    data = bytearray(packed({"doc.kml": kml()}))
    for start, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(start) + offset] |= 1

    assert refusal(bytes(data), "x.kmz") == "x.kmz is locked with a password: save it without one."


# --- for all


@given(st.data())
def test_a_damaged_archive_never_surprises(data):
    content = bytearray(packed({"doc.kml": kml(placemark(polygon(SQUARE), "Field"))}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile's, of two entries with one name
        try:
            load_area(bytes(content[: data.draw(st.integers(0, len(content)))]), "x.kmz")
        except InvalidInputError as error:
            assert str(error).startswith("x.kmz")  # noqa: PT017 - the other outcome is fine too


@given(st.binary(max_size=200), st.sampled_from([b"", b"<kml>", b"{", b"PK\x03\x04", b"\xff\xfe<"]))
def test_any_bytes_give_a_sentence(noise, start):
    with pytest.raises(InvalidInputError, match=r"^x "):
        load_area(start + noise, "x")


numbers = st.floats(-80, 80).map(lambda value: round(value, 6))
corners = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8)


@given(corners, st.sampled_from([" ", "\n", "\t  "]), st.sampled_from(["", ",0", ",12.5"]))
def test_coordinates_written_by_the_standard_are_read_exactly(points, blank, height):
    text = blank.join(f"{lon},{lat}{height}" for lon, lat in points)

    assert coordinates_of(text) == points


@given(st.text(alphabet="0123456789.,-+e \n", max_size=60))
def test_any_coordinates_are_corners_or_a_value_error(text):
    try:
        found = coordinates_of(text)
    except ValueError:
        return
    assert all(len(corner) == 2 for corner in found)
