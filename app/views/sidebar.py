"""The sidebar: three steps, then what was found, and the one button that comes next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.actions import Actions
from app.settings import AppSettings
from app.state import AppState
from app.views.calendar import estimate_html, found_html, months_html
from app.views.how import HowStep
from app.views.later import Later
from app.views.passes import PassList
from app.views.styles import PAGE_CSS
from app.views.when import WhenStep
from app.views.where import WhereStep
from app.views.words import count


class Sidebar:
    """Builds the sidebar and keeps it true to the state.

    Parameters
    ----------
    state, actions, settings
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions, settings: AppSettings) -> None:
        self._state = state
        self._actions = actions
        self.where = WhereStep(state, actions, settings)
        self.when = WhenStep(state, actions, settings)
        self.how = HowStep(state, actions)
        self._steps = [
            Step(1, "Where", self.where.panel, self.where.summary, state, actions.in_turn),
            Step(2, "When", self.when.panel, self.when.summary, state, actions.in_turn),
            Step(3, "How", self.how.panel, self.how.summary, state, actions.in_turn, open_=False),
        ]
        self._found = pn.pane.HTML(
            "", stylesheets=[PAGE_CSS], sizing_mode="stretch_width", margin=0, css_classes=["t-found"]
        )
        self._cost = pn.pane.HTML(
            "", stylesheets=[PAGE_CSS], sizing_mode="stretch_width", margin=0, css_classes=["t-cost"]
        )
        self._months = pn.pane.HTML(
            "", stylesheets=[PAGE_CSS], sizing_mode="stretch_width", margin=0, css_classes=["t-months"]
        )
        passes = PassList(state, actions)
        parts = (self._found, passes.panel, self._cost, self._months)
        self._result = Step(4, "Build", pn.Column(*parts, margin=0), self._outcome, state, actions.in_turn, shown=False)
        self._footer = Footer(state, actions)
        self.panel = pn.Column(
            *(step.card for step in self._steps),
            self._result.card,
            pn.Spacer(height=8),
            self._footer.panel,
            sizing_mode="stretch_width",
            margin=0,
            # Not a height: beyond it the footer would not stick to the bottom.
            styles={"min-height": "100%"},
        )
        state.param.watch(self._refresh, list(state.param))
        state.param.watch(self._fold, "phase")
        self._refresh()

    def _refresh(self, *_events: Any) -> None:
        state = self._state
        old = '<p class="quiet old">From before your last change:</p>'
        asked = state.busy or state.is_current
        self._found.object = (old if state.scenes is not None and not asked else "") + found_html(state)
        begun = state.phase == "building" or (state.series is not None and state.series.recipe == state.searched)
        told = not asked or (begun and not state.refusal)
        self._cost.object = "" if told else estimate_html(state.estimate, state.refusal)
        doing = state.progress.month if state.phase == "building" and state.progress is not None else ""
        months = months_html(state.series, doing, state.current, at_work=state.phase == "building")
        self._months.object = f"{old}{months}" if months and state.is_outdated else months
        self._result.show(shown=state.scenes is not None or state.series is not None)

    def _fold(self, event: Any) -> None:
        """Make room for what was found; open the steps again where the answer lies in them."""
        if event.new == "found":
            for step in self._steps:
                step.open(opened=False)
        elif event.new in {"no_scenes", "all_cloudy"}:
            self._steps[0].open(opened=event.new == "no_scenes")
            self._steps[1].open(opened=True)

    def _outcome(self) -> str:
        used = self._state.used
        if used is None:
            return ""
        return f"{count(len(used.passes), 'pass', 'passes')} in {count(len(used.months), self._state.noun)}"


class Step:
    """A card with a number, a title, and one line that says what is chosen when it is folded.

    Parameters
    ----------
    number, title
        Shown in its header.
    body
        Its content.
    summary
        Returns the line; asked again at every change of the state.
    state
        The session's.
    in_turn
        Of the session's actions.
    open_
        Whether it starts unfolded.
    shown
        Whether it is there from the beginning.
    """

    def __init__(
        self,
        number: int,
        title: str,
        body: Any,
        summary: Any,
        state: AppState,
        in_turn: Callable[[Callable[[], None]], None],
        *,
        open_: bool = True,
        shown: bool = True,
    ) -> None:
        self._number, self._title, self._summary = number, title, summary
        self._header = pn.pane.HTML("", stylesheets=[PAGE_CSS], sizing_mode="stretch_width", margin=0)
        self._body = Later(body)
        self.card = pmui.Card(
            self._body.panel,
            header=self._header,
            collapsed=not open_,
            visible=shown,
            elevation=0,
            square=True,
            margin=0,
            sizing_mode="stretch_width",
            css_classes=[f"t-step-{title.lower()}"],
            sx={
                "borderBottom": "1px solid var(--line-soft)",
                "& .MuiCardHeader-root": {
                    "padding": "10px 12px 10px 18px",
                    "position": "relative",
                    "overflow": "clip",  # what is hidden can still be scrolled to, and then the title is cut off
                },
                "& .MuiCardHeader-action button": {"color": "var(--ink-soft)"},
                # The whole header opens and closes the step, not only its arrow (which turns, and its area with it).
                "& .MuiCardHeader-action button::after": {
                    "content": '""',
                    "position": "absolute",
                    "inset": "-16px -400px",
                },
                "& .MuiCardContent-root": {"padding": "0 18px 12px 18px !important"},
            },
        )
        self._show()
        self._fill()
        self.card.param.watch(lambda _event: in_turn(self._fill), "collapsed")
        state.param.watch(self._show, list(state.param))

    def open(self, *, opened: bool) -> None:
        """Unfold or fold it."""
        self.card.collapsed = not opened

    def show(self, *, shown: bool) -> None:
        """Show or hide it."""
        self.card.visible = shown
        self._fill()

    def _fill(self) -> None:
        if self.card.visible and not self.card.collapsed:
            self._body.come()

    def _show(self, *_events: Any) -> None:
        self._header.object = (
            f'<div class="step"><span class="number">{self._number}</span><span class="title">{self._title}</span>'
            f'<span class="summary">{self._summary()}</span></div>'
        )


