"""Run the contenders in turn, each in a process of its own: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from benchmarks import report, world
from benchmarks.contenders import CONTENDERS, scenes_and_grid
from benchmarks.limit import bytes_of_clear_blocks
from benchmarks.server import RangeServer, serve

_SAMPLE_SECONDS = 0.1
#: odc-stac is not needed by anything else here; it is installed where it is compared with.
_ODC = "odc-stac"


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for and write the table."""
    arguments = _arguments(argv)
    with tempfile.TemporaryDirectory(prefix="timelapse-bench-") as scratch:
        folder = arguments.data or Path(scratch)
        python = {"odc": _with_odc(Path(scratch))} if "odc" in arguments.contenders else {}
        rows, needed = [], {}
        for size in arguments.sizes:
            home = world.make(folder, size)
            needed[size] = _needed(world.write_items(home, str(folder)), size)
            with serve(folder) as server:
                catalog = world.write_items(home, server.url)
                for latency in arguments.latencies:
                    server.set_latency(latency / 1000)
                    rows += _rounds(arguments, server, catalog, (size, latency), python)
    text = report.table(rows, needed)
    sys.stdout.write(text)
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")
        report.plot(rows, arguments.out.with_suffix(".png"))
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=_numbers, default=[1536], help="pixels a side: 1536,4096,10980")
    parser.add_argument("--latencies", type=_numbers, default=[0, 30], help="milliseconds before each answer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--contenders", type=lambda text: text.split(","), default=list(CONTENDERS))
    parser.add_argument("--data", type=Path, help="folder in which the scenes are kept for the next run")
    parser.add_argument("--out", type=Path, help="JSON file of all runs; a plot is written beside it")
    return parser.parse_args(argv)


def _needed(catalog: Path, size: int) -> int:
    scenes, grid = scenes_and_grid(catalog, size)
    return bytes_of_clear_blocks(scenes.scenes, grid)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _rounds(
    arguments: argparse.Namespace, server: RangeServer, catalog: Path, case: tuple[int, int], python: dict[str, str]
) -> list[dict[str, Any]]:
    rows = []
    for number in range(arguments.rounds):
        for name in arguments.contenders:
            server.counted()
            row = _run(name, catalog, case[0], python.get(name, sys.executable))
            rows.append({"size": case[0], "latency": case[1], "round": number, "name": name, **row, **server.counted()})
            sys.stderr.write(f"{json.dumps(rows[-1])}\n")
    return rows


def _run(name: str, catalog: Path, size: int, python: str) -> dict[str, Any]:
    """Run one contender; its peak is the resident memory of all its processes together."""
    command = [python, "-m", "benchmarks.contenders", name, str(catalog), str(size)]
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as process,
    ):
        tree, peak = psutil.Process(process.pid), 0
        while process.poll() is None:
            peak = max(peak, _resident(tree))
            time.sleep(_SAMPLE_SECONDS)
        printed = process.stdout.read() if process.stdout else ""
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{name} ended with {process.returncode}: {said.read()[-2000:]}")
    outcome: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return {**outcome, "peak_mb": peak >> 20}


def _resident(tree: psutil.Process) -> int:
    total = 0
    with suppress(psutil.Error):
        for process in (tree, *tree.children(recursive=True)):
            with suppress(psutil.Error):
                total += process.memory_info().rss
    return total


def _with_odc(scratch: Path) -> str:
    """Make an environment that sees this one's packages and has odc-stac; return its interpreter."""
    home = scratch / "odc"
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
    python = str(home / "bin" / "python")
    (site,) = home.glob("lib/python*/site-packages")
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "beside.pth").write_text(here)
    packages = [_ODC, "odc-geo", "odc-loader", "cachetools"]
    subprocess.run([uv, "pip", "install", "--quiet", "--no-deps", "--python", python, *packages], check=True)
    return python


if __name__ == "__main__":
    sys.exit(main())
