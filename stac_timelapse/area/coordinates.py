"""Read the text of a KML ``<coordinates>``, also where its blanks or commas are not where they belong."""

from __future__ import annotations

import re
from collections.abc import Sequence

_AROUND_COMMA = re.compile(r"\s*,\s*")
_HEIGHT = 3
_NO_HEIGHT = 2


def coordinates_of(text: str) -> list[tuple[float, float]]:
    """Return the corners of ``lon,lat[,height]`` tuples; heights are dropped.

    Blanks around a comma are forgiven, and so are tuples glued by commas (``1,2,0,3,4,0``).

    Parameters
    ----------
    text
        Degrees; what is not a number is an error.

    Returns
    -------
    list of tuple
        ``(lon, lat)`` in degrees, unchecked.

    Raises
    ------
    ValueError
        If a tuple is not made of numbers, or has only one.
    """
    corners: list[tuple[float, float]] = []
    tokens = text.split()
    if any(token.startswith(",") or token.endswith(",") for token in tokens):
        tokens = _AROUND_COMMA.sub(",", text.strip().strip(",")).split()
    for token in tokens:
        numbers = [float(number) for number in token.split(",") if number]
        corners += _unglued(numbers)
    return corners


def _unglued(numbers: Sequence[float]) -> list[tuple[float, float]]:
    if len(numbers) < _NO_HEIGHT:
        raise ValueError(f"{numbers} is not a pair of numbers")
    if len(numbers) <= _HEIGHT:
        return [(numbers[0], numbers[1])]
    triples, pairs = _grouped(numbers, _HEIGHT), _grouped(numbers, _NO_HEIGHT)
    # Six numbers are two triples or three pairs: a ring ends where it began.
    if triples and (not pairs or triples[0] == triples[-1] or pairs[0] != pairs[-1]):
        return triples
    return pairs or [(numbers[0], numbers[1])]


def _grouped(numbers: Sequence[float], length: int) -> list[tuple[float, float]]:
    if len(numbers) % length:
        return []
    return [(numbers[index], numbers[index + 1]) for index in range(0, len(numbers), length)]
