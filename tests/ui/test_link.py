"""A link brings a timelapse back; back and forward go through what was looked at."""

from __future__ import annotations

import pytest
from dashboard import SIZES, SLOW, Dashboard
from playwright.sync_api import expect

from stac_timelapse import demo

RESERVOIR = next(area for area in demo.SAMPLE_AREAS if area.name == "Reservoir")
BOX = ",".join(str(value) for value in RESERVOIR.bbox)
RESERVOIR_MIDDLE = ((RESERVOIR.bbox[0] + RESERVOIR.bbox[2]) / 2, (RESERVOIR.bbox[1] + RESERVOIR.bbox[3]) / 2)
QUERY = f"catalog=demo&aoi={BOX}&start=2022-05&end=2022-08&preset=ndwi&resolution=20&month=2022-07"


def query(page):
    return page.evaluate("location.search")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_link_opens_what_its_sender_saw_and_back_and_forward_go_through_the_history(page, served, width, height):
    page.set_viewport_size({"width": width, "height": height})
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dashboard = Dashboard(page, served.url, QUERY)
    expect(dashboard.button("t-gif")).to_be_enabled(timeout=SLOW)
    expect(dashboard.player).to_have_attribute("data-month", "2022-07")
    expect(dashboard.player).to_contain_text("Open water (NDWI)")
    dashboard.to_sidebar()
    expect(page.locator(".t-months tr")).to_have_count(4)
    dashboard.to_stage()
    dashboard.sharp()
    water = dashboard.colour(*RESERVOIR_MIDDLE)

    # The address follows the month; what was copied is what it says.
    dashboard.step("ArrowRight")
    page.wait_for_function("location.search.includes('month=2022-08')")
    page.locator(".t-copy button.link").click()
    expect(page.locator(".t-copy button.link")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.url
    assert copied.endswith("month=2022-08")

    # Another question is another entry.
    dashboard.open_step("how")
    dashboard.choose("t-resolution", "60 m")
    page.wait_for_function("location.search.includes('resolution=60')")
    dashboard.search()
    dashboard.build()
    page.wait_for_function("location.search.includes('month=')")
    page.go_back()
    page.wait_for_function("location.search.includes('resolution=20')")
    dashboard.to_sidebar()
    expect(page.locator(".t-step-how .summary")).to_contain_text("20 m")
    expect(dashboard.button("t-gif")).to_be_enabled(timeout=SLOW)
    expect(dashboard.player).to_have_attribute("data-month", "2022-08")
    page.go_forward()
    dashboard.to_sidebar()
    expect(page.locator(".t-step-how .summary")).to_contain_text("60 m")
    assert not dashboard.foreign
    assert not dashboard.complaints

    # What was copied opens the same for another visitor.
    page.goto(copied)
    expect(dashboard.player).to_have_attribute("data-month", "2022-08", timeout=SLOW)
    expect(dashboard.button("t-gif")).to_be_enabled(timeout=SLOW)
    dashboard.step("ArrowLeft")
    dashboard.wait(lambda: dashboard.colour(*RESERVOIR_MIDDLE) == water)


def test_a_link_that_cannot_be_opened_says_why(page, served):
    dashboard = Dashboard(page, served.url, "aoi=1,2,3&start=2022-05")
    expect(dashboard.notice).to_contain_text("The link cannot be opened.")
    expect(dashboard.notice).to_contain_text("four numbers")
