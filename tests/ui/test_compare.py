"""Two months at once: by the colours on both sides of the handle, while playing, and in windows of any size."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio.warp
import shapely
from dashboard import SIZES, Dashboard
from playwright.sync_api import expect
from test_states import set_months

from stac_timelapse import demo

FIRST, LAST = "2021-09", "2022-09"
GREEN, BURNT = "2021-09", "2022-09"  # the fire was in July 2022

# Where a place is on the screen, in both pictures: the player's, the other one's.
BOTH = """([lon, lat]) => {
  const figures = (view) => view.model.type === "Figure" ? [view] : (view.child_views ?? []).flatMap(figures)
  const shown = Array.from(Bokeh.index.roots, figures).flat().filter((one) => one.el.getBoundingClientRect().width > 0)
  const x = lon * Math.PI / 180 * 6378137, y = Math.asinh(Math.tan(lat * Math.PI / 180)) * 6378137
  return shown.filter((one) => /^series/.test(one.model.name)).map((view) => {
    const box = view.canvas_view.events_el.getBoundingClientRect()
    return [box.left + view.frame.x_scale.compute(x), box.top + view.frame.y_scale.compute(y)]
  })
}"""
COUNT = """() => {
  const send = WebSocket.prototype.send
  window.sent = 0
  WebSocket.prototype.send = function (...message) { window.sent += 1; return send.apply(this, message) }
}"""


def scar():
    """Return two places in the burnt forest, a western and an eastern one, and the box around it, in lon/lat."""
    burnt = max(shapely.get_parts(demo.truth.event_outline().buffer(-40)), key=lambda part: part.area)
    west, south, east, north = burnt.bounds
    middle = (west + east) / 2
    halves = (shapely.box(west, south, middle - 60, north), shapely.box(middle + 60, south, east, north))
    places = [burnt.intersection(half).representative_point() for half in halves]
    corners = [(west - 150, south - 150), (east + 150, north + 150)]
    x, y = zip(*[(place.x, place.y) for place in places], *corners, strict=True)
    found = list(zip(*rasterio.warp.transform(f"EPSG:{demo.EPSG}", "EPSG:4326", x, y), strict=True))
    return *found[:2], (*found[2], *found[3])


WEST, EAST, BOX = scar()


class Pair:
    """A tab in which thirteen months of the burnt forest are built, and two of them may be compared."""

    def __init__(self, dashboard):
        self.dashboard, self.page = dashboard, dashboard.page
        self.bar = self.page.locator(".compare .bar")
        self.handle = self.page.get_by_role("slider", name="Border between the two months")
        self.left, self.right = (self.page.locator(f".compare .{side} .name") for side in ("left", "right"))
        self.against = self.page.get_by_role("combobox", name="Other month")

    def mode(self, name):
        self.page.get_by_role("radio", name=name).check()
        shown = self.handle if name == "Swipe" else self.left
        expect(shown).to_be_visible(visible=name != "Off")

    def at(self, place):
        """Return where a place is in the player's picture and in the other one, (picture, x and y)."""
        return np.array(self.page.evaluate(BOTH, list(place)))

    def apart(self, place):
        """Return how far the player's picture has a place from the other one, (x, y); endless with one picture only."""
        found = self.at(place)
        return found[0] - found[1] if len(found) > 1 else np.array([np.inf, np.inf])

    def burnt(self, place, picture=0):
        """Whether a place looks burnt, as bright in red as in green; a forest is not half as bright in red."""
        x, y = self.at(place)[picture].round().astype(int)
        red, green, _ = self.dashboard.picture()[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).mean(axis=0)
        return red > 0.75 * green

    def line(self):
        box = self.handle.bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def go(self, month):
        """Let the player rest in a month."""
        player = self.dashboard.player
        months = list(demo.spec.months_between(FIRST, LAST))
        slider = player.get_by_role("slider", name="Month")
        slider.evaluate("(one, to) => { one.value = to }", months.index(month))
        for event in ("input", "change"):
            slider.dispatch_event(event)
        expect(player).to_have_attribute("data-month", month)

    def drag(self, x):
        """Drag the handle to a place between the left and the right of the window."""
        here, y = self.line()
        self.page.mouse.move(here, y)
        self.page.mouse.down()
        self.page.mouse.move(x, y + 30, steps=6)
        self.page.mouse.up()
        assert abs(self.line()[0] - x) < 1

    def middle(self):
        """Return the x between the two places."""
        return (self.at(WEST)[0, 0] + self.at(EAST)[0, 0]) / 2


