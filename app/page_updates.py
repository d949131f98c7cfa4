"""The one door through which changes reach the browser, see docs/decisions/0007-one-door-to-the-page.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bokeh.document import Document


@contextmanager
def together(document: Document) -> Iterator[None]:
    """Send what changes on the page inside in the order in which it changed, when all of it is known.

    Must be entered under the document's lock. Inside another one it adds to that one.
    """
    callbacks = document.callbacks
    if callbacks.hold_value is not None:
        yield
        return
    document.hold("combine")
    try:
        yield
    finally:
        # Bokeh tells a model's listeners of what was held only now. Panel, which listens for what the visitor does,
        # would take it for that and set it again a moment later, over newer changes. Panel's own `hold` drops the
        # listeners too. Bokeh has no public way to reach what it holds.
        for event in callbacks._held_events:  # noqa: SLF001
            event.callback_invoker = None
        document.unhold()
