"""The map of changes that lies over the months: found in the background, and kept as long as it is true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.change_picture import fall_to_rise, limit_of, month_colours, paint
from app.changed import ON_DISPLAY, ChangedMonth, ChangeMap, ChangeWish
from app.jobs import Job, JobRunner, Post
from app.results import Download, Series
from app.state import AppState, assign
from app.workspace import Workspace, plain_name
from stac_timelapse import __version__
from stac_timelapse.area.aoi import Place
from stac_timelapse.change import ChangeRule, Changes, change_at, find_changes
from stac_timelapse.difference import Difference, find_difference
from stac_timelapse.errors import TimelapseError
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.quantity import Quantity, quantities_of, quantity_of
from stac_timelapse.scenes.periods import words_of
from stac_timelapse.zonal import place_months

#: What is taken of several indices, the most telling first.
_USUAL = ("nbr", "ndvi")
#: Colours of the legend of a difference.
_RAMP = 17
#: What a map is true of: the months' files, the area, and what was asked.
_Key = tuple[tuple[str, ...], Any, ChangeWish]


class ChangeMaps:
    """The map of changes of one session. It has jobs of its own: neither a search nor a build is disturbed.

    Parameters
    ----------
    state, workspace
        The session's.
    post
        See `JobRunner`.
    """

    def __init__(self, state: AppState, workspace: Workspace, post: Post) -> None:
        self._state = state
        self._workspace = workspace
        self._jobs = JobRunner(post)
        self._looks = JobRunner(post)
        #: Of the map that is shown, or is being made.
        self._key: _Key | None = None
        self._folder: Path | None = None

    def unfold(self, *, shown: bool) -> None:
        """Show the map and its controls or put them away; what was found is kept."""
        assign(self._state, changes_open=shown)
        self.follow()

    def choose(self, **values: Any) -> None:
        """Choose another map, by fields of `ChangeWish`."""
        assign(self._state, changes_of=replace(self._state.changes_of, **values))
        self.follow()

    @property
    def asked(self) -> ChangeWish | None:
        """What is asked of the series on display: every choice as it is understood; None where there is no index."""
        series, wish = self._state.series, self._state.changes_of
        if series is None:
            return None
        there = {one.name for one in indices_of(series)}
        usual = (wish.quantity, series.preset, *_USUAL, *sorted(there))
        name = next((one for one in usual if one in there), None)
        if name is None:
            return None
        months = [one.month for one in series.results] or list(series.months)
        earlier = wish.earlier if wish.earlier in months else months[0]
        shown = self._state.current if wish.later == ON_DISPLAY else wish.later
        later = shown if shown in months else months[-1]
        return replace(wish, quantity=name, earlier=earlier, later=later)

    def follow(self) -> None:
        """Find what is asked of the series on display, unless that is there or under way."""
        state, series = self._state, self._state.series
        if series is None or not state.changes_open:
            if self._key is not None and not self._is_of(series):
                self._let_go("")
            return
        wish = self.asked
        if wish is None:
            self._let_go(_no_index(series))
        elif state.phase == "building":
            self._let_go("The map of changes comes when all months are built.")
        elif len(series.results) < 2:  # noqa: PLR2004 - one to compare with
            self._let_go("A change needs two finished months at least: build more of them.")
        else:
            key = _key(series, wish)
            if key != self._key:
                if not self._is_of(series):
                    self._let_go("")
                self._key = key
                note = "Comparing the two months …" if wish.kind == "difference" else "Looking for changes …"
                assign(state, changes_note=note)
                self._jobs.start("changes", lambda job: self._find(job, series, wish), on_error=self._failed)

    def look(self) -> None:
        """Tell of the pixel that is looked into when it changed, if it did."""
        pixel, shown, series = self._state.pixel, self._state.changes, self._state.series
        if pixel is None or shown is None or series is None or not self._state.changes_open:
            self._looks.drop()
            assign(self._state, changes_at="")
            return
        place = Place("", pixel.lon, pixel.lat)
        self._looks.start("change", lambda job: self._look(job, series, shown, place), on_error=self._untold)

    def close(self) -> None:
        """End with the session."""
        self._jobs.close()
        self._looks.close()

    def _is_of(self, series: Series | None) -> bool:
        """Tell whether what is shown, or is being made, is of a series."""
        return series is not None and self._key is not None and self._key[:2] == _key(series, self._key[2])[:2]

    def _let_go(self, note: str) -> None:
        self._jobs.drop()
        self._key = None
        self._replace_folder(None)
        assign(self._state, changes=None, changes_note=note)

    def _replace_folder(self, folder: Path | None) -> None:
        if self._folder is not None:
            self._workspace.remove(self._folder)
        self._folder = folder

    def _find(self, job: Job, series: Series, wish: ChangeWish) -> None:
        quantity = quantity_of(wish.quantity)
        with self._workspace.filling() as folder:
            found = _found(job, series, wish, quantity, folder / _file_name(series, wish))
            picture = folder / "changes.png"
            bounds = paint(found, picture)
            job.check()
        shown = _shown(found, quantity, f"frames/{folder.name}/{picture.name}", bounds)
        self._jobs.tell(job, self._show, folder, shown)

    def _show(self, folder: Path, shown: ChangeMap) -> None:
        self._replace_folder(folder)
        assign(self._state, changes=shown, changes_note="")

    def _failed(self, sentence: str, _error: TimelapseError | None) -> None:
        key = self._key
        self._let_go(sentence)
        self._key = key  # the same again would fail again; another choice is tried

    def _look(self, job: Job, series: Series, shown: ChangeMap, place: Place) -> None:
        found = shown.found
        months = found.months if isinstance(found, Difference) else change_at(found, place.lon, place.lat)
        told = ""
        if months is not None:
            wanted = [one for one in series.results if one.month in months]
            values = {one.month: one.value for one in place_months(wanted, place, shown.quantity)}
            told = _told(found, shown.quantity, [(month, values.get(month)) for month in months])
        self._looks.tell(job, lambda: assign(self._state, changes_at=told))

    def _untold(self, sentence: str, _error: TimelapseError | None) -> None:
        assign(self._state, changes_at=sentence)


def indices_of(series: Series) -> list[Quantity]:
    """Return the indices that a series' bands allow."""
    return [one for one in quantities_of(series.recipe.bands) if one.is_index]


