"""How the command line reads lists, shares and months; what cannot be read is one line of argparse."""

from __future__ import annotations

import argparse


def decimals(text: str) -> tuple[float, ...]:
    """Return numbers that are parted by commas."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of numbers like 0.02,0.3") from error


def pair(text: str) -> tuple[float, ...]:
    """Return two numbers, low and high."""
    values = decimals(text)
    if len(values) != 2:  # noqa: PLR2004 - low and high
        raise argparse.ArgumentTypeError(f"{text!r} is not two numbers like 2,98")
    return values


def months(text: str) -> tuple[str, str]:
    """Return the first and last month of ``YYYY-MM/YYYY-MM`` or of one month."""
    first, _, last = text.partition("/")
    return first.strip(), (last or first).strip()


def names(text: str) -> tuple[str, ...]:
    """Return names in capitals that are parted by commas."""
    return tuple(part.strip().upper() for part in text.split(",") if part.strip())


def labels(text: str) -> tuple[str, ...]:
    """Return texts that are parted by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def percent(text: str) -> float:
    """Return a share in percent."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:  # noqa: PLR2004 - percent
        raise argparse.ArgumentTypeError(f"{text!r} is not a share in percent, 0 to 100")
    return value


def numbers(text: str) -> tuple[int, ...]:
    """Return whole numbers that are parted by commas."""
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of whole numbers like 4,5,6,7") from error
