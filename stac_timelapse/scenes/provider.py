"""Fetch STAC items from an API over HTTP: month slice by month slice, page by page, patiently but not for ever."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import requests
from pystac import Link
from pystac_client import Client, ItemSearch
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from shapely.geometry import mapping
from urllib3.util.retry import Retry

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import ProviderError, TimelapseError, TooBigError, cause_of
from stac_timelapse.scenes.catalog import Catalog
from stac_timelapse.scenes.months import month_number, month_text, runs_of

_PAGE = 100
#: More than this is no search for a place; it is a year of daily passes over a hundred tiles.
MAX_ITEMS = 20_000
_MAX_PAGES = 2000
#: Months of one request chain: few enough that a server answers in time, enough that a decade is twenty of them.
_SLICE = 6
_SLICES_AT_ONCE = 4
#: So many pages without a new item are followed in the hope of one.
_BARREN = 20
#: Of an answer that had begun, which urllib3 does not ask for again.
_IN_THE_MIDDLE = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a catalogue is waited for, and how often it is asked again.

    Parameters
    ----------
    connect, read
        Seconds for a connection, and between two pieces of an answer.
    tries
        Requests for one page, with longer and longer waits between them; a page that hangs is asked for twice.
    longest_wait
        Whole seconds between two tries at most, whatever the server asks for.
    slice_tries
        How often the months of a slice are searched from their first page.
    total
        Seconds after which no other request is made.
    """

    connect: float = 8.0
    read: float = 40.0
    tries: int = 4
    longest_wait: int = 20
    slice_tries: int = 3
    total: float = 600.0


USUAL = Patience()


class _BrokenOffError(ProviderError):
    """Begun anew, the search may come to an end."""


def api_items(
    catalog: Catalog, area: AreaOfInterest, months: Sequence[str], patience: Patience = USUAL
) -> Iterator[dict[str, Any]]:
    """Yield the items of a STAC API that touch the area in the months, each once and in the order of the months.

    The months are searched in slices, a few at the same time. A slice that breaks off in the middle is begun anew.

    Raises
    ------
    ProviderError
        If it cannot be reached, refuses, does not answer like a STAC API, or not to the end.
    TooBigError
        If there are more than `MAX_ITEMS`.
    """
    slices = runs_of(months, _SLICE)
    try:
        # The timeout is an argument of `open`, which takes away the one that its `stac_io` has.
        client = Client.open(catalog.url, stac_io=_connection(patience), timeout=(patience.connect, patience.read))
        searches = [_search(client, catalog, area, *each) for each in slices]
    except Exception as error:
        raise _told(catalog, error) from error
    seen: set[str] = set()
    for items in _at_once(_Slices(catalog, patience, time.monotonic() + patience.total), searches, slices):
        # A server that does not look at the dates sends the same items for every slice.
        yield from _new(items, seen)
        _check_number(catalog, len(seen))


