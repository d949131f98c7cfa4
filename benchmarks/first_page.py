"""How long until the page is there, against Panel's smallest in the same run: ``python -m benchmarks.first_page``."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "ui"), str(ROOT / "tools")]

from find_browser import BROWSER_ARGUMENTS, find_browser  # noqa: E402 - after the path
from served import Served  # noqa: E402

_HELLO = 'import panel as pn\n\npn.extension()\npn.pane.Markdown("# Hello, world").servable()\n'
_IDLE = "window.Bokeh && Bokeh.documents.length && Bokeh.documents.every((one) => one.is_idle)"
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_START_SECONDS = 120
_REST_MILLISECONDS = 3000


def main() -> None:
    """Open both pages in turn, each time with an empty cache, and print the medians and their ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    times: dict[str, list[tuple[float, float]]] = {"hello, world": [], "dashboard": []}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        served = Served(Path(folder))
        hello, address = _hello(Path(folder))
        browser = playwright.chromium.launch(executable_path=find_browser(), args=BROWSER_ARGUMENTS)
        try:
            pages = {"hello, world": address, "dashboard": f"{served.url}/app"}
            for number in range(rounds + 1):
                for name, url in pages.items():
                    one = _opened(browser, url)
                    if number:  # the first is for what is compiled and cached on the server
                        times[name].append(one)
        finally:
            browser.close()
            hello.send_signal(signal.SIGINT)
            hello.wait(30)
            served.stop()
    medians = {name: [statistics.median(column) for column in zip(*made, strict=True)] for name, made in times.items()}
    for name, (painted, ready) in medians.items():
        sys.stdout.write(f"{name}: first paint {painted:.0f} ms, ready {ready:.0f} ms\n")
    ratios = [ours / theirs for ours, theirs in zip(medians["dashboard"], medians["hello, world"], strict=True)]
    sys.stdout.write(f"ratio: first paint {ratios[0]:.2f}, ready {ratios[1]:.2f}\n")


def _opened(browser: Browser, url: str) -> tuple[float, float]:
    """Return the milliseconds to the first paint and until everything that was sent is drawn."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(_IDLE, timeout=60_000)
    ready = (time.perf_counter() - begun) * 1000
    painted = float(page.wait_for_function(_PAINTED).json_value())  # told of only after the frame
    page.wait_for_timeout(_REST_MILLISECONDS)  # what follows on one page would be in the way of the next
    context.close()
    return painted, ready


def _hello(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    script = folder / "hello.py"
    script.write_text(_HELLO, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "panel", "serve", str(script), "--port", str(port), "--address", "127.0.0.1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ},
    )
    address = f"http://127.0.0.1:{port}/hello"
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=60).close()
        except OSError:
            time.sleep(0.2)
        else:
            return process, address
    raise TimeoutError(f"panel serve did not answer in {_START_SECONDS} s")


if __name__ == "__main__":
    main()
