"""What a visitor finds filled in: sample areas of the demo landscape, and dates that show something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from stac_timelapse import demo
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.scenes.months import month_number, month_text


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


def usual_dates(catalog: str) -> dict[str, str]:
    """Return the first and last month to start from: all of the demo, or the last twelve full months."""
    if catalog == "demo":
        return {"start": demo.FIRST_MONTH, "end": demo.LAST_MONTH}
    this_month = month_number(f"{datetime.now(tz=UTC):%Y-%m}")
    return {"start": month_text(this_month - 12), "end": month_text(this_month - 1)}


def dates_after(before: str, catalog: str, dates: dict[str, str]) -> dict[str, str]:
    """Return the months to go on with when another catalogue is chosen: the user's own, if they can hold there.

    Parameters
    ----------
    before, catalog
        The catalogue until now, and the one chosen.
    dates
        ``start`` and ``end``, ``"YYYY-MM"``.
    """
    own = dates != usual_dates(before)
    there = catalog != "demo" or demo.FIRST_MONTH <= dates["start"] <= dates["end"] <= demo.LAST_MONTH
    return dates if own and there else usual_dates(catalog)


def demo_overview() -> tuple[str, tuple[float, float, float, float]] | None:
    """Return the address of the demo's overview picture and its web mercator bounds; None where it is not built."""
    try:
        picture, bounds = demo.quicklook(demo.usual_folder())
    except OSError:
        return None
    return f"demo/{picture.name}", bounds
