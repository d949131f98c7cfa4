"""Little HTTP servers with bad habits, and the real local STAC API."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
