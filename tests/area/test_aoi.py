"""The area of interest is valid from birth, whatever a map, a file or a hand gives."""

from __future__ import annotations

import json
import math
import pickle

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.errors import InvalidInputError

SQUARE = box(15.2, 46.1, 15.3, 46.2)


# --- what is accepted


@pytest.mark.parametrize(
    "text",
    [
        "15.2,46.1,15.3,46.2",
        " 15.2, 46.1, 15.3, 46.2 ",
        "15.2 46.1 15.3 46.2",
        "[15.2, 46.1, 15.3, 46.2]",
        "(1.52e1; 46.10; +15.3; 46.2)",
        "POLYGON ((15.2 46.1, 15.3 46.1, 15.3 46.2, 15.2 46.2, 15.2 46.1))",
        "polygon z((15.2 46.1 5, 15.3 46.1 5, 15.3 46.2 5, 15.2 46.2 5, 15.2 46.1 5))",
        "SRID=4326;POLYGON ((15.2 46.1, 15.3 46.1, 15.3 46.2, 15.2 46.2, 15.2 46.1))",
        json.dumps(shapely.geometry.mapping(SQUARE)),
        json.dumps({"type": "Feature", "properties": None, "geometry": shapely.geometry.mapping(SQUARE)}),
    ],
)
def test_pasted_text_of_every_kind_is_the_same_square(text):
    area = AreaOfInterest.parse(text)

    assert area.bbox == (15.2, 46.1, 15.3, 46.2)
    assert area.geometry.equals(SQUARE)
    assert not area.geometry.has_z


def test_numbers_without_a_leading_zero():
    assert AreaOfInterest.parse("-.5, .25, .5, 1.").bbox == (-0.5, 0.25, 0.5, 1.0)


def test_text_in_another_coordinate_system_is_moved_to_degrees():
    # UTM 33N: 500 000 m is the central meridian, 15 degrees; northing 0 is the equator.
    area = AreaOfInterest.parse("SRID=32633;POLYGON ((500000 0, 510000 0, 510000 10000, 500000 10000, 500000 0))")

    west, south, east, north = area.bbox
    assert west == pytest.approx(15, abs=1e-9)
    assert south == pytest.approx(0, abs=1e-9)
    assert east == pytest.approx(15 + 10_000 / 0.9996 / 111_319.49, abs=1e-5)
    assert north == pytest.approx(10_000 / 0.9996 / 110_574, abs=1e-5)


def test_the_old_crs_member_of_geojson_is_obeyed():
    document = {
        "type": "Feature",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}},
        "properties": {"name": "Null island"},
        "geometry": shapely.geometry.mapping(box(0, 0, 111_319.490793, 111_325.142866)),
    }
    area = AreaOfInterest.from_geojson(document)

    assert area.bbox == pytest.approx((0, 0, 1, 1), abs=1e-9)
    assert area.name == "Null island"


def test_a_collection_is_the_union_of_its_polygons():
    members = [box(0, 0, 2, 1), box(1, 0, 3, 1), Point(9, 9)]
    features = [{"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(each)} for each in members]
    nested = {"type": "GeometryCollection", "geometries": [features.pop(0)["geometry"]]}
    features.append({"type": "Feature", "properties": {"name": "West"}, "geometry": nested})
    area = AreaOfInterest.from_geojson({"type": "FeatureCollection", "features": features})

    assert area.geometry.area == 3
    assert area.bbox == (0, 0, 3, 1)
    assert area.name == "West"


def test_parts_that_overlap_become_one():
    area = AreaOfInterest(MultiPolygon([box(0, 0, 2, 2), box(1, 1, 3, 3)]))

    assert isinstance(area.geometry, Polygon)
    assert area.geometry.area == 7


def test_holes_and_separate_parts_stay():
    ring = Polygon(box(0, 0, 3, 3).exterior, [box(1, 1, 2, 2).exterior])
    area = AreaOfInterest(MultiPolygon([ring, box(5, 0, 6, 1)]))

    assert area.geometry.area == 9
    assert len(area.geometry.geoms) == 2


# --- the world is round


def test_a_map_scrolled_to_the_west_gives_the_real_longitude():
    assert AreaOfInterest(box(-246, 10, -245, 11)).bbox == (114, 10, 115, 11)
    assert AreaOfInterest(box(474, 10, 475, 11)).bbox == (114, 10, 115, 11)


def test_parts_from_different_turns_of_the_world():
    area = AreaOfInterest(MultiPolygon([box(-600, 0, -599, 1), box(10, 0, 11, 1)]))

    assert [part.bounds for part in area.geometry.geoms] == [(120, 0, 121, 1), (10, 0, 11, 1)]


@pytest.mark.parametrize(
    "area",
    [
        AreaOfInterest.from_bbox(179, -18, -178, -16),
        AreaOfInterest.from_bbox(179, -18, 182, -16),
        AreaOfInterest(box(-181, -18, -178, -16)),
    ],
)
def test_the_antimeridian_cuts_an_area_in_two(area):
    assert sorted(part.bounds for part in area.geometry.geoms) == [(-180, -18, -178, -16), (179, -18, 180, -16)]
    assert area.bbox == (179, -18, -178, -16)
    assert area.center == pytest.approx((-179.5, -17))
    assert area.utm_epsg == 32701
    assert AreaOfInterest(area.geometry) == area


def test_an_area_that_only_touches_the_antimeridian_is_not_cut():
    assert AreaOfInterest(box(179, 0, 180, 1)).bbox == (179, 0, 180, 1)
    assert AreaOfInterest(box(180, 0, 181, 1)).bbox == (-180, 0, -179, 1)
    assert AreaOfInterest.from_bbox(-180, -90, 180, 90).bbox == (-180, -90, 180, 90)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (15.5, 46.3, 32633),
        (-58.4, -34.6, 32721),
        (-179.9, 5, 32601),
        (179.9, 5, 32660),
        (5.3, 60.4, 32632),  # Bergen: zone 31 by its longitude, 32 by the exception
        (2.9, 60.4, 32631),
        (8.0, 78.2, 32631),  # Svalbard has zones 31, 33, 35 and 37 only
        (15.6, 78.2, 32633),
        (22.0, 78.2, 32635),
        (40.0, 78.2, 32637),
    ],
)
def test_utm_zones_and_their_exceptions(lon, lat, epsg):
    assert AreaOfInterest(Point(lon, lat).buffer(0.01)).utm_epsg == epsg