def short(quantity: Quantity) -> str:
    """Return an index as it is abbreviated, e.g. ``"NBR"``."""
    return quantity.name.upper()


def hectares(size: float) -> str:
    """Return hectares in words, of three figures."""
    if size < 0.01:  # noqa: PLR2004 - a pixel of 10 m
        return "under 0.01 ha" if size else "0 ha"
    return f"{size:,.{2 if size < 10 else 1 if size < 100 else 0}f} ha"  # noqa: PLR2004 - three figures


def _key(series: Series, wish: ChangeWish) -> _Key:
    # What the other kind of map is chosen by makes no other map.
    others = {"earlier": "", "later": ""} if wish.kind == "largest" else {"rise": False, "lasting": True}
    return tuple(str(one.path) for one in series.results), series.recipe.aoi, replace(wish, **others)


def _no_index(series: Series) -> str:
    return (
        f"{series.picture.title} was built without the bands of an index: choose a picture such as "
        f"{PRESETS['ndvi'].title} or {PRESETS['nbr'].title} in step 3, and build again."
    )


def _found(job: Job, series: Series, wish: ChangeWish, quantity: Quantity, path: Path) -> Changes | Difference:
    recipe = series.recipe
    tags = {"ATTRIBUTION": recipe.attribution, "SOFTWARE": f"STAC Timelapse {__version__}", "RECIPE": recipe.key}
    if wish.kind == "difference":
        earlier, later = (series.result(month) for month in (wish.earlier, wish.later))
        if earlier is None or later is None:
            raise RuntimeError("a month that is not built was to be compared")
        return find_difference(
            earlier, later, recipe.aoi, quantity, wish.least, path, tags=tags, should_stop=job.stop.is_set
        )
    rule = ChangeRule(quantity, wish.least, rise=wish.rise, lasting=wish.lasting)
    return find_changes(series.results, recipe.aoi, rule, path, tags=tags, should_stop=job.stop.is_set)


def _file_name(series: Series, wish: ChangeWish) -> str:
    if wish.kind == "difference":
        what = ["difference", wish.quantity, wish.earlier, "to", wish.later]
    else:
        way = f"{'rise' if wish.rise else 'drop'}-{wish.least:g}"
        what = ["change", wish.quantity, way, series.results[0].month, series.results[-1].month]
    return "_".join(filter(None, [plain_name(series.recipe.aoi.name), *what])) + ".tif"


def _shown(
    found: Changes | Difference, quantity: Quantity, url: str, bounds: tuple[float, float, float, float]
) -> ChangeMap:
    months: tuple[ChangedMonth, ...] = ()
    ramp: tuple[str, ...] = ()
    if isinstance(found, Changes):
        colours = month_colours(len(found.months))
        months = tuple(
            ChangedMonth(month, size, f"rgb{colour}")
            for month, size, colour in zip(found.months, found.hectares, colours, strict=True)
            if size > 0
        )
    else:
        limit = limit_of(found)
        colours = [(red, green, blue) for red, green, blue in fall_to_rise(_RAMP).tolist()]
        ramp = (f"-{limit:g}", *(f"rgb{colour}" for colour in colours), f"+{limit:g}")
    file = Download.of("geotiff", found.path)
    return ChangeMap(found, quantity, url, bounds, months, ramp, _sentence(found, quantity), file)


def _sentence(found: Changes | Difference, quantity: Quantity) -> str:
    if not found.area:
        return "No ground was seen clearly in two months, so nothing can be compared."
    of = f"of {hectares(found.area)} compared"
    if isinstance(found, Changes):
        total = sum(found.hectares)
        if not total:
            return f"No {found.rule.words} {of}. A smaller change may show something."
        return f"{hectares(total)} changed, {100 * total / found.area:.1f} % {of}: {found.rule.words}."
    if not found.fallen + found.risen:
        return f"No difference of {found.least:g} or more {of}; the largest is {found.largest:.2f}."
    fell, rose = hectares(found.fallen), hectares(found.risen)
    return f"{short(quantity)} fell on {fell} and rose on {rose} {of}, by {found.least:g} or more."


def _told(found: Changes | Difference, quantity: Quantity, pair: list[tuple[str, float | None]]) -> str:
    """Return what is said of one pixel, given the index at two months."""
    one, two = pair
    if isinstance(found, Difference):
        said = " and ".join(
            f"{'not seen' if value is None else f'{value:.2f}'} in {words_of(month)}" for month, value in (one, two)
        )
        return f"{short(quantity)} {said}"
    (month, after), (before, earlier) = one, two
    if after is None or earlier is None:
        return f"Changed in {words_of(month)}"
    return f"Changed in {words_of(month)}: {short(quantity)} {earlier:.2f} → {after:.2f} since {words_of(before)}"
