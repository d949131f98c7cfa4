"""Brightness and colours: the stretch of the whole series, its palette, and its flicker."""

from __future__ import annotations

from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.actions import Actions
from app.results import Series
from app.state import LOOK, AppState, assign
from app.views.histogram import HistogramHandles, ends_of
from app.views.quiet import Quiet
from app.views.styles import PAGE_CSS
from stac_timelapse.picture.indices import Preset
from stac_timelapse.picture.palettes import PALETTES
from stac_timelapse.picture.stretch import USUAL_GAMMA

_HAND = "hand"
_STRETCHES: dict[str, Any] = {
    "Automatic": "auto",
    "2 to 98 % of the values": (2.0, 98.0),
    "1 to 99 % of the values": (1.0, 99.0),
    "All values": (0.0, 100.0),
    "By hand": _HAND,
}
#: Nothing is decided.
_AUTOMATIC: dict[str, Any] = {"limits": (), "percentiles": None, "gamma": None, "palette": "", "even": False}
#: Reflectance of land, from where limits by hand start before there is a series.
_LAND = (0.0, 0.3)
_PAINTING = '<p class="hint" role="status">Painting all months anew …</p>'
_COLOURS = ("Red", "Green", "Blue")


class Brightness:
    """The widgets of how bright the months are, and in which colours.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        self._actions = actions
        self._quiet = Quiet(actions.in_turn)
        wide: dict[str, Any] = {"sizing_mode": "stretch_width", "size": "small"}
        self._palette = pmui.Select(
            label="Palette", options=_palettes(), margin=(8, 0, 4, 0), css_classes=["t-palette"], **wide
        )
        self._without = _html("t-without-histogram")
        self._drawing = HistogramHandles(
            visible=False, margin=0, sizing_mode="stretch_width", css_classes=["t-histogram"]
        )
        self._stretch = pmui.Select(
            label="From dark to bright", options=_STRETCHES, margin=(8, 0, 4, 0), css_classes=["t-stretch"], **wide
        )
        self._rows = [_Row(name, self._by_hand) for name in _COLOURS]
        self._gamma = pmui.FloatSlider(
            label="Middle tones",
            start=0.5,
            end=3,
            step=0.1,
            margin=(8, 8, 0, 8),
            css_classes=["t-gamma"],
            **wide,
        )
        self._even = pmui.Switch(
            label="Even out brightness between months", margin=(8, 0, 0, 2), size="small", css_classes=["t-even"]
        )
        self._flicker = _html("t-flicker")
        self._automatic = pmui.Button(
            label="Back to automatic", variant="text", size="small", margin=0, css_classes=["t-automatic"]
        )
        self._note = _html("t-painting")
        self.panel = pn.Column(
            self._palette,
            self._without,
            self._drawing,
            self._stretch,
            *(row.panel for row in self._rows),
            self._gamma,
            self._even,
            self._flicker,
            self._automatic,
            self._note,
            sizing_mode="stretch_width",
            margin=0,
        )
        self._link()

    def _link(self) -> None:
        self._palette.param.watch(lambda _event: self._quiet.pass_on(self._choose), "value")
        self._drawing.param.watch(lambda _event: self._actions.in_turn(self._drag), "chosen")
        self._stretch.param.watch(lambda _event: self._quiet.pass_on(self._choose_stretch), "value")
        self._gamma.param.watch(lambda _event: self._quiet.pass_on(self._choose), "value_throttled")
        self._even.param.watch(lambda _event: self._quiet.pass_on(self._choose), "value")
        self._automatic.on_click(lambda _event: self._actions.in_turn(self._let_go))
        self._state.param.watch(lambda *_events: self._actions.recolour(), [*LOOK, "exporting"])
        self._state.param.watch(self._follow, [*LOOK, "exporting", "series", "phase"])
        self._follow()

    # -- what the widgets say --------------------------------------------------------------------------

    def _choose(self) -> None:
        gamma = round(float(self._gamma.value), 2)
        assign(
            self._state,
            palette=self._palette.value,
            gamma=None if gamma == USUAL_GAMMA else gamma,
            even=bool(self._even.value),
        )

    def _choose_stretch(self) -> None:
        chosen, picture = self._stretch.value, self._state.picture
        if chosen == _HAND and self._rows[0].panel.visible:
            self._take_limits()
        elif chosen == _HAND:
            assign(self._state, limits=picture.limits if picture.of_one_value else _LAND)
        else:
            assign(self._state, limits=(), percentiles=None if chosen == "auto" else chosen)

    def _by_hand(self) -> None:
        self._quiet.pass_on(self._take_limits)

    def _take_limits(self) -> None:
        """Take the limits as they stand in the fields; what is no pair is marked there and changes nothing."""
        rows = [row for row in self._rows if row.panel.visible]
        pairs = [row.check() for row in rows]
        if None not in pairs and pairs:
            assign(self._state, limits=tuple(end for pair in pairs if pair is not None for end in pair))

    def _drag(self) -> None:
        """Take the limits to which the handles in the histogram were moved, if they are still those on display."""
        limits = tuple(float(end) for end in self._drawing.chosen["limits"])
        if len(limits) == 2 * len(self._drawing.pairs):
            assign(self._state, limits=limits)

    def _let_go(self) -> None:
        assign(self._state, **_AUTOMATIC)

    # -- what the state says ---------------------------------------------------------------------------

    def _follow(self, *_events: Any) -> None:
        with self._quiet:
            self._show(self._state.picture)

    def _show(self, picture: Preset) -> None:
        state, series = self._state, self._series()
        bands = not picture.of_one_value
        self._palette.visible = not bands
        self._palette.value = state.palette
        self._stretch.value = _HAND if state.limits else state.percentiles or "auto"
        self._gamma.visible = self._even.visible = self._flicker.visible = bands
        self._gamma.value = USUAL_GAMMA if state.gamma is None else state.gamma
        self._even.value = state.even
        self._automatic.visible = any(getattr(state, name) != value for name, value in _AUTOMATIC.items())
        self._show_limits(picture, series)
        self._flicker.object = _words(_flicker_words(series))
        self._without.object = (
            _words("Once the months are built, their values are drawn here.") if series is None else ""
        )
        self._note.object = _PAINTING if self._painting() else ""

    def _series(self) -> Series | None:
        """Return the series on display, if it is of the picture that is chosen."""
        series = self._state.series
        if series is None or series.settled is None:
            return None
        chosen = self._state.appearance
        same = (series.appearance.preset, series.appearance.formula) == (chosen.preset, chosen.formula)
        return series if same else None

    def _show_limits(self, picture: Preset, series: Series | None) -> None:
        """Show the limits in the fields, and in the histogram of the series."""
        limits = self._state.limits
        settled = None if series is None else series.settled
        ends = [] if settled is None or series is None else ends_of(settled, series.picture)
        if limits:
            ends = [*zip(limits[::2], limits[1::2], strict=True)]
        several = picture.kind == "rgb" and not picture.joint
        count = 0 if not ends else len(_COLOURS) if several else 1
        names = [f"{_COLOURS[index].lower()} ({picture.bands[index]})" if several else "" for index in range(count)]
        pairs = [ends[min(index, len(ends) - 1)] for index in range(count)]
        for index, row in enumerate(self._rows):
            row.panel.visible = index < count
            row.show(names[index] if index < count else "", pairs[index] if index < count else None)
        self._drawing.visible = settled is not None
        if settled is not None and series is not None:
            self._drawing.draw(settled, series.picture, pairs, names)

    def _painting(self) -> bool:
        """Tell whether the series on display is being painted as it shall be shown now."""
        state, series = self._state, self._state.series
        if series is None or not series.results or state.busy or state.exporting or state.phase == "failed":
            return False
        return series.appearance != state.appearance and set(state.picture.needs) <= set(series.recipe.bands)


class _Row:
    """A low and a high limit.

    Parameters
    ----------
    name
        For its accessible names.
    on_change
        Called when one of them was changed.
    """

    def __init__(self, name: str, on_change: Any) -> None:
        narrow: dict[str, Any] = {"size": "small", "step": 0.01, "sizing_mode": "stretch_width", "margin": (6, 0, 2, 0)}
        name = name.lower()
        self._low = pmui.FloatInput(label="Darkest", value=None, css_classes=[f"t-low-{name}"], **narrow)
        self._high = pmui.FloatInput(label="Brightest", value=None, css_classes=[f"t-high-{name}"], **narrow)
        self.panel = pn.Row(self._low, self._high, sizing_mode="stretch_width", margin=0, styles={"gap": "10px"})
        for field in (self._low, self._high):
            field.param.watch(lambda _event: on_change(), "value")

    def show(self, name: str, ends: tuple[float, float] | None) -> None:
        """Show a pair of limits, or none."""
        self._low.label = f"Darkest {name}".strip()
        self._high.label = f"Brightest {name}".strip()
        for field, end in zip((self._low, self._high), ends or (None, None), strict=True):
            field.value = None if end is None else round(end, 4)
            field.error_state = False

    def check(self) -> tuple[float, float] | None:
        """Return the pair, or mark it as wrong."""
        low, high = self._low.value, self._high.value
        pair = (float(low), float(high)) if low is not None and high is not None and low < high else None
        self._low.error_state = self._high.error_state = pair is None
        return pair


def _palettes() -> dict[str, str]:
    titles = {"blue-ochre": "Blue to ochre (two-sided)"}
    return {"The picture's own": "", **{titles.get(name, name.capitalize()): name for name in PALETTES}}


def _flicker_words(series: Series | None) -> str:
    only = "Only the picture changes, never the GeoTIFFs."
    flicker = None if series is None or series.settled is None else series.settled.flicker
    if flicker is None:
        return f"Ground that does not change gets the same brightness in every month. {only}"
    if not flicker.gains:
        return (
            f"Ground that does not change flickers by <b>{flicker.score:.1f} %</b> from month to month. That is "
            "noise of single pixels; there is nothing to even out."
        )
    return (
        f"Ground that does not change flickers by <b>{flicker.score:.1f} %</b> from month to month; evened out, by "
        f"<b>{flicker.evened:.1f} %</b>. {only}"
    )


def _html(name: str) -> pn.pane.HTML:
    return pn.pane.HTML("", stylesheets=[PAGE_CSS], sizing_mode="stretch_width", margin=0, css_classes=[name])


def _words(html: str) -> str:
    return f'<p class="hint">{html}</p>'
