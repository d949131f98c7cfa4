"""The demo as a STAC API over HTTP, and its files with byte ranges."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from stac_timelapse.demo.build import build
from stac_timelapse.demo.spec import COLLECTION
from stac_timelapse.errors import ProviderError

_WARDEN = Path(__file__).with_name("warden.py")
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.05
#: A free port may be lost to another program before it is used.
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class DemoServer:
    """Where the demo catalogue answers.

    Parameters
    ----------
    stac_url
        Root of the STAC API.
    asset_url
        Root of the files, without a slash at the end.
    collection
        Id of the collection.
    process_id
        Of the child process that serves both.
    """

    stac_url: str
    asset_url: str
    collection: str
    process_id: int


@contextmanager
def serve(
    root: Path | None = None, host: str = "127.0.0.1", stac_port: int = 0, asset_port: int = 0
) -> Iterator[DemoServer]:
    """Serve a demo catalogue while the context is open.

    Parameters
    ----------
    root
        Folder from `build`; default the full demo, built now if need be.
    host
        Address to listen on, also used in the hrefs.
    stac_port, asset_port
        Ports; with 0 a free one is taken.

    Yields
    ------
    DemoServer
        It answers from the first moment.

    Raises
    ------
    ProviderError
        If a server does not start.
    """
    folder = build() if root is None else root
    child, server = _start(folder, host, stac_port, asset_port)
    try:
        yield server
    finally:
        _stop(child)


def _start(folder: Path, host: str, stac_port: int, asset_port: int) -> tuple[subprocess.Popen[str], DemoServer]:
    reason = ""
    for _ in range(_ATTEMPTS if stac_port == 0 else 1):
        command = [str(folder), COLLECTION, host, str(stac_port), str(asset_port), _rustac()]
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and file
            # -P: the folder of the file holds modules of ours that must not hide others of the same name.
            [sys.executable, "-P", str(_WARDEN), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            said = _line(child)
            if "stac_port" in said:
                url = f"http://{host}:{said['stac_port']}"
                if _answers(url, child):
                    files = f"http://{host}:{said['asset_port']}"
                    return child, DemoServer(url, files, COLLECTION, child.pid)
                said = _line(child) if child.poll() is not None else {}
            reason = str(said.get("error", "it did not answer in time"))
        except BaseException:
            _stop(child)
            raise
        _stop(child)
    raise ProviderError(f"The demo catalogue could not be served ({reason[:200]}): choose other ports, or 0.")


def _line(child: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what the child says next, which is nothing if it ended."""
    text = child.stdout.readline() if child.stdout else ""
    said: dict[str, Any] = json.loads(text) if text else {"error": "its process ended"}
    return said


def _answers(url: str, child: subprocess.Popen[str]) -> bool:
    """Wait until the STAC API lists the collection; False if it ended or took too long."""
    deadline = time.monotonic() + _START_SECONDS
    with requests.Session() as session:
        session.trust_env = False  # a proxy cannot reach this machine's own address
        while time.monotonic() < deadline and child.poll() is None:
            try:
                if session.get(f"{url}/collections/{COLLECTION}", timeout=2).ok:
                    # Another program on the port would answer while ours has ended.
                    return child.poll() is None
            except requests.RequestException:
                time.sleep(_POLL_SECONDS)
    return False


def _stop(child: subprocess.Popen[str]) -> None:
    """Close the child's input, upon which it ends what it serves and itself."""
    if child.stdin:
        child.stdin.close()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout:
        child.stdout.close()


def _rustac() -> str:
    """Return the program rustac of this interpreter's environment, or the one on the path."""
    beside = Path(sys.executable).with_name("rustac")
    found = str(beside) if beside.exists() else shutil.which("rustac")
    if found is None:
        raise ProviderError("The program 'rustac' is missing: install this package's dependencies again.")
    return found
