"""Ranges of bytes of files on servers and disks, over connections that are kept."""

from __future__ import annotations

import functools
import http.client
import random
import re
import ssl
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from stac_timelapse import __version__

_TIMEOUT = 30.0
_ATTEMPTS = 4
_FIRST_PAUSE = 0.5
_BUSY = {429, 500, 502, 503, 504}
_PARTIAL = 206
_TOTAL = re.compile(r"bytes \d+-\d+/(\d+)")
_HEADERS = {"User-Agent": f"stac-timelapse/{__version__}", "Accept-Encoding": "identity"}
#: One kept connection a thread and server; the threads that read are few and live long.
_kept = threading.local()


class NotFetchedError(Exception):
    """The server did not send what was asked for in the way that was asked for."""


class ByteFile:
    """One file whose ranges are read; the size it had at first must not change.

    Parameters
    ----------
    href
        Address to open, with its signature, or path.
    """

    def __init__(self, href: str) -> None:
        self._parts = urlsplit(href) if "://" in href else None
        self._path = href
        self.size: int | None = None

    def read(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes from ``start`` on, fewer at the end of the file.

        Raises
        ------
        NotFetchedError
            If they cannot be had.
        """
        if self._parts is None:
            try:
                with Path(self._path).open("rb") as file:
                    file.seek(start)
                    return file.read(length)
            except OSError as error:
                raise NotFetchedError(error.strerror or "it cannot be read") from error
        body, total = _get(self._parts, start, length)
        if self.size is None:
            self.size = total
        elif self.size != total:
            raise NotFetchedError("it has changed")
        return body


def reachable(href: str) -> bool:
    """Tell whether ranges of an address are read here: plain paths and HTTP without a proxy."""
    if "://" not in href:
        return not href.startswith("/vsi")
    parts = urlsplit(href)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    return parts.scheme not in urllib.request.getproxies() or bool(urllib.request.proxy_bypass(parts.hostname))


def _get(parts: SplitResult, start: int, length: int) -> tuple[bytes, int]:
    reason = ""
    for attempt in range(_ATTEMPTS):
        if attempt:
            # Jitter: many readers that were refused together should not come back together.
            time.sleep(_FIRST_PAUSE * 2 ** (attempt - 1) * (0.5 + random.random()))  # noqa: S311 - no secret
        try:
            status, total, body = _ask(parts, start, length)
        except (http.client.HTTPException, OSError) as error:
            if isinstance(error, (ConnectionRefusedError, ssl.SSLError)):
                raise NotFetchedError(type(error).__name__) from error
            reason = type(error).__name__
            continue
        if status == _PARTIAL and total is not None and len(body) == min(length, total - start):
            return body, total
        reason = f"HTTP status {status}"
        if status not in _BUSY:
            break
    raise NotFetchedError(reason)


def _ask(parts: SplitResult, start: int, length: int) -> tuple[int, int | None, bytes]:
    connection, fresh = _connection(parts)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = {**_HEADERS, "Range": f"bytes={start}-{start + length - 1}"}
    try:
        try:
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            if fresh:
                raise
            # The server closed a connection that was kept too long.
            connection.close()
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse()
        if answer.status != _PARTIAL:
            # The body may be the whole file, or a page: nobody wants it.
            connection.close()
            return answer.status, None, b""
        found = _TOTAL.match(answer.headers.get("Content-Range", ""))
        return answer.status, int(found[1]) if found else None, answer.read()
    except BaseException:
        connection.close()
        raise


def _connection(parts: SplitResult) -> tuple[http.client.HTTPConnection, bool]:
    kept: dict[tuple[str, str], http.client.HTTPConnection] | None = getattr(_kept, "connections", None)
    if kept is None:
        kept = _kept.connections = {}
    key = (parts.scheme, parts.netloc)
    fresh = key not in kept
    if fresh:
        host = parts.hostname or ""
        kept[key] = (
            http.client.HTTPSConnection(host, parts.port, timeout=_TIMEOUT, context=_certificates())
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=_TIMEOUT)
        )
    return kept[key], fresh


@functools.cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()
