"""Run the contenders in turn, each in a process of its own: ``python -m benchmarks [rounds]``."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.contenders import CONTENDERS
from stac_timelapse import demo


def main(rounds: int = 5) -> None:
    """Print the ratio of medians, peak memory, and a check that the contenders agree."""
    with demo.serve(demo.build()) as server:
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
        for _ in range(rounds):
            for name in CONTENDERS:
                command = [sys.executable, "-m", "benchmarks.contenders", name, server.stac_url]
                done = subprocess.run(
                    [*command, json.dumps(demo.DEMO_BBOX)], check=True, capture_output=True, text=True
                )
                runs[name].append(json.loads(done.stdout.splitlines()[-1]))
    seconds = {name: statistics.median(run["seconds"] for run in made) for name, made in runs.items()}
    sys.stdout.write("| contender | median s | ratio to seed | peak MB (largest process) | mean DN |\n")
    sys.stdout.write("|---|---|---|---|---|\n")
    for name, made in runs.items():
        sys.stdout.write(
            f"| {name} | {seconds[name]:.1f} | {seconds[name] / seconds['seed']:.2f} | "
            f"{max(run['peak_kb'] for run in made) / 1024:.0f} | {made[0]['mean_dn']:.1f} |\n"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
