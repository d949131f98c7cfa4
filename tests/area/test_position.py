"""Places typed as numbers, in the notations that people paste."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from stac_timelapse.area.position import parse_position
from stac_timelapse.errors import InvalidInputError

LAT, LON = 46 + 30 / 60 + 12 / 3600, 7.9  # 46°30'12" N, 7°54' E


@pytest.mark.parametrize(
    "text",
    [
        "46°30'12\"N 7°54'E",
        "46°30′12″ N, 7°54′ E",
        "7°54'E 46°30'12\"N",
        "46 30 12 N 7 54 0 E",
        "N 46 30 12 E 7 54 0",
        "46d30m12s N 7d54m0s E",
        "46:30:12 7:54:00",
        "46 30 12 7 54 0",
        "46° 30.2' 7° 54.0'",
        "46.503333, 7.9",
        "46.503333 7.9",
        "46.503333;7.9",
        "46,503333 7,9",
        "46,503333, 7,9",
        "7.9E 46.503333N",
        "7,9 E; 46,503333 N",
        "46.503333° north, 7.9° east",
        "lat: 46.503333, lon: 7.9",
        "longitude=7.9 latitude=46.503333",
        "geo:46.503333,7.9",
        "https://maps.example.org/@46.503333,7.9,12z",
        "https://maps.example.org/#map=12/46.503333/7.9",
    ],
)
def test_the_usual_notations_mean_the_same_place(text):
    place = parse_position(text)
    assert place is not None
    assert (place.lon, place.lat) == pytest.approx((LON, LAT), abs=1e-6)


@pytest.mark.parametrize(
    ("text", "lon", "lat"),
    [
        ("33.8S 151.2W", -151.2, -33.8),
        ("-33.8, 151.2", 151.2, -33.8),
        ("\u221233.8 \u22120.5", -0.5, -33.8),
        ("-0 30 0, -0 15 0", -0.25, -0.5),
    ],
)
def test_south_and_west_are_negative(text, lon, lat):
    place = parse_position(text)
    assert place is not None
    assert (place.lon, place.lat) == pytest.approx((lon, lat))


def test_how_an_ambiguous_order_was_read_is_said():
    readings = {text: parse_position(text) for text in ("10 20", "120 10", "20E 10N", "lon 20 lat 10")}
    assert all(readings.values())
    said = {text: (place.lon, place.lat, place.reading) for text, place in readings.items() if place}
    assert said == {
        "10 20": (20, 10, "taken as latitude, longitude"),
        "120 10": (120, 10, "taken as longitude, latitude"),
        "20E 10N": (20, 10, ""),
        "lon 20 lat 10": (20, 10, ""),
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1741700 5866400", "look like metres of a map projection"),
        ("95 100", "95 is no latitude"),
        ("46.5N 190E", "190 is no longitude"),
        ("-46.5S 7E", "a minus sign or a letter"),
        ("46 70 0 N 7 0 0 E", "70 is not a number of minutes"),
        ("46.5 30 N 7 0 E", "only the last may have a fraction"),
        ("46N 7N", "one of N or S"),
        ("46.5N", "is not two coordinates"),
        ("7.9O 46.5N", "write E or W"),
        ("15.5, 46.3, 15.7, 46.45", "are a box"),
        ("61T 500000 5150000", "no UTM zone 61"),
        ("33U 500000 5150000", "not in band U"),
        ("33I 500000 5150000", "no band I"),
        ("33TAM", "no column A"),
        ("33T WM 123", "as many digits"),
    ],
)
def test_what_is_no_place_is_refused_with_a_sentence(text, sentence):
    with pytest.raises(InvalidInputError, match=sentence):
        parse_position(text)


@pytest.mark.parametrize("text", ["Maribor", "10th of Ramadan", "Sector 3", "1770", "", "e", "46.1.2 7"])
def test_a_name_is_left_to_others(text):
    assert parse_position(text) is None


def test_utm_is_what_pyproj_makes_of_it():
    for zone, letter, epsg, east, north in (
        (33, "T", 32633, 512_345.5, 5_150_000),
        (33, "N", 32633, 500_000, 5_100_000),  # the hemisphere
        (33, "N", 32633, 500_000, 400_000),  # the band, which is in it
        (56, "H", 32756, 334_000, 6_251_000),
        (56, "S", 32756, 334_000, 6_251_000),  # the hemisphere: band S is in the north
    ):
        place = parse_position(f"{zone}{letter} {east} {north}")
        lon, lat = Transformer.from_crs(epsg, 4326, always_xy=True).transform(east, north)
        assert place is not None
        assert (place.lon, place.lat) == pytest.approx((lon, lat), abs=1e-9)


@pytest.mark.parametrize(
    ("tile", "epsg", "left", "top"),
    [
        ("33TWM", 32633, 499_980, 5_200_020),
        ("T13TDE", 32613, 399_960, 4_500_000),
        ("60VXH", 32660, 600_000, 6_300_000),
        ("1WCQ", 32601, 300_000, 7_500_000),
        ("52CEB", 32752, 499_980, 1_700_020),
        ("19PHS", 32619, 799_980, 1_700_040),
        ("29RKH", 32629, 199_980, 2_800_020),
    ],
)
def test_a_tiles_square_is_where_its_files_are(tile, epsg, left, top):
    """The upper left corners are of real items; the files begin up to 40 m beyond the square."""
    place = parse_position(tile)
    assert place is not None
    assert place.bbox is not None
    east, north = Transformer.from_crs(4326, epsg, always_xy=True).transform(place.lon, place.lat)
    assert (east, north) == pytest.approx((left + 50_000, top - 50_000), abs=60)
    west, south, east, north = place.bbox
    assert west < place.lon < east
    assert south < place.lat < north


@pytest.mark.parametrize(
    ("text", "lon", "lat"),
    [
        ("30FVH6882387987", -3.44972, -51.55833),
        ("23L PG 76215 85803", -43.38214, -11.88362),
        ("09CVS7242888655", -129.94748, -74.88812),
        ("53JMN 68711 60342", 134.69051, -24.77127),
        ("32VJH8513020400", 3.94568, 56.02508),  # zone 32 is wider here
    ],
)
def test_a_square_of_a_metre_is_where_geotrans_has_it(text, lon, lat):
    """The places are of the package mgrs 1.5, which wraps the U.S. government's GeoTrans."""
    place = parse_position(text)
    assert place is not None
    assert (place.lon, place.lat) == pytest.approx((lon, lat), abs=3e-5)


def test_a_square_across_the_antimeridian_is_one_box():
    place = parse_position("01KAB")
    assert place is not None
    assert place.bbox is not None
    west, _, east, _ = place.bbox
    assert 178 < west < 180 < east < 181
    assert abs(place.lon) > 179


def test_digits_cut_a_square_to_a_metre():
    place = parse_position("33T WM 12345 67890")
    assert place is not None
    east, north = Transformer.from_crs(4326, 32633, always_xy=True).transform(place.lon, place.lat)
    assert (east, north) == pytest.approx((512_345.5, 5_167_890.5), abs=0.01)


def test_every_place_that_is_written_is_read_again():
    random = np.random.default_rng(4)
    for lat, lon in zip(random.uniform(-90, 90, 200), random.uniform(-180, 180, 200), strict=True):
        place = parse_position(f"{lat:.4f}, {lon:.4f}")
        assert place is not None
        assert place.reading == "taken as latitude, longitude"
        again = parse_position(place.words)
        assert again is not None
        assert (again.lon, again.lat) == pytest.approx((lon, lat), abs=1e-4)
        assert again.reading == ""
