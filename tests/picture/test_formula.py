"""Band maths: what a formula is worth, checked against plain Python numbers, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.appearance import preset_of
from stac_timelapse.picture.formula import parse
from stac_timelapse.picture.render import GAP_COLOURS, render
from stac_timelapse.picture.stretch import Stretch

BANDS = ("B04", "B08", "B11")


def leaf():
    number = st.floats(0.01, 5).map(lambda value: ("number", round(value, 2)))
    return st.sampled_from(BANDS).map(lambda band: ("band", band)) | number


def grown(inner):
    pairs = st.tuples(st.sampled_from(["+", "-", "*", "/", "**", "<", ">=", "min", "max", "and", "or"]), inner, inner)
    singles = st.tuples(st.sampled_from(["-", "abs", "sqrt", "log", "exp", "not"]), inner)
    return pairs | singles | st.tuples(st.just("where"), inner, inner, inner)


TREES = st.recursive(leaf(), grown, max_leaves=12)


def text_of(tree):
    kind, *parts = tree
    if kind in {"band", "number"}:
        return str(parts[0])
    texts = [text_of(part) for part in parts]
    if len(parts) == 2 and kind not in {"min", "max"}:
        return f"({texts[0]} {kind} {texts[1]})"
    if kind in {"-", "not"}:
        return f"({kind} {texts[0]})"
    return f"{kind}({', '.join(texts)})"


def worth(tree, pixel):
    """Return the value by Python's own arithmetic, None where there is none."""
    kind, *parts = tree
    if kind == "band":
        return pixel[parts[0]] / 10_000 if pixel[parts[0]] else None
    if kind == "number":
        return parts[0]
    if kind == "where":
        condition = worth(parts[0], pixel)
        return None if condition is None else worth(parts[1] if condition != 0 else parts[2], pixel)
    values = [worth(part, pixel) for part in parts]
    if None in values:
        return None
    first, second = values[0], values[-1]
    try:
        result = {
            "+": lambda: first + second,
            "-": lambda: first - second if len(values) == 2 else -first,
            "*": lambda: first * second,
            "/": lambda: first / second,
            "**": lambda: first**second,
            "<": lambda: float(first < second),
            ">=": lambda: float(first >= second),
            "min": lambda: min(first, second),
            "max": lambda: max(first, second),
            "and": lambda: float(bool(first) and bool(second)),
            "or": lambda: float(bool(first) or bool(second)),
            "not": lambda: float(not first),
            "abs": lambda: abs(first),
            "sqrt": lambda: math.sqrt(first),
            "log": lambda: math.log(first),
            "exp": lambda: math.exp(first),
        }[kind]()
    except (ZeroDivisionError, OverflowError, ValueError):
        return None
    return None if isinstance(result, complex) or not math.isfinite(result) else result


@settings(max_examples=300, deadline=None)
@given(TREES, st.lists(st.tuples(*[st.integers(1, 12_000)] * 3), min_size=1, max_size=4))
def test_a_formula_is_worth_what_python_computes(tree, pixels):
    text = f"0 * (B04 + B08 + B11) + {text_of(tree)}"
    formula = parse(text)
    dn = np.array([[[pixel[BANDS.index(band)] for pixel in pixels]] for band in formula.bands], dtype=np.uint16)
    found = formula.values(dn)[0]
    for value, pixel in zip(found, pixels, strict=True):
        known = worth(tree, dict(zip(BANDS, pixel, strict=True)))
        if known is None or abs(known) > 3e38:
            assert math.isnan(value), text
        else:
            assert value == pytest.approx(known, rel=1e-6, abs=1e-9), text


def test_what_was_not_seen_or_cannot_be_divided_has_no_value():
    dn = np.array([[[3000, 0, 3000, 2000]], [[1000, 1000, 0, 2000]]], dtype=np.uint16)
    nan = math.nan
    np.testing.assert_allclose(parse("(B08 - B04) / (B08 + B04)").values(dn), [[0.5, nan, nan, 0]])
    np.testing.assert_allclose(parse("1 / (B08 - B04)").values(dn), [[5, nan, nan, nan]], rtol=1e-6)
    # Infinity does not become a number again, and no value to the power of 0 is no 1.
    assert np.isnan(parse("1 / (1 / (B08 - B04))").values(dn)[0, 3])
    assert np.isnan(parse("(1 / (B08 - B04)) ** 0").values(dn)[0, 3])
    assert np.isnan(parse("1 / (B08 - B04) > 2").values(dn)[0, 3])
    # What is not chosen need not have one.
    np.testing.assert_allclose(parse("where(B08 > B04, 1 / (B08 - B04), 7)").values(dn)[0, [0, 3]], [5, 7], rtol=1e-6)


