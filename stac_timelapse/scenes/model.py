"""What was seen: the passes that scenes belong to, and the months the passes fall in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import geopandas as gpd

from stac_timelapse.scenes.catalog import CatalogShare
from stac_timelapse.scenes.periods import Periods
from stac_timelapse.scenes.scene import Asset, Bounds, Scene

__all__ = [
    "AREA_CLOUD", "BY_HAND", "NOT_SEEN", "SCENE_CLOUD", "UNREADABLE", "Asset", "Bounds", "LeftOut", "Pass", "Rejection",
    "Scene", "SceneSet",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pass:
    """One overflight: the granules of one datatake that touch the area.

    Parameters
    ----------
    key
        Stable name, e.g. ``"2023-08-15T095031_sentinel-2a"``.
    scenes
        Its granules, best covering first: where two overlap the earlier one's pixel is taken.
    """

    key: str
    scenes: tuple[Scene, ...]

    @property
    def datetime(self) -> datetime:
        """When it began, UTC; its day decides the period it belongs to."""
        return min(scene.overflight for scene in self.scenes)

    @property
    def month(self) -> str:
        """Year and month, ``"YYYY-MM"``."""
        return f"{self.datetime:%Y-%m}"

    @property
    def platform(self) -> str:
        """Name of the satellite."""
        return self.scenes[0].platform

    @property
    def cloud_cover(self) -> float:
        """Mean cloud cover of its granules in percent."""
        return sum(scene.cloud_cover for scene in self.scenes) / len(self.scenes)


#: Why something that was found is not used.
SCENE_CLOUD = "above the cloud limit"
AREA_CLOUD = "too cloudy in the area"
NOT_SEEN = "without data in the area"
BY_HAND = "left out by hand"
UNREADABLE = "could not be read"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A pass, or some granules of it, that was found and is not used.

    Parameters
    ----------
    one
        The pass with the granules that are not used.
    reason
        `SCENE_CLOUD`, `AREA_CLOUD`, `NOT_SEEN`, `BY_HAND` or `UNREADABLE`.
    detail
        Of what could not be read: which file, and what the reader said.
    """

    one: Pass
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a catalogue lists and cannot be used, or states and does not send.

    Parameters
    ----------
    sentence
        What, and why.
    days
        Its first and last day; None where they are not known.
    is_item
        Whether it is one item that was sent.
    """

    sentence: str
    days: tuple[date, date] | None = None
    is_item: bool = True


@dataclass(frozen=True, slots=True)
class SceneSet:
    """The passes of a search, in order of time.

    Parameters
    ----------
    passes
        Sorted by time; maybe also some of the days around the months.
    months
        Every month, or other period (see `stac_timelapse.scenes.periods`), that was asked for, also those without a
        pass.
    n_items
        STAC items that the catalogues returned for the area and the dates.
    n_twins
        Items left out because their catalogue has a newer processing of the same acquisition.
    rejected
        What was found and is not used, with the reason, in order of time.
    left_out
        What the catalogues list and cannot be used, or state and do not send.
    items_of
        Day -> STAC items of it, as far as they say theirs.
    catalogs
        What each catalogue had, in the order in which they are named.
    """

    passes: tuple[Pass, ...]
    months: tuple[str, ...]
    n_items: int = 0
    n_twins: int = 0
    rejected: tuple[Rejection, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    items_of: Mapping[date, int] = field(default_factory=dict)
    catalogs: tuple[CatalogShare, ...] = ()

    @property
    def skipped(self) -> tuple[str, ...]:
        """One sentence for each thing that was left out, with the reason."""
        return tuple(one.sentence for one in self.left_out)

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """All scenes, pass by pass."""
        return tuple(scene for one in self.passes for scene in one.scenes)

    @property
    def n_scenes(self) -> int:
        """Scenes in use."""
        return sum(len(one.scenes) for one in self.passes)

    @property
    def found(self) -> tuple[Scene, ...]:
        """All scenes that were found, also those that are not used."""
        return (*self.scenes, *(scene for other in self.rejected for scene in other.one.scenes))

    def n_of(self, title: str) -> int:
        """Return the scenes in use that come from the catalogue of this title."""
        return sum(scene.catalog == title for scene in self.scenes)

    def n_rejected(self, reason: str) -> int:
        """Return the scenes that are not used for a reason."""
        return sum(len(other.one.scenes) for other in self.rejected if other.reason == reason)

    def passes_of(self, month: str) -> tuple[Pass, ...]:
        """Return the passes of one period, in order of time."""
        return self.by_month().get(month, ())

    def by_month(self) -> dict[str, tuple[Pass, ...]]:
        """Return the passes of every period, in order of time, looked at once; empty for one without."""
        found: dict[str, list[Pass]] = {month: [] for month in self.months}
        periods = Periods(self.months)
        for one in self.passes:
            found.get(periods.of(one.datetime.date()) or "", []).append(one)
        return {month: tuple(passes) for month, passes in found.items()}

    def without(self, reasons: Mapping[str, str]) -> SceneSet:
        """Return the set with the passes of these keys rejected, each for its reason; the months stay."""
        out = [one for one in self.passes if one.key in reasons]
        return self._less({scene.id: (reasons[one.key], "") for one in out for scene in one.scenes})

    def without_scenes(self, details: Mapping[str, str]) -> SceneSet:
        """Return the set without the scenes of these ids, which could not be read for the reasons given."""
        return self._less({name: (UNREADABLE, detail) for name, detail in details.items()})

    def _less(self, reasons: Mapping[str, tuple[str, str]]) -> SceneSet:
        """Return the set with the scenes of these ids rejected; passes left without a scene go too."""
        kept, out = [], list(self.rejected)
        for one in self.passes:
            good = tuple(scene for scene in one.scenes if scene.id not in reasons)
            kept += [replace(one, scenes=good)] if good else []
            # Granules of one pass may be lost for different reasons.
            each: dict[tuple[str, str], list[Scene]] = {}
            for scene in one.scenes:
                if scene.id in reasons:
                    each.setdefault(reasons[scene.id], []).append(scene)
            out += [Rejection(replace(one, scenes=tuple(bad)), *why) for why, bad in each.items()]
        out.sort(key=lambda other: (other.one.datetime, other.one.key))
        return replace(self, passes=tuple(kept), rejected=tuple(out))

    def to_geodataframe(self) -> gpd.GeoDataFrame:
        """Return one row a scene: pass, id, time, tile, platform, baseline, cloud cover, footprint (EPSG:4326)."""
        rows = [
            {
                "pass": one.key,
                "id": scene.id,
                "datetime": scene.datetime,
                "tile": scene.tile,
                "platform": scene.platform,
                "baseline": scene.baseline,
                "cloud_cover": scene.cloud_cover,
                "geometry": scene.footprint,
            }
            for one in self.passes
            for scene in one.scenes
        ]
        columns = ["pass", "id", "datetime", "tile", "platform", "baseline", "cloud_cover", "geometry"]
        return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs="EPSG:4326")
