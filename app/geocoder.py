"""An online search for places, where the operator names one: a Nominatim-like service, asked from the server."""

from __future__ import annotations

import json
import math
import time
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from app.results import FoundPlace
from stac_timelapse.errors import ProviderError, cause_of

_SECONDS = 6  # until it answers, and between two parts of its answer
_MOST_BYTES = 2_000_000
_MOST_PLACES = 8
_AGENT = "stac-timelapse"


def geocode(template: str, text: str) -> tuple[tuple[FoundPlace, ...], str]:
    """Return the places that a geocoder knows by a name, in its order, and its credit line.

    Parameters
    ----------
    template
        Its address, with ``{query}`` where the text goes.
    text
        What was typed.

    Raises
    ------
    ProviderError
        If it does not answer in time or not as Nominatim does; the text names its host only.
    """
    host = urlsplit(template).hostname
    try:
        with requests.get(
            template.replace("{query}", quote(text, safe="")),
            headers={"User-Agent": _AGENT, "Accept": "application/json"},
            timeout=_SECONDS,
            stream=True,
            allow_redirects=False,
        ) as answer:
            answer.raise_for_status()
            found = _listed(_body(answer))
        return tuple(map(_place, found)), str(found[0].get("licence", host))[:120] if found else ""
    except requests.Timeout as error:
        raise ProviderError(f"{host} did not answer within {_SECONDS} s: try again, or type coordinates.") from error
    except (requests.RequestException, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProviderError(
            f"{host} could not be asked ({cause_of(error)}): try again, or type coordinates."
        ) from error


def _listed(body: bytes) -> list[Any]:
    try:
        found = json.loads(body)
    except ValueError:
        raise ValueError("its answer is no JSON") from None
    if not isinstance(found, list):
        raise TypeError("its answer is no list of places")
    return found[:_MOST_PLACES]


def _body(answer: requests.Response) -> bytes:
    """Read an answer, but not for ever and not without end."""
    end = time.monotonic() + _SECONDS
    body = b""
    for part in answer.iter_content(65_536):
        body += part
        if len(body) > _MOST_BYTES:
            raise ValueError("its answer is too long")
        if time.monotonic() > end:
            raise requests.Timeout
    return body


def _place(one: dict[str, Any]) -> FoundPlace:
    name, _, where = str(one["display_name"]).partition(", ")
    lon, lat = float(one["lon"]), float(one["lat"])
    south, north, west, east = (float(value) for value in one.get("boundingbox", (lat, lat, lon, lon)))
    if not all(map(math.isfinite, (lon, lat, south, north, west, east))) or max(abs(lat), abs(lon) / 2) > 90:  # noqa: PLR2004 - degrees
        raise ValueError("it names a place outside the world")
    kind = str(one.get("addresstype") or one.get("type") or "place").replace("_", " ")
    return FoundPlace(name[:80], kind[:30], where[:120], lon, lat, (west, south, east, north))
