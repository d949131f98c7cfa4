"""The address follows what is chosen and shown; a link brings it back."""

from __future__ import annotations

import pytest

from app.address import Address
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.link import values_of


@pytest.fixture
def visit(desk):
    """A session with its address, as the browser's history: a list of entries."""
    history = [""]

    def tell(query, begins):
        if begins:
            history.append(query)
        history[-1] = query

    desk.address = Address(desk.state, desk.actions, tell)
    desk.history = history
    return desk


def test_a_search_and_a_build_are_told_in_place_and_the_next_question_is_a_new_entry(visit):
    visit.state.resolution = 20.0
    visit.search()
    visit.build()
    assert len(visit.history) == 1
    first = values_of(visit.history[0])
    assert (first["catalog"], first["start"], first["resolution"]) == ("demo", "2022-05", 20.0)
    assert first["aoi"] == visit.state.aoi
    assert first["month"] == visit.state.current
    visit.actions.show("2022-06")
    assert values_of(visit.history[0])["month"] == "2022-06"
    before = visit.history[0]
    visit.state.end = "2022-06"
    visit.state.dilate = 40.0
    assert visit.history[0] == before
    assert len(visit.history) == 2
    assert (values_of(visit.history[1])["end"], values_of(visit.history[1])["dilate"]) == ("2022-06", 40.0)
    visit.search()
    assert len(visit.history) == 2
    assert values_of(visit.history[1])["found"] == "yes"


def test_back_brings_the_choices_and_the_months_again(visit):
    visit.search()
    visit.build()
    visit.actions.show("2022-07")
    visit.state.dilate = 40.0
    visit.search()
    visit.build()
    assert len(visit.history) == 2
    visit.address.open(visit.history[0])
    visit.wait(lambda: visit.state.phase == "ready" and visit.state.series.recipe.dilate == 0)
    assert (visit.state.dilate, visit.state.current) == (0.0, "2022-07")
    assert len(visit.history) == 2


def test_a_link_of_a_built_series_is_searched_and_built(visit):
    visit.address.open("catalog=demo&aoi=15.0,46.9,15.02,46.91&start=2022-05&end=2022-06&preset=ndvi&month=2022-06")
    visit.wait(lambda: visit.state.phase == "ready")
    state = visit.state
    assert state.aoi == AreaOfInterest.from_bbox(15.0, 46.9, 15.02, 46.91)
    assert (state.series.preset, state.series.months, state.current) == ("ndvi", ("2022-05", "2022-06"), "2022-06")
    assert state.max_area_cloud == 100  # what a link does not name is the recipe's default


def test_a_link_of_a_search_is_searched_and_not_built(visit):
    visit.address.open("aoi=15.0,46.9,15.02,46.91&start=2022-05&end=2022-06&found=yes")
    visit.wait(lambda: visit.state.phase == "found")
    assert visit.state.series is None


def test_a_link_of_choices_alone_starts_nothing(visit):
    visit.address.open("aoi=15.0,46.9,15.02,46.91&dilate=20")
    assert (visit.state.phase, visit.state.dilate, visit.state.scenes) == ("idle", 20.0, None)


def test_what_is_no_choice_changes_nothing(visit):
    area, dilate = visit.state.aoi, visit.state.dilate
    visit.address.open("utm_source=mail")
    assert (visit.state.aoi, visit.state.dilate, visit.state.phase) == (area, dilate, "idle")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("preset=sepia", "Its preset 'sepia' is not offered here."),
        ("aoi=1,2,3", "four numbers"),
        ("aoi=1,2,3,4&start=2022-07&end=2022-05", "2022-05"),
        ("dilate=-5", "Its dilate -5.0 is not offered here."),
    ],
)
def test_a_link_that_cannot_be_opened_is_one_sentence_and_changes_nothing(visit, query, words):
    before = visit.state.recipe()
    visit.address.open(query)
    assert visit.state.phase == "refused"
    assert visit.state.message.startswith("The link cannot be opened.")
    assert words in visit.state.message
    assert visit.state.recipe() == before
