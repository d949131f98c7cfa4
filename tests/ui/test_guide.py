"""The tour, the help of every control, and the outline of a pass, in a real browser."""

from __future__ import annotations

import numpy as np
import pytest
from dashboard import Dashboard
from playwright.sync_api import expect

from app.views.tour import STOPS

# Controls on screen without a name, or without a word of what they are for.
LACKING = """() => {
  const SELECTOR = "button, input, select, textarea, [role=combobox], [role=tab]"
  const inner = (root) => [...root.querySelectorAll("*")].flatMap((one) =>
    [...(one.matches(SELECTOR) ? [one] : []), ...(one.shadowRoot == null ? [] : inner(one.shadowRoot))])
  const above = (one) => one.assignedSlot ?? one.parentElement ?? one.getRootNode().host ?? null
  const seen = (one) => {
    const {width, height} = one.getBoundingClientRect()
    return width > 1 && height > 1 && one.checkVisibility({visibilityProperty: true})
  }
  const texts = (one, attribute) => (one.getAttribute(attribute) ?? "").split(" ")
    .map((id) => id && one.getRootNode().getElementById(id)?.textContent).join(" ").trim()
  const name = (one) => one.getAttribute("aria-label") || texts(one, "aria-labelledby") ||
    one.labels?.[0]?.textContent.trim() || one.textContent.trim() || one.title
  const titled = (one) => one != null && (one.title || titled(above(one)))
  const help = (one) => one.getAttribute("aria-description") || texts(one, "aria-describedby") || titled(one)
  return inner(document).filter(seen).filter((one) => !one.matches("input[type=file], [aria-hidden=true]"))
    .filter((one) => !name(one) || !help(one)).map((one) => `${name(one) || "?"}: ${one.outerHTML.slice(0, 200)}`)
}"""
FOCUSED = """() => {
  let one = document.activeElement
  while (one?.shadowRoot?.activeElement != null) one = one.shadowRoot.activeElement
  return one?.textContent.trim() || one?.getAttribute("aria-label") || one?.localName
}"""
# The ring of the tour: left, top, right, bottom on the screen.
RING = """() => {
  const ring = document.querySelector(".t-tour").shadowRoot.querySelector(".ring")
  const {left, top, right, bottom} = ring.getBoundingClientRect()
  return [left, top, right, bottom]
}"""


def around(dashboard, control):
    """Return whether the ring lies around a control, and the card lies in the window and not on it."""
    left, top, right, bottom = dashboard.page.evaluate(RING)
    box = control.bounding_box()
    card = dashboard.page.locator(".t-tour .card").bounding_box()
    width, height = (dashboard.page.viewport_size[name] for name in ("width", "height"))
    inside = card["x"] >= 0 and card["x"] + card["width"] <= width
    inside = inside and card["y"] >= 0 and card["y"] + card["height"] <= height
    beside = card["x"] >= right or card["x"] + card["width"] <= left
    beside = beside or card["y"] >= bottom or card["y"] + card["height"] <= top
    x, y = box["x"] + box["width"] / 2, min(box["y"] + 12, height)
    return inside and beside and left <= x <= right and top <= y <= bottom


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)])
def test_the_tour_goes_from_control_to_control(browser, served, size):
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    dashboard = Dashboard(context.new_page(), served.url)
    page = dashboard.page
    dashboard.button("t-take-tour").click()
    controls = [".map-ui .bar", ".t-step-when", ".t-step-how", ".t-search", ".coming .play", ".coming .save"]
    for number, (stop, control) in enumerate(zip(STOPS, controls, strict=True), start=1):
        card = page.get_by_role("dialog", name=stop["title"], exact=True)
        expect(card).to_contain_text(f"Stop {number} of 6")
        expect(card).to_contain_text(stop["text"])
        dashboard.wait(lambda control=control: around(dashboard, page.locator(control).locator("visible=true").first))
        assert page.evaluate(FOCUSED) == ("Done" if number == len(STOPS) else "Next")
        if number < len(STOPS):
            page.keyboard.press(("ArrowRight", "Enter")[number % 2])
    # Focus stays inside.
    reached = set()
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(FOCUSED))
    assert {one.replace("\u00d7", "Close") for one in reached} == {"Back", "Done", "Close"}
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("dialog", name=STOPS[4]["title"], exact=True)).to_be_visible()
    assert page.locator(".t-tour .ring").evaluate("(one) => getComputedStyle(one).transitionDuration") == "0s"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    # The page is as it was, and the focus is where it came from.
    expect(dashboard.button("t-take-tour")).to_be_visible()
    dashboard.wait(lambda: page.evaluate(FOCUSED) == "Take the tour")
    if size[0] < 700:
        expect(page.locator(".t-step-when")).to_be_hidden()

    page.reload()
    expect(dashboard.button("t-dismiss")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)  # it comes when it is asked for
    page.get_by_role("button", name="Tour", exact=True).click()
    expect(page.get_by_role("dialog", name="Where", exact=True)).to_be_visible()
    page.get_by_role("button", name="Close the tour").click()
    dashboard.wait(lambda: page.evaluate(FOCUSED) == "Tour")
    assert (dashboard.foreign, dashboard.complaints) == ([], [])
    context.close()


def test_every_control_says_what_it_is_for_and_a_pass_shows_its_outline(dashboard):
    page = dashboard.page

    def explained():
        dashboard.wait(lambda: page.evaluate(LACKING) == [], 8)

    lacking = {}

    def look(state):
        try:
            explained()
        except AssertionError:
            lacking[state] = page.evaluate(LACKING)

    for step in ("where", "when", "how"):
        dashboard.open_step(step)
    for more in ("Brightness and colours", "Advanced"):
        page.get_by_role("button", name=more).click()
    look("start")

    dashboard.type_area("16.41, 49.395, 16.47, 49.425")
    dashboard.open_step("when")
    for side, month in (("from", "Jun"), ("to", "Jul")):
        dashboard.choose(f"t-{side}-year", "2022")
        dashboard.choose(f"t-{side}-month", month)
    dashboard.open_step("how")
    dashboard.choose("t-resolution", "20 m")
    dashboard.search()
    dashboard.button("t-show-passes").click()
    lines = page.locator(".t-passes label")
    expect(lines.first).to_contain_text("clear")
    look("found")

    place = (16.474, 49.41)  # beside the area
    plain = np.array(dashboard.colour(*place))
    lines.nth(1).hover()
    expect(dashboard.hint).to_contain_text("2022-06-")
    expect(dashboard.hint).to_contain_text("tiles 33")
    dashboard.wait(lambda: dashboard.colour(*place)[2] > plain[2] + 4 or dashboard.colour(*place)[0] < plain[0] - 4)
    page.mouse.move(700, 300)
    dashboard.wait(lambda: np.abs(np.array(dashboard.colour(*place)) - plain).max() <= 2)
    lines.first.locator("input").focus()
    page.keyboard.press("Tab")
    expect(dashboard.hint).to_contain_text("tiles 33")
    page.get_by_role("tab", name="Map").focus()
    page.keyboard.press("Shift")
    expect(dashboard.hint).not_to_contain_text("tiles 33")

    dashboard.build()
    page.get_by_role("button", name="Filmstrip").click()
    page.get_by_role("button", name="Chart", exact=True).click()
    page.get_by_role("radio", name="Swipe").check()
    look("built")
    told = [f"{state}: {one}" for state, found in lacking.items() for one in found]
    assert not told, "\n".join(told)
    assert (dashboard.foreign, dashboard.complaints) == ([], [])
