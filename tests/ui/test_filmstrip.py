"""The filmstrip, the grid of years, and playing what is ticked, in a real browser."""

from __future__ import annotations

import re

from dashboard import at_three_sizes
from PIL import Image
from playwright.sync_api import expect

from stac_timelapse import demo

RESERVOIR = next(area for area in demo.SAMPLE_AREAS if area.name == "Reservoir")
FIRST, LAST = "2021-10", "2022-03"
LATE = re.compile(r"/frames/[^/]+/2021-11-")
MONTHS = list(demo.spec.months_between(FIRST, LAST))
WEST, SOUTH, EAST, NORTH = RESERVOIR.bbox
# In the figure, what the renderers of the months look like: [visible, opacity].
LOOKS = """() => {
  const figures = (view) => view.model.type === "Figure" ? [view.model] : (view.child_views ?? []).flatMap(figures)
  const figure = Array.from(Bokeh.index.roots, figures).flat().find((one) => one.name?.startsWith("series-"))
  return figure.renderers.filter((one) => one.name?.startsWith("frame:"))
    .map((one) => [one.visible, one.glyph.global_alpha.value ?? one.glyph.global_alpha])
}"""
# The mean colour of the middle tenth of an image.
MIDDLE = """(image) => {
  const canvas = document.createElement("canvas")
  canvas.width = canvas.height = 1
  const [width, height] = [image.naturalWidth, image.naturalHeight]
  const context = canvas.getContext("2d")
  context.drawImage(image, 0.45 * width, 0.45 * height, 0.1 * width, 0.1 * height, 0, 0, 1, 1)
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3)
}"""


def build(dashboard):
    dashboard.type_area(", ".join(map(str, RESERVOIR.bbox)))
    for side, month in (("from", FIRST), ("to", LAST)):
        dashboard.choose(f"t-{side}-year", month[:4])
        dashboard.choose(f"t-{side}-month", {"10": "Oct", "03": "Mar"}[month[5:]])
    dashboard.search()
    dashboard.build()


def frame(dashboard, month):
    return dashboard.page.locator(f".t-filmstrip .frame[data-month='{month}']")


def count(dashboard):
    return dashboard.page.locator(".t-filmstrip .count")


