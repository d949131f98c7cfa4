"""A place on the page whose content the browser gets when it is first to be seen."""

from __future__ import annotations

from typing import Any

import panel as pn


class Later:
    """An empty column until its content is asked for: a page that holds what nobody sees yet is slow to come.

    Parameters
    ----------
    content
        What it will hold. It is there from the beginning and follows the state; only the browser has not got it.
    style
        Of the column.
    """

    def __init__(self, *content: Any, **style: Any) -> None:
        self.panel: Any = pn.Column(**{"margin": 0, "sizing_mode": "stretch_width", **style})
        self._content = content

    def come(self) -> None:
        """Have the content there, from now on."""
        if not self.panel.objects:
            self.panel.extend(self._content)

    def show(self, *, shown: bool) -> None:
        """Show it or hide it."""
        if shown:
            self.come()
        self.panel.visible = shown
