"""The page: header, sidebar, and the Map and Timelapse tabs with the picture of every state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui
from panel_material_ui.template.base import Page

from app.actions import Actions
from app.address import CHOICES
from app.samples import demo_overview, demo_samples
from app.settings import AppSettings
from app.state import AppState, assign
from app.views import status
from app.views.address_bar import AddressBar
from app.views.area_map import AreaMap
from app.views.draw_tools import offered_basemaps
from app.views.exports import ExportBar
from app.views.footprints import footprints, pass_outlines
from app.views.help import Help
from app.views.lab import LabView
from app.views.later import Later
from app.views.narrow import NarrowPage
from app.views.places import PlaceView
from app.views.sidebar import Sidebar
from app.views.styles import PAGE_CSS
from app.views.theme import PAGE_STYLE, SIDEBAR_CSS, THEME, THEME_CSS, ThemeKeeper
from app.views.timelapse import TimelapseView
from app.views.tour import Tour
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.demo import DEMO_BBOX

_TILES = "basemap/light/{Z}/{X}/{Y}.png"
_EUROPE = (-12.0, 35.0, 32.0, 60.0)
_MAP, _TIMELAPSE = 0, 1
_SIDEBAR_WIDTH = 372


class PageView:
    """Assembles one session's page and keeps it true to the state.

    Parameters
    ----------
    state, actions, settings
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions, settings: AppSettings) -> None:
        self._state = state
        self._actions = actions
        self._welcome = True
        self._tour = Tour()
        self._zooming = True
        self.sidebar = Sidebar(state, actions, settings)
        self.map = AreaMap(
            self._drawn, self._refused, self._home(), tile_url=_TILES, web_basemaps=offered_basemaps(settings)
        )
        PlaceView(state, actions, self.map, settings.geocoder)
        self.timelapse = TimelapseView(state, actions, _TILES)
        self._exports = ExportBar(state, actions)
        self.address = AddressBar(state, actions)
        html: dict[str, Any] = {"stylesheets": [PAGE_CSS], "margin": 0}
        self._stage = pn.pane.HTML("", sizing_mode="stretch_both", css_classes=["t-state"], **html)
        self._notices = [Notice(self._remedy, lambda _event: actions.put_away(), top=top) for top in ("76px", "20px")]
        self._answer = pmui.Button(label="", align="center", margin=(0, 0, 90, 0), css_classes=["t-answer"])
        self._answer.on_click(self._remedy)
        self._guide = self._guidance(html)
        on_map, on_series = self._notices
        fill: dict[str, Any] = {"sizing_mode": "stretch_both", "margin": 0, "styles": {"position": "relative"}}
        self._outdated = pn.pane.HTML("", css_classes=["t-outdated"], sizing_mode="stretch_width", **html)
        self._saving = Later(self._exports.panel)
        # The player and its figures are sent at once: Bokeh loses what changes in them while they are being drawn.
        parts = (self._outdated, self.timelapse.panel, self._saving.panel, on_series.box)
        self._series = pn.Column(*parts, **fill)
        self._answered_by = Later(self._answer)
        self._empty = pn.Column(
            self._stage, self._answered_by.panel, **{**fill, "styles": {"background": "var(--well)"}}
        )
        self._lab = Later(LabView(state, actions).panel, sizing_mode="stretch_both")
        self._tabs = pmui.Tabs(
            ("Map", pn.Column(self.map.panel(), self._guide, on_map.box, **fill)),
            ("Timelapse", pn.Column(self._empty, self._series, **fill)),
            ("Mask", self._lab.panel),
            sizing_mode="stretch_both",
            css_classes=["t-tabs"],
            margin=0,
        )
        self._tabs.param.watch(lambda _event: actions.in_turn(self._lab.come), "active")
        self._watch()

    def _watch(self) -> None:
        state = self._state
        state.param.watch(self._show, ["phase", "message", "series", *CHOICES])
        state.param.watch(self._answered, [*CHOICES])
        state.param.watch(self._lay_overview, "catalog")  # before the area, to which the map goes last
        state.param.watch(self._area_changed, "aoi")
        state.param.watch(self._footprints, ["scenes"])
        self._lay_overview()
        costly = ["resolution", "clear", "dilate", "opening", "rescue", "max_area_cloud", "excluded", "kept"]
        state.param.watch(lambda *_events: self._actions.estimate(), costly)
        state.param.watch(self._first_month, "series")
        self._show()

    def page(self) -> Page:
        """Return the page, ready to be served."""
        return Page(
            title="STAC Timelapse",
            raw_css=[THEME_CSS],
            header=[
                pn.pane.HTML(
                    '<div class="tagline">Cloud-free months from open satellite data</div>',
                    stylesheets=[PAGE_CSS],
                    margin=0,
                ),
                self.address,
                ThemeKeeper(width=0, height=0, margin=0),
                NarrowPage(self._state),
                Help(),
                self._tour,
            ],
            sidebar=[self.sidebar.panel],
            main=[self._tabs],
            sidebar_width=_SIDEBAR_WIDTH,
            sidebar_resizable=False,
            theme_toggle=True,
            busy_indicator=None,
            theme_config=THEME,
            sx=PAGE_STYLE,
            stylesheets=[SIDEBAR_CSS],
        )

    # -- what the map and the buttons say ---------------------------------------------------------

    def _drawn(self, aoi: AreaOfInterest | None) -> None:
        self._actions.in_turn(lambda: self._take(aoi))

    def _take(self, aoi: AreaOfInterest | None) -> None:
        self._zooming = False
        try:
            assign(self._state, aoi=aoi)
        finally:
            self._zooming = True
        self.sidebar.where.note("")

    def _refused(self, sentence: str) -> None:
        self._actions.in_turn(lambda: self.sidebar.where.note(sentence, bad=True))

    def _area_changed(self, *_events: Any) -> None:
        if self._zooming:  # the area did not come from the map
            self.map.set_area(self._state.aoi, zoom=self._state.aoi is not None)
        if self._state.aoi is not None:
            self.map.set_places([*self._state.aoi.places])
        self._show()

    def _footprints(self, *_events: Any) -> None:
        scenes = self._state.scenes
        if scenes is None:
            self.map.set_footprints(())
        else:
            self.map.set_footprints(footprints(scenes), pass_outlines(scenes))

    def _lay_overview(self, *events: Any) -> None:
        """Show the demo landscape under the drawing while the demo is chosen, for no other map has it."""
        is_demo = self._state.catalog == "demo"
        url, bounds = (is_demo and demo_overview()) or ("", None)
        self.map.set_quicklook(url, bounds)
        if events and is_demo:
            self.map.zoom_to(self._home())

    def _first_month(self, event: Any) -> None:
        if event.new is not None and (event.old is None or event.old.number != event.new.number):
            self._tabs.active = _TIMELAPSE

    def _remedy(self, _event: Any) -> None:
        self._actions.in_turn(self._answer_it)

    def _answer_it(self) -> None:
        if self._state.phase == "all_cloudy":
            assign(self._state, max_area_cloud=100.0, excluded=())
        elif self._state.phase in {"no_scenes", "refused"}:
            self._actions.put_away()
        elif self._state.scenes is None:
            self._actions.search()
        else:
            self._actions.build()

    def _answered(self, *_events: Any) -> None:
        """Put a card away when what it was about has changed."""
        if self._state.phase in {"refused", "no_scenes", "all_cloudy"}:
            self._actions.put_away()

    # -- the picture of the state -------------------------------------------------------------------

    def _show(self, *_events: Any) -> None:
        state = self._state
        has_series = state.series is not None
        trouble = state.phase in status.TROUBLE
        answered = state.is_current or state.busy or state.phase == "no_scenes"
        self.map.advise("" if answered else "Now press Search.")
        self._series.visible = has_series
        self._saving.show(shown=has_series)
        self._empty.visible = not has_series
        if not has_series:
            self._stage.object = status.stage_html(state)
        self._outdated.object = status.outdated_html(state)
        self._outdated.visible = bool(self._outdated.object)
        remedy = status.REMEDIES.get(state.phase, "")
        self._answered_by.show(shown=bool(remedy))
        self._answer.label = remedy or " "
        on_map, on_series = self._notices
        on_map.show(state, shown=trouble)
        on_series.show(state, shown=trouble or state.phase == "cancelled")
        self._guide.visible = self._welcome and state.phase == "idle" and state.aoi is None

    def _guidance(self, html: dict[str, Any]) -> pn.Column:
        samples = demo_samples()
        steps = pn.pane.HTML(
            '<div class="guide"><h2>Watch a place change</h2><ol>'
            "<li><b>Draw an area</b> on the map, or pick a sample.</li>"
            "<li><b>Search</b> the months you want.</li><li><b>Build</b>, then scrub through them.</li></ol></div>",
            **html,
        )
        sample = pmui.Button(label=f"Try the sample: {samples[0].title}", icon="place", margin=0, css_classes=["t-try"])
        sample.on_click(lambda _event: self.sidebar.where.choose(samples[0]))
        tour = pmui.Button(label="Take the tour", variant="outlined", margin=0, css_classes=["t-take-tour"])
        tour.on_click(lambda _event: self._actions.in_turn(self._tour.ask))
        away = pmui.Button(label="Start on my own", variant="text", margin=0, css_classes=["t-dismiss"])
        away.on_click(self._dismiss)
        # A width that Panel knows would widen a narrow page, even where it is hidden.
        wide = {"padding": "0 20px 18px", "width": "min(400px, 100%)", "box-sizing": "border-box"}
        buttons = pn.FlexBox(sample, tour, away, margin=0, gap="8px", styles=wide)
        beside_zoom = {"max-width": "calc(100% - 90px)"}
        return _floating(pn.Column(steps, buttons, margin=0), bottom="72px", left="24px", **beside_zoom)

    def _dismiss(self, _event: Any) -> None:
        self._welcome = False
        self._actions.in_turn(self._show)

    def _home(self) -> tuple[float, float, float, float]:
        if self._state.catalog != "demo":
            return _EUROPE
        return DEMO_BBOX


