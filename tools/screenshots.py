"""Make the pictures of the documents from the running dashboard: every state, in a real browser.

They go to ``docs/images``; with names as arguments only those are made, ``make docs ARGS="ready gap"``.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
# The person before the dashboard is the same as in the tests.
sys.path[:0] = [str(ROOT / "tests" / "ui"), str(ROOT / "tools")]

from dashboard import SLOW, Dashboard  # noqa: E402 - after the path
from find_browser import BROWSER_ARGUMENTS, find_browser  # noqa: E402
from served import Served  # noqa: E402

from stac_timelapse import demo  # noqa: E402 - beside the others

IMAGES = ROOT / "docs" / "images"
AREAS = {area.name: area.bbox for area in demo.SAMPLE_AREAS}
LAPTOP, DESKTOP = (1280, 720), (1920, 1080)


def box_of(name: str) -> str:
    """Return a sample's corners as they are typed."""
    return ", ".join(str(value) for value in AREAS[name])


def start(page: Dashboard) -> None:
    """Show a first visit."""
    paper = page.colour(16.46, 49.47)  # north of the overview
    page.wait(lambda: page.colour(16.46, 49.42) != paper)


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


def gap(page: Dashboard) -> None:
    """Rest in the month without a clear pixel."""
    found(page)
    page.build()
    page.step("ArrowRight", 3)
    settle(page, "December 2021")


def fire(page: Dashboard) -> None:
    """Look at the burnt forest in short-wave infrared."""
    page.button("t-dismiss").click()
    page.type_area(box_of("Forest fire"))
    page.open_step("how")
    page.choose("t-preset", "Short-wave infrared")
    page.search()
    page.build()
    page.step("ArrowRight", 11)
    settle(page, "August 2022")


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
    "drawn": (drawn, LAPTOP),
    "found": (found, LAPTOP),
    "passes": (passes, LAPTOP),
    "building": (building, LAPTOP),
    "ready": (ready, LAPTOP),
    "ready-large": (ready, DESKTOP),
    "pixel": (pixel, LAPTOP),
    "gap": (gap, LAPTOP),
    "fire": (fire, LAPTOP),
    "mask": (mask, LAPTOP),
    "no-scenes": (no_scenes, LAPTOP),
    "all-cloudy": (all_cloudy, LAPTOP),
    "too-big": (too_big, LAPTOP),
    "failed": (failed, LAPTOP),
    "saved": (take_gif, LAPTOP),
}


def shoot(browser: Browser, url: str, name: str) -> Path:
    """Play one scene in a new tab and keep what is on the screen."""
    play, (width, height) = SCENES[name]
    page = browser.new_page(viewport={"width": width, "height": height})
    dashboard = Dashboard(page, url)
    play(dashboard)
    page.mouse.move(5, height - 5)  # no button looks pressed
    page.wait_for_timeout(1200)  # animations have ended
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    path = IMAGES / f"{name}.jpg"
    picture.save(path, quality=86, optimize=True, progressive=True)
    return path


def main(names: list[str]) -> None:
    """Make the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Served(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=list(BROWSER_ARGUMENTS))
            for name in names or list(SCENES):
                sys.stdout.write(f"{shoot(browser, server.url, name).relative_to(ROOT)}\n")
                sys.stdout.flush()
            browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
