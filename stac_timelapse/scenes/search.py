"""Search a catalogue for the scenes of an area: the only module that speaks STAC."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pystac
import requests
import shapely
from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from shapely.geometry import mapping
from urllib3.util.retry import Retry

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import InvalidInputError, NothingFoundError, ProviderError
from stac_timelapse.scenes.catalog import Catalog
from stac_timelapse.scenes.items import UnusableItemError, scene_of
from stac_timelapse.scenes.model import Scene, SceneSet, group_passes, newest_of_twins
from stac_timelapse.scenes.months import last_day, months_between, runs_of

_PAGE = 100
_CONNECT_READ_SECONDS = (8, 60)
_RETRIES = Retry(
    total=3,
    backoff_factor=0.5,
    backoff_jitter=0.3,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=None,
    raise_on_status=False,
)
#: Footprints that touch the area along an edge hold no pixel of it.
_MIN_SHARE = 1e-9


@dataclass(frozen=True, slots=True)
class SceneQuery:
    """What to look for; nothing is asked of the network before `find_scenes`.

    Parameters
    ----------
    aoi
        The area.
    start, end
        First and last month, ``"YYYY-MM"``.
    months_of_year
        Months of the year that count, 1 to 12.
    max_cloud
        Largest cloud cover of a granule in percent, as the provider states it.
    bands
        Sentinel-2 band names that will be read.
    """

    aoi: AreaOfInterest
    start: str
    end: str
    months_of_year: tuple[int, ...] = tuple(range(1, 13))
    max_cloud: float = 100.0
    bands: tuple[str, ...] = ("B04", "B03", "B02")

    @property
    def months(self) -> tuple[str, ...]:
        """The months asked for, ``"YYYY-MM"``."""
        return months_between(self.start, self.end, self.months_of_year)


def find_scenes(catalog: Catalog, query: SceneQuery) -> SceneSet:
    """Search, leave out twins and cloudy scenes, and group the rest into passes.

    The cloud limit is applied here and never left to the server: some servers ignore it, and others
    then answer with nothing.

    Parameters
    ----------
    catalog
        Where to search; for the demo its URL must be set.
    query
        Area, months, limit, bands.

    Returns
    -------
    SceneSet
        Never empty.

    Raises
    ------
    NothingFoundError
        If no scene is there, or all are above the cloud limit.
    ProviderError
        If the catalogue cannot be reached or answers nonsense.
    """
    months = query.months
    found = _api_items(catalog, query, months) if catalog.is_api else _static_items(catalog)
    scenes: dict[str, Scene] = {}
    coverage: dict[str, float] = {}
    skipped: list[str] = []
    n_items = 0
    for item in found:
        try:
            scene = scene_of(item, query.bands, catalog.signing)
        except UnusableItemError as error:
            skipped.append(str(error))
            n_items += 1
            continue
        if scene.month not in months or not scene.footprint.intersects(query.aoi.geometry):
            continue
        share = shapely.area(shapely.intersection(scene.footprint, query.aoi.geometry)) / query.aoi.geometry.area
        if share > _MIN_SHARE and scene.id not in scenes:
            n_items += 1
            scenes[scene.id], coverage[scene.id] = scene, share
    unique = newest_of_twins(scenes.values())
    clear = [scene for scene in unique if scene.cloud_cover <= query.max_cloud]
    result = SceneSet(
        passes=group_passes(clear, coverage),
        months=months,
        n_items=n_items,
        n_twins=len(scenes) - len(unique),
        n_too_cloudy=len(unique) - len(clear),
        skipped=tuple(skipped),
    )
    if not result.passes:
        raise _nothing(catalog, query, unique, skipped)
    return result


def _nothing(catalog: Catalog, query: SceneQuery, scenes: Sequence[Scene], skipped: Sequence[str]) -> Exception:
    west, south, east, north = query.aoi.bbox
    where = f"the area {west:.3f}, {south:.3f}, {east:.3f}, {north:.3f}"
    when = query.start if query.start == query.end else f"{query.start} to {query.end}"
    if scenes:
        least = min(scene.cloud_cover for scene in scenes)
        return NothingFoundError(
            f"All {len(scenes)} scenes of {when} are cloudier than {query.max_cloud:g} %: "
            f"the clearest has {least:.1f} %; raise the cloud limit or widen the dates.",
            "all_cloudy",
        )
    if skipped:
        return ProviderError(
            f"None of the {len(skipped)} items of {catalog.title} can be used; the first: {skipped[0]}"
        )
    return NothingFoundError(
        f"{catalog.title} has no scenes of {when} for {where}: move the area to land or choose other dates.",
        "no_scenes",
    )


def _api_items(catalog: Catalog, query: SceneQuery, months: Sequence[str]) -> Iterator[dict[str, Any]]:
    try:
        client = Client.open(catalog.url, stac_io=StacApiIO(timeout=_CONNECT_READ_SECONDS, max_retries=_RETRIES))
        for first, last in runs_of(months):
            search = client.search(
                collections=[catalog.collection] if catalog.collection else None,
                intersects=mapping(query.aoi.geometry),
                datetime=f"{first}-01T00:00:00Z/{last}-{last_day(last):02d}T23:59:59Z",
                limit=_PAGE,
            )
            yield from search.items_as_dicts()
    except (APIError, requests.RequestException) as error:
        raise ProviderError(_sentence(catalog, error)) from error
    except (pystac.STACError, NotImplementedError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProviderError(
            f"{catalog.title} did not answer like a STAC API ({type(error).__name__}: {_first_line(error)}): "
            "check its address."
        ) from error


def _sentence(catalog: Catalog, error: Exception) -> str:
    status = getattr(error, "status_code", None)
    if status == 404:  # noqa: PLR2004 - not found
        return f"{catalog.title} has no collection {catalog.collection!r} (404): check the collection's name."
    if status is not None:
        return f"{catalog.title} refused the search (status {status}): try again in a few minutes."
    return (
        f"{catalog.title} cannot be reached ({_first_line(error)}): check the network and try again; "
        "the demo catalogue works without one."
    )


def _first_line(error: BaseException) -> str:
    """Return what went wrong in a few words: the innermost cause, not the chain of wrappers around it."""
    cause: BaseException = error
    while cause.__context__ is not None:
        cause = cause.__context__
    text = str(cause).strip().split("\n", maxsplit=1)[0]
    return text[:140] if text else type(cause).__name__


def _static_items(catalog: Catalog) -> Iterator[dict[str, Any]]:
    path = Path(catalog.url)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{path.name} cannot be read as a STAC catalogue ({_first_line(error)}).") from error
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection":
        features = document.get("features", [])
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
    except (pystac.STACError, OSError, ValueError, KeyError) as error:
        raise ProviderError(f"The static catalogue {path.name} is damaged ({_first_line(error)}).") from error


def _wanted(item: dict[str, Any], catalog: Catalog) -> bool:
    return catalog.collection is None or item.get("collection") == catalog.collection


def _absolute(item: dict[str, Any], path: Path) -> dict[str, Any]:
    base = path.resolve().as_uri()
    assets = {}
    for key, asset in (item.get("assets") or {}).items():
        href = urljoin(base, asset["href"])
        assets[key] = {**asset, "href": href.removeprefix("file://") if href.startswith("file://") else href}
    return {**item, "assets": assets}
