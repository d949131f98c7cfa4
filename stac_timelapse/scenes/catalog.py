"""Catalogues: where scenes are listed, and how each one names and treats its files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from stac_timelapse.area.vector import is_file
from stac_timelapse.errors import InvalidInputError, without_secrets
from stac_timelapse.scenes.sensors import BANDS, LANDSAT_BANDS

#: Environment variable with the root URL of a running demo API; without it one is started on demand.
DEMO_URL_VARIABLE = "STAC_TIMELAPSE_DEMO_URL"

_SIGNING_RETRIES = 3
#: DN added to every surface reflectance by ESA since processing baseline 04.00 (Sentinel-2 products
#: specification, BOA_ADD_OFFSET = -1000).
BASELINE_OFFSET = -1000
#: A baseline as a version, and as it stands in the name of a product.
_VERSION = re.compile(r"(\d{1,2})\.(\d{2})")
_IN_NAME = re.compile(r"_N(\d{2})(\d{2})_")


@dataclass(frozen=True, slots=True)
class Catalog:
    """One place that lists scenes.

    Parameters
    ----------
    key
        Short name, as on the command line.
    title
        Name shown to people.
    url
        Root of a STAC API, or the path of a static catalogue or ItemCollection. For the demo it is
        found when it is needed.
    collection
        Collection searched; None for all of a static catalogue.
    attribution
        Credit line the data's licence asks for.
    signing
        How hrefs are made readable at the moment of reading.
    finest
        Pixel size in metres below which there is nothing to see.
    bands
        Sentinel-2 names of the bands that it has, as far as is known before it is asked.
    """

    key: str
    title: str
    url: str
    collection: str | None
    attribution: str
    signing: Literal["none", "planetary-computer"] = "none"
    finest: float = 10.0
    bands: tuple[str, ...] = BANDS

    @property
    def is_api(self) -> bool:
        """Whether it is searched over HTTP (else it is read from disk)."""
        return self.key == "demo" or self.url.startswith(("http://", "https://"))

    @property
    def is_demo(self) -> bool:
        """Whether it is the synthetic demo catalogue."""
        return self.key == "demo"


@dataclass(frozen=True, slots=True)
class CatalogShare:
    """What one of the catalogues searched had.

    Parameters
    ----------
    title
        Its name.
    n_items
        STAC items that it returned for the area and the dates.
    lacked
        Ids of the scenes, as others list them, of acquisitions that it does not list.
    gained
        Months, ``"YYYY-MM"``, with a pass of which it lists nothing.
    failure
        Why it could not be searched, one sentence; empty where it could.
    """

    title: str
    n_items: int = 0
    lacked: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    failure: str = ""


_SIGNING_HOST = "planetarycomputer.microsoft.com"
_COPERNICUS = "Contains modified Copernicus Sentinel data"

CATALOGS: Mapping[str, Catalog] = {
    "demo": Catalog(
        key="demo",
        title="Demo landscape (synthetic, offline)",
        url="",
        collection="sentinel-2-l2a",
        attribution="Synthetic demo landscape, not satellite data",
        bands=("B02", "B03", "B04", "B08", "B11", "B12"),
    ),
    "planetary-computer": Catalog(
        key="planetary-computer",
        title="Microsoft Planetary Computer",
        url="https://planetarycomputer.microsoft.com/api/stac/v1",
        collection="sentinel-2-l2a",
        attribution=_COPERNICUS,
        signing="planetary-computer",
    ),
    "earth-search": Catalog(
        key="earth-search",
        title="Earth Search (Element 84)",
        url="https://earth-search.aws.element84.com/v1",
        collection="sentinel-2-l2a",
        attribution=_COPERNICUS,
    ),
    "landsat": Catalog(
        key="landsat",
        title="Landsat 4 to 9 (Planetary Computer)",
        url="https://planetarycomputer.microsoft.com/api/stac/v1",
        collection="landsat-c2-l2",
        attribution="Landsat data courtesy of the U.S. Geological Survey",
        signing="planetary-computer",
        finest=30.0,
        bands=LANDSAT_BANDS,
    ),
}


def catalog_of(name: str, collection: str | None = None) -> Catalog:
    """Return the catalogue for a known key, a STAC API's URL, or a path on disk.

    Parameters
    ----------
    name
        Key of `CATALOGS`, ``http(s)://`` URL, or path of a static catalogue or ItemCollection.
    collection
        Overrides the collection that is searched.

    Raises
    ------
    InvalidInputError
        If `name` is none of these.
    """
    if name in CATALOGS:
        known = CATALOGS[name]
        return known if collection is None else replace(known, collection=collection)
    if name.startswith(("http://", "https://")):
        return _by_address(name, collection)
    path = Path(name.removeprefix("file://"))
    if is_file(path):
        return Catalog(name, path.name, str(path.resolve()), collection, _COPERNICUS)
    if is_file(path / "catalog.json"):
        return Catalog(name, path.name, str((path / "catalog.json").resolve()), collection, _COPERNICUS)
    raise InvalidInputError(
        f"The catalogue {name!r} is not known: use {', '.join(CATALOGS)}, the address of a STAC API (https://...), "
        "or the path of a catalog.json."
    )


def _by_address(url: str, collection: str | None) -> Catalog:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    if not host:
        raise InvalidInputError(f"{url!r} is not the address of a STAC API: write it like https://example.org/stac.")
    signing: Literal["none", "planetary-computer"] = "planetary-computer" if host == _SIGNING_HOST else "none"
    return Catalog(url, without_secrets(url), url.rstrip("/"), collection or "sentinel-2-l2a", _COPERNICUS, signing)


def demo_url_from_environment() -> str | None:
    """Return the root URL of a demo API that already runs, or None."""
    return os.environ.get(DEMO_URL_VARIABLE) or None


def baseline_of(properties: Mapping[str, Any], name: str) -> str:
    """Return a Sentinel-2 item's processing baseline, e.g. ``"05.10"``; empty where nothing says it.

    Parameters
    ----------
    properties
        The STAC item's properties: ``s2:processing_baseline``, else ``processing:version``, else the ``_N0510_`` of
        the product's name in ``s2:product_uri``.
    name
        The item's id, which may be the product's name too.
    """
    stated = properties.get("s2:processing_baseline")
    if stated is not None:
        return str(stated)
    # Others use the version for that of their own program, so only what looks like a baseline is one.
    version = _VERSION.fullmatch(str(properties.get("processing:version") or ""))
    products = (_IN_NAME.search(str(text or "")) for text in (properties.get("s2:product_uri"), name))
    found = version or next(filter(None, products), None)
    return f"{int(found[1]):02d}.{found[2]}" if found else ""


def offset_of(properties: Mapping[str, Any], band_asset: Mapping[str, Any], name: str = "") -> int:
    """Return the DN to add to an item's pixels so that reflectance = DN / 10 000.

    Decided by the item, never by its date: since processing baseline 04.00 the pixels carry +1000,
    unless the provider already removed it (``earthsearch:boa_offset_applied``), in which case the
    item's ``raster:bands`` offset no longer describes the pixels. Where the baseline stands only in the version or in
    a name, a file that is described with an offset of 0 is believed: its provider has taken the 1000 away.

    Parameters
    ----------
    properties
        The STAC item's properties.
    band_asset
        One reflectance asset of it; where the baseline is unknown its offset and scale decide, which stand in its
        ``raster:bands`` or ``bands``, or on the asset itself.
    name
        The item's id.

    Returns
    -------
    int
        0 or -1000 (or what the asset says), in DN.
    """
    if properties.get("earthsearch:boa_offset_applied") is True:
        return 0
    described = {**band_asset, **next(iter(band_asset.get("raster:bands") or band_asset.get("bands") or ()), {})}
    offset = described.get("offset", described.get("raster:offset"))
    scale = described.get("scale", described.get("raster:scale")) or 0.0001
    baseline = baseline_of(properties, name)
    if not baseline:
        return round((offset or 0) / scale)
    corrected = "s2:processing_baseline" not in properties and offset == 0
    return BASELINE_OFFSET if _number(baseline) >= 4 and not corrected else 0  # noqa: PLR2004 - the baseline 04.00


def _number(baseline: str) -> float:
    try:
        return float(baseline)
    except ValueError as error:
        raise InvalidInputError(f"The processing baseline {baseline!r} of an item is not a number.") from error


def sign(href: str, signing: str) -> str:
    """Return the address to open for a stored href: signed now, so that it cannot have expired.

    Raises
    ------
    OSError, ValueError
        If the signing service does not answer, or not with a token.
    """
    if signing != "planetary-computer":
        return href
    # Imported where it is needed: the other catalogues' workers do without it.
    from planetary_computer import sas  # noqa: PLC0415

    parts = urlsplit(href)
    container = parts.path.lstrip("/").split("/", maxsplit=1)[0]
    if parts.netloc.endswith(sas.BLOB_STORAGE_DOMAIN) and container and not parts.query:
        # Asked for here, once an hour: `sign_url` alone would try ten times, with minutes in between.
        sas.get_token(parts.netloc.split(".")[0], container, retry_total=_SIGNING_RETRIES)
    signed: str = sas.sign_url(href)
    return signed


def forget_signature(signing: str) -> None:
    """Drop the tokens that were given out: the next reading asks for a new one, after a refusal."""
    if signing == "planetary-computer":
        from planetary_computer import sas  # noqa: PLC0415

        sas.TOKEN_CACHE.clear()