def _at_once(
    chain: _Slices, searches: Sequence[ItemSearch], slices: Sequence[tuple[str, str]]
) -> list[list[dict[str, Any]]]:
    """Return the items of every slice; where one fails, the others are not waited for longer than need be."""
    with ThreadPoolExecutor(min(_SLICES_AT_ONCE, len(slices)), thread_name_prefix="search") as pool:
        found = [pool.submit(chain.items, *each) for each in zip(searches, slices, strict=True)]
        try:
            done, _ = wait(found, return_when=FIRST_EXCEPTION)
            failed = [one for one in found if one in done and one.exception() is not None]
            return [one.result() for one in failed or found]
        finally:
            chain.ended.set()
            pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Slices:
    """The request chains of one catalogue.

    Parameters
    ----------
    catalog, patience
        See `api_items`.
    until
        Time, of the monotonic clock, after which no other request is made.
    ended
        Set when nobody waits for the slices any more.
    """

    catalog: Catalog
    patience: Patience
    until: float
    ended: threading.Event = field(default_factory=threading.Event)

    def items(self, search: ItemSearch, months: tuple[str, str]) -> list[dict[str, Any]]:
        """Return the items of a slice; where it breaks off it is begun anew, as often as `Patience` says."""
        attempt = 1
        while True:
            try:
                return self._items(search, " to ".join(dict.fromkeys(months)))
            except _BrokenOffError:
                pause = min(attempt, self.patience.longest_wait)
                if attempt == self.patience.slice_tries or self.ended.wait(pause) or time.monotonic() > self.until:
                    raise
                attempt += 1

    def _items(self, search: ItemSearch, when: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        seen: set[str] = set()
        followed: set[str] = set()
        barren = pages = 0
        try:
            for page in self._pages(search):
                before = len(seen)
                items += _new(page["features"], seen)
                pages += 1
                _check_number(self.catalog, len(seen), pages)
                barren = 0 if len(seen) > before else barren + 1
                link = json.dumps(_following(page), sort_keys=True)
                # Some servers link to the same page for ever, and some to pages without an end.
                if barren and (link in followed or barren > _BARREN):
                    self._check_whole(page, len(seen), when, known=link in followed)
                    break
                followed.add(link)
        except TimelapseError:
            raise
        except Exception as error:
            raise _told(self.catalog, error, when, pages) from error
        return items

    def _pages(self, search: ItemSearch) -> Iterator[dict[str, Any]]:
        """Yield page after page, also behind one without an item."""
        connection = _connection(self.patience)
        parameters = search.get_parameters()
        page = connection.read_json(search.url, method=search.method, parameters=parameters)
        yield page
        while (following := _following(page)) is not None:
            if self.ended.is_set() or time.monotonic() > self.until:
                raise ProviderError(
                    f"{self.catalog.title} did not send all of its items within {self.patience.total:g} s: "
                    "choose fewer months, or try again later."
                )
            if not isinstance(following.get("href"), str):
                raise TypeError("the link to the next page has no address")
            link = Link.from_dict({**following, "href": urljoin(search.url, following["href"])})
            page = connection.read_json(link, parameters=parameters)
            yield page

    def _check_whole(self, page: dict[str, Any], number: int, when: str, *, known: bool) -> None:
        """Raise where pages led nowhere and items may be missing."""
        stated = page.get("numberMatched", (page.get("context") or {}).get("matched"))
        if number >= stated if stated is not None else known:
            return
        missing = "" if stated is None else f" with {number:,} of {stated:,} items"
        raise ProviderError(
            f"{self.catalog.title} sends the same pages again and again{missing} for {when}: "
            "try again later, or use another catalogue."
        )


def _connection(patience: Patience) -> StacApiIO:
    retries = Retry(
        total=patience.tries - 1,
        # A server that hangs does so again: one more try, not three times the patience.
        read=1,
        backoff_factor=0.5,
        backoff_jitter=0.3,
        backoff_max=patience.longest_wait,
        retry_after_max=patience.longest_wait,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=None,
        raise_on_status=False,
    )
    return StacApiIO(max_retries=retries, timeout=(patience.connect, patience.read))


def _search(client: Client, catalog: Catalog, area: AreaOfInterest, first: str, last: str) -> ItemSearch:
    """Return the question for the items from a first to a last month; nothing is asked yet."""
    return client.search(
        collections=[catalog.collection] if catalog.collection else None,
        intersects=mapping(area.geometry),
        # Up to the first moment of the next month: a last second has fractions.
        datetime=f"{first}-01T00:00:00Z/{month_text(month_number(last) + 1)}-01T00:00:00Z",
        limit=_PAGE,
    )


def _following(page: dict[str, Any]) -> dict[str, Any] | None:
    """Return a page's link to the next one."""
    return next((link for link in page.get("links") or () if link.get("rel") == "next"), None)


def _new(items: Iterable[dict[str, Any]], seen: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the items of ids not seen before, and those without an id, which are named later."""
    for item in items:
        name = item.get("id")
        if name is None or str(name) not in seen:
            yield item
        if name is not None:
            seen.add(str(name))


def _check_number(catalog: Catalog, number: int, pages: int = 0) -> None:
    if number > MAX_ITEMS or pages >= _MAX_PAGES:
        raise TooBigError(
            f"{catalog.title} has more than {number:,} items for this area and time, and {MAX_ITEMS:,} are "
            "allowed: choose a smaller area or fewer months."
        )


def _told(catalog: Catalog, error: Exception, when: str = "", pages: int = 0) -> ProviderError:
    """Return what went wrong as a sentence, after so many pages of the items of the months `when`."""
    status = getattr(error, "status_code", None)
    # pystac-client puts an error of its own before the one of requests.
    if pages or isinstance(error.__context__, _IN_THE_MIDDLE):
        cause = cause_of(error) if status is None else f"status {status}"
        where = f" for {when}" if when else ""
        return _BrokenOffError(
            f"{catalog.title} broke off in the middle of its answer{where} ({cause}): try again in a few minutes."
        )
    if not isinstance(error, APIError | requests.RequestException):
        # pystac-client fails in as many ways as there are answers that are none.
        return _BrokenOffError(
            f"{catalog.title} did not answer like a STAC API ({type(error).__name__}: {cause_of(error)}): "
            "check its address."
        )
    if status == 404:  # noqa: PLR2004 - not found
        return ProviderError(
            f"{catalog.title} has no collection {catalog.collection!r} (404): check the collection's name."
        )
    if status is not None:
        return ProviderError(f"{catalog.title} refused the search (status {status}): try again in a few minutes.")
    return ProviderError(
        f"{catalog.title} cannot be reached ({cause_of(error)}): check the network and try again; "
        "the demo catalogue works without one."
    )
