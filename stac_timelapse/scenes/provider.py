"""Fetch STAC items, from an API over HTTP or from a catalogue on disk: the only module that speaks STAC."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from urllib.request import url2pathname

import pystac
import requests
import urllib3
from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from shapely.geometry import mapping
from urllib3.util.retry import Retry

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import InvalidInputError, ProviderError, TimelapseError, TooBigError, cause_of
from stac_timelapse.scenes.catalog import Catalog
from stac_timelapse.scenes.months import last_day, runs_of

_PAGE = 100
#: More than this is no search for a place; it is a year of daily passes over a hundred tiles.
MAX_ITEMS = 20_000
_MAX_PAGES = 2000
_CONNECT_READ_SECONDS = (8, 40)
_LONGEST_WAIT = 20.0


class _Patience(Retry):
    """A few more tries, none of them after more than `_LONGEST_WAIT` seconds, whatever the server asks for."""

    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        """Return the seconds that the server wants to be left alone, within reason."""
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, _LONGEST_WAIT)


def api_items(catalog: Catalog, area: AreaOfInterest, months: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the items of a STAC API that touch the area in the months, page by page.

    Raises
    ------
    ProviderError
        If it cannot be reached, refuses, or does not answer like a STAC API.
    TooBigError
        If there are more than `MAX_ITEMS`.
    """
    retries = _Patience(
        total=3,
        # A server that hangs does so again: one more try, not three times the patience.
        read=1,
        backoff_factor=0.5,
        backoff_jitter=0.3,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=None,
        raise_on_status=False,
    )
    try:
        # The timeout is an argument of `open`, which takes away the one that its `stac_io` has.
        client = Client.open(catalog.url, stac_io=StacApiIO(max_retries=retries), timeout=_CONNECT_READ_SECONDS)
        for first, last in runs_of(months):
            search = client.search(
                collections=[catalog.collection] if catalog.collection else None,
                intersects=mapping(area.geometry),
                datetime=f"{first}-01T00:00:00Z/{last}-{last_day(last):02d}T23:59:59Z",
                limit=_PAGE,
            )
            yield from _unique(search.pages_as_dicts(), catalog)
    except TimelapseError:
        raise
    except (APIError, requests.RequestException) as error:
        raise ProviderError(_sentence(catalog, error)) from error
    except Exception as error:
        # pystac-client fails in as many ways as there are answers that are none.
        raise ProviderError(
            f"{catalog.title} did not answer like a STAC API ({type(error).__name__}: {cause_of(error)}): "
            "check its address."
        ) from error


def _unique(pages: Iterator[dict[str, Any]], catalog: Catalog) -> Iterator[dict[str, Any]]:
    """Yield each item once; end at a page that brings nothing new, for some servers link to the same one for ever."""
    seen: set[str] = set()
    for number, page in enumerate(pages, start=1):
        before = len(seen)
        for item in page["features"]:
            if str(item["id"]) not in seen:
                seen.add(str(item["id"]))
                yield item
        if len(seen) == before:
            return
        if len(seen) > MAX_ITEMS or number >= _MAX_PAGES:
            raise TooBigError(
                f"{catalog.title} has more than {len(seen):,} items for this area and time, and {MAX_ITEMS:,} are "
                "allowed: choose a smaller area or fewer months."
            )


def _sentence(catalog: Catalog, error: Exception) -> str:
    status = getattr(error, "status_code", None)
    if status == 404:  # noqa: PLR2004 - not found
        return f"{catalog.title} has no collection {catalog.collection!r} (404): check the collection's name."
    if status is not None:
        return f"{catalog.title} refused the search (status {status}): try again in a few minutes."
    return (
        f"{catalog.title} cannot be reached ({cause_of(error)}): check the network and try again; "
        "the demo catalogue works without one."
    )


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
