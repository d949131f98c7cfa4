"""Workers that die, disks that are not shared, stores that are full."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest
import rasterio
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import build as build_module
from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.recipe import Recipe

WEST, NORTH = 499_980.0, 5_200_020.0
SIZE = 1100
#: Around the corner of four tiles.
MIDDLE = (WEST + 10_240, NORTH - 10_240)
AREA = AreaOfInterest.from_bbox(*lonlat_bbox(MIDDLE[0] - 600, MIDDLE[1] - 600, MIDDLE[0] + 600, MIDDLE[1] + 600))


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    def granule(number):
        rng = np.random.default_rng(number)
        pixels = np.zeros((SIZE, SIZE), dtype=np.uint16)
        pixels[900:, 900:] = rng.integers(1, 9000, (200, 200))
        scl = np.full((SIZE, SIZE), 4)
        scl[900:, 900:] = rng.choice([4, 9], size=(200, 200))
        return Granule(
            f"scene-{number}", f"2022-0{1 + number // 3}-{3 + number % 3 * 5:02d}T10:00:00Z", {"B04": pixels}, scl
        )

    path = write_catalog(tmp_path_factory.mktemp("scenes"), [granule(number) for number in range(12)])
    return Recipe(str(path), AREA, "2022-01", "2022-04", bands=("B04",), max_cloud=100)


@pytest.fixture(scope="module")
def expected(recipe):
    return pipeline.lazy(recipe, pipeline.find(recipe)).compute(scheduler="threads")


def check(results, expected):
    assert len(results) == 4
    for result in results:
        number = int(result.month[-2:]) - 1
        with rasterio.open(result.path) as file:
            np.testing.assert_array_equal(file.read(1), expected["reflectance"][number, 0])
            np.testing.assert_array_equal(file.read(2), expected["observations"][number])
    assert all(result.unreadable == () for result in results)


def test_a_worker_killed_in_the_middle_costs_only_its_tiles(recipe, expected, tmp_path):
    killed = []
    with connect(ClusterSpec(workers=2, threads_per_worker=1)) as client:

        def kill(progress):
            if not killed and progress.tiles_done == 1:
                killed.extend(client.run(os.getpid).values())
                os.kill(killed[0], signal.SIGKILL)

        store = MonthStore(tmp_path / "store")
        results = list(pipeline.build(recipe, pipeline.find(recipe), client=client, store=store, on_progress=kill))
    assert len(killed) == 2
    check(results, expected)
    assert all(path.suffix == ".tif" for path in store.folder.iterdir())


def test_workers_without_the_disk_send_their_tiles(recipe, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(build_module, "shares_disk", lambda *_: False)
    with connect(ClusterSpec(workers=1, threads_per_worker=2, processes=False)) as client:
        store = MonthStore(tmp_path / "store")
        check(list(pipeline.build(recipe, pipeline.find(recipe), client=client, store=store)), expected)
    assert len(list(store.folder.iterdir())) == 4


def aged(path, size, hours):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - 3600 * hours,) * 2)
    return path


def test_the_months_unused_for_longest_go_when_the_store_is_full(tmp_path):
    store = MonthStore(tmp_path, limit=250)
    old, older, recent = (aged(store.path(name), 100, hours) for name, hours in (("a", 3), ("b", 9), ("c", 5)))
    assert store.take("b")
    store.trim()
    assert [path.exists() for path in (old, older, recent)] == [True, True, False]
    assert not store.take("c")


def test_what_somebody_may_be_looking_at_stays_whatever_the_limit(tmp_path):
    store = MonthStore(tmp_path, limit=1)
    now = aged(store.path("a"), 100, 0)
    store.trim()
    assert now.exists()


def test_what_killed_builds_left_is_swept_up_but_not_what_others_write(tmp_path):
    left, living = tmp_path / ".part-old", tmp_path / ".part-new"
    for folder in (left, living):
        folder.mkdir()
        (folder / "0-0.tif").write_bytes(b"x")
    os.utime(left, (time.time() - 2 * 24 * 3600,) * 2)
    MonthStore(tmp_path).trim()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".part-new"]
