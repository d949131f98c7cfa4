"""Everybody can use the page: contrast, names and roles by axe-core, the keyboard, narrow windows, light and dark."""

from __future__ import annotations

from contextlib import suppress

import pytest
from axe_playwright_python.sync_playwright import Axe
from dashboard import SLOW, Dashboard
from playwright.sync_api import expect

from app.basemap import PALETTES
from stac_timelapse import demo

FIRE = next(area for area in demo.SAMPLE_AREAS if area.name == "Forest fire")
BOX = ",".join(str(value) for value in FIRE.bbox)
BUILT = f"catalog=demo&aoi={BOX}&start=2022-06&end=2022-08&resolution=20&preset=ndvi&month=2022-08"


def serious(page):
    """Return what axe-core finds that keeps people out, a line each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']} at {node['target'][-1][-1]}: {node['html'][:160]} {node['any'][:1] and node['any'][0]['message']}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


def settled(dashboard):
    """Return the same, once the page has taken on its colours."""
    found = []

    def nothing():
        found[:] = serious(dashboard.page)
        return not found

    with suppress(AssertionError):
        dashboard.wait(nothing, 8)
    return found


def opened(browser, served, scheme, size, query):
    page = browser.new_context(color_scheme=scheme, viewport={"width": size[0], "height": size[1]}).new_page()
    return Dashboard(page, served.url, query)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, served, scheme):
    dashboard = opened(browser, served, scheme, (1280, 720), "first=visit")
    page = dashboard.page
    accent = {"light": "rgb(15, 118, 110)", "dark": "rgb(69, 179, 167)"}[scheme]
    for part in (page.get_by_role("tab", name="Map"), dashboard.button("t-dismiss")):
        expect(part).to_have_css("color", accent)
    paper = pytest.approx(PALETTES[scheme].land, abs=6)
    dashboard.wait(lambda: dashboard.colour(16.455, 49.4625) == paper)  # north of the overview
    expect(page.locator(".map-ui .hint")).to_have_css(
        "color", {"light": "rgb(23, 40, 43)", "dark": "rgb(228, 236, 238)"}[scheme]
    )
    problems = {"first visit": serious(page)}
    for step in ("where", "when", "how"):
        dashboard.open_step(step)
    problems["steps"] = settled(dashboard)
    page.goto(f"{served.url}/app?{BUILT}")
    expect(dashboard.button("t-gif")).to_be_enabled(timeout=SLOW)
    problems["series"] = settled(dashboard)
    page.get_by_role("button", name="Filmstrip").click()
    page.get_by_role("button", name="Chart").click()
    expect(page.locator(".t-chart-bar")).to_contain_text("Save CSV")
    page.get_by_role("radio", name="Swipe").check()
    problems["all open"] = settled(dashboard)
    page.get_by_role("tab", name="Mask").click()
    problems["mask"] = settled(dashboard)
    page.context.close()
    told = [f"{state}: {one}" for state, found in problems.items() for one in found]
    assert not told, "\n".join(told)


def test_a_narrow_page_shows_the_map_then_the_steps_then_the_months(browser, served):
    dashboard = opened(browser, served, "light", (390, 844), "first=visit")
    page = dashboard.page
    expect(page.locator(".t-step-where")).to_be_hidden()
    expect(page.get_by_role("button", name="Box", exact=True)).to_be_visible()
    dashboard.button("t-try").click()
    expect(page.locator(".t-step-where")).to_be_visible()  # the next step is there
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{served.url}/app?{BUILT}")
    expect(dashboard.player).to_be_visible(timeout=SLOW)
    expect(page.locator(".t-step-where")).to_be_hidden()
    expect(dashboard.button("t-gif")).to_be_enabled(timeout=SLOW)
    for name in ("Play", "Month before", "Next"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()


def test_a_select_is_used_by_keyboard(dashboard):
    dashboard.open_step("how")
    page = dashboard.page
    page.locator(".t-resolution [role=combobox]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="20 m", exact=True)).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".t-step-how .summary")).to_contain_text("20 m")
