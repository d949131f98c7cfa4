"""A cluster of a real Dask Gateway, with a server, a proxy and a worker as processes of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import dask
import numpy as np
import pytest
import rasterio
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.errors import InvalidInputError, ProviderError
from stac_timelapse.recipe import Recipe

pytest.importorskip("dask_gateway_server", reason="its proxy is published for Linux on x86-64 only")
from dask_gateway import Gateway
from dask_gateway.client import ClusterStatus

WEST, NORTH = 499_980.0, 5_200_020.0
SETTINGS = """
c.DaskGateway.backend_class = "dask_gateway_server.backends.local.UnsafeLocalBackend"
c.UnsafeLocalBackend.clusters_directory = {folder!r}
c.DaskGateway.address = "127.0.0.1:{api}"
c.Proxy.address = "127.0.0.1:{proxy}"
c.ClusterConfig.scheduler_cmd = ["dask", "scheduler"]
c.ClusterConfig.worker_cmd = ["dask", "worker"]
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway")
    proxy = free_port()
    (folder / "settings.py").write_text(SETTINGS.format(folder=str(folder), api=free_port(), proxy=proxy))
    scripts = Path(sys.executable).parent
    command = [str(scripts / "dask-gateway-server"), "--config", str(folder / "settings.py")]
    environment = {**os.environ, "PATH": f"{scripts}:{os.environ['PATH']}"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        with dask.config.set({"gateway.address": f"http://127.0.0.1:{proxy}"}):
            door = Gateway()  # never closed: it would complain when it is collected
            end = time.monotonic() + 60
            while True:
                try:
                    door.list_clusters()
                    break
                except Exception:
                    assert process.poll() is None, (folder / "log").read_text()
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.2)
            yield door
    finally:
        process.terminate()
        process.wait(60)


def test_a_month_built_on_a_cluster_of_a_gateway(gateway, tmp_path):
    values = np.random.default_rng(1).integers(1, 9000, (96, 96))
    scl = np.where(np.arange(96)[:, None] < 48, 4, 9) * np.ones((1, 96), int)
    scene = Granule("scene", "2022-01-03T10:00:00Z", {"B04": values}, scl, scl_resolution=10, baseline="05.09")
    path = write_catalog(tmp_path / "scenes", [scene])
    area = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 5, NORTH - 955, WEST + 955, NORTH - 5))
    recipe = Recipe(str(path), area, "2022-01", "2022-01", bands=("B04",), max_cloud=100)
    expected = pipeline.lazy(recipe, pipeline.find(recipe)).compute(scheduler="synchronous")
    name = gateway.submit()
    try:
        end = time.monotonic() + 60
        while gateway.get_cluster(name, wait=True).status is not ClusterStatus.RUNNING:
            assert time.monotonic() < end
        gateway.scale_cluster(name, 1)
        with connect(ClusterSpec(address=f"gateway:{name}")) as client:
            (month,) = pipeline.build(recipe, pipeline.find(recipe), client=client, store=MonthStore(tmp_path / "out"))
        # It is its owner's and goes on.
        assert [one.name for one in gateway.list_clusters()] == [name]
    finally:
        gateway.stop_cluster(name)
    with rasterio.open(month.path) as file:
        np.testing.assert_array_equal(file.read(1), expected["reflectance"][0, 0])
    assert expected["reflectance"].max() > 0


@pytest.mark.usefixtures("gateway")
def test_a_cluster_that_the_gateway_does_not_have():
    with (
        pytest.raises(InvalidInputError, match=r"The gateway at http://127\S+ has no running cluster 'nothing': "),
        connect(ClusterSpec(address="gateway:nothing")),
    ):
        pass


def test_no_gateway_is_configured():
    with (
        dask.config.set({"gateway.address": None}),
        pytest.raises(InvalidInputError, match=r"'gateway:mine' needs a gateway: name it in Dask's configuration"),
        connect(ClusterSpec(address="gateway:mine")),
    ):
        pass


def test_a_gateway_that_does_not_answer():
    with (
        dask.config.set({"gateway.address": f"http://127.0.0.1:{free_port()}"}),
        pytest.raises(ProviderError, match=r"The gateway at http://127\S+ does not answer"),
        connect(ClusterSpec(address="gateway:mine")),
    ):
        pass


def test_the_package_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask_gateway", None)
    with (
        pytest.raises(InvalidInputError, match=r"needs the package dask-gateway: pip install"),
        connect(ClusterSpec(address="gateway:mine")),
    ):
        pass
