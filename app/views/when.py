"""Step 2: the catalogue, the months and the cloud limit."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime
from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.models import PrintfTickFormatter

from app.actions import Actions
from app.samples import dates_after
from app.settings import AppSettings
from app.state import AppState, assign
from app.views.quiet import Quiet
from stac_timelapse.scenes.catalog import CATALOGS
from stac_timelapse.scenes.months import ALL_MONTHS
from stac_timelapse.scenes.periods import PERIODS, words_of

_FIRST_YEAR = 2015  # Sentinel-2A was launched in June 2015
_NAMES = {calendar.month_abbr[month]: month for month in ALL_MONTHS}
_OTHER = "another"
_NARROW = {"& .MuiSelect-select": {"padding": "8px 20px 8px 10px !important"}, "& .MuiSelect-icon": {"right": "1px"}}


class WhenStep:
    """The widgets of the second step.

    Parameters
    ----------
    state, actions, settings
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions, settings: AppSettings) -> None:
        self._state = state
        self._actions = actions
        self._quiet = Quiet(actions.in_turn)
        wide: dict[str, Any] = {"sizing_mode": "stretch_width", "size": "small"}
        catalogs = settings.choices
        if settings.any_catalog:
            catalogs["Another STAC API …"] = _OTHER
        self._catalog = pmui.Select(
            label="Catalogue", options=catalogs, margin=(4, 0), css_classes=["t-catalog"], **wide
        )
        self._address = pmui.TextInput(
            label="Address of the STAC API",
            placeholder="https://…",
            margin=(10, 0, 4, 0),
            visible=False,
            css_classes=["t-address"],
            **wide,
        )
        self._start = MonthPicker("From")
        self._end = MonthPicker("To")
        self._of_year = pmui.CheckButtonGroup(
            options=_NAMES,
            value=list(ALL_MONTHS),
            variant="outlined",
            margin=(2, 0, 6, 0),
            css_classes=["t-of-year"],
            sx={
                "& .MuiToggleButton-root": {
                    "padding": "3px 0",
                    "flex": "1",
                    "fontSize": "11px",
                    "textTransform": "none",
                }
            },
            **wide,
        )
        self._period = pmui.Select(
            label="One picture a",
            options={kind.title: name for name, kind in PERIODS.items()},
            margin=(6, 0, 4, 0),
            css_classes=["t-period"],
            **wide,
        )
        self._cloud = pmui.IntSlider(
            label="Cloud limit in your area",
            start=0,
            end=100,
            step=5,
            format=PrintfTickFormatter(format="%d %%"),
            margin=(2, 8, 0, 8),
            css_classes=["t-cloud"],
            **wide,
        )
        small = pn.pane.HTML(
            '<p style="margin:6px 0 2px;font-size:12px;color:var(--ink-soft)">Months of the year</p>', margin=0
        )
        self.panel = pn.Column(
            self._catalog,
            self._address,
            pn.Row(self._start.panel, pn.Spacer(width=10), self._end.panel, sizing_mode="stretch_width", margin=(4, 0)),
            small,
            self._of_year,
            self._period,
            self._cloud,
            sizing_mode="stretch_width",
            margin=0,
        )
        self._link()

    def summary(self) -> str:
        """Return the dates and the cloud limit."""
        state = self._state
        dates = f"{_short(state.start)} to {_short(state.end)}"
        some = "" if len(state.months_of_year) == len(ALL_MONTHS) else f" · {len(state.months_of_year)} months a year"
        each = "" if state.period == "month" else f" · by {PERIODS[state.period].noun}"
        if state.period == "climatology":
            each = " · all years as one"
        cloud = "" if each else " cloud"  # else it would be cut off
        return f"{dates}{some}{each} · ≤ {state.max_area_cloud:.0f} %{cloud}"

    def _link(self) -> None:
        state = self._state
        for widget in (self._catalog, self._address, self._of_year, self._period):
            widget.param.watch(self._changed, "value")
        self._cloud.param.watch(self._changed, "value_throttled")
        for picker in (self._start, self._end):
            picker.watch(self._changed)
        state.param.watch(self._follow, ["catalog", "start", "end", "months_of_year", "period", "max_area_cloud"])
        self._follow()

    def _changed(self, *_events: Any) -> None:
        self._quiet.pass_on(self._choose)

    def _choose(self) -> None:
        other = self._catalog.value == _OTHER
        self._address.visible = other
        catalog = (self._address.value.strip() if other else self._catalog.value) or self._state.catalog
        dates = {"start": self._start.value, "end": self._end.value}
        if (catalog == "demo") != (self._state.catalog == "demo"):
            dates = dates_after(self._state.catalog, catalog, dates)  # the demo has other months than the world
        finest = CATALOGS[catalog].finest if catalog in CATALOGS else 0.0
        assign(
            self._state,
            catalog=catalog,
            **dates,
            months_of_year=tuple(sorted(self._of_year.value or ())),
            period=self._period.value,
            max_area_cloud=float(self._cloud.value),
            resolution=max(self._state.resolution, finest),
        )

    def _follow(self, *_events: Any) -> None:
        with self._quiet:
            state = self._state
            if state.catalog in self._catalog.options.values():
                self._catalog.value = state.catalog
            self._start.value = state.start
            self._end.value = state.end
            self._of_year.value = list(state.months_of_year)
            self._period.value = state.period
            self._cloud.value = round(state.max_area_cloud)


class MonthPicker:
    """A month and a year side by side.

    Parameters
    ----------
    label
        Its label.
    """

    def __init__(self, label: str) -> None:
        years = list(range(_FIRST_YEAR, datetime.now(tz=UTC).year + 1))
        style: dict[str, Any] = {"size": "small", "margin": 0, "sizing_mode": "stretch_width", "sx": _NARROW}
        self._month = pmui.Select(label=label, options=_NAMES, css_classes=[f"t-{label.lower()}-month"], **style)
        self._year = pmui.Select(label="Year", options=years, css_classes=[f"t-{label.lower()}-year"], **style)
        self.panel = pn.Row(self._month, self._year, sizing_mode="stretch_width", margin=0, styles={"gap": "4px"})

    @property
    def value(self) -> str:
        """The month, ``"YYYY-MM"``."""
        return f"{self._year.value:04d}-{self._month.value:02d}"

    @value.setter
    def value(self, month: str) -> None:
        year = int(month[:4])
        if year not in self._year.options:
            self._year.options = sorted({*self._year.options, year})
        self._year.value = year
        self._month.value = int(month[5:])

    def watch(self, callback: Any) -> None:
        """Call back when the user chose another month or year."""
        self._month.param.watch(callback, "value")
        self._year.param.watch(callback, "value")


def _short(month: str) -> str:
    name, year = words_of(month).split()
    return f"{name[:3]} {year}"
