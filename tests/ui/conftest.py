"""A real browser, and the dashboard as `make serve` starts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dashboard import SIZES, Dashboard
from find_browser import BROWSER_ARGUMENTS, find_browser
from served import Served


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    path = find_browser()
    assert path, "no browser: tools/browser.sh finds or installs one"
    return {**browser_type_launch_args, "executable_path": path, "args": BROWSER_ARGUMENTS}


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("dashboard"))
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture
def dashboard(page, served, request) -> Dashboard:
    width, height = getattr(request, "param", SIZES[0])
    page.set_viewport_size({"width": width, "height": height})
    return Dashboard(page, served.url)
