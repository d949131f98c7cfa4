"""Where and when the forest burnt, in a real browser: on the map, in the legend, in a pixel and in the file."""

from __future__ import annotations

import re

import numpy as np
import pytest
import rasterio
from dashboard import SHOWN, Dashboard
from playwright.sync_api import expect
from test_states import set_months

from app.change_picture import VEIL
from stac_timelapse import demo

AREA = next(area.bbox for area in demo.SAMPLE_AREAS if area.name == "Forest fire")
MONTHS = ("2022-06", "2022-07", "2022-08", "2022-09")  # the fire was in July
#: In the middle of what burnt badly, and 120 m or more from the fire, by the landscape's own truth.
BURNT = 16.48399, 49.44752
FOREST = 16.48327, 49.43746

# Where a place is on the screen, in every picture of a series that is shown.
EVERYWHERE = f"""([lon, lat]) => {{{SHOWN}
  const x = lon * Math.PI / 180 * 6378137, y = Math.asinh(Math.tan(lat * Math.PI / 180)) * 6378137
  return shown.filter((one) => /^series/.test(one.model.name)).map((view) => {{
    const box = view.canvas_view.events_el.getBoundingClientRect()
    return [box.left + view.frame.x_scale.compute(x), box.top + view.frame.y_scale.compute(y)]
  }})
}}"""


class Changes:
    """A tab in which four months of the forest are built in short-wave infrared."""

    def __init__(self, dashboard):
        self.dashboard, self.page = dashboard, dashboard.page
        self.opener = self.page.get_by_role("button", name="Changes", exact=True)
        self.panel = self.page.get_by_role("group", name="Changes")
        self.note = self.panel.get_by_role("status")
        self.opacity = self.panel.get_by_role("slider", name="Opacity of the map of changes")
        self.months = self.panel.locator(".legend button")
        self.before = {place: dashboard.colour(*place) for place in (BURNT, FOREST)}

    def choose(self, kind):
        """Choose a kind of map, with a threshold of 0.4."""
        if self.panel.is_hidden():
            self.opener.click()
        self.panel.get_by_role("radio", name=kind).check()
        self.least(0.4)

    def least(self, value):
        field = self.panel.get_by_role("spinbutton", name="Smallest change")
        field.fill(str(value))
        field.press("Enter")

    def hectares(self):
        """Return the months of the legend with their hectares."""
        labels = [one.get_attribute("aria-label") for one in self.months.all()]
        found = [re.fullmatch(r"(.*): ([\d.,]+) ha changed. Go there", label) for label in labels]
        return {one[1]: float(one[2].replace(",", "")) for one in found}

    def colour_of(self, month):
        """Return a month's colour in the legend."""
        fill = self.panel.locator(f".legend button[data-month='{month}'] .bar i")
        text = fill.evaluate("(one) => getComputedStyle(one).backgroundColor")
        return np.array([int(part) for part in re.findall(r"\d+", text)[:3]])

    def shows(self, colour, place=BURNT, opacity=0.85):
        """Tell whether a place is seen in a colour, over the picture that was there before."""
        expected = opacity * np.array(colour) + (1 - opacity) * np.array(self.before[place])
        return bool(np.abs(np.array(self.dashboard.colour(*place)) - expected).max() <= 14)

    def bare(self, place=BURNT):
        """Tell whether a place is seen as it was before."""
        return self.shows((0, 0, 0), place, opacity=0)

    def veiled(self, place=FOREST, opacity=0.85):
        """Tell whether a place is paler than it was before, as what did not change."""
        return self.shows((255, 255, 255), place, opacity=opacity * VEIL / 255)


