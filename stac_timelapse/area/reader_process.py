"""What runs in the process that reads a user's file: limits first, then the file, then an answer in JSON.

The file comes on the standard input, the answer goes to the standard output: the areas as hexadecimal WKB, or the
sentence of an error. Nothing but text that is checked again goes from here to the caller.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
import warnings
from typing import Any

#: Packages that pyogrio would load and that are not needed here; they take a second.
_NEEDLESS = ("geopandas", "pandas", "pyarrow")


def main(filename: str, memory: int, seconds: int) -> None:
    """Read the standard input as a file of this name.

    Parameters
    ----------
    filename
        What the user calls it.
    memory
        Most bytes that this process may take.
    seconds
        Most time that it may compute.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a library prints is no answer
    _limit(memory, seconds)
    sys.modules.update(dict.fromkeys(_NEEDLESS))  # type: ignore[arg-type] # None: "not installed"
    warnings.simplefilter("ignore")
    data = sys.stdin.buffer.read()
    with answers:
        json.dump(_answer(data, filename), answers)


def _limit(memory: int, seconds: int) -> None:
    if sys.platform != "win32":  # only the caller's clock limits what is read there
        import resource  # noqa: PLC0415

        limits = {"AS": memory, "CPU": seconds, "CORE": 0, "FSIZE": 0}
        for name, most in limits.items():
            with contextlib.suppress(ValueError, OSError):  # a system that has not this one, or a stricter one already
                resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


def _answer(data: bytes, filename: str) -> dict[str, Any]:
    try:
        # Only now, within the limits.
        from stac_timelapse.area.formats import parse  # noqa: PLC0415
        from stac_timelapse.errors import InvalidInputError  # noqa: PLC0415

        try:
            content = parse(data, filename)
        except InvalidInputError as error:
            return {"refused": str(error)}
        return {
            "areas": [{"name": area.name, "wkb": area.geometry.wkb_hex} for area in content.areas],
            "places": [[place.name, place.lon, place.lat] for place in content.places],
            "skipped": content.skipped,
            "whole": content.whole and content.whole.geometry.wkb_hex,
        }
    except MemoryError:
        return {"memory": True}
    except Exception:  # noqa: BLE001 - it goes to the caller's log
        return {"failed": traceback.format_exc()}
