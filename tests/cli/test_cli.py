"""The command line as a user meets it: exit codes, one sentence, files that others can read."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from PIL import Image
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import cluster
from stac_timelapse.cli import main

WEST, NORTH = 499_980.0, 5_200_020.0
BOX = ",".join(str(value) for value in lonlat_bbox(WEST + 5, NORTH - 955, WEST + 955, NORTH - 5))
CLEAR, CLOUD = np.full((96, 96), 4), np.full((96, 96), 9)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STAC_TIMELAPSE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def catalog(tmp_path):
    def granule(name, when, value, scl=CLEAR, cloud=10.0):
        bands = {band: np.full((96, 96), value + shift) for band, shift in (("B04", 0), ("B03", 100), ("B02", 200))}
        return Granule(name, when, bands, scl, cloud=cloud)

    return write_catalog(
        tmp_path / "scenes",
        [
            granule("jan-1", "2022-01-03T10:00:00Z", 1000),
            granule("jan-2", "2022-01-13T10:00:00Z", 2000),
            granule("feb", "2022-02-03T10:00:00Z", 9000, CLOUD, cloud=70),
        ],
    )


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_whole_run(catalog, tmp_path, capsys):
    out = tmp_path / "out"
    code, printed, progress = run(
        capsys, "run", "--catalog", catalog, "--aoi", BOX, "--months", "2022-01/2022-03", "--out", out, "--json"
    )
    assert code == 0
    summary = json.loads(printed)
    names = sorted(path.name for path in out.iterdir())
    months = ["2022-01", "2022-02", "2022-03"]
    assert names == [*(f"composite_{month}.tif" for month in months), "recipe.json", "timelapse.gif"]
    with rasterio.open(out / "composite_2022-01.tif") as file:
        assert file.descriptions == ("B04", "B03", "B02", "observations")
        assert [int(np.unique(file.read(index)).item()) for index in (1, 2, 3, 4)] == [1500, 1600, 1700, 2]
    with Image.open(out / "timelapse.gif") as gif:
        assert gif.n_frames == 3
    assert [month["month"] for month in summary["months"]] == months
    assert [month["passes_used"] for month in summary["months"]] == [2, 1, 0]
    assert [month["empty"] for month in summary["months"]] == [False, True, True]
    assert summary["months"][0]["scenes"] == ["jan-1", "jan-2"]
    assert (summary["items"], summary["scenes"], summary["passes"]) == (3, 3, 3)
    assert sorted(summary["files"]) == sorted(str(out / name) for name in names)
    assert "3 items -> 3 scenes -> 3 passes" in progress
    assert "2022-02: no clear pixel in 1 passes" in progress
    recipe = json.loads((out / "recipe.json").read_text())
    assert [scene["id"] for scene in recipe["scenes"]] == ["jan-1", "jan-2", "feb"]
    assert recipe["versions"]["numpy"] == np.__version__


def test_the_gif_leaves_months_out_by_name_or_by_what_is_clear_and_the_geotiffs_do_not(catalog, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["run", "--catalog", catalog, "--aoi", BOX, "--months", "2022-01/2022-03", "--out", out]
    code, _, progress = run(capsys, *words, "--only-clear", "97")
    assert code == 0
    assert "Drawing 1 of 3 months" in progress
    with Image.open(out / "timelapse.gif") as gif:
        assert gif.n_frames == 1
    assert len(list(out.glob("composite_*.tif"))) == 3
    assert json.loads((out / "recipe.json").read_text())["without"] == ["2022-02", "2022-03"]
    (out / "timelapse.gif").unlink()
    code, _, progress = run(capsys, *words, "--without", "2022-01", "--only-clear", "1")
    assert code == 0
    assert "Every month is left out of the GIF: it is not drawn." in progress
    assert not (out / "timelapse.gif").exists()
    code, _, progress = run(capsys, *words, "--without", "2021-01")
    assert code == 2
    assert "'2021-01' cannot be left out of the animation" in progress


def test_only_what_is_asked_for_is_written_and_bands_keep_their_order(catalog, tmp_path, capsys):
    out = tmp_path / "out"
    code, printed, _ = run(
        capsys, "run", "--catalog", catalog, "--aoi", BOX, "--months", "2022-01", "--bands", "b02,B04",
        "--out", out, "--geotiff",
    )  # fmt: skip
    assert (code, printed) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == ["composite_2022-01.tif", "recipe.json"]
    with rasterio.open(out / "composite_2022-01.tif") as file:
        assert file.descriptions == ("B02", "B04", "observations")


def test_small_objects_and_bright_ground_are_no_clouds(tmp_path, capsys):
    def scl(day):
        classes = CLEAR.copy()
        classes[20:40, 20:40] = 8 if day > 2 else 4  # a roof that is a cloud in 18 of 20 passes
        classes[60:63, 60:63] = 9 if day == 7 else 4
        return classes

    passes = [
        Granule(f"jan-{day}", f"2022-01-{day:02d}T10:00:00Z", {"B04": np.full((96, 96), 1000)}, scl(day))
        for day in range(1, 21)
    ]
    path, out = write_catalog(tmp_path / "scenes", passes), tmp_path / "out"
    query = ["--catalog", path, "--aoi", BOX, "--months", "2022-01", "--bands", "B04", "--out", out, "--geotiff"]
    found = {}
    for options in ([], ["--opening", 20], ["--rescue"], ["--opening", 20, "--rescue"]):
        code, printed, progress = run(capsys, "run", *query, *options, "--json")
        assert code == 0
        recipe = json.loads((out / "recipe.json").read_text())
        asked = "--rescue" in options
        assert (recipe["opening"], recipe["rescue"]) == (20 if "--opening" in options else 0, asked)
        pixels = 400 if asked else None
        assert (json.loads(printed)["rescued_pixels"], recipe["rescued_pixels"]) == (pixels, pixels)
        assert ("Bright ground that passes for cloud: 400 pixels." in progress) == asked
        with rasterio.open(out / "composite_2022-01.tif") as file:
            counts = file.read(2)
        found[tuple(options)] = counts[30, 30], counts[61, 61]
    assert list(found.values()) == [(2, 19), (2, 20), (20, 19), (20, 20)]


def test_search_prints_the_passes(catalog, capsys):
    code, printed, progress = run(
        capsys, "search", "--catalog", catalog, "--aoi", BOX, "--months", "2022-01/2022-02", "--max-cloud", 50
    )
    assert code == 0
    assert re.findall(r"^(\d{4}-\d\d-\d\d)", printed, re.MULTILINE) == ["2022-01-03", "2022-01-13", "2022-02-03"]
    assert [line.endswith("NOT USED: above the cloud limit") for line in printed.splitlines()[1:]] == [
        False,
        False,
        True,
    ]
    assert "1 above the cloud limit" in progress


def test_search_measures_what_each_pass_saw_of_the_area(catalog, tmp_path, capsys):
    (tmp_path / "scenes" / "jan-2" / "SCL.tif").unlink()
    query = ["search", "--catalog", catalog, "--aoi", BOX, "--months", "2022-01/2022-02", "--measure"]
    code, printed, progress = run(capsys, *query)
    assert code == 0
    rows = [line.split()[3:6] for line in printed.splitlines() if line.startswith("2022")]
    # The provider says 10 and 70 % cloud for its tile.
    assert rows == [["10.0", "100.0", "100.0"], ["10.0", "?", "?"], ["70.0", "0.0", "100.0"]]
    assert re.search(r"not measured: jan-2 \(.+\)", progress)
    _, printed, _ = run(capsys, *query, "--json")
    shares = {scene["id"]: (scene["area_clear_share"], scene["area_covered_share"]) for scene in json.loads(printed)}
    assert shares == {"jan-1": (1.0, 1.0), "jan-2": (None, None), "feb": (0.0, 1.0)}


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"--aoi": "0,0,0"}, 2, "0,0,0"),
        ({"--aoi": "missing.kml"}, 2, "missing.kml does not exist"),
        ({"--aoi": "-30,40,-29.9,40.1"}, 3, "no scenes"),
        ({"--months": "2022-03/2022-01"}, 2, "lies before"),
        ({"--months": "tomorrow"}, 2, "'tomorrow' is not a month"),
        ({"--max-cloud": "5"}, 3, "cloudier than 5 %"),
        ({"--bands": "B77"}, 2, "Band 'B77' is not known"),
        ({"--bands": "B12"}, 4, "has no B12 file"),
        ({"--resolution": "0.2"}, 2, "A resolution of 0.2 m"),
        ({"--clear": "0"}, 2, "cannot hold class 0"),
        ({"--catalog": "nowhere"}, 2, "'nowhere' is not known"),
        ({"--catalog": "http://127.0.0.1:9"}, 4, "cannot be reached"),
        ({"--method": "mode"}, 2, "The method 'mode' is not known"),
        ({"--cluster": "tcp://127.0.0.1:9"}, 4, "No Dask scheduler answers"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_a_code(catalog, tmp_path, capsys, changes, code, words, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    arguments = {
        "--catalog": str(catalog),
        "--aoi": BOX,
        "--months": "2022-01/2022-02",
        "--out": str(tmp_path / "out"),
        **changes,
    }
    got, printed, said = run(capsys, "run", *(part for pair in arguments.items() for part in pair))
    last = said.strip().splitlines()[-1]
    assert got == code
    assert words in last
    assert last.startswith("stac-timelapse: ")
    assert "Traceback" not in said
    assert printed == ""


def test_with_json_an_error_is_json_too(catalog, tmp_path, capsys):
    code, printed, _ = run(
        capsys, "run", "--catalog", catalog, "--aoi", BOX, "--months", "2022-01", "--max-cloud", 1, "--json",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert code == 3
    assert json.loads(printed)["reason"] == "all_cloudy"


def test_bad_options_end_with_2(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["run", "--nonsense"])
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_an_unreadable_scene_is_left_out_and_listed(catalog, tmp_path, capsys):
    (tmp_path / "scenes" / "jan-2" / "SCL.tif").write_bytes(b"broken")
    code, printed, said = run(
        capsys, "run", "--catalog", catalog, "--aoi", BOX, "--months", "2022-01", "--json", "--geotiff",
        "--out", tmp_path / "out",
    )  # fmt: skip
    january = json.loads(printed)["months"][0]
    assert code == 0
    assert january["scenes"] == ["jan-1"]
    assert [scene["id"] for scene in january["unreadable"]] == ["jan-2"]
    assert "left out: jan-2" in said


def test_the_installed_command_answers():
    done = subprocess.run(
        [sys.executable, "-m", "stac_timelapse.cli", "--version"], check=True, capture_output=True, text=True
    )
    assert re.fullmatch(r"stac-timelapse \d+\.\d+\.\d+\n", done.stdout)
