"""Towns, regions and countries by name, without a network.

The names are GeoNames' (https://www.geonames.org, CC BY 4.0): towns of 3000 people and more, what they lie in, and
where. ``tools/make_gazetteer.py`` makes the file.
"""

from __future__ import annotations

import functools
import lzma
import math
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

#: To be said where names are shown.
CREDIT = "Place names: GeoNames (CC BY 4.0)"

Kind = Literal["country", "region", "town"]
BBox = tuple[float, float, float, float]

_FILE = Path(__file__).parent / "data" / "places.tsv.xz"
_KINDS: dict[str, Kind] = {"c": "country", "r": "region", "t": "town"}
#: Letters that are no accented ones for Unicode.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "ħ": "h", "æ": "ae", "œ": "oe", "þ": "th"})
_SILENT = re.compile("[.'’‘`ʻʼ′ʿʾ]")
_KM_A_DEGREE = 111.2
#: So many edits of a name of at least so many letters are taken for slips of the pen.
_SLIPS = ((7, 2), (4, 1))
_MOST_HITS = 4000
#: How much likelier than a beginning of a name is what was typed in full, and than another name the usual one.
_IN_FULL, _USUAL = 30, 10
#: With fewer names that begin so, those with a slip are looked for as well.
_FEW = 3


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place of the gazetteer.

    Parameters
    ----------
    name
        Its usual name.
    kind
        Country, region (of the first order: state, province, ...) or town.
    where
        What it lies in, e.g. ``"Bavaria, Germany"``; empty for a country.
    lon, lat
        Its middle in degrees, to a few hundred metres.
    bbox
        West, south, east, north in degrees: what shows the place on a map. East may be above 180.
    people
        Population; a region's and country's is that of its towns.
    """

    name: str
    kind: Kind
    where: str
    lon: float
    lat: float
    bbox: BBox
    people: int


def folded(name: str) -> str:
    """Return a name as it is compared: without accents, case, apostrophes and other punctuation."""
    plain = unicodedata.normalize("NFKD", _SILENT.sub("", name.casefold()).translate(_LETTERS))
    letters = "".join(one if one.isalnum() else " " for one in plain if not unicodedata.combining(one))
    return " ".join(letters.split())


class Gazetteer:
    """Names and where they are.

    Parameters
    ----------
    lines
        Tab-separated: kind, name, line number of what it lies in (or empty), people, thousandths of a degree (lon,lat
        and, of a country or region, west,south,east,north), other names joined by ``|``.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = list(lines)
        entries: list[tuple[str, int, bool]] = []
        people = []
        for at, line in enumerate(self._lines):
            _, name, _, number, _, others = line.split("\t")
            people.append(int(number))
            entries.append((folded(name), at, True))
            entries.extend((folded(other), at, False) for other in others.split("|") if other)
        entries.sort()
        self._keys = [key for key, _, _ in entries]
        self._at = [at for _, at, _ in entries]
        self._weights = np.array([(people[at] + 1000) * (_USUAL if usual else 1) for _, at, usual in entries])
        self._sets = _letter_sets(self._keys)
        self._lengths = np.array([len(key) for key in self._keys], dtype=np.int16)

    @classmethod
    @functools.cache
    def usual(cls) -> Gazetteer:
        """Return the one that comes with the package; reading it takes about a second, once."""
        return cls(lzma.decompress(_FILE.read_bytes()).decode("utf-8").splitlines())

    def find(self, text: str, limit: int = 8) -> list[NamedPlace]:
        """Return the places of a name, the most likely first.

        A name may be typed without accents, only its beginning, in other languages (of larger towns), with a slip of
        the pen, and with what it lies in behind a comma: ``"springfield, illinois"``. Names with a slip come last;
        before them the place with more people comes first, one that is called exactly so thirty times sooner.

        Parameters
        ----------
        text
            What was typed.
        limit
            Most places to return.
        """
        name, _, rest = text.partition(",")
        key, inside = folded(name), folded(rest)
        if not key:
            return []
        ranked = self._spelled(key, inside)
        exact = any(in_full for _, in_full, _ in ranked.values())
        if len(ranked) < _FEW and not exact:
            ranked = self._misspelled(key, inside) | ranked
        saint = key.removeprefix("st ")
        if not ranked and saint != key:
            return [one for full in ("saint", "sankt") for one in self.find(f"{full} {saint},{rest}", limit)][:limit]
        if not ranked and inside:
            return self.find(name, limit)  # what it lies in may be called otherwise here
        best = sorted(ranked, key=lambda at: (ranked[at][0], -ranked[at][2]))
        return [self._place(at) for at in best[:limit]]

    # -- inside; rows are ranked by (letters that differ, whether it is the whole name, likelihood) ----------------

    def _spelled(self, key: str, inside: str) -> dict[int, tuple[int, bool, float]]:
        first = bisect_left(self._keys, key)
        last = bisect_left(self._keys, key + "\uffff")
        hits = [(at, 0) for at in range(first, last)]
        if len(hits) > _MOST_HITS:  # one or two letters: the largest places are enough
            some = first + np.argsort(self._weights[first:last])[-_MOST_HITS:]
            hits = [(int(at), 0) for at in some]
        return self._ranked(hits, key, inside)

    def _misspelled(self, key: str, inside: str) -> dict[int, tuple[int, bool, float]]:
        slips = next((edits for length, edits in _SLIPS if len(key) >= length), 0)
        if not slips:
            return {}
        # An edit changes at most two of the letters that occur in a name: few names are left to compare in full.
        differing = np.bitwise_count(self._sets ^ _letter_sets([key])[0])
        alike = (differing <= 2 * slips) & (np.abs(self._lengths - len(key)) <= slips)
        hits = ((int(at), edits(key, self._keys[at], slips)) for at in np.flatnonzero(alike))
        return self._ranked([(at, far) for at, far in hits if far <= slips], key, inside)

    def _ranked(self, hits: list[tuple[int, int]], key: str, inside: str) -> dict[int, tuple[int, bool, float]]:
        ranked: dict[int, tuple[int, bool, float]] = {}
        for at, far in hits:
            row, in_full = self._at[at], self._keys[at] == key
            rank = (far, in_full, float(self._weights[at]) * (_IN_FULL if in_full else 1))
            before = ranked.get(row)
            better = before is None or (-rank[0], rank[2]) > (-before[0], before[2])
            if better and (not inside or self._lies_in(row, inside)):
                ranked[row] = rank
        return ranked

    def _row(self, at: int) -> list[str]:
        return self._lines[at].split("\t")

    def _parents(self, row: int) -> list[list[str]]:
        parents = []
        while line := self._row(row)[2]:
            row = int(line)
            parents.append(self._row(row))
        return parents

    def _lies_in(self, row: int, inside: str) -> bool:
        names = [folded(name) for parent in self._parents(row) for name in (parent[1], *parent[5].split("|"))]
        whole = " ".join(names)
        return any(name.startswith(inside) for name in names) or all(word in whole for word in inside.split())

    def _place(self, at: int) -> NamedPlace:
        kind, name, _, people, places, _ = self._row(at)
        lon, lat, *box = (int(number) / 1000 for number in places.split(","))
        where = ", ".join(parent[1] for parent in self._parents(at))
        bbox = (box[0], box[1], box[2], box[3]) if box else _town_box(lon, lat, int(people))
        return NamedPlace(name, _KINDS[kind], where, lon, lat, bbox, int(people))


def _town_box(lon: float, lat: float, people: int) -> BBox:
    """Return a box that shows a town and what is around: from 10 km across for a small one to 50 km."""
    up = min(5 + math.sqrt(people) / 150, 25) / _KM_A_DEGREE
    across = up / math.cos(math.radians(lat))
    return lon - across, lat - up, lon + across, lat + up


def _letter_sets(keys: list[str]) -> npt.NDArray[np.uint64]:
    """Return which letters each key has, a bit for each: the alphabet's, and shared ones for all others."""
    return np.array([sum(1 << ord(letter) % 64 for letter in set(key)) for key in keys], dtype=np.uint64)


def edits(one: str, other: str, most: int) -> int:
    """Return how many letters were changed, left out, put in or swapped with their neighbour.

    The optimal string alignment distance (Damerau 1964; Boytsov 2011), counted up to ``most + 1``.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, another in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != another))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == another:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
