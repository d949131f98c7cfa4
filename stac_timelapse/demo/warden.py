"""The demo's child process: serves the files, runs the STAC API, and ends both when its parent is gone.

Run as a file, not with ``-m``; it imports nothing of this package, so that it starts at once. It must be a
process: GDAL, opening a file over HTTP, holds Python's lock while it waits, and a thread could not answer.

Arguments: catalogue folder, collection, host, port of the STAC API, port of the files, command of rustac.
It prints one line of JSON with both ports, or with what went wrong, and lives until its standard input closes.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, StaticFileHandler

_TYPES = {".tif": "image/tiff; application=geotiff; profile=cloud-optimized", ".json": "application/json"}
_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 3.0


class _Files(StaticFileHandler):
    """Files with byte ranges; pages of other origins may read them too."""

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002 - tornado's signature
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Access-Control-Expose-Headers", "Content-Range, Content-Length, Accept-Ranges")

    def get_content_type(self) -> str:
        return _TYPES.get(Path(self.absolute_path or "").suffix) or super().get_content_type()

    def compute_etag(self) -> str | None:
        """Name a version by size and time: tornado would read every file whole for it."""
        modified = self.get_modified_time()
        return f'"{self.get_content_size():x}-{int(modified.timestamp()) if modified else 0:x}"'


async def main(folder: Path, collection: str, host: str, stac_port: int, asset_port: int, *rustac: str) -> None:
    """Serve until standard input closes or rustac ends."""
    with tempfile.TemporaryDirectory(prefix="stac-timelapse-demo-") as scratch:
        try:
            sockets = bind_sockets(asset_port, host)
            chosen = _free_port(host, stac_port)
        except OSError as error:
            _say({"error": f"ports {stac_port} and {asset_port} of {host}: {error.strerror}"})
            return
        port = sockets[0].getsockname()[1]
        server = HTTPServer(Application([(r"/(.*)", _Files, {"path": str(folder)})], log_function=_quiet))
        server.add_sockets(sockets)
        documents = _documents(folder / collection, Path(scratch), f"http://{host}:{port}/{collection}")
        log = Path(scratch) / "rustac.log"
        with log.open("wb") as output:
            child = await asyncio.create_subprocess_exec(
                *rustac, "serve", "--addr", f"{host}:{chosen}", *documents,
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=_die_with_parent,
            )  # fmt: skip
        _say({"stac_port": chosen, "asset_port": port})
        ended, closed = asyncio.create_task(child.wait()), asyncio.create_task(_input_closed())
        await asyncio.wait({ended, closed}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            _say({"error": said[-1] if said else f"rustac ended with {child.returncode}"})
        else:
            await _end(child)
        closed.cancel()
        server.stop()
        await server.close_all_connections()


async def _end(child: asyncio.subprocess.Process) -> None:
    child.terminate()
    try:
        await asyncio.wait_for(child.wait(), _STOP_SECONDS)
    except TimeoutError:
        child.kill()
        await child.wait()


async def _input_closed() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


def _die_with_parent() -> None:
    """Have the kernel end rustac when this process is killed; its main thread starts rustac and lives as long."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _documents(home: Path, scratch: Path, base: str) -> tuple[str, str]:
    """Write the collection and its items with absolute hrefs, as the STAC API loads them."""
    collection: dict[str, Any] = json.loads((home / "collection.json").read_text(encoding="utf-8"))
    items = []
    for link in collection["links"]:
        if link["rel"] == "item":
            item: dict[str, Any] = json.loads((home / link["href"]).read_text(encoding="utf-8"))
            for asset in item["assets"].values():
                asset["href"] = f"{base}/{item['id']}/{asset['href'].removeprefix('./')}"
            items.append(item | {"links": []})
    paths = scratch / "collection.json", scratch / "items.json"
    paths[0].write_text(json.dumps(collection | {"links": []}), encoding="utf-8")
    paths[1].write_text(json.dumps({"type": "FeatureCollection", "features": items}), encoding="utf-8")
    return str(paths[0]), str(paths[1])


def _free_port(host: str, wanted: int) -> int:
    """Return the wanted port, or with 0 any; a taken one is an error now, for rustac would only tell its log."""
    with socket.create_server((host, wanted)) as probe:
        return int(probe.getsockname()[1])


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _quiet(_handler: object) -> None:
    """Write no line for each request: a build makes thousands."""


if __name__ == "__main__":
    # GDAL asks for listings of folders, which are refused: nothing to warn of.
    logging.getLogger("tornado").setLevel(logging.ERROR)
    # Ctrl-C in a terminal reaches the whole group; the parent then closes our input, in its own order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _folder, _collection, _host, _stac, _assets, *_rustac = sys.argv[1:]
    asyncio.run(main(Path(_folder), _collection, _host, int(_stac), int(_assets), *_rustac))
