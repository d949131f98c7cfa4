"""Several catalogues in place of one: their names joined by ``+``, and what each of them gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stac_timelapse.area.vector import is_file
from stac_timelapse.errors import InvalidInputError, without_secrets
from stac_timelapse.scenes.catalog import CATALOGS, Catalog, catalog_of
from stac_timelapse.scenes.sensors import BANDS

JOIN = "+"
_ADDRESS = ("http://", "https://")


def names_of(text: str) -> tuple[str, ...]:
    """Cut a text at each ``+`` that joins two catalogues.

    A key ends at the next ``+``, a path at the last one before which there is such a file, and an address only where
    a key or another address follows: paths and addresses may hold a ``+`` themselves. A path that shall follow an
    address has to be named before it.
    """
    first = text if _is_one(text) else _first(text)
    return (first,) if first == text else (first, *names_of(text[len(first) + len(JOIN) :]))


def catalogs_of(text: str, collection: str | None = None) -> tuple[Catalog, ...]:
    """Return the catalogues that a text names, in its order; those in front are preferred.

    Parameters
    ----------
    text
        Names as `catalog_of` takes them, joined by ``+``.
    collection
        Overrides the collection that is searched, in all of them.

    Raises
    ------
    InvalidInputError
        If one is not known, or named twice.
    """
    catalogs = [catalog_of(name, collection) for name in names_of(text)]
    if len({"landsat" in (catalog.collection or "") for catalog in catalogs}) > 1:
        raise InvalidInputError(
            f"{title_of(catalogs)} do not list the same satellites, and their reflectances differ: choose one of them."
        )
    urls = Counter(catalog.url for catalog in catalogs)
    for catalog in catalogs:
        if urls[catalog.url] > 1:
            raise InvalidInputError(f"The catalogue {catalog.title} is named twice: name each one once.")
    titles = Counter(catalog.title for catalog in catalogs)
    return tuple(
        catalog if titles[catalog.title] == 1 else replace(catalog, title=without_secrets(catalog.key))
        for catalog in catalogs
    )


def bands_of(text: str, collection: str | None = None) -> tuple[str, ...]:
    """Return the bands that at least one of the catalogues that a text names has, as far as is known unasked."""
    if collection is not None:
        return BANDS
    there = {band for name in names_of(text) for band in (CATALOGS[name].bands if name in CATALOGS else BANDS)}
    return tuple(band for band in BANDS if band in there)


def title_of(catalogs: Sequence[Catalog]) -> str:
    """Return the name shown to people."""
    return " + ".join(catalog.title for catalog in catalogs)


def attribution_of(catalogs: Sequence[Catalog]) -> str:
    """Return the credit line; of several catalogues it names each one."""
    if len(catalogs) == 1:
        return catalogs[0].attribution
    titles: dict[str, list[str]] = {}
    for catalog in catalogs:
        titles.setdefault(catalog.attribution, []).append(catalog.title)
    return "; ".join(f"{credit}, from {' and '.join(names)}" for credit, names in titles.items())


def _is_one(text: str) -> bool:
    """Tell whether a text as a whole is a known key, or a catalogue on disk."""
    path = Path(text.removeprefix("file://"))
    return text in CATALOGS or (not text.startswith(_ADDRESS) and (is_file(path) or is_file(path / "catalog.json")))


def _first(text: str) -> str:
    """Return the first of several names."""
    ends = [at for at, letter in enumerate(text) if letter == JOIN]
    if text.startswith(_ADDRESS):
        return next((text[:at] for at in ends if _begins(text[at + 1 :])), text)
    known = [text[:at] for at in ends if _is_one(text[:at])]
    return known[-1] if known else text.partition(JOIN)[0]


def _begins(text: str) -> bool:
    """Tell whether a text begins with a key or an address."""
    return text.startswith(_ADDRESS) or text.split(JOIN, maxsplit=1)[0] in CATALOGS
