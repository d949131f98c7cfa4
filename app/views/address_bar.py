"""The browser's address and history."""

from __future__ import annotations

import param
from panel.custom import JSComponent

from app.actions import Actions
from app.address import Address
from app.state import AppState


class AddressBar(JSComponent):
    """Writes a query into the address, as a new entry of the history or in place of the present one.

    It shows nothing. Panel's own location makes an entry of every change.

    Parameters
    ----------
    state, actions
        The session's.
    """

    entry = param.List(default=[0, ""], doc="Number of the history's entry, and its query.")
    visited = param.List(default=[0, ""], doc="How often back or forward was pressed, and the query it led to.")

    _esm = """
    export function render({model}) {
      let [number] = model.entry
      const write = () => {
        const [entry, query] = model.entry
        const url = `${location.pathname}${query ? "?" + query : ""}${location.hash}`
        history[entry === number ? "replaceState" : "pushState"]({}, "", url)
        number = entry
      }
      let visits = 0
      const visit = () => { model.visited = [++visits, location.search.slice(1)] }
      model.on("entry", write)
      window.addEventListener("popstate", visit)
      model.on("remove", () => window.removeEventListener("popstate", visit))
      return document.createElement("span")
    }
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        super().__init__(width=0, height=0, margin=0)  # type: ignore[no-untyped-call]
        self._address = Address(state, actions, self._tell)
        self.param.watch(lambda _event: self._address.open(str(self.visited[1])), "visited")

    def open(self, query: str) -> None:
        """Open the link with which the page was asked for."""
        if query:
            self._address.open(query)

    def _tell(self, query: str, begins: bool) -> None:  # noqa: FBT001 - the one caller says which
        self.param.update(entry=[int(self.entry[0]) + begins, query])
