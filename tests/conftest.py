"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_REAL = Path(__file__).resolve().parents[2] / "shared" / "real"


@pytest.fixture(scope="session")
def real() -> Path:
    """Return the folder of real scenes, STAC documents and vector files kept beside the checkout."""
    if not _REAL.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"the real data are missing at {_REAL}; continuous integration must have them")
        pytest.skip("the real data folder '../shared/real' is not beside this checkout")
    return _REAL
