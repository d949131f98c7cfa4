"""The demo's STAC Collection and Catalog, with relative links: a static catalogue as well."""

from __future__ import annotations

from typing import Any

from stac_timelapse.demo.items import STAC_VERSION, SYNTHETIC, demo_bbox
from stac_timelapse.demo.spec import COLLECTION, DemoSpec


def make_collection(spec: DemoSpec, items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the collection of the items, with relative links to them."""
    times = sorted(item["properties"]["datetime"] for item in items)
    return {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "id": COLLECTION,
        "title": "Synthetic demo landscape in the manner of Sentinel-2 L2A",
        "description": SYNTHETIC,
        "keywords": ["synthetic", "demo", "sentinel-2", "reflectance"],
        "license": "CC0-1.0",
        "extent": {
            "spatial": {"bbox": [list(demo_bbox(spec))]},
            "temporal": {"interval": [[times[0], times[-1]]]},
        },
        "summaries": {
            "platform": ["sentinel-2a", "sentinel-2b"],
            "constellation": ["sentinel-2"],
            "instruments": ["msi"],
            "gsd": [10, 20],
            "grid:code": [f"MGRS-{tile.code}" for tile in spec.tiles],
        },
        "links": [
            {"rel": "root", "href": "../catalog.json", "type": "application/json"},
            {"rel": "parent", "href": "../catalog.json", "type": "application/json"},
            *(
                {"rel": "item", "href": f"./{item['id']}/{item['id']}.json", "type": "application/geo+json"}
                for item in items
            ),
        ],
    }


def make_catalog() -> dict[str, Any]:
    """Return the catalogue that holds the collection."""
    return {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": "stac-timelapse-demo",
        "title": "STAC Timelapse demo (synthetic)",
        "description": SYNTHETIC,
        "links": [
            {"rel": "root", "href": "./catalog.json", "type": "application/json"},
            {"rel": "child", "href": f"./{COLLECTION}/collection.json", "type": "application/json"},
        ],
    }
