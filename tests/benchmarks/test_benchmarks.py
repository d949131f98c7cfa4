"""Each benchmark runs, once and small, so that it cannot rot; nothing is timed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import rasterio

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import BANDS, world  # noqa: E402 - the benchmarks lie beside the tests, not in a package
from benchmarks.__main__ import main  # noqa: E402
from benchmarks.kernels import KERNELS  # noqa: E402


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_runs(name):
    KERNELS[name](16)


def test_the_harness_runs_ours_and_the_limit_on_a_small_area(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(ROOT)
    arguments = ["--sizes", "96", "--latencies", "0", "--rounds", "1", "--contenders", "ours,limit,build"]
    assert main([*arguments, "--data", str(tmp_path), "--out", str(tmp_path / "runs.json")]) == 0
    rows = json.loads((tmp_path / "runs.json").read_text())
    assert [row["name"] for row in rows] == ["ours", "limit", "build"]
    assert all(row["bytes"] > 0 and row["requests"] > 0 and row["peak_mb"] > 0 for row in rows)
    assert 300 < rows[0]["mean_dn"] < 1200
    assert "| 96² | 0 ms | limit |" in capsys.readouterr().out
    with rasterio.open(tmp_path / "scenes-96" / world.name_of(0) / f"{BANDS[0]}.tif") as file:
        assert (file.width, file.block_shapes, file.overviews(1)[0]) == (10_980, [(512, 512)], 2)
    assert (tmp_path / "runs.png").stat().st_size > 1000
