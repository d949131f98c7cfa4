"""One store of months, several processes, and some of them killed while they write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest
import rasterio
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.export.parts import Sheet, assemble, new_folder, write_part

SIDE = 3000
WRITER = """
import sys
from pathlib import Path
import numpy as np
from stac_timelapse.export.parts import Sheet, assemble, new_folder, write_part

side, path = int(sys.argv[1]), Path(sys.argv[2])
tile = np.random.default_rng(1).integers(1, 9000, (2, side, side), dtype=np.uint16)
part = write_part(new_folder(path.parent), 0, 0, tile)
sheet = Sheet(("B04",), side, side, 32633, (10.0, 0.0, 500000.0, 0.0, -10.0, 5200000.0), "2022-01", {})
while True:
    assemble(sheet, [part], path)
    path.unlink()
    print("written", flush=True)
"""


def unfinished(folder, name="cog-*.tif"):
    """Sizes of the files in the folders of months that are being written (they come and go meanwhile)."""
    found = []
    for part in folder.glob(".part-*"):
        with suppress(FileNotFoundError):
            found += [path.stat().st_size for path in part.glob(name)]
    return found


@pytest.mark.parametrize("written", [1, 1 << 20, 8 << 20])
def test_a_writer_killed_in_the_middle_leaves_no_month(tmp_path, written):
    store = MonthStore(tmp_path)
    path = store.path("month")
    with subprocess.Popen([sys.executable, "-c", WRITER, str(SIDE), str(path)], stdout=subprocess.PIPE) as writer:
        end = time.monotonic() + 60
        while not any(size >= written for size in unfinished(tmp_path)):
            assert writer.poll() is None
            assert time.monotonic() < end
        writer.kill()
    assert unfinished(tmp_path)
    assert not store.has("month")
    tile = np.ones((2, 8, 8), dtype=np.uint16)
    part = write_part(new_folder(tmp_path), 0, 0, tile)
    assemble(Sheet(("B04",), 8, 8, 32633, (10.0, 0.0, 5e5, 0.0, -10.0, 5.2e6), "2022-01", {}), [part], path)
    with rasterio.open(path) as month:
        np.testing.assert_array_equal(month.read(), tile)


def test_three_builds_of_the_same_months_one_of_them_killed(tmp_path):
    rng = np.random.default_rng(2)
    values = rng.integers(1, 9000, (300, 300))
    scl = rng.choice([4, 9], size=(300, 300))
    scenes = [Granule(f"scene-{m}", f"2022-0{m}-03T10:00:00Z", {"B04": values}, scl) for m in (1, 2, 3)]
    catalog = write_catalog(tmp_path / "scenes", scenes)
    west, north = 499_980.0, 5_200_020.0
    box = ",".join(map(str, lonlat_bbox(west + 5, north - 2995, west + 2995, north - 5)))
    environment = {**os.environ, "STAC_TIMELAPSE_CACHE": str(tmp_path / "cache")}

    def build(name):
        command = [sys.executable, "-m", "stac_timelapse.cli", "run", "--catalog", str(catalog), "--aoi", box]
        command += ["--months", "2022-01/2022-03", "--bands", "B04", "--max-cloud", "100"]
        return subprocess.Popen(
            [*command, "--out", str(tmp_path / name), "--geotiff", "--json"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    killed = build("killed")
    store = tmp_path / "cache" / "months"
    end = time.monotonic() + 60
    while not unfinished(store, "*"):
        assert killed.poll() is None
        assert time.monotonic() < end
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    both = [build("one"), build("other")]
    answers = [one.communicate(timeout=240) for one in both]
    assert [one.returncode for one in both] == [0, 0], answers
    for name, (said, _) in zip(("one", "other"), answers, strict=True):
        assert len(json.loads(said)["months"]) == 3
        for month in ("2022-01", "2022-02", "2022-03"):
            with rasterio.open(tmp_path / name / f"composite_{month}.tif") as file:
                np.testing.assert_array_equal(file.read(1), np.where(scl == 4, values, 0))
    assert len(list(store.glob("*.tif"))) == 3