@pytest.fixture(scope="module")
def built(served, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    dashboard = Dashboard(context.new_page(), served.url)
    dashboard.type_area(", ".join(f"{value:.5f}" for value in BOX))
    set_months(dashboard, FIRST, LAST)
    dashboard.search()
    dashboard.build()
    yield Pair(dashboard)
    context.close()


@pytest.fixture
def pair(built):
    built.page.set_viewport_size({"width": 1280, "height": 720})
    built.mode("Off")
    yield built
    assert built.dashboard.complaints == []
    assert built.dashboard.foreign == []


def test_a_forest_before_and_after_the_fire_by_a_handle(pair):
    pair.go(BURNT)
    pair.page.keyboard.press("c")
    expect(pair.left).to_have_text("September 2021")  # a year before, of a series that is longer
    expect(pair.right).to_have_text("September 2022")
    expect(pair.against).to_have_value("year")
    pair.dashboard.wait(lambda: np.abs(pair.apart(WEST)).max() < 0.01)  # one upon the other

    pair.drag(pair.middle())
    pair.dashboard.wait(lambda: (pair.burnt(WEST), pair.burnt(EAST)) == (False, True))
    pair.drag(pair.at(WEST)[0, 0] - 12)
    pair.dashboard.wait(lambda: (pair.burnt(WEST), pair.burnt(EAST)) == (True, True))
    pair.drag(pair.at(EAST)[0, 0] + 12)
    pair.dashboard.wait(lambda: (pair.burnt(WEST), pair.burnt(EAST)) == (False, False))

    pair.go("2022-08")
    expect(pair.left).to_have_text("August 2021 is not in this timelapse")
    x, y = pair.at((BOX[0], WEST[1]))[0].round().astype(int)
    shown = pair.dashboard.picture().astype(int)
    paper = shown[y - 2 : y + 3, x - 24 : x - 19].mean(axis=(0, 1))  # of the map beside the picture
    x, y = pair.at(WEST)[0].round().astype(int)
    assert np.abs(shown[y - 2 : y + 3, x - 2 : x + 3].mean(axis=(0, 1)) - paper).max() < 4  # nothing old is left


def test_it_plays_and_is_dragged_without_the_server(pair):
    pair.go("2022-05")
    pair.mode("Swipe")
    pair.against.select_option("2022-08")
    expect(pair.left).to_have_text("August 2022")
    pair.drag(pair.middle())
    pair.page.get_by_role("combobox", name="Speed").select_option("2")
    pair.page.wait_for_load_state("networkidle")
    pair.page.evaluate(COUNT)
    pair.page.get_by_role("button", name="Play", exact=True).click()
    seen = {}

    def both_seen():
        before = pair.dashboard.month()
        colours = pair.burnt(WEST), pair.burnt(EAST)
        if pair.dashboard.month() == before:
            seen[before] = colours
        return any(month < "2022-07" for month in seen) and any(month > "2022-07" for month in seen)

    pair.dashboard.wait(both_seen)
    pair.drag(pair.middle() + 20)
    sent = pair.page.evaluate("window.sent")
    pair.page.get_by_role("button", name="Pause", exact=True).click()
    assert sent == 0
    for month, colours in seen.items():
        if month[5:] != "07" and month != demo.CLOUDY_MONTH:
            assert colours == (True, month > "2022-07"), month


def test_the_handle_by_keyboard_and_by_touch(pair):
    pair.go(BURNT)
    pair.mode("Swipe")
    pair.against.select_option("before")
    expect(pair.left).to_have_text("August 2022")
    pair.handle.focus()
    pair.page.keyboard.press("Home")
    expect(pair.handle).to_have_attribute("aria-valuenow", "0")
    assert pair.left.evaluate("one => one.parentElement.getBoundingClientRect().width") == 0
    for key, value in (("ArrowRight", "2"), ("PageUp", "12"), ("ArrowLeft", "10"), ("End", "100")):
        pair.page.keyboard.press(key)
        expect(pair.handle).to_have_attribute("aria-valuenow", value)
    expect(pair.handle).to_have_attribute("aria-valuetext", "100 %. Left: August 2022. Right: September 2022")
    assert pair.dashboard.month() == BURNT  # the arrows were the handle's

    here, y = pair.line()
    touch = pair.page.context.new_cdp_session(pair.page)
    for kind, x in (("touchStart", here), ("touchMove", here - 90), ("touchMove", here - 200), ("touchEnd", None)):
        points = [] if x is None else [{"x": x, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    pair.dashboard.wait(lambda: abs(pair.line()[0] - (here - 200)) < 1)

    pair.page.keyboard.press("Escape")
    expect(pair.handle).to_be_hidden()
    expect(pair.left).to_be_hidden()
    assert pair.page.get_by_role("radio", name="Off").is_checked()
    pair.page.keyboard.press("ArrowRight")  # of the three that lie side by side: the choice is a group of radio buttons
    expect(pair.handle).to_be_visible()
    pair.dashboard.open_step("where")
    field = pair.page.locator(".t-coordinates input")
    written = field.input_value()
    field.press("c")
    expect(pair.handle).to_be_visible()  # who types is not asked
    field.fill(written)


def test_side_by_side_both_move(pair):
    pair.go(BURNT)
    pair.mode("Side by side")
    pair.against.select_option(GREEN)
    half = pair.page.locator(".compare").bounding_box()["width"] / 2

    def beside():
        return np.abs(pair.apart(WEST) - [half, 0]).max() < 1

    pair.dashboard.wait(beside)
    pair.dashboard.wait(lambda: (pair.burnt(WEST), pair.burnt(WEST, picture=1)) == (True, False))

    def width(picture):
        return (pair.at(EAST) - pair.at(WEST))[picture, 0]

    before = width(0)
    pair.page.mouse.move(*pair.at(WEST)[1])
    pair.page.mouse.wheel(0, -400)
    pair.dashboard.wait(lambda: width(0) > 1.3 * before)
    pair.dashboard.wait(lambda: abs(width(0) - width(1)) < 0.01)
    zoomed = width(0)
    pair.page.set_viewport_size({"width": 1400, "height": 800})
    half = (1400 - 1280) / 2 + half
    pair.dashboard.wait(beside)
    # What was zoomed there stays as it is, in both.
    pair.dashboard.wait(lambda: all(abs(width(picture) / zoomed - 1) < 0.01 for picture in (0, 1)))

    pair.go(demo.CLOUDY_MONTH)
    expect(pair.right).to_contain_text("December 2021: no pass used")
    expect(pair.left).to_have_text("September 2021")
    pair.against.select_option("before")
    expect(pair.left).to_have_text("November 2021")
    pair.go("2022-01")
    expect(pair.left).to_contain_text("December 2021: no pass used")
    pair.go(FIRST)
    expect(pair.left).to_have_text("No month before September 2021 in this timelapse")


def test_another_picture_is_compared_as_well(pair):
    pair.go(BURNT)
    pair.mode("Swipe")
    pair.against.select_option("year")
    pair.drag(pair.middle())
    pair.dashboard.wait(lambda: (pair.burnt(WEST), pair.burnt(EAST)) == (False, True))
    pair.dashboard.open_step("how")
    pair.dashboard.choose("t-preset", "Number of clear looks")
    expect(pair.dashboard.player.locator(".legend")).to_contain_text("Number of clear looks")
    # Both figures are new ones, and lie on each other: violet on both sides, which is not green.
    pair.dashboard.wait(lambda: pair.burnt(WEST) and pair.burnt(EAST))
    pair.dashboard.wait(lambda: np.abs(pair.apart(WEST)).max() < 0.01)
    expect(pair.left).to_have_text("September 2021")
    pair.dashboard.choose("t-preset", "True colour")
    pair.dashboard.wait(lambda: (pair.burnt(WEST), pair.burnt(EAST)) == (False, True))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fits_windows_of_any_size(pair, width, height):
    pair.go(BURNT)
    pair.mode("Swipe")
    pair.against.select_option(GREEN)
    pair.page.set_viewport_size({"width": width, "height": height})
    stage = pair.page.locator(".compare")
    if width < 700:
        # The sidebar would lie over the page.
        expect(pair.page.locator(".MuiBackdrop-root").locator("visible=true")).to_have_count(0)

    def inside(*parts):
        whole = stage.bounding_box()
        boxes = [part.bounding_box() for part in parts]
        return all(
            whole["x"] <= box["x"]
            and box["x"] + box["width"] <= whole["x"] + whole["width"]
            and whole["y"] <= box["y"]
            and box["y"] + box["height"] <= whole["y"] + whole["height"]
            for box in boxes
        )

    pair.dashboard.wait(lambda: np.abs(pair.apart(WEST)).max() < 0.01)
    pair.dashboard.wait(lambda: inside(pair.bar, pair.handle, pair.left, pair.right))
    pair.drag(pair.middle())
    pair.dashboard.wait(lambda: (pair.burnt(WEST), pair.burnt(EAST)) == (False, True))
    pair.mode("Side by side")
    box = stage.bounding_box()
    apart = [0, box["height"] / 2] if width < 700 else [box["width"] / 2, 0]
    pair.dashboard.wait(lambda: np.abs(pair.apart(WEST) - apart).max() < 1)
    pair.dashboard.wait(lambda: (pair.burnt(EAST), pair.burnt(EAST, picture=1)) == (True, False))
    assert inside(pair.bar, pair.left, pair.right)
