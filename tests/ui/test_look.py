"""A formula of one's own, an index of the library, and one brightness for all months, on the demo in a real browser."""

from __future__ import annotations

import re

import numpy as np
from dashboard import SLOW, at_three_sizes
from playwright.sync_api import expect

from stac_timelapse.picture.palettes import PALETTES, steps_of

LAND = (16.4760, 49.4260)  # a field


def land(dashboard):
    """Return the colour of a field."""
    dashboard.to_stage()
    return dashboard.colour(*LAND)


def write(dashboard, text):
    """Type a formula and press Enter."""
    dashboard.to_sidebar()
    field = dashboard.page.locator(".t-formula textarea").first
    field.fill(text)
    field.press("Enter")


def set_number(dashboard, name, value):
    dashboard.to_sidebar()
    field = dashboard.page.locator(f".{name} input")
    field.fill(str(value))
    field.press("Enter")


def handles_in_the_histogram(dashboard):
    """The ends of the stretch are dragged, moved by keys, and in step with the fields and the palette."""
    page, legend = dashboard.page, dashboard.player.locator(".legend")
    darkest, brightest = (page.get_by_role("slider", name=name) for name in ("Darkest", "Brightest"))
    fields = [page.locator(f".t-{name}-red input") for name in ("low", "high")]
    before = [float(field.input_value()) for field in fields]
    assert [float(one.get_attribute("aria-valuenow")) for one in (darkest, brightest)] == before

    # A drag changes nothing before it is let go.
    brightest.evaluate("one => one.scrollIntoView({block: 'center'})")  # not behind the buttons at the foot
    box, ground = brightest.bounding_box(), page.locator(".t-histogram svg .ground").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    middle = ground["x"] + ground["width"] / 2
    low, high = (float(darkest.get_attribute("aria-valuemin")), float(brightest.get_attribute("aria-valuemax")))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(middle, y + 4, steps=5)
    dashboard.wait(lambda: float(brightest.get_attribute("aria-valuenow")) < before[1] - 0.2 * (high - low))
    assert float(fields[1].input_value()) == before[1]
    page.mouse.up()
    dashboard.wait(lambda: float(fields[1].input_value()) == float(brightest.get_attribute("aria-valuenow")))
    moved = float(fields[1].input_value())
    assert abs(moved - (low + high) / 2) < 0.02 * (high - low)
    assert float(fields[0].input_value()) == before[0]
    expect(page.locator(".t-stretch [role=combobox]")).to_have_text("By hand")
    expect(legend.locator("span").nth(3)).to_have_text(f"{moved:.3g}", timeout=SLOW)
    expect(brightest).to_have_attribute("aria-valuetext", f"{moved:g} value")

    # By keys.
    darkest.press("ArrowRight")
    dashboard.wait(lambda: before[0] < float(fields[0].input_value()) < before[0] + 0.02 * (high - low))
    expect(darkest).to_be_focused()
    darkest.press("End")  # they do not cross
    dashboard.wait(lambda: float(fields[0].input_value()) < float(fields[1].input_value()) <= moved)
    dashboard.wait(lambda: float(fields[0].input_value()) > moved - 0.02 * (high - low))
    dashboard.button("t-automatic").click()
    dashboard.wait(lambda: [float(field.input_value()) for field in fields] == before)
    dashboard.wait(lambda: [float(one.get_attribute("aria-valuenow")) for one in (darkest, brightest)] == before)


def limits_by_hand(dashboard, legend):
    """Below all values: all land of all months has the palette's last colour."""
    page = dashboard.page
    set_number(dashboard, "t-high-red", -1)
    expect(page.locator(".t-high-red input")).to_have_attribute("aria-invalid", "true")  # below the low end
    set_number(dashboard, "t-low-red", -2)
    expect(legend.locator("span").nth(1)).to_have_text("-2", timeout=SLOW)
    expect(page.get_by_role("slider", name="Darkest")).to_have_attribute("aria-valuenow", "-2")
    for name in ("viridis", "inferno"):
        if name == "inferno":
            dashboard.choose("t-palette", "Inferno")
        last = steps_of(PALETTES[name])[-1]
        dashboard.wait(lambda last=last: np.abs(np.array(land(dashboard)) - last).max() < 8)
    for key in ("ArrowRight", "Home"):
        dashboard.step(key)
        dashboard.wait(lambda: np.abs(np.array(land(dashboard)) - last).max() < 8)
    dashboard.to_sidebar()
    dashboard.button("t-automatic").click()
    dashboard.wait(lambda: np.abs(np.array(land(dashboard)) - last).max() > 30)
    dashboard.to_sidebar()
    expect(dashboard.button("t-automatic")).to_be_hidden()


@at_three_sizes
def test_a_formula_an_index_and_one_brightness_for_all_months(dashboard):
    page = dashboard.page
    dashboard.button("t-try").click()
    dashboard.open_step("when")
    for side, year, month in (("from", "2022", "Jun"), ("to", "2022", "Jul")):
        dashboard.choose(f"t-{side}-year", year)
        dashboard.choose(f"t-{side}-month", month)
    dashboard.open_step("how")
    dashboard.choose("t-resolution", "20 m")
    dashboard.choose("t-preset", "Own formula or index")
    note = page.locator(".t-formula-note")
    expect(page.locator(".t-formula textarea").first).to_have_value("SAVI = 1.5 * (B08 - B04) / (B08 + B04 + 0.5)")
    expect(note).to_contain_text("53 more indices need bands that this catalogue does not have")

    # What is no formula is said, and the one before stays.
    write(dashboard, "B08 / tan(B04)")
    expect(note.get_by_role("alert")).to_contain_text(re.compile("tan is not a function: .* the picture is SAVI"))
    write(dashboard, "Redness = B05 / B04")
    expect(note.get_by_role("alert")).to_contain_text("This catalogue has no B05: use B02, B03, B04, B08, B11, B12.")
    expect(page.locator(".t-step-how .summary")).to_contain_text("SAVI")
    write(dashboard, "Ratio = B08 / B04")
    expect(note.get_by_role("alert")).to_have_count(0)
    dashboard.search()
    dashboard.build()
    legend = dashboard.player.locator(".legend")
    expect(legend).to_contain_text("Ratio")
    expect(legend.locator(".ramp")).to_be_visible()
    dashboard.open_step("how")
    page.get_by_role("button", name="Brightness and colours").click()
    expect(page.locator(".t-histogram svg")).to_be_visible()
    handles_in_the_histogram(dashboard)

    # An index of the library needs no build where its bands are there, and has other colours.
    before = land(dashboard)
    dashboard.to_sidebar()
    search = page.locator(".t-index input")
    search.fill("difference veg")
    page.get_by_role("option", name="DVI · Difference Vegetation Index").click()
    expect(legend).to_contain_text("DVI", timeout=SLOW)
    expect(note).to_contain_text("Difference Vegetation Index (vegetation), after https://doi.org")
    dashboard.wait(lambda: land(dashboard) != before)

    limits_by_hand(dashboard, legend)
    assert dashboard.foreign == []
    assert dashboard.complaints == []
