"""The dashboard: what ``panel serve app`` shows."""
