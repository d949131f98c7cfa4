"""Files of a session that the browser fetches over HTTP, each folder under an unguessable name."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")
_TOKEN_BYTES = 24
_NAME_LENGTH = 40
_STALE_SECONDS = 24 * 3600


class Workspace:
    """The folders of one session.

    Parameters
    ----------
    root
        Folder of the whole server; each folder in it is named by its token.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tokens: list[str] = []

    def new_folder(self) -> Path:
        """Make an empty folder; its name is the token that gives access to it."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        folder = self._root / token
        folder.mkdir(parents=True)
        self._tokens.append(token)
        return folder

    @contextmanager
    def filling(self) -> Iterator[Path]:
        """Give a new folder to be filled; it is deleted again if that fails or is called off."""
        folder = self.new_folder()
        try:
            yield folder
        except BaseException:
            self.remove(folder)
            raise

    def remove(self, folder: Path) -> None:
        """Delete one of the session's folders."""
        if folder.name in self._tokens:
            self._tokens.remove(folder.name)
            shutil.rmtree(self._root / folder.name, ignore_errors=True)

    def close(self) -> None:
        """Delete all folders of the session."""
        for token in self._tokens:
            shutil.rmtree(self._root / token, ignore_errors=True)
        self._tokens.clear()


def plain_name(name: str) -> str:
    """Return a name as a part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_NAME_LENGTH]


def find_file(root: Path, token: str, name: str) -> Path | None:
    """Return the file behind a token and a name, or None; neither can lead out of the token's folder."""
    if not TOKEN.fullmatch(token) or not FILE_NAME.fullmatch(name):
        return None
    path = root / token / name
    return path if path.is_file() and not path.is_symlink() else None


def sweep(root: Path, *, older_than: float = _STALE_SECONDS) -> None:
    """Delete the folders that a server left behind when it was killed.

    Parameters
    ----------
    root
        As of `Workspace`.
    older_than
        Seconds since the folder last changed.
    """
    if not root.is_dir():
        return
    limit = time.time() - older_than
    for folder in root.iterdir():
        if TOKEN.fullmatch(folder.name) and folder.is_dir() and folder.stat().st_mtime < limit:
            shutil.rmtree(folder, ignore_errors=True)
