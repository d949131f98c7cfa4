"""The style sheets of the page's own HTML, and the scripts of its components."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).resolve().parents[1] / "assets"
PAGE_CSS = (ASSETS / "page.css").read_text(encoding="utf-8")
PLAYER_CSS = (ASSETS / "player.css").read_text(encoding="utf-8")
CHART_CSS = (ASSETS / "chart_bar.css").read_text(encoding="utf-8")
CHANGES_CSS = (ASSETS / "changes.css").read_text(encoding="utf-8")


def script(*names: str) -> str:
    """Return scripts of the assets as one module, in this order; Panel loads no module from another."""
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)
