"""Signing at the moment of reading, from the command line to a proxy that plays the Planetary Computer.

The addresses are those of Azure, without TLS, so that `planetary-computer` signs them as it does the real ones.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import rasterio
from planetary_computer import sas
from planetary_computer.settings import Settings
from servers import answering, landing_page
from world import Granule, lonlat_bbox, write_granule

from stac_timelapse.cube.raster import Source, Target, read_window
from stac_timelapse.errors import AssetReadError
from stac_timelapse.scenes.catalog import catalog_of, sign

STAC = "http://planetarycomputer.microsoft.com/api/stac/v1"
SAS = "http://planetarycomputer.microsoft.com/api/sas/v1/token"
BLOBS = "http://sentinel2l2a01.blob.core.windows.net/sentinel2-l2"
WEST, NORTH = 499_980.0, 5_200_020.0
BOX = ",".join(str(value) for value in lonlat_bbox(WEST + 5, NORTH - 955, WEST + 955, NORTH - 5))


class PlanetaryComputer:
    """STAC API, tokens and files in one; `refuses` says which token is not honoured (any more)."""

    def __init__(self, folder, refuses):
        granule = Granule("pc", "2022-01-03T10:00:00Z", {"B04": np.full((96, 96), 1000)}, np.full((96, 96), 4))
        self.item = write_granule(folder, granule)
        self.files = {}
        for name, asset in self.item["assets"].items():
            self.files[f"/sentinel2-l2/pc/{name}.tif"] = Path(asset["href"]).read_bytes()
            asset["href"] = f"{BLOBS}/pc/{name}.tif"
        self.refuses = refuses
        self.tokens = itertools.count(1)
        self.asked = []

    def __call__(self, request):
        url = urlsplit(request.path)
        address = f"{url.scheme}://{url.netloc}{url.path}"
        if address.startswith(SAS):
            token = f"st=2020&se=2099&sig=SECRET{next(self.tokens)}"
            return self.json({"msft:expiry": "2099-01-01T00:00:00Z", "token": token})
        if address == STAC:
            return self.json(json.loads(landing_page(STAC)))
        if address == f"{STAC}/search":
            return self.json({"type": "FeatureCollection", "features": [self.item], "links": []})
        if url.path not in self.files:
            return 404, {}, b""
        signature = re.search(r"sig=SECRET(\d+)", url.query)
        self.asked.append(signature.group(1) if signature else None)
        if signature is None or self.refuses(int(signature.group(1))):
            return 403, {}, b""
        return self.part(self.files[url.path], request.headers.get("Range"))

    @staticmethod
    def json(document):
        return 200, {"Content-Type": "application/json"}, json.dumps(document).encode()

    @staticmethod
    def part(content, wanted):
        if not wanted:
            return 200, {"Accept-Ranges": "bytes"}, content
        first, last = (int(text) for text in wanted.removeprefix("bytes=").split("-"))
        last = min(last, len(content) - 1)
        return 206, {"Content-Range": f"bytes {first}-{last}/{len(content)}"}, content[first : last + 1]


def run(tmp_path, refuses):
    provider = PlanetaryComputer(tmp_path / "scenes", refuses)
    with answering(provider) as proxy:
        done = subprocess.run(
            [
                sys.executable, "-m", "stac_timelapse.cli", "run", "--catalog", STAC, "--aoi", BOX,
                "--months", "2022-01", "--bands", "B04", "--out", str(tmp_path / "out"), "--json",
            ],
            env={
                **os.environ, "STAC_TIMELAPSE_CACHE": str(tmp_path / "cache"), "PC_SDK_SAS_URL": SAS,
                "http_proxy": proxy, "no_proxy": "127.0.0.1,localhost", "GDAL_HTTP_MAX_RETRY": "0",
            },
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    return provider, done


def test_files_are_read_with_a_fresh_signature_that_is_kept_nowhere(tmp_path):
    # The first token is withdrawn before its time: each worker asks for a new one and goes on.
    provider, done = run(tmp_path, refuses=lambda number: number == 1)
    assert done.returncode == 0, done.stderr
    with rasterio.open(tmp_path / "out" / "composite_2022-01.tif") as file:
        assert (file.read(1) == 1000).all()
    assert None not in provider.asked
    assert {"1", "2"} <= set(provider.asked)
    left = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) > 4
    assert not [content for content in (*left, done.stdout.encode(), done.stderr.encode()) if b"SECRET" in content]


def test_a_refusal_is_one_sentence_without_the_signature(tmp_path):
    _, done = run(tmp_path, refuses=lambda _: True)
    assert done.returncode == 4
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("stac-timelapse: None of 1 scenes can be read; the first, pc: SCL: ")
    assert "403" in last
    for text in ("SECRET", "sig=", "Traceback"):
        assert text not in done.stderr + done.stdout


@pytest.mark.parametrize("withdrawn", ["nothing", "the first", "all"])
def test_a_refused_file_is_signed_for_once_more_and_no_oftener(tmp_path, monkeypatch, withdrawn):
    # Without a proxy: the server itself is taken for Azure's storage and for what gives out tokens.
    refuses = {"nothing": lambda _: False, "the first": lambda number: number == 1, "all": lambda _: True}[withdrawn]
    provider = PlanetaryComputer(tmp_path, refuses)
    tokens = []

    def answer(request):
        if request.path.startswith("/token/"):
            tokens.append(request.path)
            text = f"st=2020&se=2099&sig=SECRET{len(tokens)}"
            return provider.json({"msft:expiry": "2099-01-01T00:00:00Z", "token": text})
        return provider(request)

    with answering(answer) as url:
        monkeypatch.setattr(sas, "BLOB_STORAGE_DOMAIN", url.removeprefix("http://"))
        monkeypatch.setattr(sas, "TOKEN_CACHE", {})
        monkeypatch.setenv("PC_SDK_SAS_URL", f"{url}/token")
        Settings.get.cache_clear()
        try:
            bounds = WEST, NORTH - 960, WEST + 960, NORTH
            source = Source("pc", "B04", f"{url}/sentinel2-l2/pc/B04.tif", 32633, bounds, "planetary-computer")
            target = Target(32633, WEST, NORTH, 10.0, 96, 96)
            if withdrawn == "all":
                with pytest.raises(AssetReadError, match="403") as caught:
                    read_window(source, target)
                assert "SECRET" not in str(caught.value)
            else:
                for _ in range(2):
                    assert (read_window(source, target) == 1000).all()
        finally:
            Settings.get.cache_clear()
    assert len(tokens) == (1 if withdrawn == "nothing" else 2)
    assert {one for one in provider.asked if one is not None} == {str(number + 1) for number in range(len(tokens))}
    assert None not in provider.asked


@pytest.mark.parametrize("address", ["https://planetarycomputer.microsoft.com/api/stac/v1", STAC])
def test_only_the_planetary_computer_is_signed_for(address):
    assert catalog_of(address).signing == "planetary-computer"
    for other in ("https://example.org/planetarycomputer.microsoft.com", "https://earth-search.aws.element84.com/v1"):
        assert catalog_of(other).signing == "none"
    assert sign(f"{BLOBS}/x.tif", "none") == f"{BLOBS}/x.tif"
    assert sign("https://example.org/x.tif", "planetary-computer") == "https://example.org/x.tif"