def test_area_is_measured_on_the_ellipsoid():
    # One degree square at the equator: 111.32 km by 110.57 km.
    assert AreaOfInterest.from_bbox(0, 0, 1, 1).area_km2 == pytest.approx(111.3195 * 110.5743, rel=2e-4)
    assert AreaOfInterest(box(0, 0, 1, 1).reverse()).area_km2 == AreaOfInterest.from_bbox(0, 0, 1, 1).area_km2
    # Its edges are geodesics, so a cut moves the northern edge by a hair.
    split = AreaOfInterest.from_bbox(179.5, 0, -179.5, 1).area_km2
    assert split == pytest.approx(AreaOfInterest.from_bbox(0, 0, 1, 1).area_km2, rel=1e-4)


def test_a_hole_is_not_counted():
    ring = Polygon(box(0, 0, 1, 1).exterior, [box(0.25, 0.25, 0.75, 0.75).exterior])
    whole, hole = AreaOfInterest.from_bbox(0, 0, 1, 1), AreaOfInterest.from_bbox(0.25, 0.25, 0.75, 0.75)

    assert AreaOfInterest(ring).area_km2 == pytest.approx(whole.area_km2 - hole.area_km2, rel=1e-12)


# --- what is refused, and how


def test_a_polygon_that_crosses_itself_says_where():
    bow_tie = Polygon([(15.1, 46.0), (15.3, 46.2), (15.3, 46.0), (15.1, 46.2)])
    with pytest.raises(InvalidInputError) as caught:
        AreaOfInterest(bow_tie)

    assert str(caught.value) == (
        "The polygon crosses itself near 15.200, 46.100: redraw it so that its lines do not cross."
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no area"),
        ("Ljubljana", "'Ljubljana' is no area"),
        ("15.2, 46.1, 15.3", "'15.2, 46.1, 15.3' is not four numbers"),
        ("1,2,3,4,5", "'1,2,3,4,5' is not four numbers"),
        ("15.2, 46.3, 15.3, 46.2", "south 46.3 must lie below the north 46.2"),
        ("15.2, 46.1, 15.2, 46.2", "West and east are both 15.2"),
        ("46.1, 115.2, 46.2, 115.3", "latitude 115.3 is beyond the pole"),
        ("0, 0, 400, 1", "400 degrees wide"),
        ("1e999, 0, 1, 1", "not four numbers"),
        ("POINT (1 2)", "A Point is not an area"),
        ("LINESTRING (1 2, 3 4)", "A LineString is not an area"),
        ("POLYGON EMPTY", "The polygon is empty"),
        ("POLYGON ((0 0, 1 1", "not well-known text"),
        ("POLYGON ((0 0, 1 1, 2 2, 0 0))", "near 0.000, 0.000 has no area"),
        ("POLYGON ((0 0, 1 nan, 2 2, 0 0))", "not a number"),
        ("SRID=99999;POLYGON ((0 0, 1 0, 1 1, 0 0))", "'99999' is not known"),
        ("SRID=32633;POLYGON ((1e300 0, 1 0, 1 1, 1e300 0))", "do not fit their coordinate system"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1', "damaged at line 1"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}', "not GeoJSON"),
        ('{"type": "Polygon"}', "not GeoJSON"),
        ('{"type": "Topology"}', "its type is 'Topology'"),
        ('{"hello": 1}', "its type is None"),
        ('{"type": "FeatureCollection"}', "without a list of features"),
        ('{"type": "FeatureCollection", "features": []}', "holds nothing and no polygon"),
        ('{"type": "FeatureCollection", "features": [7]}', "not GeoJSON"),
        ('{"type": "Point", "coordinates": [1, 2]}', "holds Point and no polygon"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [NaN, 1], [1, 1], [0, 0]]]}', "not a number"),
        ('{"a":' * 100_000, "damaged"),
    ],
)
def test_what_is_no_area_gets_one_clear_sentence(text, words):
    with pytest.raises(InvalidInputError) as caught:
        AreaOfInterest.parse(text)

    sentence = str(caught.value)
    assert words in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 250


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (Point(1, 2), "A Point is not an area"),
        (LineString([(0, 0), (1, 1)]), "A LineString is not an area"),
        (Polygon(), "empty"),
        (MultiPolygon(), "empty"),
        (box(0, 89, 1, 91), "latitude 91 is beyond the pole"),
        (box(0, -91, 1, 0), "latitude -91 is beyond the pole"),
        (Polygon([(0, 0), (math.inf, 0), (1, 1)]), "not a number"),
        (Polygon(box(0, 0, 1, 1).exterior, [box(5, 5, 6, 6).exterior]), "is not valid near 6.000, 5.000"),
    ],
)
def test_geometries_that_are_no_area(geometry, words):
    with pytest.raises(InvalidInputError, match=words):
        AreaOfInterest.from_geometry(geometry)


