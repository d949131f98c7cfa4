"""The chart under the player, in a real browser: its cursor is the player's, its numbers are the library's."""

from __future__ import annotations

import csv
import re
import zipfile

import numpy as np
import pytest
import rasterio
from dashboard import SLOW, at_three_sizes
from layout import layout_problems
from playwright.sync_api import expect

from stac_timelapse import demo
from stac_timelapse.area.vector import load_area
from stac_timelapse.month_job import MonthResult
from stac_timelapse.quantity import quantity_of
from stac_timelapse.scenes.facts import MonthFacts
from stac_timelapse.zonal import measure

RESERVOIR = next(area for area in demo.SAMPLE_AREAS if area.name == "Reservoir")
WEST, SOUTH, EAST, NORTH = RESERVOIR.bbox
DAM = (WEST + EAST) / 2, (SOUTH + NORTH) / 2
#: The overcast month among others.
MONTHS = ["2021-11", demo.CLOUDY_MONTH, "2022-01", "2022-02"]
KML = f"""<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document>
<Placemark><name>Lake</name><Polygon><outerBoundaryIs><LinearRing><coordinates>
{WEST},{SOUTH} {EAST},{SOUTH} {DAM[0]},{NORTH} {WEST},{SOUTH}
</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>
<Placemark><name>The dam</name><Point><coordinates>{DAM[0]},{DAM[1]}</coordinates></Point></Placemark>
</Document></kml>"""
CURSOR, DAM_LINE = (0x0F, 0x76, 0x6E), (0xD5, 0x5E, 0x00)

# Where a slot and a value are on the screen, in the chart; without a value, near its upper edge.
IN_CHART = """([slot, value]) => {
  const children = (view) => (view.child_views ?? []).flatMap(figures)
  const figures = (view) => view.model.type === "Figure" ? [view] : children(view)
  const view = Array.from(Bokeh.index.roots, figures).flat().find((one) => one.model.name?.startsWith("chart-"))
  const box = view.canvas_view.events_el.getBoundingClientRect()
  const y = value == null ? view.frame.bbox.top + 4 : view.frame.y_scale.compute(value)
  return [box.left + view.frame.x_scale.compute(slot), box.top + y]
}"""

WIDER_THAN_THE_WINDOW = """() => {
  const children = (view) => (view.child_views ?? []).flatMap(figures)
  const figures = (view) => view.model.type === "Figure" ? [view] : children(view)
  const widths = Array.from(Bokeh.index.roots, figures).flat().map((one) => one.el.getBoundingClientRect().right)
  return widths.some((right) => right > innerWidth)
}"""


class ChartOnScreen:
    """The chart as a person sees it."""

    def __init__(self, dashboard):
        self.dashboard = dashboard
        self.page = dashboard.page
        self.bar = self.page.locator(".t-chart-bar")
        self.lines = self.bar.locator(".legend li")

    def at(self, slot, value):
        x, y = self.page.evaluate(IN_CHART, [slot, value])
        return round(x), round(y)

    def has(self, colour, slot, value, reach=3):
        """Tell whether a colour is seen within a few pixels of a slot and value."""
        x, y = self.at(slot, value)
        there = self.dashboard.picture()[y - reach : y + reach + 1, x - reach : x + reach + 1].astype(int)
        return bool((np.abs(there - colour).max(axis=-1) <= 12).any())


@pytest.fixture
def chart(dashboard, tmp_path):
    path = tmp_path / "lake.kml"
    path.write_text(KML)
    dashboard.button("t-dismiss").click()
    dashboard.upload(path)
    for side, month in (("from", MONTHS[0]), ("to", MONTHS[-1])):
        dashboard.choose(f"t-{side}-year", month[:4])
        dashboard.choose(f"t-{side}-month", {"11": "Nov", "02": "Feb"}[month[-2:]])
    dashboard.open_step("how")
    dashboard.choose("t-preset", "Open water (NDWI)")
    dashboard.search()
    dashboard.build()
    return ChartOnScreen(dashboard)


@at_three_sizes
def test_the_area_and_its_places_over_time_with_a_cursor_tied_to_the_player(chart, dashboard, tmp_path):
    page = dashboard.page
    opener = page.get_by_role("button", name="Chart", exact=True)
    expect(opener).to_have_attribute("aria-expanded", "false")
    expect(page.locator(".t-chart")).to_be_hidden()
    opener.click()
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(chart.lines).to_have_text(["Lake", "The dam"])
    expect(page.locator(".t-chart")).to_be_visible()
    # The picture keeps the greater part of a small window.
    dashboard.wait(lambda: dashboard.at(EAST, SOUTH)[1] - dashboard.at(WEST, NORTH)[1] > 150)
    assert page.locator(".t-stage").bounding_box()["height"] > page.locator(".t-chart").bounding_box()["height"]
    expect(chart.bar.get_by_label("What is charted").locator("option:checked")).to_have_text("Open water (NDWI)")
    told = page.locator(".t-chart [role=img]")
    expect(told).to_have_attribute(
        "aria-label", re.compile(r"Open water \(NDWI\) in Lake, mean: .* Without a value: 1 of 4\.")
    )

    # What is saved is what the library measures in the saved months.
    with page.expect_download(timeout=SLOW) as waiting:
        chart.bar.get_by_role("button", name="Save CSV").click()
    assert waiting.value.suggested_filename == "chart_lake_ndwi_2021-11_2022-02.csv"
    rows = list(csv.DictReader(waiting.value.path().read_text(encoding="utf-8").splitlines()))
    measured = of_files(dashboard.save("t-geotiff", tmp_path), tmp_path)
    assert [(row["month"], row["what"]) for row in rows] == [
        (month, what) for what in ("Lake", "The dam") for month in MONTHS
    ]
    for row, one in zip(rows, measured.area, strict=False):
        names = ("mean", "sd", "p10", "median", "p90", "clear_share", "observations_mean", "passes")
        numbers = [float(row[name]) if row[name] else None for name in names]
        assert numbers == pytest.approx([getattr(one, name) for name in names], abs=1e-6)
    ((_, dam),) = measured.places
    assert [float(row["mean"]) if row["mean"] else None for row in rows[4:]] == pytest.approx(
        [one.value for one in dam], abs=1e-6
    )
    values = [one.value for one in dam]
    assert [value is None for value in values] == [False, True, False, False]

    # What is drawn stands where the values are, and nothing is drawn over the gap.
    dashboard.wait(lambda: all(chart.has(DAM_LINE, slot, values[slot]) for slot in (0, 2, 3)))
    assert not chart.has(DAM_LINE, 1, (values[0] + values[2]) / 2, reach=8)

    cursor_and_player(chart, dashboard)
    pixels_come_and_go(chart, dashboard, measured.area[0].mean)
    assert dashboard.foreign == []
    assert dashboard.complaints == []


