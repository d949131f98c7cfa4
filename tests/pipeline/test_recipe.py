from __future__ import annotations

import json

import pytest

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.recipe import Recipe

AREA = AreaOfInterest.from_bbox(15.5, 46.3, 15.7, 46.45)


def recipe(**changes):
    return Recipe("demo", AREA, "2022-01", "2022-03").but(**changes)


def test_json_and_back_is_the_same_recipe():
    one = recipe(
        bands=("B08", "B04"),
        dilate=60.0,
        opening=30.0,
        rescue=True,
        months_of_year=(1, 3),
        excluded=("S2A_x",),
        preset=None,
        without=("2022-03",),
    )
    assert Recipe.from_json(one.to_json()) == one
    assert Recipe.from_json(one.to_json()).key == one.key
    assert one.key != recipe().key
    older = json.loads(recipe().to_json())
    del older["without"]
    assert Recipe.from_json(json.dumps(older)) == recipe()


def test_provenance_written_beside_it_is_ignored():
    text = json.dumps({**json.loads(recipe().to_json()), "scenes": [], "versions": {}})
    assert Recipe.from_json(text) == recipe()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": "2023-01", "end": "2022-12"}, "The last month 2022-12 lies before the first month 2023-01"),
        ({"bands": ("B04", "B99")}, "Band 'B99' is not known"),
        ({"bands": ()}, "No band is chosen"),
        ({"bands": ("B04", "B04")}, "A band stands twice"),
        ({"max_cloud": 120}, "A cloud limit of 120 %"),
        ({"resolution": 0}, "A resolution of 0 m"),
        ({"method": "mode"}, "The method 'mode' is not known: use median"),
        ({"clear": (0, 4)}, "cannot hold class 0"),
        ({"dilate": -1}, "A cloud margin of -1 m"),
        ({"without": ("2022-04",)}, "'2022-04' cannot be left out of the animation: it is none of its months"),
        ({"opening": 501}, "An opening of clouds by 501 m is not possible: choose 0 to 500 m"),
    ],
)
def test_each_wrong_value_is_one_sentence(change, words):
    with pytest.raises(InvalidInputError, match=words):
        recipe(**change)


@pytest.mark.parametrize("text", ["", "{}", '{"format": 99}', "[]", '{"format": 1, "catalog": "demo"}'])
def test_what_is_no_recipe(text):
    with pytest.raises(InvalidInputError, match="recipe"):
        Recipe.from_json(text)
