"""Bokeh's lifecycle hooks of the server: our routes, the demo catalogue, what a killed server left behind.

Bokeh runs this file before the server's table of addresses is made, see docs/decisions/0005-routes-without-plugins.md.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import Any

# The one adapter to something Bokeh does not document: the list that Panel, too, appends its own routes to.
from bokeh.server.urls import toplevel_patterns

from app import basemap, routes, session, spare, workspace
from stac_timelapse import pipeline

# Dask tells of every worker that comes and goes; an operator wants to read what went wrong.
logging.getLogger("distributed").setLevel(logging.WARNING)
_settings = session.settings()
toplevel_patterns.extend([*routes.routes(_settings.work_folder), *basemap.ROUTES])
spare.install()

_LAST_SECONDS = 15.0


def on_server_loaded(context: Any) -> None:
    """Clear old session files; have the demo catalogue and a page ready before the first visitor comes."""
    # Python's own KeyboardInterrupt is lost where it is raised in a finalizer: Ctrl-C takes Bokeh's way for SIGTERM.
    signal.signal(signal.SIGINT, lambda *_: signal.raise_signal(signal.SIGTERM))
    workspace.sweep(_settings.work_folder)
    if "demo" in _settings.catalogs:
        pipeline.demo_url(_say)
    spare.spares.prepare(context.application_context, seconds=0)


def on_server_unloaded(_context: Any) -> None:
    """Stop the workers; the demo's server ends with the process, and that soon, whatever still reads."""
    # Python waits for threads, and one that reads from a server that hangs may take a minute.
    last = threading.Timer(_LAST_SECONDS, os._exit, (0,))
    last.daemon = True
    last.start()
    session.close_engine()


def _say(done: int, total: int, words: str) -> None:
    if done < total and done % 10 == 0:
        sys.stderr.write(f"Demo catalogue: {words} ({done} of {total})\n")
