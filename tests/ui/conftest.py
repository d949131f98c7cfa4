"""A real browser, and the dashboard as `make serve` starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from dashboard import Dashboard
from find_browser import BROWSER_ARGUMENTS, find_browser

START_SECONDS = 240  # with the demo catalogue still to be built


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    path = find_browser()
    assert path, "no browser: tools/browser.sh finds or installs one"
    return {**browser_type_launch_args, "executable_path": path, "args": BROWSER_ARGUMENTS}


class Served:
    """The command line's ``serve`` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.log = folder / "serve.log"
        environment = {
            **os.environ,
            "STAC_TIMELAPSE_MONTHS": str(folder / "months"),
            "STAC_TIMELAPSE_WORK": str(folder / "work"),
            "STAC_TIMELAPSE_ANY_CATALOG": "yes",
            "STAC_TIMELAPSE_MAX_UPLOAD": "100000",
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stac_timelapse.cli", "serve", "--port", str(self.port)],
                env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if requests.get(f"{self.url}/app", timeout=60).ok:
                    return
            except requests.ConnectionError:
                self.process.poll()
        pytest.fail(f"the dashboard did not answer in {START_SECONDS} s: {self.log.read_text()[-2000:]}")

    def stop(self) -> int:
        """Interrupt it as Ctrl-C does; return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("dashboard"))
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture
def dashboard(page, served) -> Dashboard:
    page.set_viewport_size({"width": 1280, "height": 720})
    return Dashboard(page, served.url)