def cursor_and_player(chart, dashboard):
    """The cursor stands at the player's month, and takes it along."""
    page = dashboard.page

    def cursor_at(slot):
        return [number for number in range(4) if chart.has(CURSOR, number, None, reach=1)] == [slot]

    dashboard.step("Home")
    dashboard.wait(lambda: cursor_at(0))
    dashboard.step("ArrowRight", 2)
    dashboard.wait(lambda: cursor_at(2))
    page.mouse.click(*chart.at(3, 0))
    dashboard.wait(lambda: dashboard.month() == MONTHS[3] and cursor_at(3))
    expect(dashboard.player.locator(".title")).to_have_text("February 2022")
    page.mouse.move(*chart.at(3, 0))
    page.mouse.down()
    page.mouse.move(*chart.at(0.2, 0), steps=6)
    dashboard.wait(lambda: dashboard.month() == MONTHS[0])
    page.mouse.up()
    dashboard.wait(lambda: cursor_at(0))
    # Pointing at a month tells its values.
    page.mouse.move(*chart.at(1, 0))
    expect(page.locator(".bk-Tooltip").locator("visible=true")).to_contain_text("December 2021")


def pixels_come_and_go(chart, dashboard, ndwi):
    """A clicked pixel gets a line of its own until it is taken away; the chart can be folded again."""
    page = dashboard.page
    dashboard.look_into(DAM[0] - 0.003, DAM[1] - 0.002)
    expect(chart.lines).to_have_count(3)
    expect(chart.lines.nth(2)).to_contain_text("49.4")
    dashboard.look_into(DAM[0] - 0.003, DAM[1] - 0.002)
    dashboard.step("End")
    expect(chart.lines).to_have_count(3)
    chart.bar.get_by_role("button", name="Remove 49.4").click()
    expect(chart.lines).to_have_text(["Lake", "The dam"])
    chart.bar.get_by_label("What is charted").select_option("B08")
    expect(page.locator(".t-chart [role=img]")).to_have_attribute(
        "aria-label", re.compile("Reflectance of B08 in Lake")
    )
    # An index of the library, of the same bands.
    groups = chart.bar.locator("optgroup").evaluate_all("groups => groups.map(one => one.label)")
    assert groups == ["Indices", "Bands", "More indices"]
    chart.bar.get_by_label("What is charted").select_option("GNDVI")  # NDWI with the other sign
    expect(page.locator(".t-chart [role=img]")).to_have_attribute(
        "aria-label", re.compile(f"GNDVI · Green Normalized .* in Lake, mean: {-ndwi:.2f} in November 2021 at first")
    )
    opener = page.get_by_role("button", name="Chart", exact=True)
    narrow_and_wide(dashboard, opener)
    opener.click()
    expect(page.locator(".t-chart")).to_be_hidden(timeout=SLOW)
    expect(chart.bar).to_be_hidden()


def narrow_and_wide(dashboard, opener):
    """The buttons below the player stand in one row, and after the window is narrowed no figure is wider than it."""
    page = dashboard.page
    grid = page.get_by_role("button", name="Grid", exact=True)
    assert opener.bounding_box()["y"] == grid.bounding_box()["y"]
    page.set_viewport_size({"width": 390, "height": 844})
    dashboard.wait(lambda: not dashboard.page.evaluate(WIDER_THAN_THE_WINDOW))
    expect(page.locator(".MuiBackdrop-root").locator("visible=true")).to_have_count(0)
    assert layout_problems(page) == []
    page.set_viewport_size({"width": 1280, "height": 720})


def of_files(path, folder):
    """Measure the months of a saved ZIP."""
    results = []
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".tif"):
                archive.extract(name, folder)
                with rasterio.open(folder / name) as file:
                    tags = file.tags()
                facts = MonthFacts(())
                results.append(
                    MonthResult(tags["MONTH"], folder / name, int(tags["PASSES"]), (), 0, 0, 0, facts, False, (), 0)
                )
    return measure(results, load_area(KML.encode(), "lake.kml"), quantity_of("ndwi"))
