"""What is shown in the pictures of the documents: a person plays one scene after the other before the dashboard."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from dashboard import SLOW, Dashboard
from playwright.sync_api import expect
from shapely.geometry import box, mapping

from stac_timelapse import demo

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
AREAS = {area.name: area.bbox for area in demo.SAMPLE_AREAS}
LAPTOP, DESKTOP, PHONE = (1280, 720), (1920, 1080), (390, 844)


def box_of(name: str) -> str:
    """Return a sample's corners as they are typed."""
    return ", ".join(str(value) for value in AREAS[name])


def start(page: Dashboard) -> None:
    """Show a first visit."""
    paper = page.colour(16.46, 49.47)  # north of the overview
    page.wait(lambda: page.colour(16.46, 49.42) != paper)


def tour(page: Dashboard) -> None:
    """Take the tour as far as its second stop."""
    page.button("t-take-tour").click()
    page.page.get_by_role("button", name="Next", exact=True).click()
    expect(page.page.get_by_role("dialog", name="When")).to_be_visible()


def drawn(page: Dashboard) -> None:
    """Draw a polygon around the reservoir."""
    page.button("t-dismiss").click()
    west, south, east, north = AREAS["Reservoir"]
    middle = (south + north) / 2
    page.draw_polygon([(west, middle), ((west + east) / 2, north), (east, middle), (east, south), (west, south)])


def found(page: Dashboard) -> None:
    """Search the reservoir's months."""
    page.button("t-try").click()
    page.search()
    expect(page.page.locator(".t-found")).to_contain_text("passes")


def passes(page: Dashboard) -> None:
    """Unfold the list of passes and leave the first out."""
    found(page)
    page.page.get_by_text("Show the passes").click()
    lines = page.page.locator(".t-passes label")
    expect(lines.first).to_contain_text("clear")
    expect(page.page.get_by_text("(10 left out)")).to_be_visible()
    page.tick(lines.first.locator("input"), on=False)
    expect(page.page.get_by_text("(11 left out)")).to_be_visible()


def building(page: Dashboard) -> None:
    """Build, and stop looking while it is under way."""
    found(page)
    page.button("t-build").click()
    expect(page.page.locator(".t-months tr.done")).not_to_have_count(0, timeout=SLOW)


def ready(page: Dashboard) -> None:
    """Build the reservoir and rest in a dry month."""
    found(page)
    page.build()
    page.step("ArrowRight", 12)
    settle(page, "September 2022")


def pixel(page: Dashboard) -> None:
    """Look into a pixel of the dry lake's bed."""
    ready(page)
    page.look_into(16.470, 49.4195)


def chart(page: Dashboard) -> None:
    """Chart open water in the reservoir, with a pixel of its bed, in the dry month."""
    page.button("t-try").click()
    page.open_step("how")
    page.choose("t-preset", "Open water (NDWI)")
    page.search()
    page.build()
    page.page.get_by_role("button", name="Chart", exact=True).click()
    expect(page.page.locator(".t-chart-bar .legend li")).to_have_count(1)
    page.look_into(16.470, 49.4195)
    expect(page.page.locator(".t-chart-bar .legend li")).to_have_count(2)
    page.page.get_by_role("button", name="Close", exact=True).locator("visible=true").click()
    page.step("ArrowRight", 12)
    settle(page, "September 2022")


def phone(page: Dashboard) -> None:
    """Build the reservoir on a phone."""
    page.button("t-try").click()
    page.search()
    page.build()
    page.page.keyboard.press("Escape")
    expect(page.player).to_be_visible()
    page.step("ArrowRight", 12)
    settle(page, "September 2022")


def gap(page: Dashboard) -> None:
    """Rest in the month without a clear pixel."""
    found(page)
    page.build()
    page.step("ArrowRight", 3)
    settle(page, "December 2021")


