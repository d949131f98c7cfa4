"""The library of spectral indices on the command line."""

from __future__ import annotations

import argparse
import sys

from stac_timelapse.console import print_json
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.index_library import indices_of
from stac_timelapse.scenes.sensors import BANDS


def indices(arguments: argparse.Namespace) -> int:
    """Print the indices with the words looked for."""
    found = indices_of(arguments.bands or BANDS, " ".join(arguments.words))
    if not found:
        raise InvalidInputError("No index of the library has these words and bands: use fewer words, or other ones.")
    if arguments.json:
        listed = [
            {
                "name": one.name,
                "title": one.title,
                "domain": one.domain,
                "bands": list(one.formula.bands),
                "formula": one.formula.text,
                "reference": one.reference,
            }
            for one in found
        ]
        print_json(listed)
        return 0
    for one in found:
        sys.stdout.write(f"{one.name}: {one.title} ({one.domain})\n    {one.formula.expression}\n    {one.reference}\n")
    return 0
