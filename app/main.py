"""What ``panel serve app`` runs for every visitor."""

from __future__ import annotations

from app.session import open_session

open_session()
