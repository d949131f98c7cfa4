"""What the parts of a formula of bands are worth, computed by numpy.

Values are those of IEEE double precision with one addition: what has no value (a pixel that was not seen, a division by
zero, the root of a negative number, an overflow) makes everything that is computed from it have none, so that no such
pixel ever gets a colour by chance.
"""

from __future__ import annotations

import ast
import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

ARITHMETIC: Mapping[type[ast.operator], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: np.power,
}
COMPARISONS: Mapping[type[ast.cmpop], Callable[..., Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
_SIGNS: Mapping[type[ast.unaryop], float] = {ast.UAdd: 1.0, ast.USub: -1.0}
#: Name -> function, fewest and most arguments.
FUNCTIONS: Mapping[str, tuple[Callable[..., Any], int, int]] = {
    "abs": (np.abs, 1, 1),
    "exp": (np.exp, 1, 1),
    "log": (np.log, 1, 1),
    "max": (lambda *values: functools.reduce(np.maximum, values), 2, 9),
    "min": (lambda *values: functools.reduce(np.minimum, values), 2, 9),
    "sqrt": (np.sqrt, 1, 1),
    "where": (lambda condition, first, second: np.where(np.not_equal(condition, 0), first, second), 3, 3),
}


def value_of(node: ast.expr, known: Mapping[str, Values]) -> Any:
    """Return the value of a part of a formula that was checked.

    Parameters
    ----------
    node
        Of Python's own parser.
    known
        Band -> ``(y, x)`` reflectance, NaN where it has none.

    Returns
    -------
    ndarray or float
        NaN where it has no value; a comparison is 1 or 0.
    """
    if isinstance(node, ast.Name):
        return known[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return np.float64(node.value)
    parts = [value_of(one, known) for one in operands_of(node)]
    result = _joined(node, parts)
    # What is not chosen may be without a value: where(B04 > 0.1, B08 / (B04 - 0.1), 0).
    counts = parts[:1] if _is_choice(node) else parts
    good = np.isfinite(result)
    for part in counts:
        good = good & ~np.isnan(part)  # numpy says NaN ** 0 = 1
    return np.where(good, result, np.nan)


def operands_of(node: ast.expr) -> list[ast.expr]:
    """Return the parts that a part is made of, in the order of the text."""
    match node:
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Compare(left=left, comparators=others):
            return [left, *others]
        case ast.BoolOp(values=values):
            return values
        case ast.Call(args=arguments):
            return arguments
    return []


def _is_choice(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "where"


def _joined(node: ast.expr, parts: list[Any]) -> Any:
    match node:
        case ast.BinOp(op=op):
            result = ARITHMETIC[type(op)](*parts)
        case ast.UnaryOp(op=op):
            result = np.equal(parts[0], 0) if isinstance(op, ast.Not) else _SIGNS[type(op)] * parts[0]
        case ast.Compare(ops=ops):
            pairs = zip(ops, itertools.pairwise(parts), strict=True)
            result = functools.reduce(np.logical_and, [COMPARISONS[type(op)](*pair) for op, pair in pairs])
        case ast.BoolOp(op=op):
            join = np.logical_and if isinstance(op, ast.And) else np.logical_or
            result = functools.reduce(join, [np.not_equal(part, 0) for part in parts])
        case ast.Call(func=ast.Name(id=name)):
            result = FUNCTIONS[name][0](*parts)
        case _:
            raise TypeError(f"a part that was not checked: {ast.dump(node)}")
    return result
