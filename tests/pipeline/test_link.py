"""A link says what was chosen, and what it says is what is chosen again."""

from __future__ import annotations

import base64
import zlib
from dataclasses import fields

import numpy as np
import pytest
import shapely
from shapely.geometry import Point, Polygon

from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.link import MOST_CHARACTERS, query_of, values_of
from stac_timelapse.recipe import Recipe

BOX = AreaOfInterest.from_bbox(-15.123456789, -46.9, -15.0, -46.8, "Ebene & Wald")
TRIANGLE = AreaOfInterest.from_geometry(
    Polygon([(15.01, 46.91), (15.02, 46.90), (15.0123456789, 46.95)]), places=(Place("Mill, old", 15.01, 46.92),)
)
RECIPES = [
    Recipe("demo", BOX, "2022-01", "2022-03"),
    Recipe("https://stac.example.org/v1", TRIANGLE, "2022-01", "2022-12", preset="ndvi", bands=("B08", "B04")),
    Recipe(
        "planetary-computer+earth-search", BOX, "2020-01", "2022-12", months_of_year=(6, 7), max_cloud=60.0,
        max_area_cloud=33.3333333333, preset="ndvi", bands=("B08", "B04"), resolution=20.0, clear=(4, 11), dilate=40.0,
        opening=20.0, rescue=True, method="percentile:25", excluded=("S2A_1,2", "S2B_2"), kept=("S2A_3",),
        gaps="widen:5", clip=True, period="season", collection="sentinel-2-l2a",
    ),
]  # fmt: skip


def values(recipe):
    return {one.name: getattr(recipe, one.name) for one in fields(Recipe)}


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_comes_back(recipe):
    query = query_of(values(recipe))
    assert Recipe(**values_of(query)) == recipe
    assert Recipe(**values_of(f"?{query}")) == recipe


def test_it_is_short_and_readable():
    recipe = Recipe("demo", AreaOfInterest.from_bbox(15.0, 46.5, 15.25, 46.75), "2022-01", "2022-03", resolution=20.0)
    assert query_of({**values(recipe), "month": "2022-02"}) == (
        "catalog=demo&aoi=15.0,46.5,15.25,46.75&start=2022-01&end=2022-03&resolution=20&month=2022-02"
    )


def circle(corners):
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return AreaOfInterest.from_geometry(Polygon(np.column_stack([15 + np.cos(turn) / 10, 46 + np.sin(turn) / 10])))


def test_an_area_of_many_corners_is_packed_to_a_tenth_of_a_metre():
    area = circle(300)
    query = query_of({"aoi": area})
    assert len(query) < 4000 < len(area.text)
    again = values_of(query)["aoi"]
    moved = shapely.get_coordinates(again.geometry) - shapely.get_coordinates(area.geometry)
    assert 0 < np.abs(moved).max() <= 0.51e-6


def test_an_area_of_too_many_corners_is_refused():
    with pytest.raises(InvalidInputError, match=f"too many corners for a link .* {MOST_CHARACTERS} are possible"):
        query_of({"aoi": circle(2000)})


@pytest.mark.parametrize("address", ["https://me:secret@stac.example.org/", "https://stac.example.org/?token=secret"])
def test_no_secret_is_written(address):
    with pytest.raises(InvalidInputError, match="may hold a password") as caught:
        query_of({"catalog": address, "start": "2022-01"})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("resolution=ten", "link's resolution is 'ten'"),
        ("rescue=maybe", "link's rescue is 'maybe'"),
        ("months-of-year=1,x", "link's months-of-year is '1,x'"),
        ("aoi=15,46", "four numbers"),
        ("aoi=zAAAA", "link's area cannot be read"),
        ("aoi=z!", "link's area cannot be read"),
        ("aoi=1,2,3,4&place=here", "link's area cannot be read"),
        ("aoi=z" + base64.urlsafe_b64encode(zlib.compress(b" " * 2_000_000)).decode(), "link's area cannot be read"),
    ],
)
def test_a_damaged_link_is_one_sentence(query, words):
    with pytest.raises(InvalidInputError, match=words):
        values_of(query)


def test_other_names_come_back_as_they_are():
    assert values_of("month=2022-05&utm_source=mail&found=yes") == {
        "month": "2022-05",
        "utm_source": "mail",
        "found": "yes",
    }
    assert values_of("") == {}
    assert query_of({"aoi": None, "month": None}) == ""


def test_a_hole_and_parts_come_back_exactly():
    ring = Point(15, 46).buffer(0.02, quad_segs=2).difference(Point(15, 46).buffer(0.01, quad_segs=2))
    area = AreaOfInterest.from_geometry(shapely.union_all([ring, shapely.box(15.1, 46.1, 15.2, 46.2)]))
    assert values_of(query_of({"aoi": area}))["aoi"] == area
