"""Jump between finished months in a real browser and time until the month is painted: ``python -m benchmarks.page``."""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, WebSocket, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
# The person before the dashboard is the same as in the tests.
sys.path[:0] = [str(ROOT / "tests" / "ui"), str(ROOT / "tools")]

from dashboard import SLOW, Dashboard  # noqa: E402 - after the path
from find_browser import BROWSER_ARGUMENTS, find_browser  # noqa: E402
from served import Served  # noqa: E402

from stac_timelapse import demo  # noqa: E402 - beside the others

_WINDOW = (1280, 720)
# Bokeh paints in the next animation frame; ours is asked for after its, so it is called when Bokeh has painted.
_JUMP = """(slider, at) => new Promise((done) => {
  const begun = performance.now()
  slider.value = at
  slider.dispatchEvent(new Event("input", {bubbles: true}))
  requestAnimationFrame(() => done(performance.now() - begun))
})"""


def main() -> None:
    """Build a year of a sample area, jump about in it, and print the times and what the server sent meanwhile."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--jumps", type=int, default=200)
    parser.add_argument("--area", default="Forest fire", choices=[area.name for area in demo.SAMPLE_AREAS])
    parser.add_argument("--sessions", type=int, default=0, help="open at the same time, beside the one that is timed")
    arguments = parser.parse_args()
    bbox = next(area.bbox for area in demo.SAMPLE_AREAS if area.name == arguments.area)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        served = Served(Path(folder))
        browsers = [
            playwright.chromium.launch(executable_path=find_browser(), args=BROWSER_ARGUMENTS) for _ in range(2)
        ]
        try:
            page = browsers[0].new_page(viewport={"width": _WINDOW[0], "height": _WINDOW[1]})
            received: list[Any] = []
            page.on("websocket", lambda socket: _listen(socket, received))
            dashboard = Dashboard(page, served.url)
            dashboard.type_area(", ".join(map(str, bbox)))
            dashboard.search()
            dashboard.build()
            expect(dashboard.player.locator(".cell.ready").first).to_be_visible(timeout=SLOW)
            page.wait_for_timeout(2000)  # the last messages of the build
            for _ in range(arguments.sessions):
                _visit(browsers[1], page.url)
            slider = dashboard.player.get_by_role("slider", name="Month")
            months = dashboard.player.locator(".cell").count()
            dice = random.Random(7)  # noqa: S311 - nothing secret
            received.clear()
            times = [slider.evaluate(_JUMP, dice.randrange(months)) for _ in range(arguments.jumps)]
        finally:
            for one in browsers:
                one.close()
            served.stop()
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    sys.stdout.write(
        f"{arguments.jumps} jumps among {months} months: median {p50:.1f} ms, p95 {p95:.1f} ms, "
        f"longest {max(times):.1f} ms; {len(received)} messages of the server meanwhile, "
        f"{arguments.sessions} more sessions\n"
    )


def _visit(browser: Browser, link: str) -> None:
    """Open the same series in a session of its own, and leave it open."""
    page = browser.new_context(viewport={"width": _WINDOW[0], "height": _WINDOW[1]}).new_page()
    page.goto(link)
    expect(page.locator(".t-gif button")).to_be_enabled(timeout=SLOW)


def _listen(socket: WebSocket, received: list[Any]) -> None:
    def note(frame: Any) -> None:  # Playwright marks its listeners, and cannot mark a list's method
        received.append(frame)

    socket.on("framereceived", note)


if __name__ == "__main__":
    main()
