"""What is to be said of a month beside its pixels: which passes it is made of, which not and why, when and by whom."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from stac_timelapse.scenes.model import Pass, Rejection, SceneSet
from stac_timelapse.scenes.periods import Periods, days_of


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """The passes of a month.

    Parameters
    ----------
    used
        In order of time.
    rejected
        Found and not used, with the reason; where days around the month fill it, also what is of these.
    near
        Of the days around the month, to fill what the used ones do not see; None where nothing is filled so.
    n_items
        STAC items of the month that the catalogues returned, usable or not.
    left_out
        A sentence for each of them that cannot be used, or that is stated and was not sent; where days around the
        month fill it, also for what is of these.
    down
        Titles of the catalogues that could not be searched.
    """

    used: tuple[Pass, ...]
    rejected: tuple[Rejection, ...] = ()
    near: tuple[Pass, ...] | None = None
    n_items: int = 0
    left_out: tuple[str, ...] = ()
    down: tuple[str, ...] = ()

    @property
    def median_day(self) -> str:
        """Day of the middle pass (of two middle ones the earlier), ``"YYYY-MM-DD"`` in UTC; empty without a pass."""
        return f"{self.used[(len(self.used) - 1) // 2].datetime:%Y-%m-%d}" if self.used else ""

    @property
    def sensors(self) -> Mapping[str, int]:
        """Satellite -> its passes."""
        return dict(sorted(Counter(one.platform for one in self.used).items()))

    def tags(self) -> dict[str, str]:
        """Return them as the text that a file carries."""
        return {
            "ITEMS": str(self.n_items),
            "SCENE_COUNT": str(sum(len(one.scenes) for one in self.used)),
            "PASSES": str(len(self.used)),
            **_scene_tags(self.used),
            "MEDIAN_DAY": self.median_day,
            "SENSORS": ", ".join(f"{name} {number}" for name, number in self.sensors.items()),
            "REJECTED": "; ".join(self.rejections),
            "LEFT_OUT": " ".join(self.left_out),
            "CATALOGS_DOWN": "; ".join(self.down),
            **({} if self.near is None else _scene_tags(self.near, "NEAR_")),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return them as plain JSON values."""
        return {
            "items": self.n_items,
            "passes": [one.key for one in self.used],
            "rejected": [
                {
                    "pass": other.one.key,
                    "scenes": [scene.id for scene in other.one.scenes],
                    "reason": other.reason,
                    **({"detail": other.detail} if other.detail else {}),
                }
                for other in self.rejected
            ],
            **({} if self.near is None else {"near_passes": [one.key for one in self.near]}),
            "left_out": list(self.left_out),
            "catalogs_down": list(self.down),
            "median_day": self.median_day or None,
            "sensors": dict(self.sensors),
        }

    @property
    def rejections(self) -> tuple[str, ...]:
        """The scenes that are not used, each with the reason."""
        return tuple(
            f"{scene.id}: {other.reason}" + (f" ({other.detail})" if other.detail else "")
            for other in self.rejected
            for scene in other.one.scenes
        )


def _scene_tags(passes: tuple[Pass, ...], kind: str = "") -> dict[str, str]:
    scenes = [scene for one in passes for scene in one.scenes]
    return {
        f"{kind}SCENES": " ".join(scene.id for scene in scenes),
        f"{kind}BASELINES": " ".join(scene.baseline or "unknown" for scene in scenes),
        f"{kind}OFFSETS": " ".join(str(scene.offset) for scene in scenes),
    }


def facts_by_month(scenes: SceneSet, is_near: Callable[[str, date], bool] | None = None) -> dict[str, MonthFacts]:
    """Return the facts of every month that was asked for.

    Parameters
    ----------
    scenes
        The passes used, of the months and maybe of the days around them, and those rejected.
    is_near
        Tells whether a day outside a ``"YYYY-MM"`` may fill it.
    """
    # Each day is looked up for every month.
    label_of = functools.cache(Periods(scenes.months).of)
    n_items: Counter[str | None] = Counter()
    for day, number in scenes.items_of.items():
        n_items[label_of(day)] += number

    def concerns(month: str, day: date) -> bool:
        return label_of(day) == month or (is_near is not None and is_near(month, day))

    def misses(month: str, days: tuple[date, date] | None) -> bool:
        if days is None or days[0] == days[1]:
            return days is None or concerns(month, days[0])
        first, last = days_of(month)
        return days[0] <= last and first <= days[1]

    return {
        month: MonthFacts(
            used,
            tuple(other for other in scenes.rejected if concerns(month, other.one.datetime.date())),
            None if is_near is None else tuple(one for one in scenes.passes if is_near(month, one.datetime.date())),
            n_items[month],
            tuple(lost.sentence for lost in scenes.left_out if misses(month, lost.days)),
            tuple(share.title for share in scenes.catalogs if share.failure),
        )
        for month, used in scenes.by_month().items()
    }


def failure_lines(scenes: SceneSet) -> list[str]:
    """Return a sentence for each catalogue that could not be searched, or did not send what it states."""
    served = " and ".join(share.title for share in scenes.catalogs if not share.failure)
    down = [f"{served} served alone: {share.failure}" for share in scenes.catalogs if share.failure]
    return [*down, *(lost.sentence for lost in scenes.left_out if not lost.is_item)]


def catalog_lines(scenes: SceneSet) -> list[str]:
    """Return what each of several catalogues gave and what it lacked, and why one could not be searched."""
    compared = sum(not share.failure for share in scenes.catalogs) > 1
    lines = []
    for share in scenes.catalogs if len(scenes.catalogs) > 1 else ():
        if not share.failure:
            lacked = f"; lacked {len(share.lacked)}: {', '.join(share.lacked)}" if share.lacked else "; lacked none"
            gained = f"; passes gained in {', '.join(share.gained)}" if share.gained else ""
            used = f"{share.n_items} items, {scenes.n_of(share.title)} scenes used"
            lines.append(f"{share.title}: {used}{lacked if compared else ''}{gained}.")
    return [*lines, *failure_lines(scenes)]
