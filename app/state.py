"""What the user chose and what came back, as one observable object that knows no widget."""

from __future__ import annotations

from typing import Any

import param

from app.changed import ChangeMap, ChangeWish
from app.results import Chart, Download, Pixel, PlaceAnswer, Series, Trial
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.build import Progress
from stac_timelapse.composite.gaps import Gaps
from stac_timelapse.composite.methods import METHODS, Method
from stac_timelapse.cube.mask import DEFAULT_CLEAR
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.estimate import Estimate
from stac_timelapse.picture.appearance import OWN, Appearance
from stac_timelapse.picture.indices import PRESETS, Preset
from stac_timelapse.picture.palettes import PALETTES
from stac_timelapse.picture.stretch import GAMMAS, Tone
from stac_timelapse.pipeline import choose
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.model import SceneSet
from stac_timelapse.scenes.months import ALL_MONTHS
from stac_timelapse.scenes.periods import PERIODS

#: The rules for gaps that are offered.
GAP_RULES = ("blank", "hold", "blend", "widen:5", "widen:10", "widen:20")
#: What is filled in for one's own formula: Huete's soil-adjusted vegetation index (1988).
EXAMPLE = "SAVI = 1.5 * (B08 - B04) / (B08 + B04 + 0.5)"
#: What decides how the months are shown.
LOOK = ("preset", "formula", "palette", "limits", "percentiles", "gamma", "even")
#: Every state the page has a picture for.
PHASES = (
    "idle",
    "searching",
    "found",
    "no_scenes",
    "all_cloudy",
    "building",
    "ready",
    "cancelled",
    "refused",
    "failed",
)


