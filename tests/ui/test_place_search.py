"""Finding a place on the map: typed, chosen with keys or the mouse, shown and marked; the area stays as it is."""

from __future__ import annotations

import re

import pytest
from dashboard import Dashboard, at_three_sizes
from playwright.sync_api import Locator, expect

from stac_timelapse import demo

RESERVOIR = next(area.bbox for area in demo.SAMPLE_AREAS if area.name == "Reservoir")
MARIBOR = (15.646, 46.556)


@pytest.fixture
def field(dashboard: Dashboard) -> Locator:
    field = dashboard.page.get_by_role("combobox", name="Find a place or coordinates")
    expect(field).to_be_visible()
    return field


def in_the_middle(dashboard: Dashboard, longitude: float, latitude: float) -> bool:
    """Whether a place is in the middle of the map, to a few pixels."""
    box = dashboard.page.locator(".map-ui").bounding_box()
    assert box is not None
    x, y = dashboard.at(longitude, latitude)
    return abs(x - box["x"] - box["width"] / 2) < 20 and abs(y - box["y"] - box["height"] / 2) < 20


@at_three_sizes
def test_a_town_is_found_by_a_misspelled_name_and_chosen_with_keys(dashboard, field):
    options = dashboard.page.get_by_role("listbox", name="Places").get_by_role("option")
    field.press_sequentially("marobir")
    expect(options.first).to_contain_text("Slovenia")
    expect(field).to_have_attribute("aria-expanded", "true")
    town = options.filter(has_text="Town")
    for _ in range(8):
        field.press("ArrowDown")
        if town.get_attribute("aria-selected") == "true":
            break
    expect(town).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", str(town.get_attribute("id")))
    expect(dashboard.page.get_by_text("GeoNames")).to_be_visible()
    field.press("Enter")
    dashboard.wait(lambda: in_the_middle(dashboard, *MARIBOR))
    dashboard.wait(lambda: dashboard.colour(*MARIBOR) == pytest.approx((122, 31, 162), abs=12))  # the mark's dot
    expect(field).to_have_value("Maribor")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(dashboard.size).to_be_hidden()  # no area was set
    dashboard.page.get_by_role("button", name="Clear the search").click()
    dashboard.wait(lambda: dashboard.colour(*MARIBOR)[1] > 150)
    assert dashboard.complaints == []
    assert dashboard.foreign == []


@at_three_sizes
def test_coordinates_go_there_at_once_and_say_how_they_were_read(dashboard, field):
    said = dashboard.page.locator(".t-places .said")
    field.fill("46.5565 15.6459")
    field.press("Enter")
    expect(said).to_have_text("46.5565° N, 15.6459° E (taken as latitude, longitude)")
    dashboard.wait(lambda: in_the_middle(dashboard, 15.6459, 46.5565))
    field.fill("1741700 5866400")
    expect(said).to_have_text(re.compile("look like metres of a map projection"))
    expect(said).to_have_class(re.compile("bad"))
    field.press("Escape")
    expect(said).to_be_hidden()
    field.fill("no such place anywhere")
    expect(said).to_have_text(re.compile("Nothing is called 'no such place anywhere'"))


def test_the_demos_places_are_found_also_where_the_map_fills_the_screen(dashboard, field):
    dashboard.press("Full screen")
    dashboard.wait(lambda: (dashboard.page.locator(".map-ui").bounding_box() or {"width": 0})["width"] > 1200)
    field.fill("reserv")
    option = dashboard.page.get_by_role("option").filter(has_text="Demo landscape")
    expect(option).to_contain_text("Reservoir")
    option.click()
    west, south, east, north = RESERVOIR
    dashboard.wait(lambda: in_the_middle(dashboard, (west + east) / 2, (south + north) / 2))
    expect(dashboard.hint).to_contain_text("Choose Box or Polygon")
    dashboard.press("Leave full screen")
    dashboard.wait(lambda: (dashboard.page.locator(".map-ui").bounding_box() or {"width": 0})["width"] < 1000)
    x, _ = dashboard.at((west + east) / 2, (south + north) / 2)
    assert x < 1280
