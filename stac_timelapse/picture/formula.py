"""Band maths as text: a formula of bands, read by Python's own parser and checked part by part, never executed."""

from __future__ import annotations

import ast
import functools
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.band_maths import ARITHMETIC, COMPARISONS, FUNCTIONS, operands_of, value_of
from stac_timelapse.scenes.sensors import BANDS

#: DN of reflectance 1.
SCALE = 10_000
_LONGEST, _MOST_PARTS, _DEEPEST = 1_000, 250, 60
#: Pixels that are computed at once, which bounds the memory of a long formula.
_AT_ONCE = 250_000
#: Beyond this there is no value: pictures are made in single precision.
_LARGEST = float(np.finfo(np.float32).max)
_SHOWN = 44

_NAMED = re.compile(r"(?P<name>[^=<>!()]*?)\s*=(?!=)\s*(?P<rest>.*)")
_NAME = re.compile(r"[^\W\d_][\w .+-]{0,39}")
_FOREIGN = re.compile(r"[^A-Za-z0-9_ .,+*/()<>=!-]")
_GLUED = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?![eE][+-]?\d)[A-Za-z_]")
_BAND = re.compile(r"B0*(\d+)(A?)")

_GRAMMAR = "bands, numbers, + - * / **, comparisons, and, or, not, and the functions " + ", ".join(FUNCTIONS)
#: A mistake that people make -> what to write.
_HINTS = {"^": " (a power is written **)", "&": " (write and)", "|": " (write or)", "[": " (use round brackets)"}