class Footer:
    """The next action, always in sight: search, build, or progress and cancel.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        wide = {"sizing_mode": "stretch_width", "margin": (4, 0)}
        self._search = pmui.Button(
            label="Search", icon="search", css_classes=["t-search"], disable_elevation=True, **wide
        )
        self._build = pmui.Button(
            label="Build", icon="movie_filter", css_classes=["t-build"], disable_elevation=True, **wide
        )
        self._cancel = pmui.Button(
            label="Cancel",
            variant="outlined",
            color="default",
            css_classes=["t-cancel"],
            width=96,
            margin=(4, 0, 4, 10),
        )
        self._line = pn.pane.HTML(
            "", stylesheets=[PAGE_CSS], css_classes=["t-progress"], margin=0, sizing_mode="stretch_width"
        )
        self._bar = pmui.LinearProgress(
            value=0, variant="determinate", active=False, sizing_mode="stretch_width", margin=(2, 0, 6, 0)
        )
        line = pn.Column(self._line, self._bar, sizing_mode="stretch_width", margin=0)
        self._working = Later(pn.Row(line, self._cancel, sizing_mode="stretch_width", margin=0))
        self._built = Later(self._build)
        self._search.on_click(lambda _event: actions.search())
        self._build.on_click(lambda _event: actions.build())
        self._cancel.on_click(lambda _event: actions.cancel())
        self.panel = pn.Column(
            self._working.panel,
            self._built.panel,
            self._search,
            sizing_mode="stretch_width",
            margin=0,
            styles={
                "position": "sticky",
                "bottom": "0",
                "background": "var(--panel-surface-color, #fff)",
                "padding": "10px 18px 12px",
                "border-top": "1px solid var(--line-soft)",
                "box-shadow": "0 -6px 16px -12px #0f3d3e66",
                "z-index": "5",
                "margin-top": "auto",
            },
        )
        state.param.watch(self._show, list(state.param))
        self._show()

    def _show(self, *_events: Any) -> None:
        state = self._state
        ready = state.is_current and not state.refusal
        self._working.show(shown=state.busy)
        self._search.visible = not state.busy
        self._search.disabled = state.aoi is None
        self._search.variant = "text" if ready else "contained"
        self._search.label = "Search again" if state.scenes is not None or state.series is not None else "Search"
        self._built.show(shown=not state.busy and ready)
        if state.scenes is not None:
            built = state.is_built
            self._build.variant = "outlined" if built else "contained"
            self._build.label = f"{'Build again' if built else 'Build'} · {count(len(state.scenes.months), state.noun)}"
        self._line.object, share = progress_words(state)
        # The indeterminate bar runs while there is nothing to count.
        self._bar.variant = "indeterminate" if share is None else "determinate"
        self._bar.value = 0 if share is None else round(100 * share)


def progress_words(state: AppState) -> tuple[str, float | None]:
    """Return a line about the work under way and the share that is done, None where it cannot be known."""
    if state.message:
        return state.message, None
    progress = state.progress
    if state.phase != "building" or progress is None:
        return "Starting the workers …", None
    total = max(progress.months_total, 1)
    if not progress.month:
        share = progress.tiles_done / max(progress.tiles_total, 1)
        return f"<b>Looking for bright ground</b> · tile {progress.tiles_done} of {progress.tiles_total}", share
    within = progress.tiles_done / progress.tiles_total if progress.tiles_total else 0.0
    number = min(progress.months_done + 1, total)
    tiles = f" · tile {progress.tiles_done} of {progress.tiles_total}" if progress.tiles_total > 1 else ""
    share = min((progress.months_done + within) / total, 1.0)
    return f"<b>{state.noun.capitalize()} {number} of {total}</b>{tiles}", share