@pytest.mark.parametrize(("lon", "lat"), [(0, 90.1), (0, math.nan), (math.inf, 0)])
def test_a_place_off_the_earth_is_refused(lon, lat):
    with pytest.raises(InvalidInputError, match=r"'Well'.* not on this earth"):
        Place("Well", lon, lat)


def test_a_place_on_a_scrolled_map_is_wrapped():
    assert Place("Well", -246, 10) == Place("Well", 114, 10)


# --- a value


def test_equal_areas_are_one_key_and_survive_a_process():
    places = (Place("Well", 15.25, 46.15),)
    one, two = AreaOfInterest(SQUARE, "Kozje", places), AreaOfInterest(box(*SQUARE.bounds), "Kozje", places)

    assert len({one, two}) == 1
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - our own bytes
    assert one != AreaOfInterest(SQUARE, "Other", places)
    assert one != "Kozje"


# --- for all

longitudes = st.floats(-179, 178)
latitudes = st.floats(-89, 88)
sizes = st.floats(0.01, 1)


@given(longitudes, latitudes, sizes, sizes, st.text(max_size=20))
def test_geojson_gives_the_same_area_back(west, south, width, height, name):
    area = AreaOfInterest(box(west, south, west + width, south + height), name, (Place(name, west, south),))

    assert AreaOfInterest.from_geojson(json.dumps(area.to_geojson())) == area
    # GEOS writes 16 digits, of which the last may differ.
    written = AreaOfInterest.from_wkt(shapely.to_wkt(area.geometry, rounding_precision=-1)).geometry
    assert written.equals_exact(area.geometry, 1e-12)


@given(st.floats(-720, 720), latitudes, st.floats(0.01, 300), sizes)
def test_wrapping_and_cutting_keep_the_ground(west, south, width, height):
    area = AreaOfInterest(box(west, south, west + width, south + height))

    bounds = area.geometry.bounds
    assert -180 <= bounds[0] < bounds[2] <= 180
    assert area.geometry.is_valid
    assert area.geometry.area == pytest.approx(width * height, rel=1e-6)
    middle = west + width / 2
    assert area.geometry.covers(Point((middle + 180) % 360 - 180, south + height / 2)) or abs(middle) % 360 == 180
    again = AreaOfInterest(area.geometry)
    assert again == area


@given(st.floats(-180, 179.9), latitudes, st.floats(0.2, 5), sizes)
def test_the_bounds_of_an_area_make_it_again(west, south, width, height):
    east = west + width if west + width <= 180 else west + width - 360
    area = AreaOfInterest.from_bbox(west, south, east, south + height)

    assert area.bbox == pytest.approx((west, south, east, south + height), abs=1e-9)
    lon, lat = area.center
    metres = Geod(ellps="WGS84").inv(lon, lat, west + width / 2, south + height / 2)[2]
    assert metres < 1
