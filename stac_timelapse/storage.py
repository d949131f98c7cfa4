"""Where this program keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "STAC_TIMELAPSE_CACHE"


def cache_folder() -> Path:
    """Return the cache folder: ``STAC_TIMELAPSE_CACHE``, or the user's own cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("stac-timelapse"))


def months_folder() -> Path:
    """Return where finished months are kept."""
    return cache_folder() / "months"
