"""The offset of every real item, by rules that look elsewhere than the library: product names, and providers."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from stac_timelapse.scenes.acquisitions import newest_of_twins
from stac_timelapse.scenes.items import scene_of

STAC = Path(__file__).resolve().parents[3] / "shared" / "real" / "stac"


def sentinel_items():
    """Return all Sentinel-2 items as ``(source folder, item)``."""
    found = []
    for path in sorted(path for path in STAC.rglob("*") if path.is_file()):
        document = json.loads(path.read_text())
        members = document.get("features", [document]) if isinstance(document, dict) else []
        found += [
            (path.relative_to(STAC).parts[0], item)
            for item in members
            if isinstance(item, dict)
            and item.get("type") == "Feature"
            and "sentinel-2" in item["properties"].get("platform", "").lower()
        ]
    return found


ITEMS = sentinel_items()


def expected(source, item):
    """Return the DN to add.

    ESA adds 1000 since N0400, which is in the product's name. Planetary Computer hands on what ESA made; Earth Search
    says where it has taken the 1000 away. Its older collection of JPEG 2000 files names no product: there the file's
    own description holds.
    """
    name = re.search(r"_N(\d{4})_", item["properties"].get("s2:product_uri", ""))
    if source == "planetary-computer":
        return -1000 if int(name[1]) >= 400 else 0
    if item["properties"].get("earthsearch:boa_offset_applied"):
        return 0
    if name:
        return -1000 if int(name[1]) >= 400 else 0
    described = item["assets"]["red"]["raster:bands"][0]
    return round(described["offset"] / described["scale"])


@pytest.mark.parametrize(
    ("source", "item"),
    [pytest.param(source, item, id=f"{source}-{number}-{item['id']}") for number, (source, item) in enumerate(ITEMS)]
    or [pytest.param(None, None, id="missing")],
)
def test_the_offset_of_each_real_item(real, source, item):  # noqa: ARG001 - skips, or fails, where they are missing
    assert scene_of(item, ("B04", "B03", "B02")).offset == expected(source, item)


def test_there_are_items_of_every_kind(real):  # noqa: ARG001
    found = Counter((source, scene_of(item, ("B04",)).offset) for source, item in ITEMS)
    # Counted by hand: c1 and the antimeridian's are of 2023 and 2024 and not corrected; of the items one a baseline two
    # are not; two pages of Planetary Computer, twice, are of baseline 04.00.
    assert found == {
        ("antimeridian", -1000): 6,
        ("c1", -1000): 10,
        ("earth-search-baselines", 0): 16,
        ("earth-search-baselines", -1000): 2,
        ("planetary-computer", -1000): 100 + 4,
        ("planetary-computer", 0): 13 + 2,
    }


PRODUCT = "S2A_MSIL2A_20240422T173911_{}_R098_T13TDE_20240422T235001"
N0510 = PRODUCT.format("N0510")
#: As the Copernicus Data Space describes a file of ESA, scaled and moved.
MOVED = {"raster:scale": 0.0001, "raster:offset": -0.1}


def original(name=N0510, described=MOVED, **properties):
    """Return an item of an original of ESA, laid out as in the Copernicus Data Space."""
    place = {"proj:code": "EPSG:32613", "proj:shape": [10980, 10980], "gsd": 10}
    place["proj:transform"] = [10, 0, 399960, 0, -10, 4500000]
    band = {"href": "s3://eodata/B04_10m.jp2", "bands": [{"name": "B04"}], "nodata": 0, **place}
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": name,
        "bbox": [-106.2, 39.6, -104.9, 40.7],
        "properties": {"datetime": "2024-04-22T17:39:11.024Z", "platform": "sentinel-2a", **properties},
        "assets": {"B04_10m": {**band, **described}, "SCL_20m": {"href": "s3://eodata/SCL_20m.jp2", **place}},
    }


@pytest.mark.parametrize(
    ("item", "baseline", "offset"),
    [
        (original(**{"processing:version": "05.10"}), "05.10", -1000),
        (original(**{"processing:version": "05.10"}, described={}), "05.10", -1000),
        (original(described={}), "05.10", -1000),
        (original("scene", {}, **{"s2:product_uri": PRODUCT.format("N0400") + ".SAFE"}), "04.00", -1000),
        (original("scene", MOVED), "", -1000),
        (original("scene", {"bands": [{"name": "B04", **MOVED}]}), "", -1000),
        (original("scene", {}), "", 0),
        # Old products have no offset, whatever a template says of their files.
        (original(PRODUCT.format("N0214")), "02.14", 0),
        (original(**{"processing:version": "2.14"}), "02.14", 0),
        # Harmonised by the provider, who says so.
        (original(described={"raster:scale": 0.0001, "raster:offset": 0}), "05.10", 0),
        # Somebody's program, not ESA's.
        (original("scene", MOVED, **{"processing:version": "1.4.2"}), "", -1000),
        # What says it in so many words comes first.
        (original(described={}, **{"s2:processing_baseline": "03.01", "processing:version": "05.10"}), "03.01", 0),
    ],
)
def test_originals_of_esa_lose_their_offset(item, baseline, offset):
    scene = scene_of(item, ("B04",))
    assert (scene.baseline, scene.offset) == (baseline, offset)


def test_an_original_of_a_newer_baseline_is_the_newer_twin():
    older, newer = (scene_of(original(PRODUCT.format(name)), ("B04",)) for name in ("N0500", "N0510"))
    assert newest_of_twins([newer, older]) == newest_of_twins([older, newer]) == [newer]
