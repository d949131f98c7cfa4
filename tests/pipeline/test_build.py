"""Builds on a real Dask scheduler with worker processes."""

from __future__ import annotations

import os

import numpy as np
import pytest
import rasterio
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import cluster, pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.build import Progress
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.errors import CancelledError, InvalidInputError, ProviderError, TooBigError
from stac_timelapse.recipe import Recipe

WEST, NORTH = 499_980.0, 5_200_020.0
SIZE = 128
AREA = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 5, NORTH - 1275, WEST + 1275, NORTH - 5))
CLEAR, CLOUD = np.full((SIZE, SIZE), 4), np.full((SIZE, SIZE), 9)


@pytest.fixture(scope="module")
def client():
    with connect(ClusterSpec(workers=2, threads_per_worker=2)) as client:
        yield client


@pytest.fixture
def recipe(tmp_path):
    def granule(name, when, value, scl=CLEAR):
        return Granule(name, when, {"B04": np.full((SIZE, SIZE), value)}, scl)

    path = write_catalog(
        tmp_path / "scenes",
        [
            granule("jan-1", "2022-01-03T10:00:00Z", 1000),
            granule("jan-2", "2022-01-13T10:00:00Z", 2000),
            granule("jan-3", "2022-01-23T10:00:00Z", 1200),
            granule("feb-cloud", "2022-02-03T10:00:00Z", 9000, CLOUD),
            granule("mar-1", "2022-03-03T10:00:00Z", 3000),
        ],
    )
    return Recipe(str(path), AREA, "2022-01", "2022-04", bands=("B04",), max_cloud=100)


def build(recipe, client, folder, **more):
    return list(pipeline.build(recipe, pipeline.find(recipe), client=client, store=MonthStore(folder), **more))


def test_every_month_is_a_composite_on_disk(recipe, client, tmp_path):
    seen: list[Progress] = []
    results = build(recipe, client, tmp_path / "store", first="2022-03", on_progress=seen.append)
    assert [result.month for result in results] == ["2022-03", "2022-02", "2022-04", "2022-01"]
    months = {result.month: result for result in results}
    with rasterio.open(months["2022-01"].path) as file:
        assert (file.count, file.dtypes[0], file.nodata) == (2, "uint16", 0)
        assert file.descriptions == ("B04", "observations")
        assert file.scales == (0.0001, 1.0)
        assert file.crs.to_epsg() == 32633
        assert (file.read(1) == 1200).all()
        assert (file.read(2) == 3).all()
        assert file.tags()["SCENES"] == "jan-1 jan-2 jan-3"
    assert months["2022-01"].observations_mean == 3
    assert months["2022-01"].clear_share == 1
    # Passes without a clear pixel and no passes at all: both keep their slot.
    assert months["2022-02"].empty
    assert months["2022-02"].passes_used == 1
    assert months["2022-04"].empty
    assert months["2022-04"].passes_used == 0
    assert seen[-1].months_done == 4
    assert all(progress.tiles_done <= progress.tiles_total for progress in seen)


def test_leaving_out_one_pass_recomputes_only_its_month(recipe, client, tmp_path):
    store = tmp_path / "store"
    build(recipe, client, store)
    key = next(one.key for one in pipeline.find(recipe).passes if one.scenes[0].id == "jan-2")
    again = build(recipe.but(excluded=(key,)), client, store)
    assert [result.month for result in again if not result.from_store] == ["2022-01"]
    with rasterio.open(again[0].path) as file:
        assert (file.read(1) == 1100).all()


def test_a_second_build_reads_no_scene(recipe, client, tmp_path):
    first = build(recipe, client, tmp_path / "store")
    for file in (tmp_path / "scenes").rglob("*.tif"):
        status = file.stat()
        file.write_bytes(b"x" * status.st_size)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    second = build(recipe, client, tmp_path / "store")
    assert all(result.from_store for result in second)
    assert [result.path for result in first] == [result.path for result in second]


def test_a_file_that_was_changed_on_disk_is_read_again(recipe, client, tmp_path):
    build(recipe, client, tmp_path / "store")
    granule = Granule("mar-1", "2022-03-03T10:00:00Z", {"B04": np.full((SIZE, SIZE), 4000)}, CLEAR)
    write_catalog(tmp_path / "elsewhere", [granule])
    (tmp_path / "elsewhere" / "mar-1" / "B04.tif").replace(tmp_path / "scenes" / "mar-1" / "B04.tif")
    again = build(recipe, client, tmp_path / "store")
    assert [result.month for result in again if not result.from_store] == ["2022-03"]
    with rasterio.open(again[2].path) as file:
        assert (file.read(1) == 4000).all()


def test_stopping_keeps_the_finished_months(recipe, client, tmp_path):
    store = tmp_path / "store"
    finished = []
    with pytest.raises(CancelledError, match="finished before are kept"):  # noqa: PT012 - the loop is the point
        for result in pipeline.build(
            recipe, pipeline.find(recipe), client=client, store=MonthStore(store), should_stop=lambda: bool(finished)
        ):
            finished.append(result)  # noqa: PERF402 - the list is what stops it
    assert len(finished) == 1
    names = [path.name for path in store.iterdir()]
    assert finished[0].path.name in names
    assert all(name.endswith(".tif") for name in names)


def test_an_unreadable_scene_is_left_out_and_named(recipe, client, tmp_path):
    (tmp_path / "scenes" / "jan-2" / "B04.tif").write_bytes(b"not a raster")
    january = build(recipe, client, tmp_path / "store")[0]
    assert [scene for scene, _ in january.unreadable] == ["jan-2"]
    assert january.scene_ids == ("jan-1", "jan-3")
    with rasterio.open(january.path) as file:
        assert (file.read(1) == 1100).all()


def test_nothing_readable_is_the_providers_failure(recipe, client, tmp_path):
    scenes = pipeline.find(recipe)
    for file in (tmp_path / "scenes").rglob("*.tif"):
        file.unlink()
    with pytest.raises(ProviderError, match=r"None of \d scenes can be read; the first"):
        list(pipeline.build(recipe, scenes, client=client, store=MonthStore(tmp_path / "store")))
    assert not list((tmp_path / "store").glob("*.part*"))


def test_the_running_scheduler_is_used_by_its_address(recipe, client, tmp_path):
    with connect(ClusterSpec(address=client.scheduler.address)) as second:
        assert build(recipe, second, tmp_path / "store")[0].clear_share == 1


def test_no_scheduler_at_the_address(monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1)
    with (
        pytest.raises(ProviderError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"),
        connect(ClusterSpec(address="tcp://127.0.0.1:9")),
    ):
        pass


def test_an_address_that_is_none():
    with pytest.raises((InvalidInputError, ProviderError), match="nonsense"), connect(ClusterSpec(address="nonsense")):
        pass


def test_too_big_names_a_resolution_that_fits(recipe):
    scenes = pipeline.find(recipe)
    with pytest.raises(
        TooBigError, match=r"128 x 128 = 16,384 pixels, and 2,000 are allowed; choose 40 m or a smaller area"
    ):
        pipeline.estimate(recipe, scenes, max_pixels=2000)
    fitting = pipeline.estimate(recipe.but(resolution=30), scenes, max_pixels=2000)
    assert fitting.pixels <= 2000
    plain = pipeline.estimate(recipe, scenes).read_bytes
    # To tell bright ground from clouds every mask is read twice.
    twice = pipeline.estimate(recipe.but(rescue=True), scenes).read_bytes
    assert 0 < plain < twice < 2 * plain
