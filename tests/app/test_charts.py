"""The chart under the player: measured in the background as months come in, kept, and saved as a table."""

from __future__ import annotations

import csv
import threading
from dataclasses import replace

import pytest

from app import charts
from app.charts import MOST_PIXELS
from app.results import Chart, Pixel
from app.views.chart_figure import MOST_PLACES, ChartFigure, drawn, pieces, summary, tooltip
from app.views.words import figure_words
from stac_timelapse.area.aoi import AreaOfInterest, Place
from stac_timelapse.area_sums import AreaMonth
from stac_timelapse.errors import ProviderError
from stac_timelapse.quantity import quantity_of
from stac_timelapse.zonal import OUTSIDE, Measured, PlaceMonth, area_months

MONTHS = ("2022-05", "2022-06", "2022-07")


@pytest.fixture
def built(desk):
    desk.state.preset = "ndvi"
    desk.search()
    desk.build()
    return desk


def unfolded(desk):
    desk.actions.charts.unfold(shown=True)
    return settled(desk)


def settled(desk):
    desk.wait(lambda: desk.state.chart is not None and not desk.state.chart_note)
    return desk.state.chart


def means(desk):
    return {one.month: round(one.mean, 6) for one in settled(desk).measured.area}


def ndvi(value):
    """Of a month as the played library writes it: the second band is brighter by 10."""
    return round(-10 / (2 * value + 10), 6)


def click(desk, lon, lat=46.905):
    ring = tuple((lon + x, lat + y) for x, y in [(-1e-4, 1e-4), (1e-4, 1e-4), (1e-4, -1e-4), (-1e-4, -1e-4)])
    desk.state.pixel = Pixel(lon, lat, (*ring, ring[0]), None, ("B08", "B04"), "median")
    desk.actions.charts.follow_pixel()


def test_nothing_is_measured_before_it_is_unfolded_and_then_all_is(built):
    built.actions.charts.follow()
    assert built.state.chart is None
    chart = unfolded(built)
    assert (chart.months, chart.measured.quantity.name, chart.measured.name) == (MONTHS, "ndvi", "Field 7")
    assert means(built) == dict(zip(MONTHS, map(ndvi, (800, 900, 1000)), strict=True))


def test_it_follows_a_build_month_by_month(desk, monkeypatch):
    measured = []

    def counted(results, *rest, **more):
        measured.extend(results)
        return area_months(results, *rest, **more)

    monkeypatch.setattr(charts, "area_months", counted)
    desk.engine.gate = threading.Semaphore(0)
    desk.actions.charts.unfold(shown=True)
    desk.state.param.watch(lambda *_events: desk.actions.charts.follow(), "series")
    desk.search()
    desk.actions.build()
    for number in range(1, 4):
        desk.engine.gate.release()
        desk.wait(lambda number=number: desk.state.chart is not None and len(desk.state.chart.measured.area) == number)
    assert means(desk) == {"2022-05": 0.08, "2022-06": 0.09, "2022-07": 0.1}
    assert [one.month for one in measured] == list(MONTHS)  # each was measured once


def test_another_quantity_is_chosen_among_what_was_built_and_kept_for_the_next_series(built):
    unfolded(built)
    built.actions.charts.choose("B04")
    built.wait(lambda: built.state.chart.measured.quantity.name == "B04")
    assert means(built) == {"2022-05": 0.081, "2022-06": 0.091, "2022-07": 0.101}
    built.engine.folder = built.folder / "others"  # other months are other files
    built.state.preset = "true-colour"
    built.build()
    built.actions.charts.follow()
    built.wait(lambda: built.state.chart.measured.area[0].mean == pytest.approx(0.08))  # B04 is the first band there
    built.actions.charts.choose("B12")
    assert built.actions.charts.quantity.name == "B04"  # was not built