class AppState(param.Parameterized):
    """One session's choices and results. Views watch it; only `Actions` and the views' inputs write it."""

    catalog = param.String("demo", doc="Key of a catalogue or address of a STAC API.")
    aoi = param.Parameter(None, doc="AreaOfInterest, or None while nothing is chosen.")
    start = param.String("2023-01", doc="First month, YYYY-MM.")
    end = param.String("2023-12", doc="Last month, YYYY-MM.")
    months_of_year = param.ClassSelector(
        class_=tuple, default=ALL_MONTHS, doc="Months of the year that count, 1 to 12."
    )
    period: Any = param.Selector(default="month", objects=list(PERIODS), doc="What one picture is made of.")
    max_area_cloud = param.Number(
        80.0, bounds=(0, 100), doc="Largest share of what a pass saw of the area that may be hidden, percent."
    )
    preset: Any = param.Selector(
        default="true-colour", objects=[*PRESETS, OWN], doc="Name of the picture preset, or one's own formula."
    )
    formula = param.String(EXAMPLE, doc="One's own formula; always one that can be computed.")
    palette: Any = param.Selector(default="", objects=["", *PALETTES], doc="Of one value; empty for the picture's own.")
    limits = param.ClassSelector(class_=tuple, default=(), doc="Low and high by hand, see `Tone`; empty: settled.")
    percentiles = param.ClassSelector(class_=tuple, default=None, allow_None=True, doc="Ends of the stretch, percent.")
    gamma = param.Number(None, bounds=GAMMAS, allow_None=True, doc="Of bands; None for the usual one.")
    even = param.Boolean(False, doc="Whether the brightness of the months is evened out in the picture.")
    resolution = param.Number(10.0, bounds=(1, 10_000), doc="Pixel size, metres.")
    clear = param.ClassSelector(class_=tuple, default=DEFAULT_CLEAR, doc="SCL classes that count as clear.")
    dilate = param.Number(0.0, bounds=(0, 2_000), doc="Margin around clouds and their shadows, metres.")
    opening = param.Number(0.0, bounds=(0, 500), doc="Radius of the disc that a cloud or shadow must hold, metres.")
    rescue = param.Boolean(default=False, doc="Whether what is flagged as cloud in nearly every pass is bright ground.")
    method: Any = param.Selector(default="median", objects=list(METHODS), doc="What makes one value of the passes.")
    gaps: Any = param.Selector(
        default="blank", objects=list(GAP_RULES), doc="What is shown where no pass saw the ground."
    )
    excluded = param.ClassSelector(class_=tuple, default=(), doc="Keys of the passes that are left out.")
    kept = param.ClassSelector(class_=tuple, default=(), doc="Keys of the passes wanted in spite of the cloud limit.")

    phase: Any = param.Selector(default="idle", objects=list(PHASES), doc="Where the session is.")
    message = param.String("", doc="One sentence for the user about the phase.")
    scenes = param.ClassSelector(class_=SceneSet, default=None, allow_None=True, doc="What the search found.")
    seen = param.Dict(default={}, doc="Key of a pass -> what it saw of the area (`Seen`); empty until it is measured.")
    measuring = param.Boolean(False, doc="Whether it is being measured.")
    searched = param.ClassSelector(class_=Recipe, default=None, allow_None=True, doc="The recipe it was found with.")
    estimate = param.ClassSelector(class_=Estimate, default=None, allow_None=True, doc="What a build would cost.")
    refusal = param.String("", doc="Why it may not be built, with what would fit; empty where it may.")
    progress = param.ClassSelector(class_=Progress, default=None, allow_None=True, doc="Where the build is.")
    series = param.ClassSelector(class_=Series, default=None, allow_None=True, doc="The months on display.")
    speed = param.Integer(4, bounds=(1, 30), doc="Months a second, in the player and in the GIF.")
    clip = param.Boolean(False, doc="Whether what is saved holds nothing outside the area itself.")
    hidden = param.ClassSelector(class_=tuple, default=(), doc="Months that playing and the GIF leave out.")
    current = param.String("", doc="Month on display, YYYY-MM.")
    exporting: Any = param.Selector(default="", objects=["", "gif", "geotiff"], doc="Kind of the export under way.")
    export_share = param.Number(0.0, bounds=(0, 1), doc="How much of the export is done.")
    export_error = param.String("", doc="Why the last export failed.")
    trial_of = param.String("", doc="Key of the pass in the mask lab.")
    trial = param.ClassSelector(class_=Trial, default=None, allow_None=True, doc="That pass under the present mask.")
    trial_note = param.String("", doc="What the mask lab is doing, or why it cannot.")
    pixel = param.ClassSelector(class_=Pixel, default=None, allow_None=True, doc="The pixel that is looked into.")
    pixel_note = param.String("", doc="What is being read of it, or why it cannot be.")
    pixel_file = param.ClassSelector(class_=Download, default=None, allow_None=True, doc="Its table, once saved.")
    chart_open = param.Boolean(False, doc="Whether the chart is unfolded.")
    chart_of = param.String("", doc="Name of the index or band that was chosen for it; empty takes the usual one.")
    chart = param.ClassSelector(class_=Chart, default=None, allow_None=True, doc="What it shows.")
    chart_note = param.String("", doc="What is being measured for it, or why it cannot be.")
    chart_file = param.ClassSelector(class_=Download, default=None, allow_None=True, doc="Its table, once saved.")
    changes_open = param.Boolean(False, doc="Whether the map of changes is unfolded.")
    changes_of = param.ClassSelector(class_=ChangeWish, default=ChangeWish(), doc="What was chosen for it.")
    changes = param.ClassSelector(class_=ChangeMap, default=None, allow_None=True, doc="What it shows.")
    changes_note = param.String("", doc="What is being compared for it, or why it cannot be.")
    changes_at = param.String("", doc="When the pixel that is looked into changed, if it did.")
    places = param.ClassSelector(
        class_=PlaceAnswer, default=None, allow_None=True, doc="What a search for places found."
    )
    downloads = param.ClassSelector(class_=tuple, default=(), doc="Finished exports, newest first.")

    def recipe(self) -> Recipe:
        """Return the recipe of the present choices.

        Raises
        ------
        InvalidInputError
            If no area is chosen, or a choice is not possible.
        """
        if not isinstance(self.aoi, AreaOfInterest):
            raise InvalidInputError("Choose an area first: draw it on the map, type its corners, or upload a file.")
        built = self.picture.built
        return Recipe(
            catalog=self.catalog,
            aoi=self.aoi,
            start=self.start,
            end=self.end,
            months_of_year=self.months_of_year,
            period=self.period,
            max_cloud=100.0,  # what counts is the cloud inside the area
            max_area_cloud=self.max_area_cloud,
            bands=(*built, *(band for band in Method.parse(self.method).needs if band not in built)),
            method=self.method,
            resolution=self.resolution,
            clear=self.clear,
            dilate=self.dilate,
            gaps=self.gaps,
            opening=self.opening,
            rescue=self.rescue,
            excluded=self.excluded,
            kept=self.kept,
            **self.appearance.fields(),
        )

    @property
    def appearance(self) -> Appearance:
        """How the months shall be shown."""
        own = self.preset == OWN
        return Appearance(
            preset=None if own else self.preset,
            formula=self.formula if own else None,
            palette=self.palette or None,
            tone=Tone(self.limits, self.percentiles, self.gamma),
            even=self.even,
        )

    @property
    def picture(self) -> Preset:
        """What they shall show."""
        return self.appearance.picture()

    @property
    def used(self) -> SceneSet | None:
        """What was found as the present choices use it; before it is measured the cloud limit rejects nothing."""
        return None if self.scenes is None else self.chosen(self.excluded, self.kept)

    def chosen(self, excluded: tuple[str, ...] = (), kept: tuple[str, ...] = ()) -> SceneSet:
        """Return what was found, under the present cloud limit and with passes left out and kept by hand."""
        if self.scenes is None or self.searched is None:
            raise RuntimeError("passes are chosen before any was found")
        return choose(
            self.searched.but(max_area_cloud=self.max_area_cloud, excluded=excluded, kept=kept), self.scenes, self.seen
        )

    @property
    def noun(self) -> str:
        """What one picture of what was found or is being built is called."""
        return PERIODS[self.searched.period if self.searched is not None else self.period].noun

    @property
    def busy(self) -> bool:
        """Whether a search or a build is under way."""
        return self.phase in {"searching", "building"}

    @property
    def is_current(self) -> bool:
        """Whether the search's result answers the present choices."""
        if self.scenes is None or self.searched is None:
            return False
        try:
            return _question(self.recipe()) == _question(self.searched)
        except InvalidInputError:
            return False

    @property
    def is_outdated(self) -> bool:
        """Whether the series on display is not what the present choices, or the build under way, would give."""
        series = self.series
        if series is None:
            return False
        if self.phase == "building":
            return series.recipe != self.searched
        try:
            chosen = self.recipe()
        except InvalidInputError:
            return True
        if chosen.method != series.recipe.method:
            return True
        same = chosen.but(bands=series.recipe.bands, **_PLAIN) == series.recipe.but(**_PLAIN)
        return not same or not set(self.picture.needs) <= set(series.recipe.bands)

    @property
    def is_built(self) -> bool:
        """Whether the series on display is complete and holds all that the present choices need."""
        return self.series is not None and self.series.complete and not self.is_outdated


#: No choice of how it is shown.
_PLAIN: dict[str, Any] = Appearance().fields()


def _question(recipe: Recipe) -> Recipe:
    """Return what the catalogue is asked: the recipe without what only changes the pixels or the picture."""
    mask: dict[str, Any] = {"clear": DEFAULT_CLEAR, "dilate": 0.0, "opening": 0.0, "rescue": False, "method": "median"}
    plain: dict[str, Any] = {**mask, "max_area_cloud": 100.0, "excluded": (), "kept": ()}
    # Only days around the months have to be searched.
    gaps = recipe.gaps if Gaps.parse(recipe.gaps).days else "blank"
    return recipe.but(bands=("B04",), resolution=10.0, gaps=gaps, **plain, **_PLAIN)


def assign(state: AppState, **values: Any) -> None:
    """Set several parameters at once, leaving out those that stay equal.

    param tells its watchers about a new equal object too; a frozen dataclass of equal content is no news.
    """
    state.param.update(**{name: value for name, value in values.items() if getattr(state, name) != value})
