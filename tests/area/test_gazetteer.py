"""Places by name, in a gazetteer of six lines and in the one that comes with the package."""

from __future__ import annotations

from itertools import pairwise

import pytest

from stac_timelapse.area.gazetteer import Gazetteer, edits, folded

SMALL = Gazetteer(
    [
        "c\tAlpia\t\t900000\t10000,50000,5000,45000,15000,55000\tLand of Alps",
        "r\tNorth\t0\t400000\t10000,52000,5000,51000,15000,55000\tNorden",
        "t\tSpringfield\t1\t5000\t9000,52500\t",
        "t\tSpringfield\t0\t300000\t11000,48000\tQuellfeld|Champ-de-source",
        "t\tSpringhausen\t0\t90000\t12000,49000\t",
        "t\tÅlesund-Łąki\t0\t70000\t13000,60000\t",
    ]
)


def names(text: str) -> list[tuple[str, str]]:
    return [(place.name, place.where) for place in SMALL.find(text)]


def test_the_larger_place_of_a_name_comes_first_then_beginnings():
    assert names("springfield") == [("Springfield", "Alpia"), ("Springfield", "North, Alpia")]
    assert names("spring") == [("Springfield", "Alpia"), ("Springhausen", "Alpia"), ("Springfield", "North, Alpia")]


def test_what_it_lies_in_chooses_by_any_of_its_names():
    assert names("springfield, north") == [("Springfield", "North, Alpia")]
    assert names("Springfield, Norden, Land of Alps") == [("Springfield", "North, Alpia")]
    assert len(names("springfield, elsewhere")) == 2


@pytest.mark.parametrize(
    "text", ["alesund laki", "ÅLESUND", "Alesund-Łaki", " ålesund  ", "ales", "alesnud laki", "alesundlaki"]
)
def test_accents_case_blanks_and_slips_do_not_matter(text):
    assert names(text) == [("Ålesund-Łąki", "Alpia")]


def test_another_name_leads_to_the_usual_one():
    assert names("quellfeld") == [("Springfield", "Alpia")]
    assert names("champ de s") == [("Springfield", "Alpia")]


def test_nothing_is_found_for_what_is_no_name():
    assert names("") == names("???") == names("xyz") == names("qqqqqqqq") == []


def test_a_place_has_coordinates_and_a_box_around_them():
    country, town = SMALL.find("alpia")[0], SMALL.find("springhausen")[0]
    assert (country.kind, country.where, country.bbox) == ("country", "", (5, 45, 15, 55))
    assert (town.kind, town.lon, town.lat, town.people) == ("town", 12, 49, 90_000)
    west, south, east, north = town.bbox
    assert west < 12 < east
    assert (north - south) * 111.2 == pytest.approx(2 * (5 + 2), rel=0.01)  # km; the root of 90000 is 300


def test_letters_that_differ_are_counted():
    assert edits("maribor", "maribor", 2) == 0
    assert edits("marobir", "maribor", 2) == 2
    assert edits("mairbor", "maribor", 2) == 1  # two letters swapped
    assert edits("mabor", "maribor", 2) == 2
    assert edits("vienna", "maribor", 2) == 3  # more than asked for
    assert folded("L'Aquila (AQ) – Łódź, Straße & Øre") == "laquila aq lodz strasse ore"


@pytest.mark.parametrize(
    ("text", "name", "where", "lon", "lat"),
    [
        ("munchen", "Munich", "Germany", 11.58, 48.14),
        ("Munich, Germany", "Munich", "Germany", 11.58, 48.14),
        ("Zuerich", "Zürich", "Switzerland", 8.55, 47.37),
        ("st gallen", "Sankt Gallen", "Switzerland", 9.37, 47.42),
        ("marobir", "Maribor", "Slovenia", 15.65, 46.56),
        ("paris, texas", "Paris", "Texas", -95.56, 33.66),
        ("interlaken, switzerland", "Interlaken", "Switzerland", 7.87, 46.68),
        ("nairobi", "Nairobi", "Kenya", 36.82, -1.28),
    ],
)
def test_towns_of_the_world_are_where_they_are(text, name, where, lon, lat):
    towns = [place for place in Gazetteer.usual().find(text) if place.kind == "town"]
    assert (towns[0].name, towns[0].lon, towns[0].lat) == (
        name,
        pytest.approx(lon, abs=0.05),
        pytest.approx(lat, abs=0.05),
    )
    assert where in towns[0].where


def test_countries_and_regions_have_their_extent():
    for text, kind, inside in (
        ("switzerland", "country", (8.2, 46.8)),
        ("USA", "country", (-98, 39)),
        ("bavaria", "region", (11.4, 48.9)),
        ("fiji", "country", (178, -17.8)),
    ):
        place = Gazetteer.usual().find(text)[0]
        west, south, east, north = place.bbox
        assert place.kind == kind
        assert west < inside[0] < east
        assert south < inside[1] < north


def test_every_line_of_the_file_is_sound():
    rows = Gazetteer.usual()._lines
    assert len(rows) > 90_000
    kinds = [line[0] for line in rows]
    assert all(before <= after for before, after in pairwise(kinds))  # countries, regions, towns
    for at, line in enumerate(rows):
        kind, name, parent, people, places, _ = line.split("\t")
        numbers = [int(number) for number in places.split(",")]
        assert name
        assert int(people) >= 0
        assert len(numbers) == (2 if kind == "t" else 6)
        assert abs(numbers[0]) <= 360_000
        assert abs(numbers[1]) <= 90_000
        assert parent == "" or int(parent) < at
