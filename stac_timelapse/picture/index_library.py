"""Spectral indices of the catalogue Awesome Spectral Indices (Montero et al. 2023), as formulas in Sentinel-2's terms.

Only the catalogue's file is read: importing spyndex, which carries it, would import much more, and its own way to
compute an index runs the text as Python.
"""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.formula import Formula, parse
from stac_timelapse.picture.indices import PRESETS

#: The catalogue's letters -> bands. RE4 and the thermal ones have none.
_BANDS: Mapping[str, str] = {
    "A": "B01",
    "B": "B02",
    "G": "B03",
    "R": "B04",
    "RE1": "B05",
    "RE2": "B06",
    "RE3": "B07",
    "N": "B08",
    "N2": "B8A",
    "WV": "B09",
    "S1": "B11",
    "S2": "B12",
}
_FOLDER = "spyndex/data"


@dataclass(frozen=True, slots=True)
class SpectralIndex:
    """One index of the library.

    Parameters
    ----------
    name
        Short name, e.g. ``"EVI"``.
    title
        Long name.
    domain
        What it is for, e.g. ``"vegetation"``.
    reference
        Address of its source.
    formula
        ``EVI = ...``.
    """

    name: str
    title: str
    domain: str
    reference: str
    formula: Formula


@functools.cache
def index_library() -> Mapping[str, SpectralIndex]:
    """Return all indices of which Sentinel-2 has the bands and the catalogue every constant, by short name."""
    indices = _read("spectral-indices-dict.json")["SpectralIndices"]
    constants = {name: one["default"] for name, one in _read("constants.json").items()}
    known = {name: float(value) for name, value in constants.items() if value is not None}
    found = {}
    for name, one in sorted(indices.items(), key=lambda pair: pair[0].lower()):
        if set(one["bands"]) <= {*_BANDS, *known}:
            formula = parse(f"{name} = {_translated(one['formula'], known)}")
            found[name] = SpectralIndex(name, one["long_name"], one["application_domain"], one["reference"], formula)
    return found


def indices_of(bands: Iterable[str], search: str = "") -> list[SpectralIndex]:
    """Return the indices that some bands allow and whose name or title has the words searched for."""
    there = set(bands)
    words = search.lower().split()
    return [
        one
        for one in index_library().values()
        if set(one.formula.bands) <= there
        and all(word in f"{one.name} {one.title} {one.domain}".lower() for word in words)
    ]


def index_of(formula: str) -> SpectralIndex | None:
    """Return the index of the library that a formula is, name and all; None for one's own."""
    parsed = parse(formula)
    known = index_library().get(parsed.name)
    return known if known is not None and known.formula == parsed else None


def formula_of(name: str) -> str:
    """Return the formula of an index by its short name, in any case.

    Raises
    ------
    InvalidInputError
        If the library has none of this name.
    """
    found = next((one for one in index_library().values() if one.name.lower() == name.lower()), None)
    if found is None:
        also = f" ({name.lower()} is a preset)" if name.lower() in PRESETS else ""
        raise InvalidInputError(
            f"The index {name!r} is not in the library{also}: `stac-timelapse indices WORD` looks for one."
        )
    return found.formula.text


def _read(name: str) -> Any:
    path = Path(str(importlib.metadata.distribution("spyndex").locate_file(f"{_FOLDER}/{name}")))
    return json.loads(path.read_text(encoding="utf-8"))


class _Translated(ast.NodeTransformer):
    """Puts bands for the catalogue's letters and numbers for its constants."""

    def __init__(self, constants: Mapping[str, float]) -> None:
        self._constants = constants

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in _BANDS:
            return ast.Name(_BANDS[node.id])
        return ast.Constant(self._constants[node.id])


def _translated(formula: str, constants: Mapping[str, float]) -> str:
    return ast.unparse(_Translated(constants).visit(ast.parse(formula, mode="eval")))
