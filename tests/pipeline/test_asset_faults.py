"""Files on a server that refuses, hangs, breaks off or sends nonsense: the rest is composed, and the lost is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from servers import serving_files
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import build, pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cli import main
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.cube import fetch, raster
from stac_timelapse.errors import ProviderError
from stac_timelapse.recipe import Recipe

WEST, NORTH = 499_980.0, 5_200_020.0
SIZE = 640
BOX = lonlat_bbox(WEST + 5, NORTH - 6395, WEST + 6395, NORTH - 5)
AREA = AreaOfInterest.from_bbox(*BOX)
NAMES = ("first", "second", "third")


def pixels(number):
    # Random, so that a block is longer than what is read of a file's front, and several blocks are wanted.
    return np.random.default_rng(number).integers(1, 9000, (SIZE, SIZE))


def median_of(*numbers):
    return np.floor(np.median([pixels(number) for number in numbers], axis=0) + 0.5)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    granules = [
        Granule(name, f"2022-01-{3 + 10 * number:02d}T10:00:00Z", {"B04": pixels(number)}, np.full((SIZE, SIZE), 4))
        for number, name in enumerate(NAMES)
    ]
    write_catalog(folder, granules)
    return folder


@pytest.fixture
def server(scenes):
    with serving_files(scenes) as server:
        yield server


@pytest.fixture
def catalog(scenes, server, tmp_path):
    """Return the catalogue with the server's addresses, which differ from test to test, as GDAL remembers them."""
    document = json.loads((scenes / "items.json").read_text())
    for item in document["features"]:
        for asset in item["assets"].values():
            asset["href"] = f"{server.url}/{Path(asset['href']).relative_to(scenes)}?sig=SECRET"
    path = tmp_path / "items.json"
    path.write_text(json.dumps(document))
    return path


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch):
    monkeypatch.setattr(fetch, "_TIMEOUT", 0.5)
    monkeypatch.setattr(fetch, "_FIRST_PAUSE", 0.01)
    short = {"GDAL_HTTP_MAX_RETRY": "1", "GDAL_HTTP_RETRY_DELAY": "0.01", "GDAL_HTTP_LOW_SPEED_TIME": "1"}
    monkeypatch.setattr(raster, "GDAL_OPTIONS", {**raster.GDAL_OPTIONS, **short})


@pytest.fixture(scope="module")
def client():
    # In this process, where patience is short.
    with connect(ClusterSpec(workers=1, threads_per_worker=2, processes=False)) as client:
        yield client


def recipe_of(catalog):
    return Recipe(str(catalog), AREA, "2022-01", "2022-01", bands=("B04",), max_cloud=100)


def built(catalog, client, tmp_path):
    recipe = recipe_of(catalog)
    (month,) = pipeline.build(recipe, pipeline.find(recipe), client=client, store=MonthStore(tmp_path / "store"))
    return month


def read(month):
    with rasterio.open(month.path) as file:
        inside = file.read()[:, 1:-1, 1:-1]
        return inside[0], inside[1], file.tags()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (403, "403"),
        (404, "404"),
        (500, "500"),
        ("cut", ""),
        ("reset", ""),
        ("garbage", ""),
        ("silent", "the server hung for 0.5 s, 2 times"),
        ("trickle", "the server hung for 0.5 s, 2 times"),
    ],
)
@pytest.mark.parametrize("asset", ["B04", "SCL"])
def test_a_file_that_cannot_be_had_costs_its_scene_which_is_named(
    server, catalog, client, tmp_path, fault, reason, asset
):
    server.fault = lambda path, _start: fault if path == f"second/{asset}.tif" else None
    month = built(catalog, client, tmp_path)
    values, count, tags = read(month)
    np.testing.assert_array_equal(values, median_of(0, 2)[1:-1, 1:-1])
    assert (count == 2).all()
    ((lost, why),) = month.unreadable
    assert (lost, month.scene_ids) == ("second", ("first", "third"))
    assert why.startswith(f"{asset}: ")
    assert reason in why
    assert len(why) > len(asset) + 5
    assert (tags["SCENES"], tags["REJECTED"]) == ("first third", f"second: could not be read ({why})")
    assert "SECRET" not in f"{tags}{why}"


@pytest.mark.parametrize("fault", ["cut", "reset", "garbage", "silent"])
def test_a_file_that_breaks_off_behind_its_directories_costs_its_scene(server, catalog, client, tmp_path, fault):
    server.fault = lambda path, start: fault if path == "second/B04.tif" and start else None
    month = built(catalog, client, tmp_path)
    values, count, _ = read(month)
    np.testing.assert_array_equal(values, median_of(0, 2)[1:-1, 1:-1])
    assert (count == 2).all()
    assert [lost for lost, _ in month.unreadable] == ["second"]


