"""One's own formula: typed, or looked up in the library of spectral indices."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.actions import Actions
from app.state import AppState, assign
from app.views.quiet import Quiet
from app.views.styles import PAGE_CSS
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.appearance import OWN
from stac_timelapse.picture.formula import parse
from stac_timelapse.picture.index_library import SpectralIndex, index_library, index_of, indices_of
from stac_timelapse.scenes.union import bands_of

_HELP = (
    "Bands are reflectance, 0 to 1 ({bands}). Use + - * / **, comparisons, and, or, not, "
    "abs, sqrt, log, exp, min, max, where(condition, value, other). <i>Name = …</i> gives it a title."
)


class FormulaChoice:
    """The widgets of one's own formula, shown while that is the picture.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        self._actions = actions
        self._quiet = Quiet(actions.in_turn)
        #: Label in the list -> index.
        self._offered: dict[str, SpectralIndex] = {}
        wide: dict[str, Any] = {"sizing_mode": "stretch_width", "size": "small"}
        self._library = pmui.AutocompleteInput(
            label="Look up an index",
            placeholder="e.g. EVI, burn, water",
            min_characters=1,
            case_sensitive=False,
            search_strategy="includes",
            margin=(10, 0, 0, 0),
            css_classes=["t-index"],
            **wide,
        )
        self._field = pmui.TextAreaInput(
            label="Formula",
            rows=2,
            auto_grow=True,
            max_rows=6,
            margin=(12, 0, 0, 0),
            css_classes=["t-formula"],
            **wide,
        )
        self._note = pn.pane.HTML(
            "", stylesheets=[PAGE_CSS], margin=(0, 0, 6, 0), sizing_mode="stretch_width", css_classes=["t-formula-note"]
        )
        self.panel = pn.Column(self._library, self._field, self._note, sizing_mode="stretch_width", margin=0)
        self._link()

    def _link(self) -> None:
        self._library.param.watch(lambda _event: self._quiet.pass_on(self._look_up), "value")
        self._field.param.watch(lambda _event: self._quiet.pass_on(self._take), "value")
        self._field.param.watch(self._typed, "value_input")
        self._state.param.watch(self._follow, ["preset", "formula", "catalog"])
        self._follow()

    def _typed(self, event: Any) -> None:
        if "\n" in (event.new or ""):  # Enter
            self._quiet.pass_on(lambda: self._use(event.new))

    def _take(self) -> None:
        self._use(self._field.value)

    def _look_up(self) -> None:
        found = self._offered.get(self._library.value or "")
        if found is not None:
            self._use(found.formula.text)

    def _use(self, text: str) -> None:
        """Make a text the formula, or say why it is none; what was typed stays."""
        state = self._state
        try:
            formula = parse(text)
            there = bands_of(state.catalog)
            lacking = [band for band in formula.bands if band not in there]
            if lacking:
                raise InvalidInputError(f"This catalogue has no {' and no '.join(lacking)}: use {', '.join(there)}.")  # noqa: TRY301
        except InvalidInputError as error:
            still = f" Until it is mended, the picture is {escape(state.picture.title)}."
            self._tell(f'<p class="bad" role="alert">{escape(str(error))}{still}</p>')
            return
        if formula.text != state.formula:
            # Limits by hand were those of the one before.
            assign(state, formula=formula.text, limits=())
        self._follow()

    def _follow(self, *_events: Any) -> None:
        with self._quiet:
            shown = self._state.preset == OWN
            self.panel.visible = shown
            if shown:
                self._offer()
                self._field.value = self._state.formula
                self._tell(self._about())

    def _offer(self) -> None:
        """Offer the indices that the catalogue's bands allow."""
        offered = {f"{one.name} · {one.title}": one for one in indices_of(bands_of(self._state.catalog))}
        if offered.keys() != self._offered.keys():
            self._offered = offered
            self._library.options = [*offered]

    def _about(self) -> str:
        there = bands_of(self._state.catalog)
        known = index_of(self._state.formula)
        missing = len(index_library()) - len(self._offered)
        words = _HELP.format(bands=", ".join(there))
        if known is not None:
            words = (
                f"<b>{escape(known.title)}</b> ({escape(known.domain)}), after "
                f'<a href="{escape(known.reference)}" target="_blank" rel="noopener">{escape(known.reference)}</a>'
            )
        if missing:
            words += f"<br>{missing} more indices need bands that this catalogue does not have."
        return f'<p class="hint">{words}</p>'

    def _tell(self, html: str) -> None:
        self._note.object = html
