"""Sample areas of the demo landscape, with dates that show something."""

from __future__ import annotations

from dataclasses import dataclass

from stac_timelapse import demo
from stac_timelapse.area.aoi import AreaOfInterest


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample.

    Parameters
    ----------
    title
        Short name.
    aoi
        The area.
    start, end
        First and last month, ``"YYYY-MM"``.
    """

    title: str
    aoi: AreaOfInterest
    start: str
    end: str


def demo_samples() -> tuple[Sample, ...]:
    """Return the samples, the one for a first visit first."""
    return tuple(
        Sample(title, AreaOfInterest.from_bbox(*bbox, name=title), demo.FIRST_MONTH, demo.LAST_MONTH)
        for title, bbox in demo.SAMPLE_AREAS.items()
    )
