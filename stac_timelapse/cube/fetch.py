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

#: A server that sends nothing for so many seconds, or less than `_SLOWEST` bytes a second, hangs; it does so again:
#: one more try, not three.
_TIMEOUT = 30.0
_SLOWEST = 1000
_STALLS = 2
_ATTEMPTS = 4
_FIRST_PAUSE = 0.5
_BUSY = {429, 500, 502, 503, 504}
_PARTIAL = 206
_PIECE = 1 << 16
_TOTAL = re.compile(r"bytes \d+-\d+/(\d+)")
_HEADERS = {"User-Agent": f"stac-timelapse/{__version__}", "Accept-Encoding": "identity"}
#: One kept connection a thread and server; the threads that read are few and live long.
_kept = threading.local()


class NotFetchedError(Exception):
    """The server did not send what was asked for in the way that was asked for."""


class StalledError(NotFetchedError):
    """The server hangs; whoever asks it in another way would wait as long again."""


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
        buffer = bytearray(length)
        return bytes(buffer[: self.read_into(start, memoryview(buffer))])

    def read_into(self, start: int, buffer: memoryview) -> int:
        """Fill a buffer with the bytes from ``start`` on; return how many there were.

        Raises
        ------
        NotFetchedError
            If they cannot be had.
        """
        if self._parts is None:
            try:
                with Path(self._path).open("rb") as file:
                    file.seek(start)
                    return file.readinto(buffer)
            except OSError as error:
                raise NotFetchedError(error.strerror or "it cannot be read") from error
        read, total = _get(self._parts, start, buffer)
        if self.size is None:
            self.size = total
        elif self.size != total:
            raise NotFetchedError("it has changed")
        return read


def reachable(href: str) -> bool:
    """Tell whether ranges of an address are read here: plain paths and HTTP without a proxy."""
    if "://" not in href:
        return not href.startswith("/vsi")
    parts = urlsplit(href)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    return parts.scheme not in urllib.request.getproxies() or bool(urllib.request.proxy_bypass(parts.hostname))


def _get(parts: SplitResult, start: int, buffer: memoryview) -> tuple[int, int]:
    reason, stalls = "", 0
    for attempt in range(_ATTEMPTS):
        if attempt:
            # Jitter: many readers that were refused together should not come back together.
            time.sleep(_FIRST_PAUSE * 2 ** (attempt - 1) * (0.5 + random.random()))  # noqa: S311 - no secret
        try:
            status, total, read = _ask(parts, start, buffer)
        except (http.client.HTTPException, OSError) as error:
            if isinstance(error, (ConnectionRefusedError, ssl.SSLError)):
                raise NotFetchedError(type(error).__name__) from error
            stalls += isinstance(error, TimeoutError)
            if stalls == _STALLS:
                raise StalledError(f"the server hung for {_TIMEOUT:g} s, {_STALLS} times") from error
            reason = type(error).__name__
            continue
        if status == _PARTIAL and total is not None and read == min(len(buffer), total - start):
            return read, total
        if status == _PARTIAL and total is not None:
            reason = "its answer was cut short"
            continue
        reason = f"HTTP status {status}"
        if status not in _BUSY:
            break
    raise NotFetchedError(reason)


def _ask(parts: SplitResult, start: int, buffer: memoryview) -> tuple[int, int | None, int]:
    connection, fresh = _connection(parts)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = {**_HEADERS, "Range": f"bytes={start}-{start + len(buffer) - 1}"}
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
            return answer.status, None, 0
        found = _TOTAL.match(answer.headers.get("Content-Range", ""))
        return answer.status, int(found[1]) if found else None, _body(answer, buffer)
    except BaseException:
        connection.close()
        raise


def _body(answer: http.client.HTTPResponse, buffer: memoryview) -> int:
    filled, marked, begun = 0, 0, time.monotonic()
    # As it comes, piece by piece: who waits for the whole does not see how slowly it comes.
    while filled < len(buffer) and (read := answer.readinto1(buffer[filled : filled + _PIECE])):
        filled += read
        seconds = time.monotonic() - begun
        if seconds > _TIMEOUT:
            if filled - marked < _SLOWEST * seconds:
                raise TimeoutError
            marked, begun = filled, begun + seconds
    if answer.read(1):
        raise http.client.HTTPException("it sends more than was asked for")
    return filled


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
