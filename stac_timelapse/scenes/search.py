"""Search a catalogue for the scenes of an area."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import NothingFoundError, ProviderError, TooBigError
from stac_timelapse.scenes.catalog import Catalog
from stac_timelapse.scenes.items import UnusableItemError, may_concern, scene_of
from stac_timelapse.scenes.model import SCENE_CLOUD, Rejection, Scene, SceneSet, group_passes, newest_of_twins
from stac_timelapse.scenes.months import is_near, months_between, with_neighbours
from stac_timelapse.scenes.provider import api_items, static_items

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


def find_scenes(catalog: Catalog, query: SceneQuery) -> SceneSet:
    """Search, leave out twins and cloudy scenes, and group the rest into passes.

    The cloud limit is applied here and never left to the server: some servers ignore it, and others
    then answer with nothing.

    Parameters
    ----------
    catalog
        Where to search; for the demo its URL must be set.
    query
        Area, months, limit, bands.

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
        If the catalogue cannot be reached or answers nonsense.
    """
    months = query.months
    _check_extent(query.aoi)
    found = api_items(catalog, query.aoi, query.searched_months) if catalog.is_api else static_items(catalog)
    scenes: dict[str, Scene] = {}
    coverage: dict[str, float] = {}
    skipped: list[str] = []
    n_items = 0
    for item in found:
        try:
            scene = scene_of(item, query.bands, catalog.signing)
        except UnusableItemError as error:
            if may_concern(item, months, query.aoi.geometry):
                skipped.append(str(error))
                n_items += 1
            continue
        if not query.wants(scene):
            continue
        share = shapely.area(shapely.intersection(scene.footprint, query.aoi.geometry)) / query.aoi.geometry.area
        if share > _MIN_SHARE and scene.id not in scenes:
            n_items += 1
            scenes[scene.id], coverage[scene.id] = scene, share
    unique = newest_of_twins(scenes.values())
    clear = [scene for scene in unique if scene.cloud_cover <= query.max_cloud]
    cloudy = [scene for scene in unique if scene.cloud_cover > query.max_cloud]
    result = SceneSet(
        passes=group_passes(clear, coverage),
        months=months,
        n_items=n_items,
        n_twins=len(scenes) - len(unique),
        rejected=tuple(Rejection(one, SCENE_CLOUD) for one in group_passes(cloudy, coverage)),
        skipped=tuple(skipped),
    )
    if not result.passes:
        raise _nothing(catalog, query, unique, skipped)
    return result


def _nothing(catalog: Catalog, query: SceneQuery, scenes: Sequence[Scene], skipped: Sequence[str]) -> Exception:
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
        return ProviderError(
            f"None of the {len(skipped)} items of {catalog.title} can be used; the first: {skipped[0]}"
        )
    return NothingFoundError(
        f"{catalog.title} has no scenes of {when} for {where}: move the area to land or choose other dates.",
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
