"""Fetch STAC items from an API over HTTP: month slice by month slice, page by page, patiently but not for ever."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

from pystac import Link
from pystac_client import Client, ItemSearch
from shapely.geometry import mapping

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import ProviderError, TimelapseError, TooBigError
from stac_timelapse.scenes.catalog import Catalog
from stac_timelapse.scenes.months import runs_of
from stac_timelapse.scenes.patience import USUAL, BrokenOffError, Patience, connection, failure_of
from stac_timelapse.scenes.periods import days_of

__all__ = ["MAX_ITEMS", "USUAL", "Patience", "api_items"]

_PAGE = 100
#: More than this is no search for a place; it is a year of daily passes over a hundred tiles.
MAX_ITEMS = 20_000
_MAX_PAGES = 2000
#: Months of one request chain: few enough that a server answers in time, enough that a decade is twenty of them.
_SLICE = 6
_SLICES_AT_ONCE = 4
_DAY = timedelta(days=1)
#: What tells two acquisitions of one id apart.
_TOLD = ("datetime", "s2:datatake_id", "s2:datastrip_id", "s2:mgrs_tile", "grid:code")
#: So many pages without a new item are followed in the hope of one.
_BARREN = 20


def api_items(
    catalog: Catalog,
    area: AreaOfInterest,
    months: Sequence[str],
    patience: Patience = USUAL,
    tell: Callable[[str, tuple[str, str]], None] = lambda _sentence, _months: None,
) -> Iterator[dict[str, Any]]:
    """Yield the items of a STAC API that touch the area in the months, each once and in the order of the months.

    The months are searched in slices, a few at the same time, with a day more on both sides. A slice that breaks off in
    the middle is begun anew. So is one with fewer items than the catalogue states; where it stays so, `tell` is called
    with a sentence and the slice's first and last month.

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
        client = Client.open(catalog.url, stac_io=connection(patience), timeout=(patience.connect, patience.read))
        searches = [_search(client, catalog, area, *each) for each in slices]
    except Exception as error:
        raise failure_of(catalog, error) from error
    seen: set[str] = set()
    answers = _at_once(_Slices(catalog, patience, time.monotonic() + patience.total), searches, slices)
    for answer, span in zip(answers, slices, strict=True):
        if not answer.is_whole:
            numbers = f"states {answer.stated:,} items for {_words(span)} and sent {answer.sent:,}"
            tell(f"{catalog.title} {numbers}, also when asked again: some may be missing.", span)
        # A server that does not look at the dates sends the same items for every slice.
        yield from _new(answer.items, seen)
        _check_number(catalog, len(seen))


def _at_once(chain: _Slices, searches: Sequence[ItemSearch], slices: Sequence[tuple[str, str]]) -> list[_Answer]:
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
class _Answer:
    """The items of a slice, each once, and how many there are, if that was stated."""

    items: list[dict[str, Any]]
    stated: int | None

    @property
    def sent(self) -> int:
        return len(self.items)

    @property
    def is_whole(self) -> bool:
        return self.stated is None or self.sent >= self.stated


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

    def items(self, search: ItemSearch, months: tuple[str, str]) -> _Answer:
        """Return the items of a slice; where it breaks off it is begun anew, as often as `Patience` says.

        One that is short is asked for again, until it is whole or no longer grows: some servers only estimate.
        """
        attempt = 1
        best: _Answer | None = None
        while True:
            try:
                answer = self._items(search, _words(months))
                if answer.is_whole or (best is not None and answer.sent <= best.sent):
                    return answer if best is None or answer.is_whole else best
                best = answer
            except BrokenOffError:
                if self._is_over(attempt):
                    raise
            else:
                if self._is_over(attempt):
                    return best
            attempt += 1

    def _is_over(self, attempt: int) -> bool:
        """Wait before a slice is begun anew; tell whether it is not to be."""
        pause = min(attempt, self.patience.longest_wait)
        return attempt == self.patience.slice_tries or self.ended.wait(pause) or time.monotonic() > self.until

    def _items(self, search: ItemSearch, when: str) -> _Answer:
        items: list[dict[str, Any]] = []
        seen: set[str] = set()
        followed: set[str] = set()
        barren = pages = 0
        stated: int | None = None
        try:
            for page in self._pages(search):
                before = len(seen)
                items += _new(page["features"], seen)
                stated = _stated(page)
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
            raise failure_of(self.catalog, error, when, pages) from error
        return _Answer(items, stated)

    def _pages(self, search: ItemSearch) -> Iterator[dict[str, Any]]:
        """Yield page after page, also behind one without an item."""
        api = connection(self.patience)
        parameters = search.get_parameters()
        page = api.read_json(search.url, method=search.method, parameters=parameters)
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
            page = api.read_json(link, parameters=parameters)
            yield page

    def _check_whole(self, page: dict[str, Any], number: int, when: str, *, known: bool) -> None:
        """Raise where pages led nowhere and items may be missing."""
        stated = _stated(page)
        if number >= stated if stated is not None else known:
            return
        missing = "" if stated is None else f" with {number:,} of {stated:,} items"
        raise ProviderError(
            f"{self.catalog.title} sends the same pages again and again{missing} for {when}: "
            "try again later, or use another catalogue."
        )


def _search(client: Client, catalog: Catalog, area: AreaOfInterest, first: str, last: str) -> ItemSearch:
    """Return the question for the items from a first to a last month; nothing is asked yet."""
    return client.search(
        collections=[catalog.collection] if catalog.collection else None,
        intersects=mapping(area.geometry),
        # A day more on both sides: what began on the last day may be dated on the next one.
        datetime=f"{days_of(first)[0] - _DAY}T00:00:00Z/{days_of(last)[1] + 2 * _DAY}T00:00:00Z",
        limit=_PAGE,
    )


def _words(months: tuple[str, str]) -> str:
    return " to ".join(dict.fromkeys(months))


def _stated(page: dict[str, Any]) -> int | None:
    """Return how many items there are, as far as a page says it."""
    stated = page.get("numberMatched", (page.get("context") or {}).get("matched"))
    return stated if isinstance(stated, int) else None


def _following(page: dict[str, Any]) -> dict[str, Any] | None:
    """Return a page's link to the next one."""
    return next((link for link in page.get("links") or () if link.get("rel") == "next"), None)


def _new(items: Iterable[dict[str, Any]], seen: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the items not seen before, and those without an id; two acquisitions of one id are both, to be named."""
    for item in items:
        name = item.get("id")
        if name is not None:
            properties = item.get("properties")
            told = [properties.get(key) for key in _TOLD] if isinstance(properties, dict) else []
            name = json.dumps([name, *told])
        if name is None or name not in seen:
            yield item
        if name is not None:
            seen.add(name)


def _check_number(catalog: Catalog, number: int, pages: int = 0) -> None:
    if number > MAX_ITEMS or pages >= _MAX_PAGES:
        raise TooBigError(
            f"{catalog.title} has more than {number:,} items for this area and time, and {MAX_ITEMS:,} are "
            "allowed: choose a smaller area or fewer months."
        )
