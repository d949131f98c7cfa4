"""One visitor's session: state, actions and page, and what happens when it ends."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from html import escape
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import panel as pn
from bokeh.document import Document

from app.actions import Actions
from app.engine import Engine, LibraryEngine
from app.jobs import UNEXPECTED
from app.page_updates import together
from app.routes import PAGE_SCRIPTS, WIDGETS_SCRIPT
from app.samples import usual_dates
from app.settings import AppSettings
from app.state import AppState, assign
from app.views.page import PageView
from app.workspace import Workspace

_log = logging.getLogger(__name__)
_lock = threading.Lock()
#: What the visitors' addresses ask for, by the documents of their pages.
_queries: WeakKeyDictionary[Document, str] = WeakKeyDictionary()


@functools.cache
def settings() -> AppSettings:
    """Return the settings of this server process."""
    return AppSettings.from_environment()


@functools.cache
def _engine() -> LibraryEngine:
    return LibraryEngine(settings())


def engine() -> LibraryEngine:
    """Return the engine that all sessions of this process share."""
    with _lock:
        return _engine()


def close_engine() -> None:
    """Stop the shared engine's workers, if there are any."""
    with _lock:
        if _engine.cache_info().currsize:
            _engine().close()
            _engine.cache_clear()


def open_session(make_engine: Callable[[], Engine] = engine) -> None:
    """Serve the page of a new session; if it cannot be made, serve a page that says why.

    Without that, Bokeh would answer with an empty white page.
    """
    try:
        _build(make_engine()).servable(title="STAC Timelapse")
        _hasten()
    except Exception as error:  # noqa: BLE001 - whatever it is, the visitor sees a sentence and the log the rest
        _log.exception("The page could not be made")
        pn.pane.HTML(_sorry(error), sizing_mode="stretch_width").servable(title="STAC Timelapse")


def is_page(document: Document) -> bool:
    """Tell whether a document holds the page, and not the reason why that could not be made."""
    return document in _queries


def ask(document: Document, query: str) -> None:
    """Have a page open what its visitor's address says, once the browser is there.

    Parameters
    ----------
    query
        Of the address, without the question mark.
    """
    _queries[document] = query


def _build(shared: Engine) -> pn.viewable.Viewable:
    chosen = settings()
    document = pn.state.curdoc
    if document is None:
        raise RuntimeError("a session was asked for outside of a served document")
    pn.extension()  # else Panel sends every library that any of its widgets may need
    pn.config.js_files = {name: f"assets/{name}" for name in PAGE_SCRIPTS}
    state = AppState(catalog=chosen.catalogs[0])
    state.param.update(**usual_dates(state.catalog))
    workspace = Workspace(chosen.work_folder)

    def post(change: Callable[[], None]) -> None:
        def apply() -> None:
            try:
                with together(document):
                    change()
            except Exception as error:  # noqa: BLE001 - in a callback nobody else would hear of it
                _log.exception("The page could not follow its state")
                assign(state, phase="failed", message=UNEXPECTED.format(kind=type(error).__name__), progress=None)

        document.add_next_tick_callback(apply)

    actions = Actions(state, shared, workspace, post)
    # Bokeh empties the script's globals before it calls this: it must only need what it holds itself.
    pn.state.on_session_destroyed(lambda _context: actions.close())
    view = PageView(state, actions, chosen)
    _queries[document] = ""
    # Not before a browser is there: what only fetches a link builds nothing.
    pn.state.onload(lambda: view.address.open(_queries[document]))
    page: pn.viewable.Viewable = view.page()
    return page


def _hasten() -> None:
    """Let the browser read the widgets' code while it waits for the page, see assets/widgets_code.js."""
    document = pn.state.curdoc
    for root in () if document is None else document.roots:
        if address := getattr(root, "esm", ""):
            query = urlencode({"of": address})
            pn.config.js_files = {**pn.config.js_files, WIDGETS_SCRIPT: f"assets/{WIDGETS_SCRIPT}?{query}"}


def _sorry(error: Exception) -> str:
    return (
        '<div style="font:16px/1.5 Roboto,system-ui,sans-serif;max-width:46rem;margin:12vh auto;padding:0 24px;'
        'color:#17282b"><h1 style="font-size:24px;font-weight:500">The page cannot be shown</h1>'
        f"<p>{escape(str(error)) or type(error).__name__}</p>"
        '<p style="color:#52666a">Reload the page; if it happens again, the server\'s log has the details.</p></div>'
    )