@pytest.fixture(scope="module")
def changes(served, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    dashboard = Dashboard(context.new_page(), served.url)
    dashboard.type_area(", ".join(str(value) for value in AREA))
    set_months(dashboard, MONTHS[0], MONTHS[-1])
    dashboard.open_step("how")
    dashboard.choose("t-preset", "Short-wave infrared")
    dashboard.search()
    dashboard.build()
    dashboard.step("End")
    dashboard.wait(lambda: dashboard.month() == MONTHS[-1])
    dashboard.page.wait_for_load_state("networkidle")
    dashboard.sharp()
    yield Changes(dashboard)
    context.close()


@pytest.fixture(autouse=True)
def quiet(changes):
    yield
    assert changes.dashboard.complaints == []
    assert changes.dashboard.foreign == []


def test_the_burnt_forest_is_coloured_by_its_month_and_taken_away(changes, tmp_path):
    dashboard, page = changes.dashboard, changes.page
    expect(changes.panel).to_be_hidden()
    changes.opener.click()
    expect(changes.opener).to_have_attribute("aria-expanded", "true")
    expect(changes.note).to_contain_text("lasting drop of Burnt area (NBR) by 0.2 or more")
    expect(changes.panel.get_by_label("Index").locator("option[value='ndwi']")).to_have_text(
        "Open water (NDWI) – not built"
    )
    found = changes.hectares()
    assert max(found, key=found.get) == "July 2022"
    july = changes.colour_of("2022-07")
    dashboard.wait(lambda: changes.shows(july))
    assert changes.veiled()
    # The picture keeps its place in a small window.
    stage = page.locator(".t-stage").bounding_box()
    assert stage["height"] > changes.panel.bounding_box()["height"] * 2

    changes.least(0.4)
    expect(changes.note).to_contain_text("by 0.4 or more")
    fewer = changes.hectares()
    assert 100 < fewer["July 2022"] < found["July 2022"]
    dashboard.wait(lambda: changes.shows(july) and changes.veiled())

    with page.expect_download() as waiting:
        changes.panel.get_by_role("link", name="Save GeoTIFF").click()
    download = waiting.value
    assert download.suggested_filename == "change_nbr_drop-0.4_2022-06_2022-09.tif"
    download.save_as(tmp_path / "change.tif")
    with rasterio.open(tmp_path / "change.tif") as file:
        size, month, before = file.read()
        (x,), (y,) = rasterio.warp.transform("EPSG:4326", file.crs, [BURNT[0]], [BURNT[1]])
        at = file.index(x, y)
        assert file.tags()["MONTHS"].split() == [*MONTHS]
    assert (month[at], before[at]) == (2, 1)
    assert size[month > 0].min() * 0.0001 >= 0.4
    assert np.count_nonzero(month == 2) * 0.01 == pytest.approx(fewer["July 2022"], rel=0.01)  # pixels of 10 m

    # A click on a month goes there, and the map stays.
    changes.months.and_(page.locator("[data-month='2022-07']")).click()
    expect(dashboard.player.locator(".title")).to_have_text("July 2022")
    expect(changes.months.and_(page.locator("[aria-current=true]"))).to_have_attribute("data-month", "2022-07")
    dashboard.wait(lambda: np.abs(np.array(dashboard.colour(*BURNT)) - july).max() < 60)
    dashboard.step("End")
    card = dashboard.look_into(*BURNT)
    expect(card.locator(".changed")).to_have_text(
        re.compile(r"Changed in July 2022: NBR 0\.\d\d → -?0\.\d\d since June 2022")
    )
    dashboard.button("t-pixel-close").click()
    expect(card).to_be_hidden()


def test_two_months_beside_each_other_and_as_a_difference(changes):
    dashboard, page = changes.dashboard, changes.page
    changes.choose("Two months")
    expect(changes.note).to_contain_text("NBR fell on")
    expect(changes.months).to_have_count(0)
    dashboard.wait(lambda: not changes.bare() and changes.veiled())
    red, _, blue = dashboard.colour(*BURNT)
    assert red > blue + 40  # ochre is a fall
    # How opaque it is changes in the browser.
    changes.opacity.press("Home")
    dashboard.wait(changes.bare)
    changes.opacity.press("End")
    dashboard.wait(lambda: not changes.bare())

    # It lies over both pictures that are compared.
    page.keyboard.press("c")
    expect(page.locator(".compare .left .name")).to_be_visible()

    def both():
        picture = dashboard.picture()
        spots = [(round(x), round(y)) for x, y in page.evaluate(EVERYWHERE, list(BURNT))]
        seen = [picture[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).mean(axis=0) for x, y in spots]
        return len(seen) == 2 and all(red > blue + 40 and red > 90 for red, _, blue in seen)

    page.get_by_role("radio", name="Side by side").check()
    dashboard.wait(both)
    page.keyboard.press("c")
    expect(page.locator(".compare .left .name")).to_be_hidden()

    changes.least(1)
    expect(changes.note).to_have_text(
        re.compile(r"No difference of 1 or more of 68\d ha compared; the largest is 0\.\d+")
    )
    dashboard.wait(lambda: changes.veiled(BURNT, opacity=1))
    changes.least(0.4)
    dashboard.wait(lambda: not changes.veiled(BURNT, opacity=1))
    changes.panel.get_by_label("Later month").select_option("2022-06")
    expect(changes.note).to_have_text("Choose two different months to compare.")
    dashboard.wait(changes.bare)


def test_on_a_phone(changes):
    dashboard, page = changes.dashboard, changes.page
    changes.choose("When it changed")
    changes.opacity.press("End")
    page.set_viewport_size({"width": 390, "height": 844})
    july = changes.colour_of("2022-07")
    dashboard.wait(lambda: changes.shows(july, opacity=1) and changes.veiled(opacity=1))
    assert page.locator(".t-stage").bounding_box()["height"] > 180
    box = changes.months.and_(page.locator("[data-month='2022-07']")).bounding_box()
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    changes.opener.click()
    expect(changes.panel).to_be_hidden()
    dashboard.wait(changes.bare)
