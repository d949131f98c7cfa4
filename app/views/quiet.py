"""What a visitor does to a widget, told from what the widget is made to show."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self


class Quiet:
    """Widgets of one view: while they follow the state, what they say is no choice.

    Parameters
    ----------
    in_turn
        Of the session's actions.
    """

    def __init__(self, in_turn: Callable[[Callable[[], None]], None]) -> None:
        self._in_turn = in_turn
        self._following = False

    def __enter__(self) -> Self:
        self._following = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._following = False

    def pass_on(self, change: Callable[[], None]) -> None:
        """Make a change in its turn, unless the widget only follows."""
        if not self._following:
            self._in_turn(change)
