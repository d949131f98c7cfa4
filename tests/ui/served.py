"""The dashboard as `make serve` starts it, in a process of its own, for tests and for the screenshots."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

START_SECONDS = 240  # with the demo catalogue still to be built


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
            if self.process.poll() is not None:
                raise ChildProcessError(self.log.read_text())
            try:
                if requests.get(f"{self.url}/app", timeout=60).ok:
                    return
            except requests.ConnectionError:
                self.process.poll()
        raise TimeoutError(f"the dashboard did not answer in {START_SECONDS} s: {self.log.read_text()[-2000:]}")

    def stop(self) -> int:
        """Interrupt it as Ctrl-C does; return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)