@dataclass(frozen=True, slots=True)
class Formula:
    """Band maths; made by `parse`.

    Parameters
    ----------
    text
        As it was written, with single spaces.
    name
        What it calls itself, ``name = ...``, or nothing.
    expression
        The rest.
    bands
        Sentinel-2 bands that it needs, in the order of their first use.
    """

    text: str
    name: str
    expression: str
    bands: tuple[str, ...]
    _root: ast.expr = field(compare=False, repr=False)

    @property
    def title(self) -> str:
        """Its name, or as much of the formula as a caption holds."""
        short = self.name or self.expression
        return short if len(short) <= _SHOWN else short[: _SHOWN - 1] + "…"

    def exact(self, dn: NDArray[np.uint16]) -> NDArray[np.float64]:
        """Compute it of as many pixels as there is memory for.

        Parameters
        ----------
        dn
            ``(band, ...)`` in the order of `bands`, reflectance x 10 000; 0 = no observation.

        Returns
        -------
        ndarray of float64
            ``(...)``; NaN where a band has no observation or the formula has no value.
        """
        known = np.where((dn > 0).all(axis=0), dn / SCALE, np.nan)
        with np.errstate(all="ignore"):
            found = value_of(self._root, dict(zip(self.bands, known, strict=True)))
        return np.where(np.abs(found) <= _LARGEST, found, np.nan)

    def values(self, dn: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Compute it part by part, rounded to float32; the rest is what `exact` says."""
        return by_parts(dn, self.exact, np.float32)


def by_parts(
    dn: NDArray[np.uint16], compute: Callable[[NDArray[np.uint16]], NDArray[np.float64]], dtype: DTypeLike
) -> NDArray[Any]:
    """Compute values of many pixels in parts, so that what lies between takes little memory.

    Parameters
    ----------
    dn
        ``(band, y, ...)``.
    compute
        Returns the values ``(y, ...)`` of some rows.
    dtype
        Of the values returned.
    """
    found = np.empty(dn.shape[1:], dtype=dtype)
    rows = max(1, _AT_ONCE // max(math.prod(dn.shape[2:]), 1))
    for top in range(0, dn.shape[1], rows):
        found[top : top + rows] = compute(dn[:, top : top + rows])
    return found


@functools.lru_cache(maxsize=512)
def parse(text: str) -> Formula:
    """Read a formula such as ``(B08 - B04) / (B08 + B04)`` or ``SAVI = 1.5 * (B08 - B04) / (B08 + B04 + 0.5)``.

    A band stands for its reflectance, 0 to 1. A comparison is 1 where it holds and 0 where it does not.

    Raises
    ------
    InvalidInputError
        If it is none; the sentence says where and what could stand there.
    """
    whole = " ".join(text.split())
    if not whole:
        raise InvalidInputError("The formula is empty: write one such as (B08 - B04) / (B08 + B04).")
    if len(whole) > _LONGEST:
        raise InvalidInputError(f"The formula has {len(whole)} characters: write one of at most {_LONGEST}.")
    name, expression = _split(whole)
    start = len(whole) - len(expression)
    foreign = _FOREIGN.search(expression)
    if foreign:
        hint = _HINTS.get(foreign[0], "")
        raise _wrong(whole, start + foreign.start(), f"{foreign[0]!r} cannot stand{hint}: use {_GRAMMAR}")
    glued = _GLUED.search(expression)
    if glued:
        raise _wrong(whole, start + glued.end() - 1, "a number runs into a name: write for example 2 * B08")
    root = _parsed(whole, expression, start)
    bands = tuple(dict.fromkeys(_checked(whole, root, start)))
    if not bands:
        raise InvalidInputError(f"The formula {_quoted(whole)} names no band: use {', '.join(BANDS)}.")
    return Formula(whole, name, expression, bands, root)


def band_of(name: str) -> str:
    """Return a band's usual name, e.g. ``B08`` of ``b8``; another name as it is."""
    match = _BAND.fullmatch(name.upper())
    if match is None:
        return name
    number, letter = match.groups()
    return f"B{number}A" if letter else f"B{int(number):02d}"


def _split(whole: str) -> tuple[str, str]:
    """Return the name before the equals sign, and the rest."""
    named = _NAMED.fullmatch(whole)
    if named is None:
        return "", whole
    name, expression = named["name"], named["rest"]
    if band_of(name) in BANDS:
        raise InvalidInputError(
            f"The formula {_quoted(whole)} has one = after {name}: compare with ==, >, >=, < or <=."
        )
    if not _NAME.fullmatch(name):
        raise InvalidInputError(
            f"The formula's name {_quoted(name)} is not possible: begin with a letter, and use at most 40 letters, "
            "figures and spaces."
        )
    if not expression:
        raise InvalidInputError(f"The formula {_quoted(whole)} is empty after the =: write what it is.")
    return name, expression


def _parsed(whole: str, expression: str, start: int) -> ast.expr:
    try:
        return ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        at = start + max(min((error.offset or 1) - 1, len(expression)), 0)
        raise _wrong(
            whole, at, "it cannot be read on: look for a bracket or a sign that is missing or too many"
        ) from None
    except (MemoryError, RecursionError, ValueError):
        raise _too_deep() from None


def _too_deep() -> InvalidInputError:
    return InvalidInputError(
        f"The formula is too long or its brackets are too deep: use at most {_MOST_PARTS} parts, {_DEEPEST} deep."
    )


def _wrong(whole: str, at: int, what: str) -> InvalidInputError:
    near = f" near {_quoted(whole[at : at + 12])}" if at < len(whole) else ", at its end,"
    return InvalidInputError(f"At character {at + 1} of the formula{near} {what}.")


def _quoted(text: str) -> str:
    return f"“{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}”"


def _checked(whole: str, root: ast.expr, start: int) -> Iterator[str]:
    """Check every part and yield the bands; names of bands are set to their usual ones."""
    waiting: list[tuple[ast.expr, int]] = [(root, 1)]
    parts = 0
    while waiting:
        node, depth = waiting.pop()
        parts += 1
        if depth > _DEEPEST or parts > _MOST_PARTS:
            raise _too_deep()
        at = start + node.col_offset
        if isinstance(node, ast.Name):
            yield _named_band(whole, node, at)
        elif isinstance(node, ast.Constant):
            _check_number(whole, node, at)
        else:
            # Reversed, because the last one is looked at first.
            waiting += [(below, depth + 1) for below in reversed(_below(whole, node, at))]


def _named_band(whole: str, node: ast.Name, at: int) -> str:
    band = band_of(node.id)
    if band in BANDS:
        node.id = band
        return band
    if node.id in FUNCTIONS:
        raise _wrong(whole, at, f"{node.id} is a function: write {node.id}(...)")
    raise _wrong(whole, at, f"{node.id} is not a band: use {', '.join(BANDS)}")


def _check_number(whole: str, node: ast.Constant, at: int) -> None:
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        raise _wrong(whole, at, f"{node.value!r} is not a number")
    try:
        number = float(node.value)
    except OverflowError:
        number = np.inf
    if not np.isfinite(number):
        raise _wrong(whole, at, "a number is too large")
    node.value = number  # whole numbers of Python have no bounds: 9 ** 9 ** 9 ** 9 would never end


def _below(whole: str, node: ast.expr, at: int) -> list[ast.expr]:
    """Return the parts of a part, or refuse it."""
    match node:
        case ast.BinOp(op=op) if type(op) in ARITHMETIC:
            return operands_of(node)
        case ast.UnaryOp(op=ast.UAdd() | ast.USub() | ast.Not()) | ast.BoolOp():
            return operands_of(node)
        case ast.Compare(ops=ops) if all(type(op) in COMPARISONS for op in ops):
            return operands_of(node)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            _check_call(whole, name, len(arguments), at)
            return operands_of(node)
        case ast.Tuple():
            raise _wrong(whole, at, "there is more than one value: a formula gives one")
        case ast.IfExp():
            raise _wrong(whole, at, "a choice is written where(condition, value, other value)")
    raise _wrong(whole, at, f"this cannot stand: use {_GRAMMAR}")


def _check_call(whole: str, name: str, given: int, at: int) -> None:
    if name not in FUNCTIONS:
        known = "a band, not a function" if band_of(name) in BANDS else "not a function"
        raise _wrong(whole, at, f"{name} is {known}: use {', '.join(FUNCTIONS)}")
    _, fewest, most = FUNCTIONS[name]
    if not fewest <= given <= most:
        wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        raise _wrong(whole, at, f"{name} takes {wanted} value{'s' if most > 1 else ''}, not {given}")
