"""Search catalogues for the scenes of an area."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import shapely

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import NothingFoundError, ProviderError, TooBigError
from stac_timelapse.scenes.acquisitions import Acquisition, newest_of_twins, union_of
from stac_timelapse.scenes.catalog import Catalog, CatalogShare
from stac_timelapse.scenes.items import UnusableItemError, may_concern, scene_of
from stac_timelapse.scenes.model import SCENE_CLOUD, Rejection, Scene, SceneSet, group_passes
from stac_timelapse.scenes.months import months_between, with_neighbours
from stac_timelapse.scenes.periods import is_near, periods_of
from stac_timelapse.scenes.provider import USUAL, Patience, api_items
from stac_timelapse.scenes.static import static_items
from stac_timelapse.scenes.union import title_of

#: The widest and highest area in kilometres: UTM serves no larger one.
MAX_EXTENT = 1000
#: Footprints that touch the area along an edge hold no pixel of it.
_MIN_SHARE = 1e-9
_KM_PER_DEGREE = 111.32


@dataclass(frozen=True, slots=True)
class SceneQuery:
    """What to look for; nothing is asked of the network before `find_scenes`.

    Parameters
    ----------
    aoi
        The area.
    start, end
        First and last month, ``"YYYY-MM"``.
    months_of_year
        Months of the year that count, 1 to 12.
    max_cloud
        Largest cloud cover of a granule in percent, as the provider states it.
    bands
        Sentinel-2 band names that will be read.
    period
        What the months form, see `stac_timelapse.scenes.periods.PERIODS`.
    days_around
        Scenes of so many days before and after the months are found as well, at most 31.
    """

    aoi: AreaOfInterest
    start: str
    end: str
    months_of_year: tuple[int, ...] = tuple(range(1, 13))
    max_cloud: float = 100.0
    bands: tuple[str, ...] = ("B04", "B03", "B02")
    days_around: int = 0
    period: str = "month"

    @property
    def months(self) -> tuple[str, ...]:
        """The months asked for, ``"YYYY-MM"``."""
        return months_between(self.start, self.end, self.months_of_year)

    @property
    def searched_months(self) -> tuple[str, ...]:
        """The months that hold all the days asked for."""
        return with_neighbours(self.months) if self.days_around else self.months

    def wants(self, scene: Scene) -> bool:
        """Tell whether a scene is of the days asked for and sees something of the area."""
        day = scene.datetime.date()
        timely = scene.month in self.months or any(is_near(day, month, self.days_around) for month in self.months)
        return timely and scene.footprint.intersects(self.aoi.geometry)


@dataclass(frozen=True, slots=True)
class _Listed:
    """What one catalogue lists of a query, or why it could not be asked."""

    catalog: Catalog
    scenes: tuple[Scene, ...] = ()
    coverage: Mapping[str, float] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    n_items: int = 0
    error: ProviderError | None = None


def find_scenes(catalogs: Sequence[Catalog], query: SceneQuery, patience: Patience = USUAL) -> SceneSet:
    """Search, leave out twins and cloudy scenes, and group the rest into passes.

    Several catalogues are searched at the same time, and what they list is matched by acquisition. One that cannot be
    searched is left out as a whole, and the set says so.

    The cloud limit is applied here and never left to the server: some servers ignore it, and others
    then answer with nothing.

    Parameters
    ----------
    catalogs
        Where to search, the preferred one first; for the demo its URL must be set.
    query
        Area, months, limit, bands.
    patience
        How long a catalogue is waited for.

    Returns
    -------
    SceneSet
        Never empty.

    Raises
    ------
    NothingFoundError
        If no scene is there, or all are above the cloud limit.
    TooBigError
        If the area is larger than `MAX_EXTENT`, or has too many items.
    ProviderError
        If no catalogue can be reached, or they answer nonsense.
    """
    months = query.months
    _check_extent(query.aoi)
    with ThreadPoolExecutor(len(catalogs), thread_name_prefix="catalogue") as pool:
        listed = list(pool.map(lambda catalog: _list(catalog, query, patience), catalogs))
    answered = [one for one in listed if one.error is None]
    failures = [str(one.error) for one in listed if one.error is not None]
    if not answered:
        raise ProviderError(_all_failed(failures))
    coverage = {name: share for one in reversed(answered) for name, share in one.coverage.items()}
    skipped = [sentence for one in answered for sentence in one.skipped]
    twinless = [newest_of_twins(one.scenes) for one in answered]
    found = union_of([scene for scenes in twinless for scene in scenes], [one.catalog.title for one in answered])
    found = _with_ids_of_their_own(found, skipped)
    unique = [each.scene for each in found]
    clear = [scene for scene in unique if scene.cloud_cover <= query.max_cloud]
    cloudy = [scene for scene in unique if scene.cloud_cover > query.max_cloud]
    result = SceneSet(
        passes=group_passes(clear, coverage),
        months=periods_of(query.period, months),
        n_items=sum(one.n_items for one in answered),
        n_twins=sum(len(one.scenes) for one in answered) - sum(len(scenes) for scenes in twinless),
        rejected=tuple(Rejection(one, SCENE_CLOUD) for one in group_passes(cloudy, coverage)),
        skipped=tuple(skipped),
        catalogs=_shares(listed, found, months),
    )
    if not result.passes:
        raise _nothing(title_of([one.catalog for one in answered]), query, unique, skipped, failures)
    return result


def _list(catalog: Catalog, query: SceneQuery, patience: Patience) -> _Listed:
    """Return what a catalogue lists of the query."""
    scenes: dict[str, Scene] = {}
    coverage: dict[str, float] = {}
    skipped: list[str] = []
    n_items = 0
    try:
        months = query.searched_months
        found = api_items(catalog, query.aoi, months, patience) if catalog.is_api else static_items(catalog)
        for item in found:
            try:
                scene = scene_of(item, query.bands, catalog.signing, catalog.title)
            except UnusableItemError as error:
                if may_concern(item, query.months, query.aoi.geometry):
                    skipped.append(str(error))
                    n_items += 1
                continue
            if not query.wants(scene):
                continue
            share = shapely.area(shapely.intersection(scene.footprint, query.aoi.geometry)) / query.aoi.geometry.area
            if share > _MIN_SHARE and scene.id not in scenes:
                n_items += 1
                scenes[scene.id], coverage[scene.id] = scene, share
    except ProviderError as error:
        return _Listed(catalog, error=error)
    return _Listed(catalog, tuple(scenes.values()), coverage, tuple(skipped), n_items)


def _with_ids_of_their_own(found: Sequence[Acquisition], skipped: list[str]) -> list[Acquisition]:
    """Leave out, with a sentence, what has the id of another acquisition: a scene is told apart by its id."""
    by_id: dict[str, Acquisition] = {}
    for each in found:
        rival = by_id.setdefault(each.scene.id, each)
        if rival is not each:
            skipped.append(
                f"Item {each.scene.id} of {each.scene.catalog} has the id of another acquisition in "
                f"{rival.scene.catalog} and was left out."
            )
    return list(by_id.values())


def _shares(listed: Sequence[_Listed], found: Sequence[Acquisition], months: Sequence[str]) -> tuple[CatalogShare, ...]:
    """Return what each catalogue had of what was found in all of them."""
    shares = []
    for one in listed:
        title = one.catalog.title
        lacked = [each.scene for each in found if title not in each.catalogs and one.error is None]
        passes = {each.scene.datatake for each in found if title in each.catalogs}
        gained = {scene.month for scene in lacked if scene.datatake not in passes}
        shares.append(
            CatalogShare(
                title,
                one.n_items,
                tuple(scene.id for scene in sorted(lacked, key=lambda scene: (scene.datetime, scene.id))),
                tuple(month for month in months if month in gained),
                "" if one.error is None else str(one.error),
            )
        )
    return tuple(shares)


def _all_failed(failures: Sequence[str]) -> str:
    if len(failures) == 1:
        return failures[0]
    reasons = "; ".join(sentence.rstrip(".") for sentence in failures)
    return f"None of the {len(failures)} catalogues could be searched: {reasons}."


def _nothing(
    title: str, query: SceneQuery, scenes: Sequence[Scene], skipped: Sequence[str], failures: Sequence[str]
) -> Exception:
    west, south, east, north = query.aoi.bbox
    where = f"the area {west:.3f}, {south:.3f}, {east:.3f}, {north:.3f}"
    when = query.start if query.start == query.end else f"{query.start} to {query.end}"
    if scenes:
        least = min(scene.cloud_cover for scene in scenes)
        return NothingFoundError(
            f"All {len(scenes)} scenes of {when} are cloudier than {query.max_cloud:g} %: "
            f"the clearest has {least:.1f} %; raise the cloud limit or widen the dates.",
            "all_cloudy",
        )
    if skipped:
        return ProviderError(f"None of the {len(skipped)} items of {title} can be used; the first: {skipped[0]}")
    if failures:
        # What is not there may be where nobody could look.
        return ProviderError(f"{title} has no scenes of {when} for {where}, and was searched alone: {failures[0]}")
    return NothingFoundError(
        f"{title} has no scenes of {when} for {where}: move the area to land or choose other dates.",
        "no_scenes",
    )


def _check_extent(area: AreaOfInterest) -> None:
    west, south, east, north = area.bbox
    nearest = 0.0 if south < 0 < north else min(abs(south), abs(north))
    width = ((east - west) % 360 or 360.0) * _KM_PER_DEGREE * math.cos(math.radians(nearest))
    height = (north - south) * _KM_PER_DEGREE
    if max(width, height) > MAX_EXTENT:
        raise TooBigError(
            f"The area is too big: {width:,.0f} x {height:,.0f} km, and {MAX_EXTENT:,} km are allowed; "
            "choose a smaller area."
        )