def filmstrip(page: Dashboard) -> None:
    """Untick two months in the filmstrip."""
    ready(page)
    page.page.get_by_role("button", name="Filmstrip").click()
    frames = page.page.locator(".t-filmstrip .frame")
    for month in ("2022-07", "2022-10"):
        page.tick(frames.and_(page.page.locator(f"[data-month='{month}']")).locator("input"), on=False)
    expect(page.page.locator(".t-filmstrip .count")).to_contain_text("14 of 16 months")


def grid(page: Dashboard) -> None:
    """Lay the same month of every year below each other."""
    ready(page)
    page.page.get_by_role("button", name="Grid").click()
    expect(page.page.locator(".t-grid table img")).to_have_count(16)


def forest(page: Dashboard) -> None:
    """Build the forest that burns, in short-wave infrared."""
    page.button("t-dismiss").click()
    page.type_area(box_of("Forest fire"))
    page.open_step("how")
    page.choose("t-preset", "Short-wave infrared")
    page.search()
    page.build()


def fire(page: Dashboard) -> None:
    """Look at the burnt forest in short-wave infrared."""
    forest(page)
    page.step("ArrowRight", 11)
    settle(page, "August 2022")


def compare(page: Dashboard) -> None:
    """Swipe between the forest before the fire and after it."""
    page.button("t-dismiss").click()
    page.type_area(box_of("Forest fire"))
    page.search()
    page.build()
    page.step("ArrowRight", 12)
    settle(page, "September 2022")
    page.page.keyboard.press("c")
    expect(page.page.locator(".compare .left .name")).to_have_text("September 2021")
    page.wait(lambda: page.page.evaluate("Bokeh.documents.every((one) => one.is_idle)"))


def compare_side(page: Dashboard) -> None:
    """Show the same two months side by side."""
    compare(page)
    page.page.get_by_role("radio", name="Side by side").check()
    page.page.wait_for_load_state("networkidle")


def look(page: Dashboard) -> None:
    """Look at an index of the library in colours of its own, with the histogram."""
    page.button("t-dismiss").click()
    page.type_area(box_of("Forest fire"))
    page.open_step("how")
    page.choose("t-preset", "Own formula or index")
    page.page.locator(".t-index input").fill("normalized burn")
    page.page.get_by_role("option", name="NBR · Normalized Burn Ratio").click()
    page.search()
    page.build()
    page.step("ArrowRight", 12)
    page.open_step("how")
    page.page.get_by_role("button", name="Brightness and colours").click()
    page.choose("t-palette", "Cividis")
    ramp = page.player.locator(".legend .ramp")
    expect(ramp).to_have_css("background-image", re.compile(r"rgb\(0, 3., 7.\)"), timeout=SLOW)  # cividis begins there
    expect(page.page.locator(".t-histogram svg")).to_be_visible()
    page.page.locator(".t-histogram").scroll_into_view_if_needed()
    settle(page, "September 2022")


def places(page: Dashboard) -> None:
    """Find a town by a misspelled name."""
    page.button("t-dismiss").click()
    field = page.page.get_by_role("combobox", name="Find a place or coordinates")
    field.press_sequentially("marobir")
    expect(page.page.get_by_role("listbox", name="Places").get_by_role("option").first).to_contain_text("Slovenia")


