"""A recipe as what makes it again elsewhere: a command line, or some lines of Python."""

from __future__ import annotations

import shlex
from dataclasses import fields

from stac_timelapse.picture.formula import parse
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.months import ALL_MONTHS

_LAZY_IMPORTS = """\
from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.recipe import Recipe
"""
_BUILD_IMPORTS = f"""\
from pathlib import Path

{_LAZY_IMPORTS.strip()}
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
"""
#: Given by place, or of files that no lazy Dataset has.
_ELSEWHERE = {"catalog", "aoi", "start", "end", "clip", "without"}
_LAZY = "series = pipeline.lazy(recipe, scenes)  # an xarray Dataset; no pixel is read yet\n"
_BUILD = """\
if __name__ == "__main__":
    with connect(ClusterSpec()) as client:
        for month in pipeline.build(recipe, scenes, client=client, store=MonthStore(Path("months"))):
            print(month.month, month.path)
"""


def command_of(recipe: Recipe) -> str:
    """Return the command line that builds a recipe into the folder ``out``; the area's name is not part of it."""
    words = ["stac-timelapse", "run", "--catalog", recipe.catalog]
    if recipe.collection is not None:
        words += ["--collection", recipe.collection]
    # With an equals sign, for coordinates may begin with a minus.
    words += [f"--aoi={recipe.aoi.text}", "--months", f"{recipe.start}/{recipe.end}"]
    if recipe.months_of_year != ALL_MONTHS:
        words += ["--months-of-year", _joined(recipe.months_of_year)]
    words += _shown(recipe)
    numbers = {"max-cloud": recipe.max_cloud, "max-area-cloud": recipe.max_area_cloud, "resolution": recipe.resolution}
    for name, value in {**numbers, "dilate": recipe.dilate, "opening": recipe.opening}.items():
        if value != _default(name.replace("-", "_")):
            words += [f"--{name}", f"{value:g}"]
    for name, text in {"period": recipe.period, "gaps": recipe.gaps, "method": recipe.method}.items():
        if text != _default(name):
            words += [f"--{name}", text]
    if recipe.clear != _default("clear"):
        words += ["--clear", _joined(recipe.clear)]
    words += [word for key in recipe.excluded for word in ("--exclude", key)]
    words += [word for key in recipe.kept for word in ("--keep", key)]
    if recipe.without:
        words += ["--without", ",".join(recipe.without)]
    wishes = {"rescue": recipe.rescue, "clip": recipe.clip, "even": recipe.even}
    words += [f"--{name}" for name, wanted in wishes.items() if wanted]
    return shlex.join([*words, "--out", "out"])


def _shown(recipe: Recipe) -> list[str]:
    """Return the options for the picture, and for the bands where it does not name them itself."""
    preset = PRESETS.get(recipe.preset or "")
    words, built = [], None
    if recipe.formula is not None:
        words, built = [f"--formula={recipe.formula}"], parse(recipe.formula).bands
    elif preset is not None and set(preset.needs) <= set(recipe.bands):
        words, built = ["--preset", preset.name], preset.built
    if built != recipe.bands:
        words += ["--bands", ",".join(recipe.bands)]
    if recipe.palette is not None:
        words += ["--palette", recipe.palette]
    numbers = {"limits": recipe.limits, "percentiles": recipe.percentiles or ()}
    words += [f"--{name}={','.join(map(repr, values))}" for name, values in numbers.items() if values]
    return words if recipe.gamma is None else [*words, "--gamma", repr(recipe.gamma)]


def python_of(recipe: Recipe) -> str:
    """Return Python that makes the recipe's lazy Dataset, or its files where bright ground is rescued."""
    names = [one.name for one in fields(Recipe) if one.name not in _ELSEWHERE]
    given = {name: getattr(recipe, name) for name in names if getattr(recipe, name) != _default(name)}
    rest = "".join(f"\n    {name}={value!r}," for name, value in given.items())
    return (
        f"{_BUILD_IMPORTS if recipe.rescue else _LAZY_IMPORTS}\n"
        f"area = AreaOfInterest.parse({recipe.aoi.text!r})\n"
        "recipe = Recipe(\n"
        f"    {recipe.catalog!r},\n    area,\n    start={recipe.start!r},\n    end={recipe.end!r},{rest}\n"
        ")\n"
        f"scenes = pipeline.find(recipe)\n{_BUILD if recipe.rescue else _LAZY}"
    )


def _default(name: str) -> object:
    return next(one.default for one in fields(Recipe) if one.name == name)


def _joined(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))
