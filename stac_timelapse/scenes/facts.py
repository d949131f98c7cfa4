"""What is to be said of a month beside its pixels: which passes it is made of, which not and why, when and by whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from stac_timelapse.scenes.model import Pass, Rejection, SceneSet
from stac_timelapse.scenes.periods import Periods


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """The passes of a month.

    Parameters
    ----------
    used
        In order of time.
    rejected
        Found and not used, with the reason.
    near
        Of the days around the month, to fill what the used ones do not see; None where nothing is filled so.
    """

    used: tuple[Pass, ...]
    rejected: tuple[Rejection, ...] = ()
    near: tuple[Pass, ...] | None = None

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
        scenes = [scene for one in self.used for scene in one.scenes]
        return {
            "PASSES": str(len(self.used)),
            "SCENES": " ".join(scene.id for scene in scenes),
            "BASELINES": " ".join(scene.baseline or "unknown" for scene in scenes),
            "OFFSETS": " ".join(str(scene.offset) for scene in scenes),
            "MEDIAN_DAY": self.median_day,
            "SENSORS": ", ".join(f"{name} {number}" for name, number in self.sensors.items()),
            "REJECTED": "; ".join(self.rejections),
            **(
                {}
                if self.near is None
                else {"NEAR_SCENES": " ".join(scene.id for one in self.near for scene in one.scenes)}
            ),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return them as plain JSON values."""
        return {
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


def facts_by_month(scenes: SceneSet, is_near: Callable[[str, date], bool] | None = None) -> dict[str, MonthFacts]:
    """Return the facts of every month that was asked for.

    Parameters
    ----------
    scenes
        The passes used, of the months and maybe of the days around them, and those rejected.
    is_near
        Tells whether a day outside a ``"YYYY-MM"`` may fill it.
    """
    rejected: dict[str | None, list[Rejection]] = {}
    periods = Periods(scenes.months)
    for other in scenes.rejected:
        rejected.setdefault(periods.of(other.one.datetime.date()), []).append(other)
    return {
        month: MonthFacts(
            used,
            tuple(rejected.get(month, ())),
            None if is_near is None else tuple(one for one in scenes.passes if is_near(month, one.datetime.date())),
        )
        for month, used in scenes.by_month().items()
    }


def failure_lines(scenes: SceneSet) -> list[str]:
    """Return a sentence for each catalogue that could not be searched: who served in its place, and why."""
    served = " and ".join(share.title for share in scenes.catalogs if not share.failure)
    return [f"{served} served alone: {share.failure}" for share in scenes.catalogs if share.failure]


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
