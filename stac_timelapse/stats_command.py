"""What ``stac-timelapse stats`` does: measure an index in the area and at places, month by month."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from stac_timelapse.area.aoi import Place
from stac_timelapse.commands import build_months, find_scenes, recipe_of
from stac_timelapse.console import print_json, say, write_table
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.picture.appearance import Appearance
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.probe_command import place_of
from stac_timelapse.quantity import Quantity, quantity_of
from stac_timelapse.recipe import Recipe
from stac_timelapse.report import changed_since
from stac_timelapse.scenes.model import SceneSet
from stac_timelapse.zonal import MOST_PIXELS, measure
from stac_timelapse.zonal_report import to_csv, to_dict, to_lines

_USUAL = "ndvi"


def stats(arguments: argparse.Namespace) -> int:
    """Build what is not built yet, and print what an index is in the area and at places."""
    recipe, quantity = asked(arguments)
    places = [*recipe.aoi.places, *(Place("", *place_of(text)) for text in arguments.at)]
    scenes = found_for(arguments, recipe)
    results = build_months(recipe, scenes, arguments.cluster)
    say(f"Measuring {quantity.title} ...")
    most = None if arguments.every_pixel else MOST_PIXELS
    measured = measure(results, recipe.aoi, quantity, places=places, most_pixels=most)
    coarse = measured.area[0].resolution
    if coarse > recipe.resolution:
        say(
            f"The area is large: it was measured at {coarse:g} m, where a pixel counts as clear if any part of it is; "
            "--every-pixel takes longer."
        )
    if arguments.csv is not None:
        write_table(arguments.csv, to_csv(measured))
    if arguments.json:
        print_json(to_dict(measured))
    else:
        sys.stdout.write("\n".join(to_lines(measured)) + "\n")
    return 0


def asked(arguments: argparse.Namespace) -> tuple[Recipe, Quantity]:
    """Return the recipe, with the bands that the index needs, and the index, band or formula.

    Raises
    ------
    InvalidInputError
        If there is neither a recipe nor what makes one, or no such index, band or formula.
    """
    if arguments.recipe is not None:
        return _with(_loaded(arguments.recipe), arguments.quantity)
    lacking = [name for name in ("catalog", "aoi", "months") if getattr(arguments, name) is None]
    if lacking:
        options = ", ".join(f"--{name}" for name in lacking)
        raise InvalidInputError(f"There is no recipe and no {options}: name a recipe.json, or give what run takes.")
    return _with(recipe_of(arguments).but(method=arguments.method), arguments.quantity)


def found_for(arguments: argparse.Namespace, recipe: Recipe) -> SceneSet:
    """Search, and say where a recipe that was read finds other scenes than it was written with."""
    scenes = find_scenes(recipe)
    if arguments.recipe is not None:
        changed = changed_since(json.loads(arguments.recipe.read_text(encoding="utf-8")), scenes)
        if changed:
            say(changed)
    return scenes


def _with(recipe: Recipe, text: str | None) -> tuple[Recipe, Quantity]:
    picture = PRESETS.get(recipe.preset or "")
    is_index = picture is not None and picture.kind == "index"
    quantity = quantity_of(text or recipe.formula or (picture.name if picture is not None and is_index else _USUAL))
    # Months that are built already serve if they hold the bands.
    if set(quantity.bands) <= set(recipe.bands):
        return recipe, quantity
    return recipe.but(bands=quantity.bands, **Appearance().fields()), quantity


def _loaded(path: Path) -> Recipe:
    try:
        return Recipe.load(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InvalidInputError(f"The recipe {path} cannot be read ({reason}): name a recipe.json.") from error
