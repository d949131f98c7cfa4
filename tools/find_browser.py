"""Print the path of a Chromium or Chrome for tests and screenshots; exit with 1 where there is none."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

#: Headless and quiet: Chromium's own background requests would fail one after the other without a network.
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find_browser() -> str | None:
    """Return ``$CHROMIUM``, a browser on the path, or the one that Playwright downloaded."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        return chosen if Path(chosen).is_file() else None
    installed = filter(None, map(shutil.which, (*_NAMES, *_MACOS)))
    return next(installed, None) or _downloaded()


def _downloaded() -> str | None:
    # Only where no browser is installed: starting Playwright takes half a second.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


if __name__ == "__main__":
    browser = find_browser()
    sys.stdout.write(f"{browser}\n" if browser else "")
    sys.exit(0 if browser else 1)