def test_clicked_pixels_get_a_line_once_and_the_oldest_goes(built):
    click(built, 15.0005)
    assert unfolded(built).clicked == 1
    click(built, 15.0005)
    built.actions.charts.follow_pixel()
    for number in range(1, MOST_PIXELS + 1):
        click(built, 15.0005 + number * 1.2e-3)
    built.wait(lambda: len(settled(built).measured.places) == MOST_PIXELS and built.state.chart.clicked == MOST_PIXELS
               and built.state.chart.measured.places[0][0].lon == pytest.approx(15.0017))  # fmt: skip
    (_, months) = built.state.chart.measured.places[0]
    assert [round(one.value, 6) for one in months] == [ndvi(value) for value in (800, 900, 1000)]
    (_, outside) = built.state.chart.measured.places[-1]  # the picture is 500 m wide
    assert [one.reason for one in outside] == [OUTSIDE] * 3
    built.actions.charts.remove(0)
    built.wait(lambda: built.state.chart.clicked == MOST_PIXELS - 1)
    # The pixel that is still looked into does not come back by itself.
    built.actions.charts.follow_pixel()
    assert settled(built).clicked == MOST_PIXELS - 1
    built.state.aoi = AreaOfInterest.from_bbox(15.0, 46.9, 15.009, 46.909)
    built.search()
    built.build()
    built.actions.charts.follow()
    built.wait(lambda: built.state.chart.clicked == 0)


def test_what_fails_is_a_sentence_and_the_next_try_may_succeed(built, monkeypatch):
    def fails(*_arguments, **_options):
        raise ProviderError("A finished month cannot be read; build the series again.")

    with monkeypatch.context() as broken:
        broken.setattr(charts, "area_months", fails)
        built.actions.charts.unfold(shown=True)
        built.wait(lambda: built.state.chart_note.startswith("A finished month"))
    assert (built.state.chart, built.state.phase) == (None, "ready")
    built.actions.charts.follow()
    assert len(settled(built).measured.area) == 3


def test_what_is_charted_is_saved_as_a_table(built):
    built.actions.charts.save()
    assert built.state.chart_file is None
    click(built, 15.0005)
    unfolded(built)
    built.actions.charts.save()
    built.wait(lambda: built.state.chart_file is not None)
    file = built.state.chart_file
    assert file.name == "chart_field-7_ndvi_2022-05_2022-07.csv"
    with (built.folder / "work" / file.url.removeprefix("downloads/")).open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["what"], row["month"], float(row["mean"])) for row in rows] == [
        (what, month, ndvi(value))
        for what in ("Field 7", "46.9050° N, 15.0005° E")
        for month, value in zip(MONTHS, (800, 900, 1000), strict=True)
    ]


def area_month(month, mean, **more):
    given = {"sd": 0.1, "p10": 0.2, "median": 0.4, "p90": 0.6, "clear_share": 0.5, "filled_share": 0.0}
    numbers = {"observations_mean": 1.5, "passes": 2, "pixels": 9.0, "resolution": 10.0}
    if mean is None:
        given = {**dict.fromkeys(("sd", "p10", "median", "p90")), "clear_share": 0.0, "filled_share": 0.0}
    return AreaMonth(month=month, mean=mean, **{**given, **numbers, **more})


def test_lines_end_at_a_gap_and_where_months_were_left_out():
    values = {"2021-07": 1.0, "2021-08": 2.0, "2022-06": 3.0, "2022-08": 4.0}
    assert pieces(["2021-07", "2021-08", "2022-06", "2022-07", "2022-08"], values) == [
        ([0, 1], [1, 2]), ([2], [3]), ([4], [4])
    ]  # fmt: skip
    assert pieces(["2020-2022_01", "2020-2022_02"], {"2020-2022_01": 1.0, "2020-2022_02": 2.0}) == [([0, 1], [1, 2])]
    assert pieces(["2022-01", "2022-02"], {}) == []


