"""Everything that determines a timelapse, frozen, and to and from JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.composite.gaps import BLANK, Gaps
from stac_timelapse.composite.methods import Method
from stac_timelapse.cube.mask import DEFAULT_CLEAR, MaskPolicy
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.appearance import Appearance
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.picture.stretch import Tone
from stac_timelapse.scenes.catalog import Catalog
from stac_timelapse.scenes.months import ALL_MONTHS, months_between
from stac_timelapse.scenes.periods import periods_of
from stac_timelapse.scenes.search import SceneQuery
from stac_timelapse.scenes.sensors import BANDS
from stac_timelapse.scenes.union import attribution_of, bands_of, catalogs_of

_FORMAT = 1
_FINEST, _COARSEST = 1.0, 10_000.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """One timelapse as asked for; checked at birth.

    Parameters
    ----------
    catalog
        Key of a known catalogue, URL of a STAC API, or path of a static catalogue; several are joined by ``+``.
    aoi
        The area.
    start, end
        First and last month, ``"YYYY-MM"``.
    months_of_year
        Months of the year that count, 1 to 12.
    max_cloud
        Largest cloud cover of a whole granule in percent, as the provider states it.
    max_area_cloud
        Largest share, in percent, of what a pass saw of the area that may be hidden; 100 takes every pass.
    bands
        Sentinel-2 band names, in output order.
    preset
        Name of the picture preset that the bands serve, or None.
    resolution
        Pixel size in metres.
    clear, dilate, opening, rescue
        See `MaskPolicy`.
    method
        Reducer, see `stac_timelapse.composite.methods`.
    collection
        Collection of the catalogue where it is not the usual one.
    excluded
        Keys of passes that the user left out.
    gaps
        What a month shows where no pass saw the ground, see `stac_timelapse.composite.gaps`.
    kept
        Keys of passes that the user wants although they are above `max_area_cloud`.
    clip
        Whether the files that are taken away hold no data outside the area, or all of the rectangle around it. The
        months themselves are the same.
    period
        What one picture is made of: a month, or another one of `stac_timelapse.scenes.periods.PERIODS`.
    without
        Months (or other periods) that the animation leaves out; they are built and saved all the same.
    formula, palette, limits, percentiles, gamma, even
        How it is shown, see `Appearance` and `Tone`; the files are the same.
    """

    catalog: str
    aoi: AreaOfInterest
    start: str
    end: str
    months_of_year: tuple[int, ...] = ALL_MONTHS
    max_cloud: float = 80.0
    max_area_cloud: float = 100.0
    bands: tuple[str, ...] = ("B04", "B03", "B02")
    preset: str | None = None
    resolution: float = 10.0
    clear: tuple[int, ...] = DEFAULT_CLEAR
    dilate: float = 0.0
    opening: float = 0.0
    rescue: bool = False
    method: str = "median"
    collection: str | None = None
    excluded: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    gaps: str = "blank"
    clip: bool = False
    period: str = "month"
    without: tuple[str, ...] = ()
    formula: str | None = None
    palette: str | None = None
    limits: tuple[float, ...] = ()
    percentiles: tuple[float, float] | None = None
    gamma: float | None = None
    even: bool = False

    def __post_init__(self) -> None:
        self.months  # noqa: B018 - their checks
        self.policy  # noqa: B018 - its checks
        unknown = [band for band in self.bands if band not in BANDS]
        if unknown or not self.bands:
            named = f"Band {unknown[0]!r} is not known" if unknown else "No band is chosen"
            raise InvalidInputError(f"{named}: use Sentinel-2's names, {', '.join(BANDS)}.")
        if len(set(self.bands)) != len(self.bands):
            raise InvalidInputError(f"A band stands twice in {', '.join(self.bands)}: name each one once.")
        for limit in (self.max_cloud, self.max_area_cloud):
            if not 0 <= limit <= 100:  # noqa: PLR2004 - percent
                raise InvalidInputError(f"A cloud limit of {limit:g} % is not possible: choose 0 to 100.")
        if not _FINEST <= self.resolution <= _COARSEST:
            raise InvalidInputError(
                f"A resolution of {self.resolution:g} m is not possible: choose {_FINEST:g} to {_COARSEST:g} m; "
                "Sentinel-2 sees 10 m."
            )
        Method.parse(self.method).check(self.bands)
        self._check_picture()
        if Gaps.parse(self.gaps) != BLANK and self.period == "climatology":
            raise InvalidInputError(
                f"The rule for gaps {self.gaps} needs time to go on: use blank where all years are one."
            )
        strange = [label for label in self.without if label not in self.months]
        if strange:
            raise InvalidInputError(
                f"{strange[0]!r} cannot be left out of the animation: it is none of its months, which are "
                f"{self.months[0]} to {self.months[-1]}."
            )

    def _check_picture(self) -> None:
        there = bands_of(self.catalog, self.collection)
        lacking = [band for band in self.bands if band not in there]
        if lacking:
            raise InvalidInputError(
                f"This catalogue has no {' and no '.join(lacking)}: choose a picture of {', '.join(there)}."
            )
        picture = self.appearance.picture(self.bands)
        missing = [band for band in picture.needs if band not in self.bands]
        if self.formula is not None and missing:
            raise InvalidInputError(
                f"The formula needs {' and '.join(missing)}, beside the bands {', '.join(self.bands)}: name them too."
            )

    @property
    def appearance(self) -> Appearance:
        """How it is shown; with a preset whose bands it has not, the picture that its bands allow."""
        preset = self.preset
        if preset is not None and preset in PRESETS and not set(PRESETS[preset].needs) <= set(self.bands):
            preset = None
        return Appearance(
            preset, self.formula, self.palette, Tone(self.limits, self.percentiles, self.gamma), self.even
        )

    @property
    def months(self) -> tuple[str, ...]:
        """Every month of it, ``"YYYY-MM"``, or other period, see `stac_timelapse.scenes.periods`."""
        return periods_of(self.period, months_between(self.start, self.end, self.months_of_year))

    @property
    def limits_the_area(self) -> bool:
        """Whether passes are chosen by what they saw of the area, which has to be measured."""
        return self.max_area_cloud < 100  # noqa: PLR2004 - percent

    @property
    def policy(self) -> MaskPolicy:
        """What counts as clear."""
        return MaskPolicy(self.clear, self.dilate, self.opening, self.rescue)

    @property
    def query(self) -> SceneQuery:
        """What to search for."""
        around = Gaps.parse(self.gaps).days
        dates = self.start, self.end, self.months_of_year
        return SceneQuery(self.aoi, *dates, self.max_cloud, self.bands, around, self.period)

    @property
    def sources(self) -> tuple[Catalog, ...]:
        """The catalogues it names, the preferred one first."""
        return catalogs_of(self.catalog, self.collection)

    @property
    def attribution(self) -> str:
        """The credit line of its catalogues."""
        return attribution_of(self.sources)

    @property
    def key(self) -> str:
        """Hash of the content, 16 hexadecimal digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "format": _FORMAT,
            "catalog": self.catalog,
            "collection": self.collection,
            "aoi": self.aoi.to_geojson(),
            "start": self.start,
            "end": self.end,
            "months_of_year": list(self.months_of_year),
            "max_cloud": self.max_cloud,
            "max_area_cloud": self.max_area_cloud,
            "bands": list(self.bands),
            "preset": self.preset,
            "resolution": self.resolution,
            "clear": list(self.clear),
            "dilate": self.dilate,
            "opening": self.opening,
            "rescue": self.rescue,
            "method": self.method,
            "excluded": list(self.excluded),
            "kept": list(self.kept),
            "gaps": self.gaps,
            "clip": self.clip,
            "period": self.period,
            "without": list(self.without),
            "formula": self.formula,
            "palette": self.palette,
            "limits": list(self.limits),
            "percentiles": None if self.percentiles is None else list(self.percentiles),
            "gamma": self.gamma,
            "even": self.even,
        }

    def to_json(self) -> str:
        """Return it as JSON text, the same for equal recipes."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read what `to_json` wrote; a ``scenes`` section written beside it is ignored.

        Raises
        ------
        InvalidInputError
            If the text is not a recipe of this format.
        """
        try:
            values = json.loads(text)
            if values["format"] != _FORMAT:
                raise InvalidInputError(f"The recipe has format {values['format']!r}; this version reads {_FORMAT}.")
            return cls(
                catalog=values["catalog"],
                collection=values["collection"],
                aoi=AreaOfInterest.from_geojson(values["aoi"]),
                start=values["start"],
                end=values["end"],
                months_of_year=tuple(values["months_of_year"]),
                max_cloud=values["max_cloud"],
                max_area_cloud=values["max_area_cloud"],
                bands=tuple(values["bands"]),
                preset=values["preset"],
                resolution=values["resolution"],
                clear=tuple(values["clear"]),
                dilate=values["dilate"],
                opening=values["opening"],
                rescue=values["rescue"],
                method=values["method"],
                excluded=tuple(values["excluded"]),
                kept=tuple(values["kept"]),
                gaps=values["gaps"],
                clip=values["clip"],
                # What older recipes have not:
                period=values.get("period", "month"),
                without=tuple(values.get("without", ())),
                formula=values.get("formula"),
                palette=values.get("palette"),
                limits=tuple(values.get("limits", ())),
                percentiles=_pair(values.get("percentiles")),
                gamma=values.get("gamma"),
                even=values.get("even", False),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInputError(f"The recipe cannot be read: {type(error).__name__} at {error}.") from error

    @classmethod
    def load(cls, path: Path) -> Recipe:
        """Read a recipe from a file."""
        return cls.from_json(path.read_text(encoding="utf-8"))

    def but(self, **changes: Any) -> Recipe:
        """Return a copy with some values changed."""
        return replace(self, **changes)


def _pair(values: list[float] | None) -> tuple[float, float] | None:
    if values is None:
        return None
    low, high = values
    return low, high
