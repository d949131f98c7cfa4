"""A session that is made before its visitor comes, so that nobody waits for the page's widgets to be made.

The adapter to what Panel and Bokeh do not document: the handler of the page's address, and the list it stands in. That
a request may name its session is Bokeh's own. See docs/decisions/0025-a-session-made-beforehand.md.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from bokeh.server.contexts import ApplicationContext
from bokeh.server.session import ServerSession
from bokeh.server.urls import per_app_patterns
from bokeh.settings import settings as bokeh_settings
from bokeh.util.token import generate_jwt_token, generate_session_id
from panel.io.server import DocHandler
from tornado.httputil import HTTPServerRequest, RequestStartLine
from tornado.ioloop import IOLoop

from app import session

_log = logging.getLogger(__name__)

_NAMED_BY = "Bokeh-Session-Id"
#: Making a session keeps the server busy for most of a second: not while a visitor's page is being drawn.
_PAUSE_SECONDS = 3.0
#: How long a visitor's browser may take to connect to the session it was given.
_GRACE_SECONDS = 10.0
#: Of the token by which the browser connects: the session is given away on the day on which it was made.
_LIFE_SECONDS = 2 * 86_400


@dataclass(frozen=True, slots=True)
class _Spare:
    session: ServerSession
    made: date


class Spares:
    """Keeps one session ready for each address of the page."""

    def __init__(self) -> None:
        self._ready: WeakKeyDictionary[ApplicationContext, _Spare] = WeakKeyDictionary()
        self._asked: WeakKeyDictionary[ApplicationContext, Any] = WeakKeyDictionary()

    def prepare(self, context: ApplicationContext, seconds: float = _PAUSE_SECONDS) -> None:
        """Have a session made, once nobody has come for some seconds."""
        if asked := self._asked.pop(context, None):
            IOLoop.current().remove_timeout(asked)
        if context not in self._ready:
            self._asked[context] = IOLoop.current().call_later(seconds, self._make, context)

    def take(self, context: ApplicationContext) -> ServerSession | None:
        """Return the session that is ready, which is not ready for anyone else then."""
        spare = self._ready.pop(context, None)
        if spare is None:
            return None
        # Until then it ends like a session that somebody has left, and none of it is kept.
        IOLoop.current().call_later(_GRACE_SECONDS, spare.session.unblock_expiration)
        # A page of yesterday offers yesterday's dates.
        return spare.session if spare.made == _today() and not spare.session.destroyed else None

    async def _make(self, context: ApplicationContext) -> None:
        self._asked.pop(context, None)
        if context in self._ready:  # somebody came while it was made
            return
        key, signed = bokeh_settings.secret_key_bytes(), bokeh_settings.sign_sessions()
        session_id = generate_session_id(key, signed)
        token = generate_jwt_token(session_id, key, signed, expiration=_LIFE_SECONDS)
        request = HTTPServerRequest(start_line=RequestStartLine("GET", "/", "HTTP/1.0"))
        made = await context.create_session_if_needed(session_id, request, token)
        if session.is_page(made.document):
            made.block_expiration()
            self._ready[context] = _Spare(made, _today())
        else:
            _log.warning("A session made beforehand failed; the next visitor's is made when the visitor comes")


spares = Spares()


class PageHandler(DocHandler):
    """Serves the page, in a session that was made beforehand if there is one."""

    async def get_session(self) -> ServerSession:  # type: ignore[override]
        """Return the visitor's session, which knows what the address asks for."""
        named = self.get_argument("bokeh-token", None) or self.get_argument("bokeh-session-id", None)
        if not named and _NAMED_BY not in self.request.headers and (ready := spares.take(self.application_context)):
            self.request.headers[_NAMED_BY] = ready.id
        visited: ServerSession = await super().get_session()  # type: ignore[misc]
        # None is a visitor whom Panel has sent to its login.
        if visited is not None and session.is_page(visited.document):
            session.ask(visited.document, self.request.query)
            spares.prepare(self.application_context)
        return visited


def install() -> None:
    """Serve the page by `PageHandler`; for before the server's table of addresses is made."""
    per_app_patterns[:] = [(one[0], PageHandler, *one[2:]) if one[1] is DocHandler else one for one in per_app_patterns]


def _today() -> date:
    return datetime.now(UTC).date()
