"""The offset of every real item, by rules that look elsewhere than the library: product names, and providers."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

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
