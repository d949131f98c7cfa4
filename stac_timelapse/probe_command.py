"""What ``stac-timelapse probe`` does: say what is behind one pixel."""

from __future__ import annotations

import argparse
import math
import sys

from stac_timelapse import pipeline
from stac_timelapse.commands import recipe_of
from stac_timelapse.console import print_json, say, write_table
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.probe import Probe
from stac_timelapse.probe_report import to_csv, to_dict, to_lines


def probe(arguments: argparse.Namespace) -> int:
    """Print every observation of one pixel and what its months make of them."""
    lon, lat = place_of(arguments.at)
    recipe = recipe_of(arguments).but(method=arguments.method)
    scenes = pipeline.choose(recipe, pipeline.search(recipe))
    pixel = Probe(recipe, scenes, lon, lat)
    months = []
    for month in [arguments.month] if arguments.month else recipe.months:
        say(f"Reading {month} ...")
        months.append(pixel.look(month))
    if arguments.csv is not None:
        write_table(arguments.csv, to_csv(pixel, months))
    if arguments.json:
        print_json(to_dict(pixel, months))
    else:
        sys.stdout.write("\n".join(to_lines(months, recipe.bands, recipe.method)) + "\n")
    return 0


def place_of(text: str) -> tuple[float, float]:
    """Return the longitude and latitude that ``--at`` gives.

    Raises
    ------
    InvalidInputError
        If the text is something else.
    """
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        lon = lat = math.nan
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise InvalidInputError(
            f"The place {text!r} is not a longitude and a latitude: write it like 15.512,46.305 (degrees)."
        )
    return lon, lat
