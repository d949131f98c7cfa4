"""Which of a layer's attributes names its features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

#: What people call it, best first.
_NAMES = ("name", "title", "label", "nom", "nombre", "nome", "naam", "naziv", "ime", "bezeichnung")
_PARTS = ("name", "title", "label")
_NUMBERS = ("id", "objectid", "code", "number", "nr", "gid")  # "fid" is the number that every program makes up
_MOST = 16


def candidates(fields: Iterable[str]) -> list[str]:
    """Return the fields that may hold a name, the likeliest first: ``name``, then ``NAME_1``, then ``id``."""
    known = list(fields)
    exact = [field for name in _NAMES for field in known if field.lower() == name]
    parts = [field for part in _PARTS for field in known if part in field.lower()]
    numbers = [field for name in _NUMBERS for field in known if field.lower() == name]
    return list(dict.fromkeys([*exact, *parts, *numbers]))[:_MOST]


def names_of(columns: Mapping[str, Sequence[object]], count: int) -> list[str]:
    """Return the name of each feature.

    Of fields that only contain the word, like the ``NAME_0`` (country) and ``NAME_1`` (province) of a boundary file,
    the first that tells the features apart is taken. A number says what it is a number of: ``"id 7"``.

    Parameters
    ----------
    columns
        The values of the `candidates`, in their order.
    count
        How many features there are.

    Returns
    -------
    list of str
        Empty texts where there is no name.
    """
    texts = {field: [_text(value) for value in values] for field, values in columns.items()}
    filled = {field: values for field, values in texts.items() if any(values)}
    chosen = next((field for field in filled if field.lower() in _NAMES), "")
    if not chosen:
        telling = [field for field, values in filled.items() if len(set(values)) > 1]
        chosen = next(iter([*telling, *filled]), "")
    if not chosen:
        return [""] * count
    if chosen.lower() in _NUMBERS:
        return [value and f"{chosen} {value}" for value in filled[chosen]]
    return filled[chosen]


def _text(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - numbers that are missing are nan
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
