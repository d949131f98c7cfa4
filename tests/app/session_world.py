"""Finished months on disk, and a library that is played, so that the actions can be watched step by step."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from affine import Affine
from shapely import box

from app.actions import Actions
from app.state import AppState
from app.workspace import Workspace
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.build import MonthResult, Progress
from stac_timelapse.cube.clear_share import Seen
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.look import WIDEST, Look
from stac_timelapse.errors import CancelledError
from stac_timelapse.estimate import Estimate
from stac_timelapse.export.geotiff import write_composite
from stac_timelapse.probe import Observation, PixelMonth
from stac_timelapse.scenes.facts import MonthFacts
from stac_timelapse.scenes.model import Pass, Scene, SceneSet

AREA = AreaOfInterest.from_bbox(15.0, 46.9, 15.01, 46.91, name="Field 7")
PASS = Pass(
    "pass",
    (
        Scene(
            id="scene", datetime=datetime(2022, 5, 3, 10, tzinfo=UTC), tile="33TWM", platform="sentinel-2a",
            baseline="03.01", datatake="pass", strip="", generated="", cloud_cover=10.0, footprint=box(14, 46, 16, 47),
            epsg=32633, bounds=(499_980.0, 5_190_240.0, 609_780.0, 5_300_040.0), assets={}, offset=0,
        ),
    ),
)  # fmt: skip


def write_month(folder, month, value, *, bands=("B04", "B03", "B02"), seen=2):
    """Write a composite of 40 x 50 pixels, brighter by 10 DN a band."""
    data = np.stack([np.full((40, 50), value + 10 * i, dtype=np.uint16) for i in range(len(bands))])
    count = np.full((40, 50), seen, dtype=np.uint8)
    if not seen:
        data[:] = 0
    path = folder / f"{month}-{value}.tif"
    return write_composite(
        path, data, count, bands=bands, epsg=32633, transform=Affine(10, 0, 500_000, 0, -10, 5_195_000), month=month
    )


def result_of(path, month, *, seen=2, unreadable=()):
    return MonthResult(
        month=month,
        path=path,
        passes_used=seen,
        scene_ids=("a", "b")[:seen],
        observations_mean=float(seen),
        clear_share=1.0 if seen else 0.0,
        filled_share=0.0,
        facts=MonthFacts((PASS,) * seen),
        from_store=False,
        unreadable=tuple(unreadable),
        seconds=0.1,
    )


class PlayedProbe:
    """A pixel with one observation a month."""

    def __init__(self, engine, recipe, lon, lat):
        self.engine, self.recipe, self.lon, self.lat = engine, recipe, lon, lat
        self.ring = tuple((lon + x, lat + y) for x, y in [(0, 0), (1e-4, 0), (1e-4, -1e-4), (0, -1e-4), (0, 0)])
        self.at = (3, 7)
        self.looked = []

    def look(self, month):
        if self.engine.look_error is not None:
            raise self.engine.look_error
        self.looked.append(month)
        value = int(month[-2:])
        kept = Observation(PASS.scenes[0], 4, (value, 20, 30), True)
        return PixelMonth(month, (kept,), (value, 20, 30), 1, 1)


class PlayedEngine:
    """Answers what it was told to; a gate holds back each month until the test lets it go."""

    def __init__(self, folder):
        self.folder = folder
        self.error = None
        self.refusal = None
        self.build_error = None
        self.measure_error = None
        self.look_error = None
        self.looks = []
        self.probe_error = None
        self.probed = []
        self.clear = 0.5
        self.searches = []
        self.gate = threading.Semaphore(100)
        self.months = ("2022-05", "2022-06", "2022-07")
        self.size = (50, 40)
        self.resolutions = []

    def check(self, _recipe):
        if self.refusal is not None:
            raise self.refusal

    def search(self, recipe):
        self.searches.append(recipe)
        if self.error is not None:
            raise self.error
        return SceneSet(passes=(PASS,), months=recipe.months, n_items=4)

    def estimate(self, recipe, scenes):
        return Estimate(*self.size, recipe.resolution, 32633, len(scenes.months), 3, 4, 1_000_000, 2_000_000)

    def measure(self, _recipe, _scenes):
        if self.measure_error is not None:
            raise self.measure_error
        return {"pass": Seen(covered=1.0, clear=self.clear)}

    def look_at(self, recipe, _scenes, key):
        if self.look_error is not None:
            raise self.look_error
        self.looks.append(key)
        margin = WIDEST.margin(20)
        classes = np.full((10 + 2 * margin, 20 + 2 * margin), 4, dtype=np.uint8)
        classes[margin : margin + 5, margin : margin + 20] = 8  # the upper half
        grid = Grid(32633, 20.0, 500_000.0, 5_195_000.0, 20, 10, (500_000.0, 5_195_000.0))
        return Look(
            grid, np.ones((10, 20), dtype=bool), (classes,), np.full((len(recipe.bands), 10, 20), 900, dtype=np.uint16)
        )

    def bright_ground(self, _scenes, look):
        self.looks.append("bright ground")
        return np.ones(look.classes[0].shape, dtype=bool)

    def probe(self, recipe, _scenes, place, lost):
        if self.probe_error is not None:
            raise self.probe_error
        self.probed.append((recipe, place, lost))
        return PlayedProbe(self, recipe, *place)

    def build(self, recipe, _scenes, *, first, on_progress, should_stop):
        self.resolutions.append(recipe.resolution)
        months = sorted(recipe.months, key=lambda month: (month != first, month))
        for done, month in enumerate(months):
            on_progress(Progress(month, done, len(months), 0, 1))
            while not self.gate.acquire(timeout=0.01):
                if should_stop():
                    raise CancelledError("The build was cancelled.")
            if self.build_error is not None and done:
                raise self.build_error
            yield result_of(write_month(self.folder, month, 800 + 100 * done, bands=recipe.bands), month)
        for done, month in enumerate(months if recipe.gaps == "hold" else ()):
            filled = result_of(write_month(self.folder, month, 2800 + 100 * done, bands=recipe.bands), month)
            yield replace(filled, filled_share=0.25)


class Desk:
    """One session without a page."""

    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.RLock()  # what is posted may post
        self.late = None  # a list takes what is posted, for later
        self.engine = PlayedEngine(folder)
        self.workspace = Workspace(folder / "work")
        self.state = AppState(start="2022-05", end="2022-07", aoi=AREA)
        self.seen = []
        self.state.param.watch(lambda event: self.seen.append(event.new), "phase")
        self.actions = Actions(self.state, self.engine, self.workspace, self.post)

    def post(self, change):
        if self.late is not None:
            self.late.append(change)
            return
        with self.lock:
            change()

    def wait(self, condition, seconds=20):
        end = time.monotonic() + seconds
        step = threading.Event()
        while not condition():
            assert time.monotonic() < end, f"timed out in phase {self.state.phase}: {self.state.message}"
            step.wait(0.005)

    def workspace_file(self, url):
        return self.folder / "work" / url.removeprefix("frames/")

    def search(self):
        self.actions.search()
        self.wait(lambda: self.state.phase != "searching")

    def build(self):
        self.actions.build()
        self.wait(lambda: self.state.phase != "building")
