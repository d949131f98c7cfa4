"""A file server for byte ranges that waits before it answers and counts what it sends; a process of its own."""

from __future__ import annotations

import asyncio
import json
import mmap
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_RANGE = re.compile(rb"^range:\s*bytes=(\d+)-(\d*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RangeServer:
    """A running server.

    Parameters
    ----------
    url
        Root of the files.
    """

    url: str

    def set_latency(self, seconds: float) -> None:
        """Let every answer wait this long."""
        self._ask(f"latency/{seconds}")

    def counted(self) -> dict[str, int]:
        """Return ``{"requests", "bytes"}`` since the last call."""
        counts: dict[str, int] = json.loads(self._ask("counted"))
        return counts

    def _ask(self, what: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}/-/{what}") as answer:  # noqa: S310 - our own server
            body: bytes = answer.read()
        return body


@contextmanager
def serve(root: Path) -> Iterator[RangeServer]:
    """Serve a folder until the context ends."""
    command = [sys.executable, "-m", "benchmarks.server", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("the server has no output")
            yield RangeServer(f"http://127.0.0.1:{process.stdout.readline().strip()}")
        finally:
            process.terminate()


class _Server:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._maps: dict[str, mmap.mmap] = {}
        self._latency = 0.0
        self._requests = self._bytes = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                method, path, *_ = head.split(b" ", 2)
                name = path.decode().split("?")[0]
                if name.startswith("/-/"):
                    self._send(writer, b"200 OK", self._control(name[3:]))
                else:
                    await asyncio.sleep(self._latency)
                    self._file(writer, head, name, with_body=method != b"HEAD")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _control(self, order: str) -> bytes:
        if order.startswith("latency/"):
            self._latency = float(order.partition("/")[2])
            return b"{}"
        counts = {"requests": self._requests, "bytes": self._bytes}
        self._requests = self._bytes = 0
        return json.dumps(counts).encode()

    def _file(self, writer: asyncio.StreamWriter, head: bytes, name: str, *, with_body: bool) -> None:
        self._requests += 1
        data = self._open(name)
        if data is None:
            self._send(writer, b"404 Not Found", b"")
            return
        found = _RANGE.search(head)
        first = int(found[1]) if found else 0
        last = min(int(found[2]) if found and found[2] else len(data) - 1, len(data) - 1)
        status = b"206 Partial Content" if found else b"200 OK"
        body = memoryview(data)[first : last + 1]
        more = b"Content-Range: bytes %d-%d/%d\r\nAccept-Ranges: bytes\r\n" % (first, last, len(data))
        self._bytes += len(body) if with_body else 0
        self._send(writer, status, body, more, with_body=with_body)

    def _open(self, name: str) -> mmap.mmap | None:
        if name not in self._maps:
            path = self._root / name.lstrip("/")
            if not path.is_file():
                return None
            with path.open("rb") as file:
                self._maps[name] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._maps[name]

    @staticmethod
    def _send(
        writer: asyncio.StreamWriter,
        status: bytes,
        body: bytes | memoryview,
        more: bytes = b"",
        *,
        with_body: bool = True,
    ) -> None:
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n%b\r\n" % (status, len(body), more))
        if with_body:
            writer.write(body)


async def _main(root: Path) -> None:
    server = await asyncio.start_server(_Server(root).answer, "127.0.0.1", 0, limit=1 << 16)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
