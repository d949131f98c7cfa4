"""Everything the page can do, in windows of three sizes: nothing is cut off, covered or out of reach."""

from __future__ import annotations

import pytest
from dashboard import SIZES, SLOW, Dashboard
from layout import layout_problems
from playwright.sync_api import expect

from stac_timelapse import demo

FIRE = next(area for area in demo.SAMPLE_AREAS if area.name == "Forest fire")
LOW = 859  # of a window, in pixels: beside the picture there is room for one thing
BURNT = 16.4860, 49.4450
BUILT = f"catalog=demo&aoi={','.join(map(str, FIRE.bbox))}&start=2021-09&end=2022-12&resolution=20&month=2022-09"


class Tour:
    """A person who opens one part of the page after the other and tells what stands in the way."""

    def __init__(self, dashboard):
        self.dashboard = dashboard
        self.page = dashboard.page
        self.problems = []

    def check(self, state, part="body"):
        self.page.wait_for_load_state("networkidle")
        self.problems += [f"{state}: {one}" for one in layout_problems(self.page, part)]

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def picture_is_seen(self):
        """Burnt ground is nearly black and without green; the map beside it is bright, and a forest is green."""
        self.dashboard.wait(lambda: self.is_burnt(self.dashboard.colour(*BURNT)))

    @staticmethod
    def is_burnt(colour):
        red, green, _ = colour
        return green < 110 and red > 0.75 * green


def open_what_unfolds(tour, *, low):
    """Under the player; in a low window one closes the other."""
    page = tour.page
    tour.press("Filmstrip")
    expect(page.locator(".t-filmstrip .frame")).to_have_count(16)
    tour.picture_is_seen()
    tour.check("filmstrip")
    tour.press("Chart")
    expect(page.locator(".t-chart-bar .legend li")).to_have_count(1)
    tour.picture_is_seen()
    film = page.locator(".t-filmstrip .frame").first
    expect(film).to_be_visible(visible=not low)
    tour.check("chart")
    if not low:
        tour.press("Filmstrip")
        tour.press("Chart")
    tour.press("Changes")
    expect(page.get_by_role("group", name="Changes")).to_be_visible()
    expect(page.locator(".t-chart-bar")).to_be_hidden()
    expect(film).to_be_hidden()
    tour.check("changes")
    tour.press("Changes")
    tour.press("Grid")
    grid = page.locator(".t-grid table")
    expect(grid).to_be_visible()
    expect(grid.locator("img")).to_have_count(16)
    tour.check("grid")
    tour.press("Grid")
    expect(grid).to_be_hidden()  # else it lies over the picture that is clicked next


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_part_is_within_reach(browser, served, size):
    page = browser.new_context(viewport={"width": size[0], "height": size[1]}).new_page()
    tour = Tour(Dashboard(page, served.url, "first=visit"))
    tour.check("first visit")
    page.goto(f"{served.url}/app?{BUILT}")
    expect(tour.dashboard.player).to_be_visible(timeout=SLOW)
    expect(tour.dashboard.button("t-gif")).to_be_enabled(timeout=SLOW)
    tour.picture_is_seen()
    tour.check("built")

    open_what_unfolds(tour, low=size[1] <= LOW)
    for way in ("Swipe", "Side by side"):
        page.get_by_role("radio", name=way).check()
        tour.check(way)
    page.get_by_role("radio", name="Off").check()
    expect(page.locator(".compare .left")).to_be_hidden()
    tour.check("one picture again")
    tour.dashboard.look_into(BURNT[0], BURNT[1] + 0.003, held=600)
    tour.picture_is_seen()
    tour.check("pixel")
    page.get_by_role("button", name="Close", exact=True).locator("visible=true").click()
    page.get_by_role("tab", name="Mask").click()
    tour.check("mask")
    page.get_by_role("tab", name="Map").click()
    tour.check("map")
    part = "body"
    if size[0] < 700:
        part = ".MuiDrawer-paper"  # lies over everything
        page.get_by_role("button", name="Open drawer").click()
        expect(page.locator(".t-step-where")).to_be_visible()
    for step in ("where", "when", "how"):
        tour.dashboard.open_step(step)
        tour.check(step, part)
    assert not tour.problems, "\n".join(tour.problems)
    assert tour.dashboard.complaints == []
    assert tour.dashboard.foreign == []
    page.context.close()
