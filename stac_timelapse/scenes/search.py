"""Search catalogues for the scenes of an area."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import NothingFoundError, ProviderError, TooBigError
from stac_timelapse.scenes.acquisitions import Acquisition, group_passes, newest_of_twins, union_of
from stac_timelapse.scenes.catalog import Catalog, CatalogShare
from stac_timelapse.scenes.listing import Listing, listing_of, of_the_days
from stac_timelapse.scenes.model import SCENE_CLOUD, LeftOut, Rejection, Scene, SceneSet
from stac_timelapse.scenes.periods import periods_of
from stac_timelapse.scenes.provider import USUAL, Patience
from stac_timelapse.scenes.query import SceneQuery
from stac_timelapse.scenes.union import title_of

__all__ = ["MAX_EXTENT", "SceneQuery", "find_scenes"]

#: The widest and highest area in kilometres: UTM serves no larger one.
MAX_EXTENT = 1000
_KM_PER_DEGREE = 111.32


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
        listed = list(pool.map(lambda catalog: listing_of(catalog, query, patience), catalogs))
    listed = of_the_days(listed, query.days)
    answered = [one for one in listed if one.error is None]
    failures = [str(one.error) for one in listed if one.error is not None]
    if not answered:
        raise ProviderError(_all_failed(failures))
    coverage = {name: share for one in reversed(answered) for name, share in one.coverage.items()}
    left_out = [lost for one in answered for lost in one.left_out]
    twinless = [newest_of_twins(one.scenes) for one in answered]
    found = union_of([scene for scenes in twinless for scene in scenes], [one.catalog.title for one in answered])
    found = _with_ids_of_their_own(found, left_out)
    unique = [each.scene for each in found]
    clear = [scene for scene in unique if scene.cloud_cover <= query.max_cloud]
    cloudy = [scene for scene in unique if scene.cloud_cover > query.max_cloud]
    result = SceneSet(
        passes=group_passes(clear, coverage),
        months=periods_of(query.period, months),
        n_items=sum(one.n_items for one in answered),
        n_twins=sum(len(one.scenes) for one in answered) - sum(len(scenes) for scenes in twinless),
        rejected=tuple(Rejection(one, SCENE_CLOUD) for one in group_passes(cloudy, coverage)),
        left_out=tuple(left_out),
        items_of=Counter(day for one in answered for day in one.days),
        catalogs=_shares(listed, found, months),
    )
    if not result.passes:
        raise _nothing(title_of([one.catalog for one in answered]), query, unique, left_out, failures)
    return result


def _with_ids_of_their_own(found: Sequence[Acquisition], left_out: list[LeftOut]) -> list[Acquisition]:
    """Leave out, with a sentence, what has the id of another acquisition: a scene is told apart by its id."""
    by_id: dict[str, Acquisition] = {}
    for each in found:
        rival = by_id.setdefault(each.scene.id, each)
        if rival is not each:
            day = each.scene.overflight.date()
            sentence = (
                f"Item {each.scene.id} of {each.scene.catalog} has the id of another acquisition in "
                f"{rival.scene.catalog} and was left out."
            )
            # One of the items that are counted already.
            left_out.append(LeftOut(sentence, (day, day)))
    return list(by_id.values())


def _shares(listed: Sequence[Listing], found: Sequence[Acquisition], months: Sequence[str]) -> tuple[CatalogShare, ...]:
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
    title: str, query: SceneQuery, scenes: Sequence[Scene], left_out: Sequence[LeftOut], failures: Sequence[str]
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
    skipped = [one.sentence for one in left_out if one.is_item]
    if skipped:
        return ProviderError(f"None of the {len(skipped)} items of {title} can be used; the first: {skipped[0]}")
    if failures:
        # What is not there may be where nobody could look.
        return ProviderError(f"{title} has no scenes of {when} for {where}, and was searched alone: {failures[0]}")
    if left_out:
        return ProviderError(f"{title} has no scenes of {when} for {where}, and owes some: {left_out[0].sentence}")
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