def test_the_first_places_and_all_clicked_pixels_are_drawn_each_in_its_own_way():
    places = tuple((Place(f"P{number}", 15, 46), (PlaceMonth("2022-05", 0.1, "", 1, 1),)) for number in range(8))
    pixel = (Place("", 15.5, -46.25), (PlaceMonth("2022-05", None, "no clear look", 0, 1),))
    measured = Measured(quantity_of("ndvi"), "", (area_month("2022-05", 0.4),), (*places, pixel))
    lines = drawn(Chart(("2022-05",), measured, clicked=1))
    names = [line["name"] for line in lines]
    assert names == ["Area", *(f"P{number}" for number in range(MOST_PLACES)), "46.2500° S, 15.5000° E"]
    assert len({(line["colour"], line["dash"], line["marker"]) for line in lines}) == len(lines)
    assert [line["clicked"] for line in lines] == [-1] * (MOST_PLACES + 1) + [0]
    assert lines[-1]["values"] == {}


def test_what_a_month_says_and_what_the_whole_says():
    place = (
        Place("<Mill>", 15, 46),
        (PlaceMonth("2022-05", 0.25, "", 1, 2), PlaceMonth("2022-06", None, OUTSIDE, 0, 0)),
    )
    area = (area_month("2022-05", 0.4, filled_share=0.25), area_month("2022-06", None))
    chart = Chart(("2022-05", "2022-06", "2022-07"), Measured(quantity_of("ndvi"), "Field", area, (place,)))
    first, second, third = (tooltip(chart, month) for month in chart.months)
    assert "0.400 ± 0.100, 10–90 %: 0.200 to 0.600" in first
    assert "&lt;Mill&gt;: 0.250" in first
    assert "50 % clear, 1.5 clear looks a pixel, 25 % filled and left out" in first
    assert "Field: no clear look" in second
    assert f"&lt;Mill&gt;: {OUTSIDE}" in second
    assert "not built yet" in third
    assert summary(chart) == (
        "Vegetation (NDVI) in Field, mean: 0.40 in May 2022 at first, 0.40 in May 2022 at last, "
        "lowest 0.40 in May 2022, highest 0.40 in May 2022. Without a value: 2 of 3."
    )
    nothing = replace(chart, measured=replace(chart.measured, area=area[1:]))
    assert summary(nothing) == "Vegetation (NDVI) in Field: no month has a value."


def test_the_pictures_formula_is_offered_first_and_charted_unless_another_is_chosen(built):
    charts = built.actions.charts
    built.state.param.update(preset="formula", formula="Ratio = B08 / B04")
    built.build()
    unfolded(built)
    # The played library writes B08 and, brighter by 10, B04.
    assert means(built) == {
        "2022-05": round(800 / 810, 6),
        "2022-06": round(900 / 910, 6),
        "2022-07": round(1000 / 1010, 6),
    }
    offered = dict(charts.choices())
    assert [one.title for one in offered["The picture's own"]] == ["Ratio"]
    assert next(iter(offered)) == "The picture's own"
    assert [one.name for one in offered["Indices"]] == ["ndvi"]
    assert [one.name for one in offered["Bands"]] == ["B08", "B04"]
    assert "DVI" in [one.name for one in offered["More indices"]]
    charts.save()
    built.wait(lambda: built.state.chart_file is not None)
    assert built.state.chart_file.name == "chart_field-7_ratio_2022-05_2022-07.csv"
    charts.choose("DVI")
    built.wait(lambda: built.state.chart.measured.quantity.name == "DVI")
    assert means(built) == dict.fromkeys(MONTHS, -0.001)


def test_values_of_any_size_can_be_read():
    words = [figure_words(value) for value in (0.25, 0.0001234, -0.00005, 0, 999.9, 12345.6)]
    assert words == ["0.250", "0.000123", "-5e-05", "0.000", "999.900", "12\u202f346"]
    quantity = quantity_of("A long name that would not fit = 1000 * B08 / B04")
    chart = Chart(("2022-05",), Measured(quantity, "Field", (replace(area_month("2022-05", None), clear_share=0.5),)))
    assert "Field: the formula has no value" in tooltip(chart, "2022-05")
    figure = ChartFigure()
    figure.show(chart)
    assert figure.model.yaxis[0].axis_label == "A long name that …"