def test_names_are_read_as_people_write_them():
    formula = parse("  Wet  soil = b11 / B8a +\n b4 ")
    assert (formula.name, formula.expression) == ("Wet soil", "b11 / B8a + b4")
    assert formula.bands == ("B11", "B8A", "B04")
    assert formula.title == "Wet soil"
    assert parse("B08 >= 0.3").name == parse("B08 == 0.3").name == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("EVI =", "empty after the ="),
        ("B10 + B08", "At character 1 .* B10 is not a band: use B01, B02"),
        ("B08 + ndvi", "At character 7 .* ndvi is not a band"),
        ("tan(B08)", "tan is not a function: use abs, exp"),
        ("B08(2)", "B08 is a band, not a function"),
        ("sqrt + B08", r"sqrt is a function: write sqrt\(...\)"),
        ("max(B08)", "max takes 2 to 9 values, not 1"),
        ("2 B08", "At character 3"),
        ("2B08", r"At character 2 .* 2 \* B08"),
        ("B08 +", "at its end|At character"),
        ("(B08", "bracket"),
        ("B08^2", r"a power is written \*\*"),
        ("B08 = 0.3", "one = after B08: compare with =="),
        ("B08, B04", "more than one value"),
        ("1 + 2", "names no band"),
        ("B08 if B04 > 1 else 0", r"where\(condition"),
        ("1e999 * B08", "too large"),
        ("9" * 400 + " * B08", "too large"),
        ("B08 +" * 300 + "B08", "1503 characters"),
        ("+".join(["B08"] * 200), "too long or its brackets"),
        ("-" * 900 + "B08", "too long or its brackets"),
        ("(" * 400 + "B08" + ")" * 400, "bracket"),
        # What Python would do, and a formula must not:
        ("__import__('os').system('ls')", "cannot stand"),
        ("__import__(1)", "__import__ is not a function"),
        ("B08.__class__", "cannot stand"),
        ("(lambda: B08)()", "cannot stand"),
        ("[B08 for B08 in B04]", "cannot stand"),
        ("(B08 for B08 in B04)", "cannot stand"),
        ("(x := B08)", "cannot stand"),
        ("max(*B08, 1)", "cannot stand"),
        ("max(B08, B04, key=abs)", "cannot stand"),
        ("(yield B08)", "cannot stand"),
        ("(await B08)", "cannot stand"),
        ("exec(B08)", "exec is not a function"),
        ("abs(abs)(B08)", "abs is a function|cannot stand"),
        ("True * B08", "True is not a number"),
        ("B08 @ B04", "cannot stand"),
        ("B08 // 2", "cannot stand"),
        ("B08 is B04", "cannot stand"),
        ("f'{B08}'", "cannot stand"),
        ("B08\x00", "cannot stand"),
        ("\N{CYRILLIC CAPITAL LETTER VE}08", "cannot stand"),
        ("_x = B08", "name .* is not possible"),
    ],
)
def test_what_is_no_formula_is_refused_in_a_sentence(text, said):
    with pytest.raises(InvalidInputError, match=said) as caught:
        parse(text)
    assert str(caught.value).endswith(".")
    assert len(str(caught.value)) < 330


def test_a_tower_of_powers_ends_at_once():
    assert np.isnan(parse("9 ** 9 ** 9 ** 9 * B08").values(np.full((1, 2, 2), 100, np.uint16))).all()


def test_a_formula_is_painted_through_its_palette_and_hatched_where_it_has_no_value():
    preset = preset_of("1 / (B08 - B04)")
    dn = np.array([[[3000, 5000, 2000, 0]], [[1000, 1000, 2000, 900]]], dtype=np.uint16)
    picture = render(dn, preset, Stretch((0.0,), (10.0,)))
    palette = preset.palette()
    # 1 / 0.2 = 5 and 1 / 0.4 = 2.5 of 0 to 10
    assert picture[0, :2].tolist() == [palette[128].tolist(), palette[64].tolist()]
    assert set(picture[0, 2:].ravel().tolist()) <= set(GAP_COLOURS)


def test_a_large_picture_is_computed_in_parts_without_a_seam():
    dn = np.random.default_rng(1).integers(1, 9000, (2, 1300, 1000)).astype(np.uint16)
    found = parse("log(B08) - B04 ** 2").values(dn)
    expected = np.log(dn[0] / 10_000) - (dn[1] / 10_000) ** 2
    np.testing.assert_allclose(found, expected, rtol=1e-6)