def areas(page: Dashboard) -> None:
    """Upload a file of several fields."""
    page.button("t-dismiss").click()
    west, south, east, north = AREAS["Reservoir"]
    step = (east - west) / 3
    squares = [(west + step * i, south, west + step * (i + 0.8), north - 0.01 * i) for i in range(3)]
    fields = [
        {"type": "Feature", "properties": {"name": f"Field {i + 1}"}, "geometry": mapping(box(*corners))}
        for i, corners in enumerate(squares)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fields.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": fields}), encoding="utf-8")
        page.upload(path)
        expect(page.page.get_by_role("combobox", name="Area of the file")).to_be_visible()


def changes(page: Dashboard) -> None:
    """Map when the forest burnt, over the month that first shows it."""
    forest(page)
    page.page.get_by_role("button", name="Changes", exact=True).click()
    page.page.get_by_role("spinbutton", name="Smallest change").fill("0.4")
    page.page.get_by_role("spinbutton", name="Smallest change").press("Enter")
    expect(page.page.locator(".t-changes .note")).to_contain_text("by 0.4 or more")
    page.page.locator(".t-changes .legend button[data-month='2022-07']").click()
    settle(page, "July 2022")


def mask(page: Dashboard) -> None:
    """Try a cloudy pass over roofs under a mask with small objects, a margin and bright ground."""
    page.button("t-dismiss").click()
    page.type_area("16.41, 49.395, 16.47, 49.425")
    page.search()
    page.page.get_by_role("tab", name="Mask").click()
    page.choose("t-lab-pass", "2022-05-20 10:00 S2A")
    page.open_step("how")
    page.page.get_by_role("button", name="Advanced").click()
    for name, times in (("t-opening", 2), ("t-dilate", 3)):
        for _ in range(times):
            page.page.locator(f".{name} input[type=range]").press("ArrowRight")
    page.tick(page.page.locator(".t-rescue input"))
    expect(page.page.locator(".t-lab")).to_contain_text("Hidden by the margin")
    expect(page.page.locator(".t-lab .note")).to_have_count(0)


def no_scenes(page: Dashboard) -> None:
    """Search at sea."""
    page.type_area("-30, 40, -29.9, 40.1")
    page.search()
    expect(page.notice).to_be_visible()


def all_cloudy(page: Dashboard) -> None:
    """Search a month that is overcast."""
    page.type_area(box_of("Reservoir"))
    page.choose("t-from-month", "Dec")
    page.choose("t-to-year", "2021")
    page.search()
    expect(page.notice).to_be_visible()


def too_big(page: Dashboard) -> None:
    """Search more than may be built."""
    page.type_area("14, 48, 18, 51")
    page.search()
    expect(page.page.locator(".t-cost")).to_contain_text("too big")


def failed(page: Dashboard) -> None:
    """Search a catalogue that cannot be reached."""
    page.type_area(box_of("Reservoir"))
    page.choose("t-catalog", "Another STAC API …")
    field = page.page.locator(".t-address input")
    field.fill("http://127.0.0.1:9/stac")
    field.press("Enter")
    page.search()
    expect(page.notice).to_be_visible()


def take_gif(page: Dashboard) -> None:
    """Save the reservoir's GIF with the button, as a user does."""
    found(page)
    page.build()
    with tempfile.TemporaryDirectory() as folder:
        page.save("t-gif", Path(folder)).replace(IMAGES / "reservoir.gif")


def settle(page: Dashboard, month: str) -> None:
    """Wait until the month at rest is drawn at full resolution."""
    expect(page.player.locator(".title")).to_have_text(month)
    page.page.wait_for_load_state("networkidle")


SCENES: dict[str, tuple[Callable[[Dashboard], None], tuple[int, int]]] = {
    "start": (start, LAPTOP),
    "tour": (tour, LAPTOP),
    "drawn": (drawn, LAPTOP),
    "found": (found, LAPTOP),
    "passes": (passes, LAPTOP),
    "building": (building, LAPTOP),
    "ready": (ready, LAPTOP),
    "ready-large": (ready, DESKTOP),
    "dark": (ready, LAPTOP),
    "phone": (phone, PHONE),
    "pixel": (pixel, LAPTOP),
    "chart": (chart, LAPTOP),
    "gap": (gap, LAPTOP),
    "filmstrip": (filmstrip, LAPTOP),
    "grid": (grid, LAPTOP),
    "fire": (fire, LAPTOP),
    "compare-swipe": (compare, LAPTOP),
    "compare-side": (compare_side, LAPTOP),
    "look": (look, LAPTOP),
    "places": (places, LAPTOP),
    "areas": (areas, LAPTOP),
    "changes": (changes, LAPTOP),
    "mask": (mask, LAPTOP),
    "no-scenes": (no_scenes, LAPTOP),
    "all-cloudy": (all_cloudy, LAPTOP),
    "too-big": (too_big, LAPTOP),
    "failed": (failed, LAPTOP),
    "saved": (take_gif, LAPTOP),
}
