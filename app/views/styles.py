"""The style sheets of the page's own HTML."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).resolve().parents[1] / "assets"
PAGE_CSS = (ASSETS / "page.css").read_text(encoding="utf-8")
PLAYER_CSS = (ASSETS / "player.css").read_text(encoding="utf-8")