def test_a_file_that_is_shorter_than_it_should_be_costs_its_scene(scenes, server, catalog, client, tmp_path):
    whole = (scenes / "second" / "B04.tif").read_bytes()
    (tmp_path / "served" / "second").mkdir(parents=True)
    for path in scenes.rglob("*.tif"):
        copy = tmp_path / "served" / path.relative_to(scenes)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (tmp_path / "served" / "second" / "B04.tif").write_bytes(whole[: 2 * len(whole) // 3])
    server.folder = tmp_path / "served"
    month = built(catalog, client, tmp_path)
    np.testing.assert_array_equal(read(month)[0], median_of(0, 2)[1:-1, 1:-1])
    assert [lost for lost, _ in month.unreadable] == ["second"]


@pytest.mark.parametrize("fault", [403, 404, 503, "cut", "reset", "garbage", "silent"])
@pytest.mark.parametrize("behind", [False, True])
def test_what_goes_wrong_once_costs_nothing(server, catalog, client, tmp_path, fault, behind):
    left = [fault]

    def once(path, start):
        return left.pop() if left and path == "second/B04.tif" and bool(start) == behind else None

    server.fault = once
    month = built(catalog, client, tmp_path)
    values, count, tags = read(month)
    assert left == []
    np.testing.assert_array_equal(values, median_of(0, 1, 2)[1:-1, 1:-1])
    assert (count == 3).all()
    assert (month.unreadable, tags.get("REJECTED", "")) == ((), "")


def test_a_month_without_a_scene_is_never_taken_for_the_whole_one(server, catalog, client, tmp_path):
    server.fault = lambda path, _start: 404 if path == "second/B04.tif" else None
    poor = built(catalog, client, tmp_path)
    again = built(catalog, client, tmp_path)
    # Tried anew, as lost as before, and named again though its month was there.
    assert (again.path, again.from_store, again.unreadable) == (poor.path, True, poor.unreadable)
    server.fault = lambda _path, _start: None
    whole = built(catalog, client, tmp_path)
    assert (whole.from_store, whole.unreadable) == (False, ())
    np.testing.assert_array_equal(read(whole)[0], median_of(0, 1, 2)[1:-1, 1:-1])
    server.fault = lambda _path, _start: 404
    kept = built(catalog, client, tmp_path)
    assert (kept.path, kept.from_store, kept.unreadable) == (whole.path, True, ())


def test_nothing_but_faults_is_the_servers_failure_in_one_sentence(server, catalog, client, tmp_path):
    server.fault = lambda _path, _start: 403
    with pytest.raises(ProviderError, match=r"None of 3 scenes can be read; the first, \w+: SCL: .*403") as caught:
        built(catalog, client, tmp_path)
    assert "SECRET" not in str(caught.value)


def test_what_is_lost_stands_in_every_document(server, catalog, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("STAC_TIMELAPSE_CACHE", str(tmp_path / "cache"))
    server.fault = lambda path, _start: 404 if path == "second/SCL.tif" else None
    out = tmp_path / "out"
    command = ["run", "--catalog", str(catalog), "--aoi", ",".join(map(str, BOX)), "--months", "2022-01"]
    assert main([*command, "--bands", "B04", "--out", str(out), "--geotiff", "--json"]) == 0
    printed = capsys.readouterr()
    (month,) = json.loads(printed.out)["months"]
    ((lost, why),) = [(one["id"], one["reason"]) for one in month["unreadable"]]
    assert (lost, why[:5]) == ("second", "SCL: ")
    assert "404" in why
    assert month["rejected"] == [
        {"pass": month["rejected"][0]["pass"], "scenes": ["second"], "reason": "could not be read", "detail": why}
    ]
    assert f"left out: second ({why})" in printed.err
    recipe = json.loads((out / "recipe.json").read_text())
    assert [(one["id"], one["used"], one["reason"]) for one in recipe["scenes"]] == [
        ("first", True, None),
        ("second", False, f"could not be read ({why})"),
        ("third", True, None),
    ]
    assert recipe["months"][0]["rejected"] == month["rejected"]
    with rasterio.open(out / "composite_2022-01.tif") as file:
        assert file.tags()["REJECTED"] == f"second: could not be read ({why})"
    written = b"".join(path.read_bytes() for path in out.iterdir())
    assert b"SECRET" not in written + printed.out.encode() + printed.err.encode()


def test_what_one_month_found_unreadable_is_named_by_the_other_that_wants_it(client, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "_LEAST_TILES", 1)
    monkeypatch.setattr(build, "_TILES_PER_THREAD", 0)  # one month after the other
    # The last day of January may fill February, and is of January itself.
    granules = [
        Granule(name, when, {"B04": np.full((64, 64), value)}, np.full((64, 64), 4))
        for name, when, value in (
            ("early", "2022-01-03T10:00:00Z", 1000),
            ("last", "2022-01-31T10:00:00Z", 3000),
            ("next", "2022-02-03T10:00:00Z", 5000),
        )
    ]
    path = write_catalog(tmp_path / "scenes", granules)
    (tmp_path / "scenes" / "last" / "B04.tif").write_bytes(b"no raster")
    area = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 5, NORTH - 635, WEST + 635, NORTH - 5))
    recipe = Recipe(str(path), area, "2022-01", "2022-02", bands=("B04",), max_cloud=100, gaps="widen:5")
    for first in ("2022-01", "2022-02"):
        store = MonthStore(tmp_path / first)
        months = pipeline.build(recipe, pipeline.find(recipe), client=client, store=store, first=first)
        lost = {month.month: [scene for scene, _ in month.unreadable] for month in months}
        assert lost["2022-01"] == ["last"]
        # Nothing of February was missing, so that it may have looked no further.
        assert lost["2022-02"] == (["last"] if first == "2022-01" else [])
