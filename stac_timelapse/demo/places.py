"""Where the demo landscape lies, and what is worth watching there."""

from __future__ import annotations

from dataclasses import dataclass

from shapely.geometry import box

from stac_timelapse.demo.items import demo_bbox, lonlat
from stac_timelapse.demo.spec import FULL, PIXEL, WORLD_NORTH, WORLD_WEST

BBox = tuple[float, float, float, float]

#: West, south, east, north of the whole demo in degrees.
DEMO_BBOX: BBox = demo_bbox(FULL)


@dataclass(frozen=True, slots=True)
class SampleArea:
    """A place for a first try.

    Parameters
    ----------
    name
        Short name.
    bbox
        West, south, east, north in degrees.
    sentence
        What there is to see, in one sentence.
    """

    name: str
    bbox: BBox
    sentence: str


def _around(row: float, column: float, half_height: float, half_width: float) -> BBox:
    """Return the box around a pixel of the landscape, rounded to about ten metres."""
    x, y = WORLD_WEST + PIXEL * column, WORLD_NORTH - PIXEL * row
    corners = box(x - PIXEL * half_width, y - PIXEL * half_height, x + PIXEL * half_width, y + PIXEL * half_height)
    west, south, east, north = (round(value, 4) for value in lonlat(corners).bounds)
    return west, south, east, north


SAMPLE_AREAS: tuple[SampleArea, ...] = (
    SampleArea("Reservoir", _around(530, 1125, 190, 165), "A reservoir falls through a dry summer and fills again."),
    SampleArea("Forest fire", _around(205, 1275, 110, 150), "A fire burns the forest in July 2022; the scar stays."),
    SampleArea(
        "Town and fields", _around(575, 800, 150, 210), "Fields green up, flower and are harvested around a town."
    ),
)
