"""Make the pictures of the documents from the running dashboard: every state, in a real browser.

They go to ``docs/images``; with names as arguments only those are made, ``make docs ARGS="ready gap"``.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
# The person before the dashboard is the same as in the tests.
sys.path[:0] = [str(ROOT / "tests" / "ui"), str(ROOT / "tools")]

from dashboard import Dashboard  # noqa: E402 - after the path
from find_browser import BROWSER_ARGUMENTS, find_browser  # noqa: E402
from scenes import IMAGES, SCENES  # noqa: E402
from served import Served  # noqa: E402


def shoot(browser: Browser, url: str, name: str) -> Path:
    """Play one scene in a new tab and keep what is on the screen."""
    play, (width, height) = SCENES[name]
    scheme: Literal["light", "dark"] = "dark" if name == "dark" else "light"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
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
