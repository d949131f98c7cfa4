"""Read STAC items from a catalogue on disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from urllib.request import url2pathname

import pystac

from stac_timelapse.errors import InvalidInputError, ProviderError, cause_of
from stac_timelapse.scenes.catalog import Catalog


def static_items(catalog: Catalog) -> Iterator[dict[str, Any]]:
    """Yield all items of a static catalogue or ItemCollection on disk, with absolute addresses.

    Raises
    ------
    InvalidInputError
        If the file is no STAC document.
    ProviderError
        If what it links to is damaged.
    """
    path = Path(catalog.url)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{path.name} cannot be read as a STAC catalogue ({cause_of(error)}).") from error
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list):
            raise InvalidInputError(f"{path.name} is a FeatureCollection without a list of features.")
        yield from (_absolute(item, path) for item in features if _wanted(item, catalog))
    elif kind == "Feature":
        yield _absolute(document, path)
    elif kind in {"Catalog", "Collection"}:
        yield from _walk(catalog, path)
    else:
        raise InvalidInputError(
            f"{path.name} is neither a STAC Catalog, Collection, Item nor ItemCollection (its type is {kind!r})."
        )


def _walk(catalog: Catalog, path: Path) -> Iterator[dict[str, Any]]:
    try:
        for item in pystac.Catalog.from_file(str(path)).get_items(recursive=True):
            item.make_asset_hrefs_absolute()
            document = item.to_dict(include_self_link=False, transform_hrefs=False)
            if _wanted(document, catalog):
                yield document
    except Exception as error:
        raise ProviderError(f"The static catalogue {path.name} is damaged ({cause_of(error)}).") from error


def _wanted(item: Any, catalog: Catalog) -> bool:
    # What is no item at all goes on, to be named among what was left out.
    return catalog.collection is None or not isinstance(item, dict) or item.get("collection") == catalog.collection


def _absolute(item: Any, path: Path) -> Any:
    """Return the item with absolute addresses where it has any."""
    assets = item.get("assets") if isinstance(item, dict) else None
    if not isinstance(assets, dict):
        return item
    base = path.resolve().as_uri()
    absolute = {}
    for key, asset in assets.items():
        if isinstance(asset, dict) and isinstance(asset.get("href"), str):
            href = urljoin(base, asset["href"])
            absolute[key] = {
                **asset,
                "href": url2pathname(href.removeprefix("file://")) if href.startswith("file://") else href,
            }
    return {**item, "assets": absolute}
