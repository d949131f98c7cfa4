"""Small pictures of the months, which of them are in play, and the table that they stand in."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from session_world import AREA, result_of, write_month

from app.frames import FramePainter
from app.results import Frame, Series
from app.views.player import month_entries
from app.views.year_table import table_of
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.picture.appearance import Appearance
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.months import months_between
from stac_timelapse.scenes.periods import periods_of


def test_the_small_picture_is_the_large_one_made_small(tmp_path, monkeypatch):
    monkeypatch.setattr("app.frames._THUMB_PIXELS", 10)
    painter = FramePainter(tmp_path, Appearance("true-colour"), ("B04", "B03", "B02"))
    frame = painter.paint(result_of(write_month(tmp_path, "2022-01", 900), "2022-01"))
    large, thumb = (
        np.asarray(Image.open(tmp_path / url.rsplit("/", 1)[1]).convert("RGBA")).astype(int)
        for url in (frame.url, frame.thumb)
    )
    height, width = large.shape[:2]
    assert thumb.shape[:2] == (round(10 * height / max(height, width)), round(10 * width / max(height, width)))
    # The month has one colour, and its grid is turned: in the corners both are transparent.
    assert np.abs(thumb[4, 5] - large[height // 2, width // 2]).max() <= 3
    assert thumb[4, 5, 3] == 255
    assert thumb[..., 3].mean() == pytest.approx(large[..., 3].mean(), abs=4)


def test_the_gif_leaves_out_what_is_unticked_and_the_geotiffs_do_not(desk):
    desk.search()
    desk.build()
    desk.state.hidden = ("2022-06",)
    for kind in ("gif", "geotiff"):
        desk.actions.export(kind)
        desk.wait(lambda: not desk.state.exporting)
    archive, gif = (desk.folder / "work" / one.url.removeprefix("downloads/") for one in desk.state.downloads)
    assert gif.name == "timelapse_field-7_2022-05_2022-07_2-of-3-months.gif"
    with Image.open(gif) as picture:
        assert picture.n_frames == 2
    with zipfile.ZipFile(archive) as packed:
        assert len([name for name in packed.namelist() if name.endswith(".tif")]) == 3
        assert json.loads(packed.read("recipe.json"))["without"] == ["2022-06"]
    desk.state.hidden = ("2022-05", "2022-06", "2022-07")
    desk.actions.export("gif")
    desk.wait(lambda: desk.state.export_error)
    assert desk.state.export_error == "Every month is unticked: tick one in the filmstrip, and save the GIF again."
    assert len(desk.state.downloads) == 2


def test_ticks_stay_where_the_place_is_the_same(desk):
    desk.search()
    desk.build()
    desk.state.hidden = ("2022-05", "2022-07")
    desk.state.start = "2022-06"
    desk.search()
    desk.build()
    assert desk.state.hidden == ("2022-07",)
    assert all((desk.folder / "work" / one.thumb.removeprefix("frames/")).is_file() for one in desk.state.series.frames)
    desk.state.aoi = AreaOfInterest.from_bbox(15.0, 46.9, 15.02, 46.92)
    desk.search()
    desk.build()
    assert desk.state.hidden == ()


def test_what_a_picture_shows_is_told_in_words():
    months = months_between("2022-05", "2022-08")
    results = (result_of(None, "2022-05"), result_of(None, "2022-06", seen=0))
    frames = tuple(Frame(one, f"{one}.webp", (0, 0, 4, 2), f"small-{one}.webp") for one in ("2022-05", "2022-06"))
    previews = (Frame("2022-07", "p.webp", (0, 0, 4, 2), "small-p.webp"),)
    series = Series(
        Recipe("demo", AREA, "2022-05", "2022-08"), "true-colour", months, results, frames, previews=previews
    )
    entries = month_entries(series)
    assert [one["alt"] for one in entries] == [
        "May 2022: 2 passes, 100 % clear",
        "June 2022: no pass used, no clear pixel",
        "July 2022: a coarse preview, not built yet",
        "August 2022: not built yet",
    ]
    assert [one["thumb"] for one in entries] == ["small-2022-05.webp", "small-2022-06.webp", "small-p.webp", ""]
    assert [one["state"] for one in entries] == ["ready", "empty", "preview", "waiting"]


def table(kind, first, last, months=tuple(range(1, 13))):
    made = table_of(periods_of(kind, months_between(first, last, months)), kind)
    return made["columns"], {row["name"]: row["cells"] for row in made["rows"]}


def test_months_stand_below_the_same_month_of_another_year():
    columns, rows = table("month", "2021-11", "2023-02")
    assert columns == ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    assert rows["2021"] == [*[[]] * 10, ["2021-11"], ["2021-12"]]
    assert rows["2022"] == [[f"2022-{month:02d}"] for month in range(1, 13)]
    assert rows["2023"] == [["2023-01"], ["2023-02"], *[[]] * 10]
    # Only the columns that are needed.
    assert table("month", "2021-01", "2022-12", (6, 7))[0] == ["Jun", "Jul"]


def test_other_periods_have_their_own_columns():
    columns, rows = table("quarter", "2021-02", "2022-12")
    assert columns == ["Jan\u2013Mar", "Apr\u2013Jun", "Jul\u2013Sep", "Oct\u2013Dec"]
    assert rows["2021"][0] == ["2021-02_2021-03"]
    # A winter stands in the year in which it ends.
    columns, rows = table("season", "2021-12", "2022-12")
    assert columns == ["Dec\u2013Feb", "Mar\u2013May", "Jun\u2013Aug", "Sep\u2013Nov"]
    assert rows["2022"] == [["2021-12_2022-02"], ["2022-03_2022-05"], ["2022-06_2022-08"], ["2022-09_2022-11"]]
    assert rows["2023"] == [["2022-12"], [], [], []]
    columns, rows = table("half-month", "2023-02", "2024-02", (2,))
    assert columns == ["1\u201315 Feb", "16\u201329 Feb"]
    assert rows["2024"] == [["2024-02-01_2024-02-15"], ["2024-02-16_2024-02-29"]]
    assert table("climatology", "2019-05", "2022-06") == (
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
        {"2019\u20132022": [[f"2019-2022_{month:02d}"] for month in range(1, 13)]},
    )
    # A quarter that was cut in two keeps both parts.
    assert table("quarter", "2021-01", "2021-03", (1, 3))[1] == {"2021": [["2021-01", "2021-03"]]}


def test_years_stand_in_a_row_and_many_in_rows_of_ten():
    assert table("year", "2020-01", "2022-12") == (
        ["2020", "2021", "2022"],
        {"Year": [["2020-01_2020-12"], ["2021-01_2021-12"], ["2022-01_2022-12"]]},
    )
    columns, rows = table("year", "1998-01", "2012-12")
    assert columns == [f"\u2026{digit}" for digit in range(10)]
    assert list(rows) == ["1990s", "2000s", "2010s"]
    assert rows["1990s"][8:] == [["1998-01_1998-12"], ["1999-01_1999-12"]]
