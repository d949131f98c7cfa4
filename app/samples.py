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
    sentence
        What there is to see.
    """

    title: str
    aoi: AreaOfInterest
    start: str
    end: str
    sentence: str


def demo_samples() -> tuple[Sample, ...]:
    """Return the samples, the one for a first visit first."""
    return tuple(
        Sample(
            area.name,
            AreaOfInterest.from_bbox(*area.bbox, name=area.name),
            demo.FIRST_MONTH,
            demo.LAST_MONTH,
            area.sentence,
        )
        for area in demo.SAMPLE_AREAS
    )
