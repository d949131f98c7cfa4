"""One worker process pinned to a core against two, each on a core of its own: ``python -m benchmarks.scaling``."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from distributed import Client

from benchmarks import BANDS, CLEAR, world
from benchmarks.contenders import all_of, scenes_and_grid
from benchmarks.kernels import KERNELS
from benchmarks.server import serve
from stac_timelapse.build import Builder
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.cube.mask import MaskPolicy

_WAIT = 60


def main() -> None:
    """Build the same months with one pinned worker and with two, in turn; print the ratio of medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--size", type=int, default=1536)
    parser.add_argument("--latency", type=int, default=30, help="milliseconds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    home = world.make(arguments.data, arguments.size)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    with serve(arguments.data) as server, tempfile.TemporaryDirectory() as scratch:
        catalog = Path(scratch) / "items.json"
        items = world.items(home, server.url)
        catalog.write_text(json.dumps({"type": "FeatureCollection", "features": items}), encoding="utf-8")
        server.set_latency(arguments.latency / 1000)
        scenes, grid = scenes_and_grid(catalog, arguments.size)
        area = all_of(grid)
        for number in range(arguments.rounds):
            for workers, made in seconds.items():
                with _pinned(workers) as client:
                    client.run(lambda: [KERNELS[name](8) for name in ("median", "place", "place a mask")] and None)
                    store = MonthStore(Path(scratch) / f"{number}-{workers}")
                    begun = time.perf_counter()
                    list(Builder(scenes, grid, area, BANDS, MaskPolicy(CLEAR), "median", client, store).run())
                    made.append(time.perf_counter() - begun)
                    sys.stderr.write(f"{workers} {made[-1]:.2f}\n")
    one, two = (statistics.median(made) for made in seconds.values())
    sys.stdout.write(f"1 worker {one:.2f} s, 2 workers {two:.2f} s: {one / two:.2f} times as fast\n")


@contextmanager
def _pinned(workers: int) -> Iterator[Client]:
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "scheduler.json"
        dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
        common: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        order = [*dask, "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(note)]
        processes = [subprocess.Popen(order, **common)]
        try:
            while not note.exists():
                time.sleep(0.05)
            for core in cores[:workers]:
                command = ["taskset", "-c", str(core), sys.executable, "-m", "distributed.cli.dask_worker"]
                command += ["--scheduler-file", str(note), "--nthreads", "4", "--no-dashboard", "--no-nanny"]
                processes.append(subprocess.Popen([*command, "--local-directory", folder], **common))
            with Client(scheduler_file=str(note), set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=_WAIT)
                yield client
        finally:
            for process in reversed(processes):
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
