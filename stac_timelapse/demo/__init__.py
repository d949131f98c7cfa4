"""The demo catalogue: a synthetic landscape seen by a synthetic Sentinel-2, with its truth known.

Made once in the cache folder (`build`), served like a real catalogue (`serve`); `truth` says what a
perfect composite would show.
"""

from __future__ import annotations

from stac_timelapse.demo import truth
from stac_timelapse.demo.build import build, is_whole, usual_folder
from stac_timelapse.demo.places import DEMO_BBOX, SAMPLE_AREAS, SampleArea
from stac_timelapse.demo.quicklook import quicklook
from stac_timelapse.demo.server import DemoServer, serve
from stac_timelapse.demo.spec import (
    CLOUDY_MONTH,
    COLLECTION,
    EPSG,
    EVENT_DATE,
    EVENT_MONTH,
    FIRST_MONTH,
    FULL,
    LAST_MONTH,
    SMALL,
    DemoSpec,
    PassPlan,
    Tile,
)

__all__ = [
    "CLOUDY_MONTH",
    "COLLECTION",
    "DEMO_BBOX",
    "EPSG",
    "EVENT_DATE",
    "EVENT_MONTH",
    "FIRST_MONTH",
    "FULL",
    "LAST_MONTH",
    "SAMPLE_AREAS",
    "SMALL",
    "DemoServer",
    "DemoSpec",
    "PassPlan",
    "SampleArea",
    "Tile",
    "build",
    "is_whole",
    "quicklook",
    "serve",
    "truth",
    "usual_folder",
]
