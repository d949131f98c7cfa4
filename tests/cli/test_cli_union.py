"""Two catalogues on the command line: what is computed from both, and what is said of each."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from servers import answering
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse.cli import main

WEST, NORTH = 499_980.0, 5_200_020.0
BOX = ",".join(str(value) for value in lonlat_bbox(WEST + 5, NORTH - 955, WEST + 955, NORTH - 5))
CLEAR = np.full((96, 96), 4)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STAC_TIMELAPSE_CACHE", str(tmp_path / "cache"))


def granule(name, when, value, **more):
    return Granule(name, when, {"B04": np.full((96, 96), value)}, CLEAR, **more)


@pytest.fixture
def catalogs(tmp_path):
    """Return two catalogues: one acquisition in both, one in each alone, one of them with the +1000 of its baseline."""
    first = [granule("jan-3", "2022-01-03T10:00:00Z", 1000), granule("mar-1", "2022-03-01T10:00:00Z", 700)]
    second = [
        # The same acquisition, with pixels that are told apart from the first one's.
        granule("jan-3-again", "2022-01-03T10:00:00Z", 5000),
        granule("jan-13", "2022-01-13T10:00:00Z", 3000, baseline="04.00"),
    ]
    (tmp_path / "a").mkdir()
    paths = write_catalog(tmp_path / "a", first), write_catalog(tmp_path / "b", second)
    named = [path.rename(path.with_name(name)) for path, name in zip(paths, ("first.json", "second.json"), strict=True)]
    return [str(path) for path in named]


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def query(catalogs, command="search"):
    return [command, "--catalog", "+".join(catalogs), "--aoi", BOX, "--months", "2022-01/2022-03", "--bands", "B04"]


def test_a_run_over_both_counts_each_acquisition_once(catalogs, tmp_path, capsys):
    out = tmp_path / "out"
    code, printed, said = run(capsys, *query(catalogs, "run"), "--out", out, "--geotiff", "--json")
    assert code == 0
    with rasterio.open(out / "composite_2022-01.tif") as file:
        # The mean of 1000 and of 3000 - 1000; the copy of the first acquisition is not read.
        assert [int(np.unique(file.read(band)).item()) for band in (1, 2)] == [1500, 2]
        assert file.tags()["ATTRIBUTION"] == (
            "Contains modified Copernicus Sentinel data, from first.json and second.json"
        )
        assert file.tags()["SCENES"] == "jan-3 jan-13"
    assert "Searching first.json + second.json ..." in said
    assert "4 items -> 3 scenes -> 3 passes in 3 months." in said
    assert "  first.json: 2 items, 2 scenes used; lacked 1: jan-13; passes gained in 2022-01." in said
    assert "  second.json: 2 items, 1 scenes used; lacked 1: mar-1; passes gained in 2022-03." in said
    expected = [
        {
            "title": "first.json", "items": 2, "scenes": 2, "lacked": ["jan-13"], "months_gained": ["2022-01"],
            "failure": None,
        },
        {
            "title": "second.json", "items": 2, "scenes": 1, "lacked": ["mar-1"], "months_gained": ["2022-03"],
            "failure": None,
        },
    ]  # fmt: skip
    recipe = json.loads((out / "recipe.json").read_text())
    assert json.loads(printed)["catalogs"] == recipe["catalogs"] == expected
    assert {scene["id"]: scene["catalog"] for scene in recipe["scenes"]} == {
        "jan-3": "first.json",
        "jan-13": "second.json",
        "mar-1": "first.json",
    }


def test_the_catalogue_named_first_is_preferred(catalogs, capsys):
    code, printed, _ = run(capsys, *query(catalogs[::-1]), "--json")
    assert code == 0
    assert [(scene["id"], scene["catalog"]) for scene in json.loads(printed)] == [
        ("jan-3-again", "second.json"),
        ("jan-13", "second.json"),
        ("mar-1", "first.json"),
    ]


def test_one_that_is_down_is_a_sentence_and_no_failure(catalogs, tmp_path, capsys):
    with answering(lambda _: (400, {}, b"")) as url:
        code, printed, said = run(
            capsys, *query([catalogs[0], url], "run"), "--out", tmp_path / "out", "--geotiff", "--json"
        )
        assert code == 0
        why = f"{url} refused the search (status 400): try again in a few minutes."
        assert f"  first.json: 2 items, 2 scenes used.\n  first.json served alone: {why}\n" in said
        first, down = json.loads(printed)["catalogs"]
        assert (first["scenes"], first["failure"]) == (2, None)
        assert (down["title"], down["items"], down["failure"]) == (url, 0, why)
        # Both down: the provider's fault.
        code, _, said = run(capsys, *query([url, "http://127.0.0.1:9"]))
    assert code == 4
    last = said.strip().splitlines()[-1]
    assert last.startswith("stac-timelapse: None of the 2 catalogues could be searched: ")
    assert "(status 400)" in last
    assert "cannot be reached" in last


def test_a_catalogue_that_is_not_known_is_named_alone(catalogs, capsys):
    code, _, said = run(capsys, *query([catalogs[0], "nowhere"]))
    assert code == 2
    assert "The catalogue 'nowhere' is not known" in said


def test_a_single_catalogue_is_told_as_before(catalogs, capsys):
    code, _, said = run(capsys, *query(catalogs[:1]))
    assert code == 0
    assert said == "2 items -> 2 scenes -> 2 passes in 3 months.\n"
