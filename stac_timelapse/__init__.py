"""Cloud-free monthly timelapses of any place from open satellite archives."""

from __future__ import annotations

__version__ = "0.1.0"