@at_three_sizes
def test_months_are_chosen_in_the_filmstrip_and_compared_in_the_grid(dashboard, tmp_path):
    page = dashboard.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    held = []
    page.route(LATE, lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks the function it is given
    build(dashboard)
    what_has_not_come_is_waited_for(dashboard, held)
    opener = page.get_by_role("button", name="Filmstrip")
    expect(opener).to_have_attribute("aria-expanded", "false")
    opener.click()
    expect(opener).to_have_attribute("aria-expanded", "true")
    assert page.evaluate("localStorage.getItem('stac-timelapse:filmstrip')") == "open"  # the next time, too
    expect(page.locator(".t-filmstrip .frame")).to_have_count(len(MONTHS))
    expect(count(dashboard)).to_have_text("6 of 6 months")
    expect(frame(dashboard, demo.CLOUDY_MONTH)).to_contain_text("none clear")
    assert dashboard.fits(page.locator(".t-filmstrip"), dashboard.button("t-gif"))

    a_small_picture_is_of_its_month(dashboard)
    keys_walk_along_it(dashboard)
    what_is_unticked_is_left_out(dashboard, tmp_path)
    one_fades_into_the_next(dashboard)
    the_grid_is_a_table(dashboard)

    fingers_scrub_and_scroll(dashboard)
    assert dashboard.foreign == []
    assert dashboard.complaints == []


def a_small_picture_is_of_its_month(dashboard):
    page = dashboard.page
    picture = frame(dashboard, "2022-01").get_by_role("button", name="January 2022: 3 passes")
    picture.click()
    expect(dashboard.player.locator(".title")).to_have_text("January 2022")
    expect(picture).to_have_attribute("aria-current", "true")
    image = frame(dashboard, "2022-01").locator("img")
    dashboard.wait(lambda: image.evaluate("image => image.complete && image.naturalWidth > 0"))
    assert max(image.evaluate("image => [image.naturalWidth, image.naturalHeight]")) == 160
    page.wait_for_load_state("networkidle")
    middle = (WEST + EAST) / 2, (SOUTH + NORTH) / 2

    def as_on_the_figure():
        small = image.evaluate(MIDDLE)
        return max(abs(one - other) for one, other in zip(small, dashboard.colour(*middle), strict=True)) < 25

    dashboard.wait(as_on_the_figure)


def keys_walk_along_it(dashboard):
    page = dashboard.page
    page.keyboard.press("ArrowRight")
    expect(dashboard.player.locator(".title")).to_have_text("February 2022")
    expect(frame(dashboard, "2022-02").get_by_role("button")).to_be_focused()
    page.keyboard.press("Tab")
    expect(frame(dashboard, "2022-02").get_by_role("checkbox")).to_be_focused()
    page.keyboard.press("Space")
    expect(count(dashboard)).to_contain_text("5 of 6 months in play and in the GIF; the GeoTIFFs hold all")
    page.get_by_role("button", name="Select all").click()
    expect(count(dashboard)).to_have_text("6 of 6 months")
    expect(frame(dashboard, "2022-02").get_by_role("checkbox")).to_be_checked()


def what_is_unticked_is_left_out(dashboard, folder):
    page = dashboard.page
    dashboard.tick(frame(dashboard, "2021-11").get_by_role("checkbox"), on=False)
    at_least = page.get_by_role("spinbutton", name="Least clear share, percent")
    at_least.fill("50")
    at_least.press("Enter")
    # It sets all ticks: the overcast month is the only one below.
    expect(frame(dashboard, "2021-11").get_by_role("checkbox")).to_be_checked()
    expect(frame(dashboard, demo.CLOUDY_MONTH).get_by_role("checkbox")).not_to_be_checked()
    dashboard.tick(frame(dashboard, "2022-01").get_by_role("checkbox"), on=False)
    expect(count(dashboard)).to_contain_text("4 of 6 months")
    expect(dashboard.player.locator(".cell.out")).to_have_count(2)
    page.get_by_role("button", name="Copy command").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert "--without 2021-12,2022-01" in page.evaluate("navigator.clipboard.readText()")

    ticked = [month for month in MONTHS if month not in {demo.CLOUDY_MONTH, "2022-01"}]
    frame(dashboard, FIRST).get_by_role("button").click()
    page.get_by_role("combobox", name="Speed").select_option("8")
    page.evaluate(
        """() => {
          window.seen = []
          window.addEventListener("timelapse:shown", ({detail}) => window.seen.push(detail.month))
        }"""
    )
    page.get_by_role("button", name="Play", exact=True).click()
    dashboard.wait(lambda: len(page.evaluate("window.seen")) > 2 * len(ticked))
    page.get_by_role("button", name="Pause", exact=True).click()
    assert set(page.evaluate("window.seen")) == set(ticked)

    path = dashboard.save("t-gif", folder)
    assert path.name == f"timelapse_{FIRST}_{LAST}_4-of-6-months.gif"
    with Image.open(path) as gif:
        assert gif.n_frames == len(ticked)


def one_fades_into_the_next(dashboard):
    page = dashboard.page
    fade = page.get_by_role("checkbox", name="Cross-fade")
    page.get_by_role("combobox", name="Speed").select_option("15")
    expect(fade).to_be_disabled()
    page.get_by_role("combobox", name="Speed").select_option("2")
    expect(fade).not_to_be_checked()
    fade.check()
    page.get_by_role("button", name="Play", exact=True).click()

    def is_fading():
        looks = page.evaluate(LOOKS)
        return sum(visible for visible, _ in looks) == 2 and any(0.05 < alpha < 0.95 for _, alpha in looks)

    dashboard.wait(is_fading)
    page.get_by_role("button", name="Pause", exact=True).click()
    dashboard.wait(lambda: sum(visible for visible, _ in page.evaluate(LOOKS)) == 1)
    assert {alpha for _, alpha in page.evaluate(LOOKS)} == {1}
    page.emulate_media(reduced_motion="reduce")
    expect(fade).to_be_disabled()
    page.emulate_media(reduced_motion="no-preference")
    expect(fade).to_be_enabled()


def the_grid_is_a_table(dashboard):
    page = dashboard.page
    stage = page.locator(".t-stage")
    area = stage.bounding_box()
    page.get_by_role("button", name="Grid").click()
    table = page.locator(".t-grid").get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(["Jan", "Feb", "Mar", "Oct", "Nov", "Dec"])
    expect(table.get_by_role("rowheader")).to_have_text(["2021", "2022"])
    expect(stage).to_be_hidden()
    january = table.get_by_role("img", name=re.compile(r"^January 2022: 3 passes, \d"))
    expect(january).to_be_visible()
    for cell in table.get_by_role("button").all():
        cell.scroll_into_view_if_needed()
        box = cell.bounding_box()
        assert box["width"] > 50
        assert area["x"] <= box["x"] and box["x"] + box["width"] <= area["x"] + area["width"]  # noqa: PT018
        assert area["y"] <= box["y"] and box["y"] + box["height"] <= area["y"] + area["height"]  # noqa: PT018
    # The same month of both years has one place across.
    marches = table.locator(".cell[data-month='2022-03']").bounding_box()
    assert abs(marches["x"] - table.get_by_role("columnheader", name="Mar").bounding_box()["x"]) < 8
    expect(table.locator(".cell.out")).to_have_count(2)
    expect(table.get_by_role("img", name="December 2021: no pass used, no clear pixel")).to_have_count(1)
    table.get_by_role("img", name=re.compile("^November 2021")).click()
    expect(table).to_be_hidden()
    expect(stage).to_be_visible()
    expect(dashboard.player.locator(".title")).to_have_text("November 2021")
    assert stage.bounding_box() == area


def what_has_not_come_is_waited_for(dashboard, held):
    page = dashboard.page
    expect(dashboard.player).to_have_attribute("data-month", FIRST)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(dashboard.player).to_have_class(re.compile(r"\blate\b"))
    assert dashboard.month() == FIRST
    for route in held:
        route.continue_()
    page.unroute(LATE)
    expect(dashboard.player).not_to_have_attribute("data-month", FIRST)
    expect(dashboard.player).not_to_have_class(re.compile(r"\blate\b"))
    page.get_by_role("button", name="Pause", exact=True).click()


def fingers_scrub_and_scroll(dashboard):
    page = dashboard.page
    hand = page.context.new_cdp_session(page)
    hand.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 1})
    page.set_viewport_size({"width": 800, "height": 720})  # so narrow that the filmstrip scrolls
    for name in ("Month before", "Play", "Next", "Filmstrip", "Grid"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert min(box["width"], box["height"]) >= 40

    def swipe(x, y, across):
        hand.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for step in range(1, 11):
            points = [{"x": x + across * step / 10, "y": y}]
            hand.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
            page.evaluate("new Promise(requestAnimationFrame)")
        hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    dashboard.step("Home")
    slider = dashboard.player.get_by_role("slider", name="Month").bounding_box()
    assert slider["width"] > 250
    swipe(slider["x"] + 13, slider["y"] + slider["height"] / 2, slider["width"] + 20)
    expect(dashboard.player).to_have_attribute("data-month", LAST)
    dashboard.step("Home")
    film = page.locator(".t-filmstrip .film")
    dashboard.wait(lambda: film.evaluate("film => film.scrollLeft") == 0)
    film.evaluate("film => film.scrollIntoView({block: 'end'})")  # what is below the picture scrolls in a low window
    box = film.bounding_box()
    swipe(box["x"] + 250, box["y"] + 40, -150)
    dashboard.wait(lambda: film.evaluate("film => film.scrollLeft") > 60)
    assert dashboard.month() == FIRST  # a swipe is no click
