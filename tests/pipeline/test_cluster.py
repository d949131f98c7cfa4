"""The address of a running scheduler: `dask scheduler` and `dask worker` as processes of their own."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import rasterio
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cli import main
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.errors import InvalidInputError, ProviderError
from stac_timelapse.recipe import Recipe

WEST, NORTH = 499_980.0, 5_200_020.0
SIZE = 96
BOX = lonlat_bbox(WEST + 5, NORTH - 955, WEST + 955, NORTH - 5)


@contextmanager
def scheduler(folder, workers=1):
    """Yield the process of a scheduler and its address, once its workers have come."""
    dask = str(Path(sys.executable).with_name("dask"))
    note = folder / "scheduler.json"
    folder.mkdir(parents=True, exist_ok=True)
    # Where the workers keep their files; nothing of the caller's settings.
    environment = {**os.environ, "DASK_TEMPORARY_DIRECTORY": str(folder)}
    with (folder / "log").open("wb") as log:
        common = {"stdout": log, "stderr": log, "env": environment}
        processes = [
            subprocess.Popen(
                [
                    dask,
                    "scheduler",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    "0",
                    "--no-dashboard",
                    "--scheduler-file",
                    str(note),
                ],
                **common,
            )
        ]
        try:
            address = None
            deadline = time.monotonic() + 60
            while address is None and time.monotonic() < deadline:
                try:
                    address = json.loads(note.read_text())["address"]
                except (OSError, ValueError):
                    time.sleep(0.05)
            assert address, (folder / "log").read_text()
            command = [dask, "worker", address, "--nworkers", str(workers), "--nthreads", "2", "--no-dashboard"]
            processes.append(subprocess.Popen(command, **common))
            yield processes[0], address
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                process.wait(30)


@pytest.fixture
def recipe(tmp_path):
    rng = np.random.default_rng(1)

    def granule(name, when):
        scl = rng.choice([4, 5, 9], size=(SIZE // 2, SIZE // 2))
        pixels = {"B04": rng.integers(1, 9000, (SIZE, SIZE)), "B08": rng.integers(1, 9000, (SIZE, SIZE))}
        return Granule(name, when, pixels, scl, scl_resolution=20, baseline="05.09")

    path = write_catalog(
        tmp_path / "scenes", [granule(f"scene-{day}", f"2022-01-{day:02d}T10:00:00Z") for day in (3, 8, 13, 18)]
    )
    area = AreaOfInterest.from_bbox(*BOX)
    return Recipe(str(path), area, "2022-01", "2022-01", bands=("B04", "B08"), max_cloud=100, dilate=20)


def test_processes_threads_and_a_scheduler_elsewhere_make_the_same_bytes(recipe, tmp_path, monkeypatch):
    expected = pipeline.lazy(recipe, pipeline.find(recipe)).compute(scheduler="synchronous")
    with scheduler(tmp_path / "dask") as (_, address):
        monkeypatch.setenv("STAC_TIMELAPSE_CACHE", str(tmp_path / "cache"))
        arguments = ["--catalog", recipe.catalog, "--aoi", ",".join(map(str, BOX)), "--months", "2022-01"]
        arguments += ["--bands", "B04,B08", "--dilate", "20", "--max-cloud", "100", "--geotiff"]
        assert main(["run", *arguments, "--cluster", address, "--out", str(tmp_path / "out")]) == 0
    with rasterio.open(tmp_path / "out" / "composite_2022-01.tif") as file:
        np.testing.assert_array_equal(file.read([1, 2]), expected["reflectance"][0])
        np.testing.assert_array_equal(file.read(3), expected["observations"][0])
    threads = pipeline.lazy(recipe, pipeline.find(recipe)).compute(scheduler="threads")
    assert threads.identical(expected)
    for number, (workers, threads, processes) in enumerate([(2, 2, True), (1, 1, True), (1, 3, False)]):
        spec = ClusterSpec(workers=workers, threads_per_worker=threads, processes=processes)
        with connect(spec) as client:
            store = MonthStore(tmp_path / f"other-{number}")
            (month,) = pipeline.build(recipe, pipeline.find(recipe), client=client, store=store, first=None)
        # Whoever computed it, the file is the same to the byte.
        assert month.path.read_bytes() == (tmp_path / "out" / "composite_2022-01.tif").read_bytes()
    assert (expected["observations"].to_numpy() == 0).any()
    assert expected["observations"].max() == 4


def test_a_scheduler_that_goes_away_is_one_sentence(recipe, tmp_path, caplog):
    caplog.set_level(logging.CRITICAL, "distributed")
    with scheduler(tmp_path / "dask", workers=0) as (process, address), connect(ClusterSpec(address=address)) as client:
        build = pipeline.build(
            recipe,
            pipeline.find(recipe),
            client=client,
            store=MonthStore(tmp_path / "store"),
            on_progress=lambda _: process.kill(),
        )
        with pytest.raises(
            ProviderError, match=r"The Dask scheduler was lost while it computed 2022-01: start it again"
        ):
            list(build)
    assert list((tmp_path / "store").iterdir()) == []


@pytest.mark.parametrize("address", ["nonsense", "http://127.0.0.1:8786", "tcp://", "tcp://host", "127.0.0.1"])
def test_an_address_that_is_none(address):
    with (
        pytest.raises(InvalidInputError, match=r"is not the address of a Dask scheduler: write it like tcp://"),
        connect(ClusterSpec(address=address)),
    ):
        pass
