"""What one catalogue lists of an area and its days, usable or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import shapely

from stac_timelapse.errors import ProviderError
from stac_timelapse.scenes.acquisitions import with_overflights
from stac_timelapse.scenes.catalog import Catalog
from stac_timelapse.scenes.items import UnusableItemError, day_of, may_touch, scene_of
from stac_timelapse.scenes.model import LeftOut, Scene
from stac_timelapse.scenes.periods import days_of
from stac_timelapse.scenes.provider import Patience, api_items
from stac_timelapse.scenes.query import SceneQuery, with_margin
from stac_timelapse.scenes.static import static_items

#: Footprints that touch the area along an edge hold no pixel of it.
_MIN_SHARE = 1e-9


@dataclass(frozen=True, slots=True)
class Listing:
    """What one catalogue lists of a query, or why it could not be asked.

    Parameters
    ----------
    catalog
        Which one.
    scenes
        What it lists, each with the share of the area that its footprint covers.
    left_out
        What it lists and cannot be used, and what it owes.
    error
        Why it could not be searched.
    """

    catalog: Catalog
    found: tuple[tuple[Scene, float], ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    error: ProviderError | None = None

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """The scenes it lists."""
        return tuple(scene for scene, _ in self.found)

    @property
    def coverage(self) -> Mapping[str, float]:
        """Scene id -> share of the area that its footprint covers."""
        return {scene.id: share for scene, share in self.found}

    @property
    def days(self) -> tuple[date, ...]:
        """The day of each item whose day is known, usable or not."""
        lost = (one.days[0] for one in self.left_out if one.is_item and one.days is not None)
        return (*(scene.overflight.date() for scene in self.scenes), *lost)

    @property
    def n_items(self) -> int:
        """STAC items that it returned, usable or not."""
        return len(self.found) + sum(one.is_item for one in self.left_out)


def listing_of(catalog: Catalog, query: SceneQuery, patience: Patience) -> Listing:
    """Return what a catalogue lists of the days asked for and a day around them, in the order of its answers."""
    found: list[tuple[Scene, float]] = []
    left_out: list[LeftOut] = []
    asked, searched = query.days, with_margin(query.days)
    area = query.aoi.geometry

    def told(sentence: str, months: tuple[str, str]) -> None:
        left_out.append(LeftOut(sentence, (days_of(months[0])[0], days_of(months[1])[1]), is_item=False))

    try:
        months = query.searched_months
        items = api_items(catalog, query.aoi, months, patience, told) if catalog.is_api else static_items(catalog)
        for item in items:
            try:
                scene = scene_of(item, query.bands, catalog.signing, catalog.title)
            except UnusableItemError as error:
                day = day_of(item)
                if (day is None or day in asked) and may_touch(item, area):
                    left_out.append(LeftOut(str(error), None if day is None else (day, day)))
                continue
            if scene.datetime.date() not in searched or not scene.footprint.intersects(area):
                continue
            share = shapely.area(shapely.intersection(scene.footprint, area)) / area.area
            if share > _MIN_SHARE:
                found.append((scene, share))
    except ProviderError as error:
        return Listing(catalog, error=error)
    return Listing(catalog, tuple(found), tuple(left_out))


def of_the_days(listings: Sequence[Listing], days: frozenset[date]) -> list[Listing]:
    """Return what overflights that began on these days left in each catalogue, one scene an id.

    When an overflight began is decided by all catalogues together, so that they agree on its day.
    """
    begun = iter(with_overflights([scene for one in listings for scene in one.scenes]))
    return [
        _one_an_id(replace(one, found=tuple((next(begun), share) for _, share in one.found)), days) for one in listings
    ]


def _one_an_id(listing: Listing, days: frozenset[date]) -> Listing:
    """Leave out what is not of the days, and with a sentence what has the id of another acquisition."""
    by_id: dict[str, tuple[Scene, float]] = {}
    left_out = list(listing.left_out)
    told = set()
    for scene, share in listing.found:
        day = scene.overflight.date()
        if day not in days:
            continue
        first, _ = by_id.setdefault(scene.id, (scene, share))
        if _acquisition(first) == _acquisition(scene) or (scene.id, _acquisition(scene)) in told:
            continue
        told.add((scene.id, _acquisition(scene)))
        sentence = (
            f"Item {scene.id} of {day} has the id of another acquisition in {listing.catalog.title}, that of "
            f"{first.overflight.date()}, and was left out."
        )
        left_out.append(LeftOut(sentence, (day, day)))
    return replace(listing, found=tuple(by_id.values()), left_out=tuple(left_out))


def _acquisition(scene: Scene) -> tuple[str, str, str]:
    return scene.datatake, scene.tile, scene.strip
