"""What the operator decides, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.estimate import MAX_PIXELS
from stac_timelapse.scenes.catalog import CATALOGS
from stac_timelapse.scenes.union import JOIN
from stac_timelapse.storage import cache_folder, months_folder

PREFIX = "STAC_TIMELAPSE_"
#: What a template of map tiles has to name.
_TILE_PARTS = ("{z}", "{x}", "{y}")
#: The catalogues that are offered together as well: each misses scenes that the other has.
_TOGETHER = {"planetary-computer": "Planetary Computer", "earth-search": "Earth Search"}
#: An upload travels as base64 in one websocket message, and Bokeh closes the connection at 20 MiB.
_LARGEST_UPLOAD = 12_000_000


@dataclass(frozen=True, slots=True)
class OwnBasemap:
    """Map tiles that the operator names: 256 px in Web Mercator.

    Parameters
    ----------
    url
        Template with ``{Z}``, ``{X}`` and ``{Y}`` (row 0 in the north).
    attribution
        Whom to credit, as plain text.
    title
        What it is called on the map.
    """

    url: str
    attribution: str
    title: str


@dataclass(frozen=True, slots=True)
class AppSettings:
    """Settings of one server process.

    Parameters
    ----------
    months_folder
        Where finished months are kept, shared by all sessions.
    work_folder
        Where a session's frames and downloads lie while it lasts.
    dask_address
        A `stac_timelapse.cluster.ClusterSpec`'s; None starts local workers.
    catalogs
        Keys of the catalogues that are offered, the first one chosen at the start.
    any_catalog
        Whether a user may type the address of another STAC API.
    max_pixels
        Largest number of pixels a month may have.
    web_basemaps
        Whether map tiles of other hosts are offered.
    own_basemap
        Tiles of the operator's, offered beside them; None where there are none.
    max_upload
        Largest vector file, in bytes.
    geocoder
        Address of an online search for places, see `app.geocoder`; empty where there is none.
    """

    months_folder: Path
    work_folder: Path
    dask_address: str | None = None
    catalogs: tuple[str, ...] = tuple(CATALOGS)
    any_catalog: bool = False
    max_pixels: int = MAX_PIXELS
    web_basemaps: bool = False
    own_basemap: OwnBasemap | None = None
    max_upload: int = 5_000_000
    geocoder: str = ""

    @property
    def choices(self) -> dict[str, str]:
        """What a user can choose: title -> name of the catalogue or of several."""
        choices = {CATALOGS[key].title: key for key in self.catalogs}
        if set(_TOGETHER) <= set(self.catalogs):
            choices[" + ".join(_TOGETHER.values())] = JOIN.join(_TOGETHER)
        return choices

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> AppSettings:
        """Read the settings from ``STAC_TIMELAPSE_*`` variables.

        Raises
        ------
        InvalidInputError
            If a variable's value cannot be used; the text names the variable.
        """
        values = os.environ if environment is None else environment
        names = _list(values, "CATALOGS", tuple(CATALOGS))
        unknown = [name for name in names if name not in CATALOGS]
        if unknown:
            raise InvalidInputError(
                f"{PREFIX}CATALOGS names {unknown[0]!r}, which is not known: use some of {', '.join(CATALOGS)}."
            )
        work = values.get(f"{PREFIX}WORK")
        months = values.get(f"{PREFIX}MONTHS")
        return cls(
            months_folder=Path(months) if months else months_folder(),
            work_folder=Path(work) if work else cache_folder() / "sessions",
            dask_address=values.get(f"{PREFIX}DASK") or None,
            catalogs=names,
            any_catalog=_flag(values, "ANY_CATALOG"),
            max_pixels=_number(values, "MAX_PIXELS", MAX_PIXELS, largest=10**10),
            web_basemaps=_flag(values, "WEB_BASEMAPS"),
            own_basemap=_own_basemap(values),
            max_upload=_number(values, "MAX_UPLOAD", 5_000_000, largest=_LARGEST_UPLOAD),
            geocoder=_geocoder(values),
        )


def _list(values: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(word.strip() for word in values.get(PREFIX + name, "").split(",") if word.strip())
    return words or default


def _flag(values: Mapping[str, str], name: str) -> bool:
    text = values.get(PREFIX + name, "").strip().lower()
    if text in {"", "0", "no", "false", "off"}:
        return False
    if text in {"1", "yes", "true", "on"}:
        return True
    raise InvalidInputError(f"{PREFIX}{name} is {text!r}: write yes or no.")


def _geocoder(values: Mapping[str, str]) -> str:
    template = values.get(f"{PREFIX}GEOCODER", "").strip()
    if not template:
        return ""
    parts = urlsplit(template)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "{query}" not in template:
        raise InvalidInputError(
            f"{PREFIX}GEOCODER is {template!r}: write an http(s) address with {{query}} where the text goes, "
            "as in https://nominatim.example.org/search?q={query}&format=json."
        )
    return template


def _own_basemap(values: Mapping[str, str]) -> OwnBasemap | None:
    template = values.get(f"{PREFIX}BASEMAP", "").strip()
    credit = values.get(f"{PREFIX}BASEMAP_ATTRIBUTION", "").strip()
    title = values.get(f"{PREFIX}BASEMAP_TITLE", "").strip()
    if not template:
        if credit or title:
            name = "BASEMAP_ATTRIBUTION" if credit else "BASEMAP_TITLE"
            raise InvalidInputError(
                f"{PREFIX}{name} is {credit or title!r}, but there is no {PREFIX}BASEMAP: set it to the tiles' address."
            )
        return None
    parts = urlsplit(template)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or any(template.lower().count(part) != 1 for part in _TILE_PARTS)
    ):
        raise InvalidInputError(
            f"{PREFIX}BASEMAP is {template!r}: write an http(s) address with {{z}}, {{x}} and {{y}} once each, "
            "as in https://tiles.example.org/{z}/{x}/{y}.png."
        )
    if not credit:
        raise InvalidInputError(
            f"{PREFIX}BASEMAP_ATTRIBUTION is empty: write whom to credit for the tiles of {parts.hostname}."
        )
    for part in _TILE_PARTS:  # Bokeh knows them as capitals only
        template = template.replace(part, part.upper())
    return OwnBasemap(template, credit, title or parts.hostname)


def _number(values: Mapping[str, str], name: str, default: int, *, largest: int) -> int:
    text = values.get(PREFIX + name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= largest:
        raise InvalidInputError(f"{PREFIX}{name} is {text!r}: write a whole number from 1 to {largest}.")
    return int(text)
