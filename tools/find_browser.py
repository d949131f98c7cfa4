"""Print the path of a Chromium or Chrome for the browser tests; exit 1 where there is none."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """Return ``$CHROMIUM``, a browser on the path, or the one that Playwright downloaded."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        return chosen if Path(chosen).is_file() else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where no browser is installed

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


if __name__ == "__main__":
    browser = find_browser()
    sys.stdout.write(f"{browser}\n" if browser else "")
    sys.exit(0 if browser else 1)
