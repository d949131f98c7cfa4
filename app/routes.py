"""Frames and downloads over HTTP, streamed from disk.

The websocket would carry them as base64 through memory several times over; a plain file does not.
Access is by an unguessable token, because these routes are not behind Panel's login.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler, StaticFileHandler

from app.workspace import find_file
from stac_timelapse.demo import usual_folder

#: Loaded by the page before anything is drawn.
PAGE_SCRIPTS = ("react_state.js", "select_keys.js")
#: Has the address of the widgets' code in its own.
WIDGETS_SCRIPT = "widgets_code.js"

_CHUNK = 1024 * 1024
_TOKEN_PATTERN = r"([A-Za-z0-9_-]{32})/([A-Za-z0-9][A-Za-z0-9_.-]*)"  # noqa: S105 - a pattern, no secret


class FileHandler(RequestHandler):
    """Sends one file, whole or one byte range of it.

    Parameters
    ----------
    root
        Folder whose folders are named by tokens.
    attachment
        Whether the browser saves the file instead of showing it.
    """

    def initialize(self, root: Path, *, attachment: bool) -> None:
        """Take the route's settings."""
        self._root = root
        self._attachment = attachment

    def set_default_headers(self) -> None:
        """Keep the file out of shared caches and out of other sites' pages."""
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")

    async def head(self, token: str, name: str) -> None:
        """Answer with the headers alone."""
        self._start(token, name)
        await self.finish()

    async def get(self, token: str, name: str) -> None:
        """Send the file in chunks; a client that goes away ends it quietly."""
        path, start, stop = self._start(token, name)
        try:
            with path.open("rb") as file:
                file.seek(start)
                left = stop - start
                while left > 0 and (chunk := file.read(min(_CHUNK, left))):
                    self.write(chunk)
                    await self.flush()
                    left -= len(chunk)
        except StreamClosedError:
            return
        await self.finish()

    def _start(self, token: str, name: str) -> tuple[Path, int, int]:
        path = find_file(self._root, token, name)
        if path is None:
            raise HTTPError(404)
        size = path.stat().st_size
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Content-Type", mimetypes.guess_type(name)[0] or "application/octet-stream")
        # A name is never written twice, so what the browser has stays right.
        self.set_header("Cache-Control", "private, max-age=86400, immutable")
        if self._attachment:
            self.set_header("Content-Disposition", f'attachment; filename="{name}"')
        start, stop = self._range(size)
        self.set_header("Content-Length", str(stop - start))
        return path, start, stop

    def _range(self, size: int) -> tuple[int, int]:
        """Return the first byte and the one after the last; a range of several parts is sent whole."""
        wanted = self.request.headers.get("Range", "")
        unit, _, span = wanted.partition("=")
        first, dash, last = span.partition("-")
        numbers = (first.isdecimal() or not first) and (last.isdecimal() or not last) and (first or last)
        if unit != "bytes" or not dash or not numbers:
            return 0, size
        start = int(first) if first else max(size - int(last), 0)
        stop = min(int(last) + 1, size) if first and last else size
        if start >= stop:
            self.set_header("Content-Range", f"bytes */{size}")
            raise HTTPError(416)
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        return start, stop


def routes(root: Path) -> list[tuple[str, type[RequestHandler], dict[str, Any]]]:
    """Return the routes for frames, downloads, the page's script and the demo's overview.

    Parameters
    ----------
    root
        The server's work folder, see `app.workspace.Workspace`.
    """
    return [
        (rf"/(?:[^/]+/)*frames/{_TOKEN_PATTERN}", FileHandler, {"root": root, "attachment": False}),
        (rf"/(?:[^/]+/)*downloads/{_TOKEN_PATTERN}", FileHandler, {"root": root, "attachment": True}),
        (
            rf"/(?:[^/]+/)*assets/({'|'.join((*PAGE_SCRIPTS, WIDGETS_SCRIPT))})",
            StaticFileHandler,
            {"path": Path(__file__).parent / "assets"},
        ),
        (r"/(?:[^/]+/)*demo/(quicklook\.jpg)", StaticFileHandler, {"path": usual_folder()}),
    ]