class Notice:
    """A card over the map or the figure that says what went wrong, with one button that answers it.

    Parameters
    ----------
    on_click
        What the button does.
    on_close
        What the other button does, which only puts the card away.
    top
        CSS distance from the top.
    """

    def __init__(self, on_click: Callable[[Any], None], on_close: Callable[[Any], None], top: str) -> None:
        self._text = pn.pane.HTML("", css_classes=["t-notice"], stylesheets=[PAGE_CSS], margin=0)
        self._button = pmui.Button(label=" ", size="small", margin=(0, 8, 16, 76), css_classes=["t-remedy"])
        self._button.on_click(on_click)
        self._close = pmui.Button(label="Close", size="small", variant="text", margin=(0, 0, 16, 0))
        self._close.css_classes = ["t-close"]
        self._close.on_click(on_close)
        self._later = Later(self._text, pn.Row(self._button, self._close, margin=0))
        self.box = _floating(self._later.panel, top=top, left="50%", transform="translateX(-50%)")

    def show(self, state: AppState, *, shown: bool) -> None:
        """Show the present state, or nothing."""
        self.box.visible = shown
        if shown:
            self._later.come()
            self._text.object = status.notice_html(state)
            self._button.label = status.REMEDIES[state.phase]
            self._close.visible = state.phase != "refused"  # whose button closes it


def _floating(content: Any, **place: str) -> pn.Column:
    return pn.Column(
        content,
        margin=0,
        styles={
            "position": "absolute",
            "z-index": "20",
            "background": "var(--paper)",
            "border-radius": "12px",
            "box-shadow": "0 8px 30px #0f2b2c3d",
            **place,
        },
    )
