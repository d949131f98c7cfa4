"""What a command writes for people, for other programs and into a table."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from stac_timelapse.errors import InvalidInputError


def say(text: str) -> None:
    """Write one line for people, beside whatever goes to stdout."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def print_json(values: Any) -> None:
    """Print JSON values to stdout."""
    json.dump(values, sys.stdout, indent=2)
    sys.stdout.write("\n")


def write_table(path: Path, text: str) -> None:
    """Write what ``--csv`` asked for.

    Raises
    ------
    InvalidInputError
        If the file cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(
            f"The table cannot be written to {path} ({error.strerror}): choose another --csv."
        ) from error
