"""The demo through the real command line: searched over HTTP, read over HTTP, composited by worker processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
import requests
from PIL import Image
from pystac_client import Client

from stac_timelapse import demo
from stac_timelapse.demo import truth

COMMAND = [sys.executable, "-m", "stac_timelapse.cli"]


def test_a_run_over_the_fire(tmp_path):
    # The demo that is there already, but none of the months that were made before.
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / demo.usual_folder().name).symlink_to(demo.build())
    out = tmp_path / "out"
    fire = next(area for area in demo.SAMPLE_AREAS if area.name == "Forest fire")
    done = subprocess.run(
        [
            *COMMAND, "run", "--catalog", "demo", "--aoi", ",".join(map(str, fire.bbox)), "--months", "2022-06/2022-07",
            "--bands", "B08,B12,B04", "--resolution", "20", "--out", str(out), "--json",
        ],
        env={**os.environ, "STAC_TIMELAPSE_CACHE": str(cache)},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    months = ("2022-06", "2022-07")
    assert [month["month"] for month in summary["months"]] == list(months)
    assert not any(month["from_store"] for month in summary["months"])
    assert all(month["passes_used"] >= 3 and month["observations_mean"] > 1 for month in summary["months"])
    assert set(summary) >= {"scenes", "passes", "observations_mean", "bytes_read", "seconds", "files"}
    assert {Path(path).name for path in summary["files"]} == {
        "composite_2022-06.tif", "composite_2022-07.tif", "timelapse.gif", "recipe.json",
    }  # fmt: skip
    burnt_ratio, counts = {}, {}
    for month in months:
        with rasterio.open(out / f"composite_{month}.tif") as file:
            assert file.descriptions == ("B08", "B12", "B04", "observations")
            near, short, _, counts[month] = file.read().astype(float)
            burnt_ratio[month] = (near - short) / np.maximum(near + short, 1)
            transform = file.transform
    outline = truth.event_outline()
    scar = ~rasterio.features.geometry_mask([outline], counts["2022-06"].shape, transform, all_touched=False)
    seen = (counts["2022-06"] > 0) & (counts["2022-07"] > 0)
    change = burnt_ratio["2022-06"] - burnt_ratio["2022-07"]
    assert np.median(change[scar & seen]) > 0.3
    assert abs(np.median(change[~scar & seen])) < 0.05
    with Image.open(out / "timelapse.gif") as gif:
        assert gif.n_frames == 2
    recipe = json.loads((out / "recipe.json").read_text())
    assert recipe["catalog"] == "demo"
    # The demo's server has another address every time.
    assert "127.0.0.1" not in json.dumps(recipe)
    assert {scene["assets"]["B08"][0] for scene in recipe["scenes"]} == {"/"}


def test_the_month_without_a_clear_pixel(tmp_path, capsys):
    from stac_timelapse.cli import main  # noqa: PLC0415 - the other tests use processes

    area = ",".join(map(str, demo.SAMPLE_AREAS[0].bbox))
    arguments = ["run", "--catalog", "demo", "--aoi", area, "--months", demo.CLOUDY_MONTH, "--out", str(tmp_path)]
    assert main(arguments) == 3
    assert "are cloudier than 80 %" in capsys.readouterr().err


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_is_served_until_it_is_stopped(end):
    with subprocess.Popen([*COMMAND, "demo"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = None
        for line in process.stderr:
            found = re.search(r"STAC API at (http://\S+)", line)
            if found:
                url = found.group(1)
                break
        assert url is not None
        found = Client.open(url).search(collections=[demo.COLLECTION], datetime="2022-06", max_items=3)
        assert len(list(found.items_as_dicts())) == 3
        process.send_signal(end)
        assert process.wait(20) == 0
        assert "Traceback" not in process.stderr.read()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=2)
