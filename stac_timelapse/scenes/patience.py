"""How long a catalogue is waited for, and what is said where that was in vain."""

from __future__ import annotations

from dataclasses import dataclass

import requests
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from urllib3.util.retry import Retry

from stac_timelapse.errors import ProviderError, cause_of
from stac_timelapse.scenes.catalog import Catalog

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


class BrokenOffError(ProviderError):
    """Begun anew, the search may come to an end."""


def connection(patience: Patience) -> StacApiIO:
    """Return a connection that tries again."""
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


def failure_of(catalog: Catalog, error: Exception, when: str = "", pages: int = 0) -> ProviderError:
    """Return what went wrong as a sentence, after so many pages of the items of the months `when`."""
    status = getattr(error, "status_code", None)
    # pystac-client puts an error of its own before the one of requests.
    if pages or isinstance(error.__context__, _IN_THE_MIDDLE):
        cause = cause_of(error) if status is None else f"status {status}"
        where = f" for {when}" if when else ""
        return BrokenOffError(
            f"{catalog.title} broke off in the middle of its answer{where} ({cause}): try again in a few minutes."
        )
    if not isinstance(error, APIError | requests.RequestException):
        # pystac-client fails in as many ways as there are answers that are none.
        return BrokenOffError(
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
