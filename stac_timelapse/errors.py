"""Every error a caller may meet: one sentence with what, which value, and what to do."""

from __future__ import annotations

import re
from typing import Literal

#: What follows the question mark of an address, and a signature or token that stands alone.
_SECRETS = re.compile(
    r"\?\S*|\b(?:sig|signature|token|access_token|api_?key|key|secret|password)=[^\s&,;)]+", re.IGNORECASE
)
_CREDENTIALS = re.compile(r"//[^/\s@]+@")


class TimelapseError(Exception):
    """Base of all errors of this package; its text is one plain sentence for the user."""

    exit_code = 1


class InvalidInputError(TimelapseError):
    """The user's input cannot be used as it is (area, dates, bands, file ...)."""

    exit_code = 2


class TooBigError(InvalidInputError):
    """The request is larger than what is allowed; the text suggests what would fit."""


class NothingFoundError(TimelapseError):
    """The search came back without a usable scene.

    Parameters
    ----------
    message
        The sentence for the user.
    reason
        ``"no_scenes"``: the catalogue has nothing there and then;
        ``"all_cloudy"``: it has scenes, but all are above the cloud limit.
    """

    exit_code = 3

    def __init__(self, message: str, reason: Literal["no_scenes", "all_cloudy"]) -> None:
        super().__init__(message, reason)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.args[0])


class ProviderError(TimelapseError):
    """The catalogue or the file server did not do its part (down, malformed, refused)."""

    exit_code = 4


class AssetReadError(ProviderError):
    """One file of one scene could not be read.

    Parameters
    ----------
    scene_id
        The STAC item's id.
    asset
        Band or mask name, e.g. ``"B04"``.
    reason
        What the reader said, without a signature or token.
    """

    def __init__(self, scene_id: str, asset: str, reason: str) -> None:
        super().__init__(scene_id, asset, reason)
        self.scene_id = scene_id
        self.asset = asset
        self.reason = reason

    def __str__(self) -> str:
        return f"Scene {self.scene_id}: {self.asset} could not be read ({self.reason})."


class CancelledError(TimelapseError):
    """The user stopped the work; what was finished is kept."""

    exit_code = 130


def without_secrets(text: str) -> str:
    """Return a text, made by others, without the queries and credentials of the addresses in it."""
    return _SECRETS.sub("", _CREDENTIALS.sub("//", text)).strip()


def cause_of(error: BaseException, length: int = 140) -> str:
    """Return what went wrong in a few words: the innermost cause, not the chain of wrappers, and no secret."""
    cause = error
    while deeper := cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__):
        cause = deeper
    text = without_secrets(str(cause).strip().split("\n", maxsplit=1)[0])
    text = re.sub(r"^\[Errno -?\d+\] ", "", text)  # a number that tells nobody anything
    return text[:length] if text else type(cause).__name__
