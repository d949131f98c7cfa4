"""Little HTTP servers with bad habits, and the real local STAC API."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

#: Given a request's handler, returns ``(status, headers, body)``.
Answer = Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], bytes]]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Yield the address of a server that answers every request with what `answer` returns."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def answer(self) -> None:
            self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_HEAD = answer  # noqa: N815 - the standard library's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class FileServer:
    """Files over HTTP in ranges, and what goes wrong with them.

    `fault` is asked with the path and the first byte wanted, and answers with a status code, a word below, or None.
    """

    folder: Path
    fault: Callable[[str, int], int | str | None] = lambda _path, _start: None
    asked: list[str] = field(default_factory=list)
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0].lstrip("/")
        self.asked.append(path)
        content = (self.folder / path).read_bytes()
        wanted = request.headers.get("Range")
        first, last = 0, len(content) - 1
        if wanted:
            texts = wanted.removeprefix("bytes=").split("-")
            first, last = int(texts[0]), min(int(texts[1] or last), last)
        fault = self.fault(path, first)
        if isinstance(fault, int) or first >= len(content):
            request.send_response(fault if isinstance(fault, int) else 416)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        body = content[first : last + 1]
        request.send_response(206 if wanted else 200)
        request.send_header("Content-Length", str(len(body)))
        if wanted:
            request.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        if fault == "silent":
            self.over.wait()
            return
        request.end_headers()
        self.send(request, body, fault)

    def send(self, request: BaseHTTPRequestHandler, body: bytes, fault: int | str | None) -> None:
        if fault is None:
            request.wfile.write(body)
        elif fault == "garbage":
            request.wfile.write(bytes(255 - byte for byte in body))
        else:
            request.wfile.write(body[: len(body) // 2])
            request.close_connection = True
            if fault == "reset":
                # What is closed with a linger of no time is reset.
                request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            while fault == "trickle" and not self.over.wait(0.02):
                request.wfile.write(b"x")
                request.wfile.flush()


@contextmanager
def serving_files(folder: Path) -> Iterator[FileServer]:
    """Yield a server of a folder's files whose faults can be set at any time."""
    served = FileServer(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            with suppress(ConnectionError):  # of a client that has waited long enough
                served.answer(self)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        served.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def landing_page(url: str) -> bytes:
    """Return the root of a STAC API that can be searched."""
    return json.dumps(
        {
            "type": "Catalog",
            "id": "test",
            "stac_version": "1.0.0",
            "description": "test",
            "conformsTo": [
                "https://api.stacspec.org/v1.0.0/core",
                "https://api.stacspec.org/v1.0.0/item-search",
            ],
            "links": [
                {"rel": "root", "href": url, "type": "application/json"},
                {"rel": "search", "href": f"{url}/search", "type": "application/geo+json", "method": "POST"},
            ],
        }
    ).encode()


def stac_server(search: Callable[[BaseHTTPRequestHandler, str], Any]) -> Answer:
    """Return the answers of a STAC API: its root, and for each search what `search` makes of request and root URL.

    That is a page as a dict, or an ``(status, headers, body)``.
    """

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        url = f"http://{request.headers['Host']}"
        if request.path.rstrip("/") == "":
            return 200, {"Content-Type": "application/json"}, landing_page(url)
        made = search(request, url)
        if isinstance(made, dict):
            return 200, {"Content-Type": "application/geo+json"}, json.dumps(made).encode()
        return made

    return answer


@contextmanager
def stac_api(folder: Path, items: Sequence[dict[str, Any]], collection: str = "sentinel-2-l2a") -> Iterator[str]:
    """Yield the address of a `rustac serve` with these items."""
    west, south, east, north = -180, -90, 180, 90
    described = {
        "type": "Collection",
        "id": collection,
        "stac_version": "1.0.0",
        "description": "test",
        "license": "CC0-1.0",
        "extent": {
            "spatial": {"bbox": [[west, south, east, north]]},
            "temporal": {"interval": [["2015-01-01T00:00:00Z", None]]},
        },
        "links": [],
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "collection.json", folder / "items.json"
    paths[0].write_text(json.dumps(described))
    paths[1].write_text(json.dumps({"type": "FeatureCollection", "features": list(items)}))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("rustac")), "serve", "--addr", f"127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen([*command, *map(str, paths)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and child.poll() is None:
            try:
                if requests.get(f"{url}/collections/{collection}", timeout=2).ok:
                    break
            except requests.RequestException:
                time.sleep(0.02)
        yield url
    finally:
        child.terminate()
        child.wait()
