"""How a run looks, from the command line: a formula, its limits, evened-out light; and the list of indices."""

from __future__ import annotations

import json

import numpy as np
import pytest
from distributed import LocalCluster
from PIL import Image
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse.cli import main
from stac_timelapse.picture.palettes import PALETTES, steps_of
from stac_timelapse.recipe import Recipe

SIZE = 120
GAINS = {"01": 1.0, "02": 1.2, "03": 1.0}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """Return a catalogue of three months of one ground: the left half has twice as much infrared as red."""
    ground = np.random.default_rng(4).integers(600, 2000, (SIZE, SIZE))
    infrared = ground * np.where(np.arange(SIZE) < SIZE // 2, 2, 1)
    granules = [
        Granule(f"of-{month}", f"2022-{month}-05T10:00:00Z",
                {"B04": np.round(ground * gain), "B08": np.round(infrared * gain)}, np.full((SIZE, SIZE), 4))
        for month, gain in GAINS.items()
    ]  # fmt: skip
    return write_catalog(tmp_path_factory.mktemp("look"), granules)


@pytest.fixture(scope="module")
def workers():
    """Return the address of workers in this process, for all runs."""
    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp://", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def run(catalog, workers):
    return lambda out, *options: _run(catalog, workers, out, *options)


def _run(catalog, workers, out, *options):
    box = ",".join(map(str, lonlat_bbox(499_990, 5_198_830, 501_170, 5_200_010)))
    begin = ["run", "--catalog", str(catalog), f"--aoi={box}", "--months", "2022-01/2022-03", "--gif", "--json"]
    return main([*begin, "--max-cloud", "100", "--out", str(out), "--cluster", workers, *options])


def test_a_formula_is_drawn_with_the_limits_and_the_palette_asked_for(run, tmp_path, capsys):
    look = ["--formula", "Ratio = B08 / B04", "--limits", "-1,3", "--palette", "inferno"]
    assert run(tmp_path, *look) == 0
    assert json.loads(capsys.readouterr().out)["flicker"] is None  # an index has no brightness
    recipe = Recipe.load(tmp_path / "recipe.json")
    assert (recipe.formula, recipe.bands, recipe.limits) == ("Ratio = B08 / B04", ("B08", "B04"), (-1, 3))
    with Image.open(tmp_path / "timelapse.gif") as gif:
        picture = np.asarray(gif.convert("RGB")).astype(int)
    palette = steps_of(PALETTES["inferno"]).astype(int)
    scale = picture.shape[1] / SIZE
    for column, ratio in ((20, 2.0), (100, 1.0)):
        expected = palette[round((ratio + 1) / 4 * 255)]
        assert np.abs(picture[round(60 * scale), round(column * scale)] - expected).max() <= 12  # 256 colours
    # The legend lies in the corner: its ramp has the palette's ends.
    corner = picture[picture.shape[0] - 140 :, : picture.shape[1] // 2].reshape(-1, 3)
    assert np.abs(corner - palette[-1]).max(axis=1).min() <= 12


def test_the_flicker_is_told_and_evened_out_on_demand(run, tmp_path, capsys):
    assert run(tmp_path, "--bands", "B04", "--stretch", "0.05,0.25", "--gamma", "1", "--even") == 0
    printed = capsys.readouterr()
    flicker = json.loads(printed.out)["flicker"]
    assert flicker["score"] == pytest.approx(20, abs=0.1)  # 20 % up and down again
    assert flicker["evened"] < 0.2
    assert flicker["used"] is True
    assert "evened out in the GIF to 0." in printed.err
    first, second, _ = frames(tmp_path / "timelapse.gif")
    assert np.abs(second - first).mean() < 3  # of 20 % of about 120


def frames(path):
    with Image.open(path) as gif:
        pictures = []
        for index in range(gif.n_frames):
            gif.seek(index)
            pictures.append(np.asarray(gif.convert("L")).astype(int)[:300, 100:300])
    return pictures


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--formula", "B08 / tan(B04)"], "tan is not a function"),
        (["--formula", "B08 / B04", "--bands", "B08"], "needs B04"),
        (["--index", "nothing"], "not in the library"),
        (["--preset", "true-colour", "--palette", "viridis"], "a palette belongs to"),
        (["--preset", "ndvi", "--palette", "pink"], "'pink' is not known"),
        (["--percentiles", "98,2"], "low first"),
    ],
)
def test_what_cannot_be_drawn_is_said_before_anything_is_searched(options, said, tmp_path, capsys):
    begin = ["run", "--catalog", "demo", "--aoi", "16.4,49.3,16.5,49.4", "--months", "2022-01", "--out", str(tmp_path)]
    assert main([*begin, *options]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert printed.count("\n") == 1


def test_a_catalogue_that_has_not_the_band_says_so(tmp_path, capsys):
    begin = ["run", "--catalog", "demo", "--aoi", "16.4,49.3,16.5,49.4", "--months", "2022-01", "--out", str(tmp_path)]
    assert main([*begin, "--index", "ndrei"]) == 2
    assert "This catalogue has no B05: choose a picture of B02, B03, B04, B08, B11, B12." in capsys.readouterr().err


def test_the_indices_are_listed(capsys):
    assert main(["indices", "enhanced", "vegetation", "--bands", "B02,B04,B08"]) == 0
    printed = capsys.readouterr().out
    assert "EVI: Enhanced Vegetation Index (vegetation)\n    2.5 * (B08 - B04)" in printed
    assert "https://doi.org/10.1016/S0034-4257(96)00112-5" in printed
    assert main(["indices", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) > 200
    assert listed[0].keys() == {"name", "title", "domain", "bands", "formula", "reference"}
    assert main(["indices", "unheard-of"]) == 2
