"""A person before the dashboard: sees and uses what is on the screen, and nothing else."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLateError

SLOW = 120_000  # ms, of a build on a busy machine
_SIDEBAR_WIDTH = 372
_LEFT_OF_THE_SEEN = "all => all.filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect().left)"
SIZES = (1280, 720), (1920, 1080), (390, 844)
at_three_sizes = pytest.mark.parametrize("dashboard", SIZES, indirect=True, ids=lambda size: f"{size[0]}x{size[1]}")
expect.set_options(timeout=20_000)  # ms: a busy machine is no error

# The views of all figures that are visible: `shown`.
SHOWN = """
  const figures = (view) => view.model.type === "Figure" ? [view] : (view.child_views ?? []).flatMap(figures)
  const shown = Array.from(Bokeh.index.roots, figures).flat().filter((one) => one.el.getBoundingClientRect().width > 0)
"""

# Where a longitude and latitude are on the screen, on the figure that is visible.
ON_SCREEN = f"""([lon, lat]) => {{{SHOWN}
  const view = shown[0]
  const box = view.canvas_view.events_el.getBoundingClientRect()
  const x = lon * Math.PI / 180 * 6378137, y = Math.asinh(Math.tan(lat * Math.PI / 180)) * 6378137
  return [box.left + view.frame.x_scale.compute(x), box.top + view.frame.y_scale.compute(y)]
}}"""

# Whether it shows this month at full resolution, not the small picture for the slider.
_SHARP = f"""(month) => {{{SHOWN}
  return shown.some((one) => one.model.renderers.some((layer) => layer.name === `full:${{month}}` && layer.visible))
}}"""


class Dashboard:
    """One browser tab.

    Parameters
    ----------
    page
        Playwright's.
    url
        Root of the server.
    query
        Of a link that somebody sent.
    """

    def __init__(self, page: Page, url: str, query: str = "") -> None:
        self.page = page
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.goto(f"{url}/app?{query}" if query else f"{url}/app")
        page.wait_for_function(
            "window.Bokeh && Bokeh.documents.length && Bokeh.documents.every(d => d.is_idle)", timeout=60_000
        )
        if not query:
            expect(self.hint).to_contain_text("Choose Box or Polygon")

    def _note(self, request: Any) -> None:
        if not re.match(r"(http|ws)://(localhost|127\.0\.0\.1)[:/]|blob:|data:", request.url):
            self.foreign.append(request.url)

    # -- what is on the screen ---------------------------------------------------------------------

    @property
    def hint(self) -> Locator:
        """The sentence on the map."""
        return self.page.locator(".map-ui .hint")

    @property
    def size(self) -> Locator:
        """The size of the area on the map."""
        return self.page.locator(".map-ui .chip")

    @property
    def player(self) -> Locator:
        """The player under the series."""
        return self.page.locator(".t-player .player")

    @property
    def notice(self) -> Locator:
        """The card that says what went wrong."""
        return self.page.locator(".t-notice .notice").locator("visible=true")

    def button(self, name: str) -> Locator:
        """Return the button with a test class such as ``"t-search"``."""
        return self.page.locator(f".{name} button")

    def picture(self) -> np.ndarray:
        """Return the pixels of the whole page, (y, x, 3) uint8."""
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))

    def colour(self, longitude: float, latitude: float) -> tuple[int, int, int]:
        """Return the mean colour of the 5 x 5 pixels at a place."""
        size = self.page.viewport_size or {"width": 0, "height": 0}

        def on_screen() -> bool:
            x, y = self.at(longitude, latitude)
            return 2 < x < size["width"] - 3 and 2 < y < size["height"] - 3

        self.wait(on_screen)
        x, y = (round(value) for value in self.at(longitude, latitude))
        red, green, blue = self.picture()[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).mean(axis=0).round().astype(int)
        return int(red), int(green), int(blue)

    def at(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return where a place is on the screen."""
        x, y = self.page.evaluate(ON_SCREEN, [longitude, latitude])
        return x, y

    @property
    def is_narrow(self) -> bool:
        """Whether the sidebar lies over everything else."""
        return (self.page.viewport_size or {"width": 0})["width"] < 700

    def fits(self, *parts: Locator, gap: float = 0) -> bool:
        """Tell whether all of some parts are in sight beside the sidebar; a narrow page may have to be scrolled.

        Parameters
        ----------
        gap
            How many pixels there must be around them.
        """
        size = self.page.viewport_size or {"width": 0, "height": 0}
        left, bottom = (0, float("inf")) if self.is_narrow else (_SIDEBAR_WIDTH, size["height"])
        return all(
            left + gap <= box["x"]
            and box["x"] + box["width"] <= size["width"] - gap
            and box["y"] + box["height"] <= bottom - gap
            for box in (part.bounding_box() or {"x": -1, "y": 0, "width": 0, "height": 0} for part in parts)
        )

    # -- what a person does ------------------------------------------------------------------------

    def to_sidebar(self) -> None:
        """Have the sidebar in sight."""
        opener = self.page.get_by_role("button", name="Open drawer", exact=True)

        def opened() -> bool:
            if self._sidebar_is_open():
                return True
            with suppress(TooLateError):  # it may open by itself meanwhile, and lies over the button
                opener.click(timeout=2_000)
            return False

        if self.is_narrow:
            self.wait(opened)

    def to_stage(self) -> None:
        """Have the map or the picture in sight."""
        if self.is_narrow and self._sidebar_is_open():
            self.page.keyboard.press("Escape")
            self.wait(lambda: not self._sidebar_is_open())

    def _sidebar_is_open(self) -> bool:
        """Tell whether the sidebar of a narrow page is in sight, once it does not slide any more."""
        step = self.page.locator(".t-step-where")
        left = self.at_rest(lambda: step.evaluate_all(_LEFT_OF_THE_SEEN))
        return len(left) > 0 and min(left) >= 0

    def press(self, name: str) -> None:
        """Click the map's button of this name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def draw_polygon(self, corners: Iterable[tuple[float, float]]) -> None:
        """Click the corners and finish with a double click."""
        self.press("Polygon")
        for corner in corners:
            self.page.mouse.move(*self.at(*corner), steps=4)
            self.page.mouse.down()
            self.page.mouse.up()
        self.page.mouse.down()
        self.page.mouse.up()
        expect(self.size).to_be_visible()

    def type_area(self, text: str) -> None:
        """Type coordinates."""
        self.to_sidebar()
        field = self.page.locator(".t-coordinates input")
        field.fill(text)
        field.press("Enter")

    def upload(self, path: Path) -> None:
        """Choose a file."""
        self.to_sidebar()
        self.page.locator(".t-upload input[type=file]").set_input_files(path)

    def choose(self, name: str, option: str) -> None:
        """Choose an option of the select with a test class."""
        self.to_sidebar()
        self.page.locator(f".{name} [role=combobox]").click()
        self.page.get_by_role("menuitem", name=option, exact=True).click()

    def tick(self, box: Locator, *, on: bool = True) -> None:
        """Tick a box, or take the tick away; a busy page may need a moment to show it."""
        expect(box).to_be_checked(checked=not on)
        box.click()
        expect(box).to_be_checked(checked=on)

    def open_step(self, name: str) -> None:
        """Unfold a step of the sidebar, if it is folded."""
        self.to_sidebar()
        card = self.page.locator(f".t-step-{name}")
        opener = card.get_by_role("button", name="show more")
        if opener.get_attribute("aria-expanded") != "true":
            opener.click()

    def search(self) -> None:
        """Search, and wait for an answer of any kind that was not there before."""
        self.to_sidebar()
        before = self.page.locator(".t-found .funnel, .t-notice .notice")
        for one in before.all():
            one.evaluate("(one) => one.classList.add('before')")
        self.button("t-search").click()
        answer = self.page.locator(".t-found .funnel:not(.before), .t-notice .notice:not(.before)")
        expect(self.button("t-cancel").or_(answer).locator("visible=true").first).to_be_visible()
        expect(self.button("t-search")).to_be_visible(timeout=SLOW)

    def build(self) -> None:
        """Build every month, and wait until it is done."""
        self.to_sidebar()
        self.button("t-build").click()
        expect(self.button("t-gif")).to_be_enabled(timeout=SLOW)

    def sharp(self) -> None:
        """Wait until the month on display is drawn at full resolution."""
        self.page.wait_for_function(_SHARP, arg=self.month())

    def month(self) -> str:
        """Return the month that the player shows, ``"YYYY-MM"``."""
        return str(self.player.get_attribute("data-month"))

    def step(self, key: str, times: int = 1) -> None:
        """Press a key on the slider."""
        self.to_stage()
        slider = self.player.get_by_role("slider", name="Month")
        slider.focus()
        for _ in range(times):
            slider.press(key)

    def look_into(self, longitude: float, latitude: float, held: float = 0) -> Locator:
        """Click the picture once it rests, and return the table of what is behind the pixel once it is read.

        Parameters
        ----------
        held
            How long the button is held down, in milliseconds.
        """
        self.page.mouse.click(*self.at_rest(lambda: self.at(longitude, latitude)), delay=held)
        card = self.page.locator(".t-pixel")
        expect(card.locator("tr.sum")).to_be_visible(timeout=SLOW)
        expect(card.get_by_role("status")).to_have_count(0, timeout=SLOW)
        return card

    def save(self, name: str, folder: Path) -> Path:
        """Click an export button and return the saved file."""
        self.to_stage()
        with self.page.expect_download(timeout=SLOW) as waiting:
            self.button(name).click()
        download = waiting.value
        path = folder / download.suggested_filename
        download.save_as(path)
        return path

    def at_rest(self, look: Callable[[], Any]) -> Any:
        """Return what is seen once it stays the same."""
        seen: list[Any] = []

        def rests() -> bool:
            seen.append(look())
            return len(seen) > 4 and all(one == seen[-1] for one in seen[-4:])

        self.wait(rests)
        return seen[-1]

    def wait(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        """Let the browser and the server go on until something is true."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "timed out"
            self.page.wait_for_timeout(50)
