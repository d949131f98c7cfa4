"""What the chart under the player shows: measured in the background as months are finished."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.jobs import Job, JobRunner, Post
from app.results import Chart, Download, Series
from app.state import AppState, assign
from app.workspace import Workspace, plain_name
from stac_timelapse.area.aoi import Place
from stac_timelapse.area_sums import AreaMonth
from stac_timelapse.build import MonthResult
from stac_timelapse.errors import TimelapseError
from stac_timelapse.quantity import Quantity, library_of, quantities_of, usual_quantity
from stac_timelapse.zonal import Measured, PlaceMonth, area_months, place_months
from stac_timelapse.zonal_report import to_csv

#: Clicked pixels that are kept; one more lets go of the first.
MOST_PIXELS = 6
#: What is kept: file, quantity, and the place or None for the area.
_Key = tuple[str, str, Place | None]


class Charts:
    """The chart of one session. It has jobs of its own: neither a search nor a build is disturbed.

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
        self._saves = JobRunner(post)
        self._clicked: tuple[Place, ...] = ()
        self._last: Place | None = None
        self._series: Series | None = None
        self._known: dict[_Key, AreaMonth | PlaceMonth] = {}
        #: What is being measured now: of which series, and what.
        self._at_work: tuple[int, Quantity] | None = None

    def unfold(self, *, shown: bool) -> None:
        """Show the chart or put it away."""
        assign(self._state, chart_open=shown)
        self.follow_pixel()
        self.follow()

    def choose(self, name: str) -> None:
        """Chart another index, band or formula."""
        assign(self._state, chart_of=name)
        self.follow()

    def follow_pixel(self) -> None:
        """Give the pixel that is looked into a line, if it has none."""
        pixel = self._state.pixel
        if pixel is None or not self._state.chart_open:
            return
        # Its middle: two clicks into one pixel are one line.
        lons, lats = zip(*pixel.ring[:4], strict=True)
        place = Place("", sum(lons) / len(lons), sum(lats) / len(lats))
        if place != self._last:
            self._last = place
            if place not in self._clicked:
                self._clicked = (*self._clicked, place)[-MOST_PIXELS:]
                self.follow()

    def remove(self, number: int) -> None:
        """Take a clicked pixel away, counted from 0."""
        self._clicked = tuple(one for at, one in enumerate(self._clicked) if at != number)
        self.follow()

    def follow(self) -> None:
        """Chart the series on display as far as its months are finished."""
        series = self._state.series
        if series is None or not self._state.chart_open:
            return
        if self._series is not None and self._series.recipe.aoi != series.recipe.aoi:
            self._clicked = ()
            self._known.clear()
        self._series = series
        quantity = self.quantity
        if quantity is None:
            return
        if not series.results:
            self._jobs.drop()
            self._at_work = None
            note = "The chart begins with the first finished month."
            assign(
                self._state, chart=Chart(series.months, Measured(quantity, series.recipe.aoi.name, ())), chart_note=note
            )
            return
        self._measure_more(series, quantity)

    @property
    def quantity(self) -> Quantity | None:
        """What is charted: what was chosen, if the series on display has it, else what is usual for it."""
        series = self._state.series
        if series is None:
            return None
        allowed = {one.name: one for _, some in self.choices() for one in some}
        return allowed.get(self._state.chart_of) or _usual(series)

    def choices(self) -> list[tuple[str, list[Quantity]]]:
        """Return what the series on display has: headings, with the quantities below each; the picture's own first."""
        series = self._state.series
        if series is None:
            return []
        bands, usual = series.recipe.bands, _usual(series)
        common, library = quantities_of(bands), library_of(bands)
        groups = [
            ("The picture's own", [usual] if usual not in common else []),
            ("Indices", [one for one in common if one.is_index]),
            ("Bands", [one for one in common if not one.is_index]),
            ("More indices", [one for one in library if one != usual]),
        ]
        return [(heading, some) for heading, some in groups if some]

    def save(self) -> None:
        """Write the table of what is charted, and offer it."""
        chart = self._state.chart
        if chart is not None and chart.measured.area:
            self._saves.start("chart table", lambda job: self._write(job, chart), on_error=self._failed)

    def close(self) -> None:
        """End with the session."""
        self._jobs.close()
        self._saves.close()

    def _measure_more(self, series: Series, quantity: Quantity) -> None:
        places = (*series.recipe.aoi.places, *self._clicked)
        wanted = [_key(one, quantity, at) for one in series.results for at in (None, *places)]
        if all(key in self._known for key in wanted):
            self._at_work = None
            self._jobs.drop()
            self._show(series, quantity, places)
            return
        if self._at_work == (series.number, quantity):
            return  # a month more, or a pixel: that comes when this is done
        self._at_work = series.number, quantity
        assign(self._state, chart_note=f"Measuring {quantity.title} …")
        known = frozenset(self._known)
        self._jobs.start(
            "chart", lambda job: self._measure(job, series, quantity, places, known), on_error=self._failed
        )

    def _measure(
        self, job: Job, series: Series, quantity: Quantity, places: Sequence[Place], known: Collection[_Key]
    ) -> None:
        found: dict[_Key, AreaMonth | PlaceMonth] = {}
        new = [one for one in series.results if _key(one, quantity) not in known]
        area = area_months(new, series.recipe.aoi, quantity, should_stop=job.stop.is_set)
        found |= {_key(one, quantity): month for one, month in zip(new, area, strict=True)}
        for place in places:
            job.check()
            new = [one for one in series.results if _key(one, quantity, place) not in known]
            found |= {
                _key(one, quantity, place): month
                for one, month in zip(new, place_months(new, place, quantity), strict=True)
            }
        self._jobs.tell(job, self._measured, series, found)

    def _measured(self, series: Series, found: dict[_Key, AreaMonth | PlaceMonth]) -> None:
        # What no month on display is made of is let go.
        paths = {str(one.path) for one in series.results}
        self._known = {key: value for key, value in (self._known | found).items() if key[0] in paths}
        self._at_work = None
        self.follow()

    def _show(self, series: Series, quantity: Quantity, places: Sequence[Place]) -> None:
        def of(place: Place | None) -> tuple[AreaMonth | PlaceMonth, ...]:
            return tuple(self._known[_key(one, quantity, place)] for one in series.results)

        area = tuple(one for one in of(None) if isinstance(one, AreaMonth))
        lines = tuple((at, tuple(one for one in of(at) if isinstance(one, PlaceMonth))) for at in places)
        measured = Measured(quantity, series.recipe.aoi.name, area, lines)
        assign(self._state, chart=Chart(series.months, measured, len(self._clicked)), chart_note="")

    def _write(self, job: Job, chart: Chart) -> None:
        measured = chart.measured
        quantity = measured.quantity
        what = plain_name(quantity.label) if quantity.kind == "formula" else quantity.name
        parts = ("chart", plain_name(measured.name), what, chart.months[0], chart.months[-1])
        with self._workspace.filling() as folder:
            out = folder / ("_".join(filter(None, parts)) + ".csv")
            out.write_text(to_csv(measured), encoding="utf-8")
            job.check()
        self._saves.tell(job, self._saved, Download.of("csv", out))

    def _saved(self, download: Download) -> None:
        assign(self._state, chart_file=download)

    def _failed(self, sentence: str, _error: TimelapseError | None) -> None:
        self._at_work = None
        assign(self._state, chart_note=sentence)


def _usual(series: Series) -> Quantity:
    return usual_quantity(series.preset, series.recipe.bands, series.appearance.formula)


def _key(result: MonthResult, quantity: Quantity, place: Place | None = None) -> _Key:
    return str(result.path), quantity.name, place
