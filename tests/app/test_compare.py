"""Which months are offered beside a month, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from session_world import AREA, result_of

from app.results import Frame, Series
from app.views.compare import compared_months, moving_choices
from app.views.player import month_entries
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.months import months_between


def series(first, last, period="month", **more):
    recipe = Recipe("demo", AREA, first, last, period=period)
    return Series(recipe, "true-colour", recipe.months, **more)


def beside(one):
    return {entry["month"]: entry for entry in compared_months(one, month_entries(one))}


def test_the_other_month_is_one_month_or_twelve_months_earlier():
    months = months_between("2021-09", "2022-11")
    found = beside(series("2021-09", "2022-11"))
    assert [found[month]["before"] for month in months] == ["", *months[:-1]]
    assert [found[month]["year"] for month in months] == [""] * 12 + list(months[:3])
    assert found["2021-09"]["no_before"] == "No month before September 2021 in this timelapse"
    assert found["2022-08"]["no_year"] == "August 2021 is not in this timelapse"
    assert (found["2022-10"]["no_year"], found["2022-10"]["no_before"]) == ("", "")


def test_a_month_that_was_left_out_is_not_beside_another():
    recipe = Recipe("demo", AREA, "2021-06", "2022-08", months_of_year=(6, 7, 8))
    found = beside(Series(recipe, "true-colour", recipe.months))
    assert (found["2022-06"]["before"], found["2022-06"]["year"]) == ("2021-08", "2021-06")


@pytest.mark.parametrize(
    ("period", "last", "words"),
    [
        ("month", "2022-03", ["Month before"]),
        ("month", "2023-03", ["Same month a year before", "Month before"]),
        ("half-month", "2023-03", ["Same half month a year before", "Half month before"]),
        ("season", "2023-02", ["Season before"]),  # the first one is cut, and none is a year before the last
        ("season", "2023-05", ["Same season a year before", "Season before"]),
        ("year", "2023-12", ["Year before"]),
        ("climatology", "2023-12", ["Month before"]),
    ],
)
def test_what_is_offered_is_what_the_series_has(period, last, words):
    assert [text for _, text in moving_choices(series("2022-01", last, period))] == words


def test_a_month_that_is_not_built_says_so_beside_another_as_well():
    months = ("2022-05", "2022-06", "2022-07")
    bounds = (0.0, 0.0, 400.0, 500.0)
    built = {"results": (result_of(Path("a"), "2022-05"),), "frames": (Frame("2022-05", "a", bounds, "small"),)}
    found = beside(series(months[0], months[-1], previews=(Frame("2022-06", "b", bounds, "small"),), **built))
    assert [found[month]["state"] for month in months] == ["ready", "preview", "waiting"]
    assert [found[month]["note"] for month in months] == [
        "",
        "Preview of June 2022: coarse, not built yet",
        "July 2022 is not built yet",
    ]
