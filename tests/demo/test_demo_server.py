"""The demo over HTTP: a STAC API that pystac-client searches, files with byte ranges, no process left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import rasterio
import requests
from pystac_client import Client

from stac_timelapse import demo
from stac_timelapse.demo.server import _WARDEN
from stac_timelapse.errors import ProviderError


@pytest.fixture(scope="module")
def server(small):
    with demo.serve(small) as running:
        yield running


def names_on_disk(small):
    return sorted(path.stem for path in (small / demo.COLLECTION).glob("*/*.json"))


def children_of(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def wait_until(what, seconds=10.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.02)
    return False


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_paging_returns_every_item_once(server, small):
    client = Client.open(server.stac_url)
    search = client.search(collections=[server.collection], limit=4)
    pages = list(search.pages_as_dicts())
    assert len(pages) > 2
    found = [item["id"] for page in pages for item in page["features"]]
    assert sorted(found) == names_on_disk(small)


def test_searches_by_place_and_time(server):
    client = Client.open(server.stac_url)
    january = client.search(
        collections=[server.collection], bbox=demo.SAMPLE_AREAS[0].bbox, datetime="2022-01-01/2022-01-31"
    )
    found = list(january.items_as_dicts())
    assert found
    assert {item["properties"]["datetime"][:7] for item in found} == {"2022-01"}
    elsewhere = client.search(collections=[server.collection], bbox=(0, 0, 1, 1))
    assert not list(elsewhere.items_as_dicts())


def test_files_answer_ranges_and_gdal_reads_them_from_this_very_process(server):
    item = next(Client.open(server.stac_url).search(collections=[server.collection], limit=1).items_as_dicts())
    href = item["assets"]["B04"]["href"]
    assert href.startswith(server.asset_url)
    answer = requests.get(href, headers={"Range": "bytes=100-199"}, timeout=10)
    assert answer.status_code == 206
    assert len(answer.content) == 100
    assert answer.headers["Content-Range"].startswith("bytes 100-199/")
    assert answer.headers["Content-Type"].startswith("image/tiff")
    with rasterio.open(href) as source:
        assert [source.height, source.width] == item["assets"]["B04"]["proj:shape"]
        assert source.read(1).any()


def test_nothing_outside_of_the_folder_is_served(server):
    answer = requests.get(f"{server.asset_url}/%2e%2e/%2e%2e/etc/passwd", timeout=10)
    assert answer.status_code in {403, 404}


def test_both_servers_end_with_the_context(small):
    with demo.serve(small) as running:
        pids = [running.process_id, *children_of(running.process_id)]
        assert len(pids) == 2
    assert all(is_gone(pid) for pid in pids)
    for url in (running.stac_url, running.asset_url):
        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=2)


def test_both_servers_end_when_their_owner_is_killed(small):
    code = (
        "import sys; from pathlib import Path; from stac_timelapse import demo\n"
        f"with demo.serve(Path({str(small)!r})) as running:\n"
        "    print(running.process_id, flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pid = int(owner.stdout.readline())
    pids = [pid, *children_of(pid)]
    assert len(pids) == 2
    owner.kill()
    owner.wait()
    assert wait_until(lambda: all(is_gone(pid) for pid in pids))
    owner.stdin.close()
    owner.stdout.close()


def test_the_stac_api_ends_when_its_warden_is_killed(small):
    with demo.serve(small) as running:
        (rustac,) = children_of(running.process_id)
        os.kill(running.process_id, signal.SIGKILL)
        assert wait_until(lambda: is_gone(rustac))


def test_a_taken_port_is_one_sentence(small, server):
    port = int(server.asset_url.rsplit(":", 1)[1])
    with pytest.raises(ProviderError, match=r"could not be served .* choose other ports"):
        demo.serve(small, asset_port=port).__enter__()
    port = int(server.stac_url.rsplit(":", 1)[1])
    with pytest.raises(ProviderError, match=r"could not be served .* choose other ports"):
        demo.serve(small, stac_port=port).__enter__()
    assert requests.get(server.stac_url, timeout=5).ok


def test_the_warden_needs_nothing_of_this_package():
    assert "stac_timelapse" not in _WARDEN.read_text().replace("stac-timelapse", "")
