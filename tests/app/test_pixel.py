"""The pixel that was clicked: read in the background, followed through the months, saved as a table."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from session_world import PASS

from app.results import Pixel
from app.views.pixel import pixel_html
from stac_timelapse.errors import InvalidInputError, ProviderError
from stac_timelapse.probe import Observation, PixelMonth


@pytest.fixture
def built(desk):
    desk.search()
    desk.build()
    desk.state.current = "2022-06"
    return desk


def looked(desk, lon=15.004, lat=46.905):
    desk.actions.look_into(lon, lat)
    desk.wait(lambda: desk.state.pixel is not None and desk.state.pixel.month is not None)
    return desk.state.pixel


def follow(desk, month):
    desk.state.current = month
    desk.actions.follow_pixel()
    desk.wait(lambda: desk.state.pixel.month.month == month)


def test_it_is_read_for_the_month_on_display_and_follows_it(built):
    pixel = looked(built)
    assert (pixel.lon, pixel.lat, pixel.month.month) == (15.004, 46.905, "2022-06")
    assert built.state.pixel_note == ""
    follow(built, "2022-07")
    assert built.state.pixel.month.values == (7, 20, 30)
    assert len(built.engine.probed) == 1
    built.actions.leave_pixel()
    assert built.state.pixel is None
    built.actions.follow_pixel()
    assert built.state.pixel is None


def test_another_series_is_looked_into_at_the_same_place(built):
    looked(built)
    built.state.dilate = 40.0
    built.build()
    built.actions.follow_pixel()
    built.wait(lambda: len(built.engine.probed) == 2 and built.state.pixel.month is not None)
    (first, place, _), (second, same, _) = built.engine.probed
    assert place == same
    assert (first.dilate, second.dilate) == (0, 40)


def test_what_a_build_could_not_read_is_not_read_again(built):
    series = built.state.series
    results = tuple(replace(one, unreadable=(("scene", "B04: gone"),)) for one in series.results)
    built.state.series = replace(series, results=results)
    looked(built)
    assert built.engine.probed[0][2] == {"scene": "B04: gone"}


def test_all_months_are_saved_as_one_table(built):
    looked(built)
    built.actions.save_pixel()
    built.wait(lambda: built.state.pixel_file is not None)
    file = built.state.pixel_file
    assert file.name == "pixel_15.00400_46.90500_2022-05_2022-07.csv"
    with (built.folder / "work" / file.url.removeprefix("downloads/")).open() as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["month"], row["row"], row["B04"]) for row in rows] == [
        (month, kind, value)
        for month, value in [("2022-05", "0.0005"), ("2022-06", "0.0006"), ("2022-07", "0.0007")]
        for kind in ("observation", "composite")
    ]
    assert built.state.pixel_note == ""


def test_what_fails_is_a_sentence_and_the_series_stays(built):
    built.engine.look_error = ProviderError("The catalogue is away; try again.")
    built.actions.look_into(15.004, 46.905)
    built.wait(lambda: built.state.pixel_note.startswith("The catalogue"))
    assert built.state.pixel.month is None
    assert built.state.phase == "ready"
    built.engine.look_error = None
    assert looked(built).month.month == "2022-06"
    built.engine.look_error = ProviderError("The catalogue is away; try again.")
    built.actions.save_pixel()
    built.wait(lambda: built.state.pixel_note.startswith("The catalogue"))
    assert built.state.pixel_file is None


def test_a_click_beside_the_picture_closes_it(built):
    looked(built)
    built.engine.probe_error = InvalidInputError("not on the picture")
    built.actions.look_into(3.0, 3.0)
    assert built.state.pixel is None
    assert built.state.phase == "ready"


def test_without_a_series_there_is_nothing_to_look_into(desk):
    desk.actions.look_into(15.004, 46.905)
    desk.actions.save_pixel()
    assert (desk.state.pixel, desk.state.pixel_file) == (None, None)


def test_the_card_tells_what_is_used_and_what_not_and_why():
    scene = PASS.scenes[0]
    seen = (
        Observation(scene, 4, (900, 800), True),
        Observation(replace(scene, tile="<b>"), 9, (6000, 0), False, "not a clear class"),
        Observation(scene, None, (), False, "could not be read (SCL: gone)"),
    )
    month = PixelMonth("2022-05", seen, (900, 800), 1, 1)
    html = pixel_html(Pixel(-15.5, -46.25, (), month, ("B04", "B08"), "median"), "", "2022-05")
    assert "Pixel in May 2022" in html
    assert '<div class="pixel">' in html
    later = pixel_html(Pixel(-15.5, -46.25, (), month, ("B04", "B08"), "median"), "", "2022-06")
    assert '<div class="pixel before">' in later
    assert "46.25000° S, 15.50000° W" in html
    rows = html.split("<tr")[2:]
    assert [row.split('"')[1] for row in rows] == ["sum", "in", "out", "out"]
    assert "3 May 10:00" in rows[1] and "0.0900" in rows[1] and "S2A · 33TWM" in rows[1]  # noqa: PT018
    assert "Cloud, high probability" in rows[2] and "not a clear class" in rows[2] and "–" in rows[2]  # noqa: PT018
    assert "&lt;b&gt;" in rows[2]
    assert "Not read" in rows[3] and "could not be read (SCL: gone)" in rows[3]  # noqa: PT018
    assert "Median of 1 pass" in rows[0] and "observed in this period" in rows[0]  # noqa: PT018
