"""What is copied from a series makes the same series again."""

from __future__ import annotations

import shlex
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from shapely.geometry import Polygon
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cli import _parser
from stac_timelapse.commands import look_of, recipe_of
from stac_timelapse.recipe import Recipe
from stac_timelapse.script import command_of, python_of

BOX = AreaOfInterest.from_bbox(-15.123456789, -46.9, -15.0, -46.8)
TRIANGLE = AreaOfInterest.from_geometry(Polygon([(15.01, 46.91), (15.02, 46.90), (15.0123456789, 46.95)]))
ISLANDS = AreaOfInterest.from_bbox(179.9, -17.1, -179.9, -16.9)
RECIPES = [
    Recipe("demo", BOX, "2022-01", "2022-03"),
    Recipe("demo", TRIANGLE, "2022-01", "2022-12", preset="ndvi", bands=("B08", "B04"), period="season"),
    Recipe(
        "demo", BOX, "2022-01", "2022-03", bands=("B08", "B04"), formula="My index = (B08 - B04) / (B08 + 0.1 * B04)",
        palette="cividis", limits=(-0.25, 0.8),
    ),
    Recipe("demo", BOX, "2022-01", "2022-03", bands=("B12", "B08", "B04"), formula="-B08 ** 2", percentiles=(0.5, 99)),
    Recipe("demo", BOX, "2022-01", "2022-03", bands=("B08", "B04", "B03"), preset="ndvi", palette="inferno"),
    Recipe("demo", BOX, "2022-01", "2022-03", preset="true-colour", limits=(0.0, 0.3), gamma=1.6, even=True),
    Recipe("demo", ISLANDS, "2022-01", "2022-03", preset="looks", bands=("B04",), months_of_year=(1, 3)),
    Recipe(
        "planetary-computer+earth-search", BOX, "2020-01", "2022-12", bands=("B12", "B04"), preset="ndvi",
        max_cloud=60.0, max_area_cloud=33.5, resolution=20.0, clear=(4, 11), dilate=40.0, opening=20.0, rescue=True,
        method="percentile:25", excluded=("S2A_1", "S2B_2"), kept=("S2A_3",), gaps="widen:5", clip=True,
        without=("2021-05", "2021-06"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_command_line_is_the_recipe(recipe):
    arguments = _parser().parse_args(shlex.split(command_of(recipe))[1:])
    given = {"method": arguments.method, "clip": arguments.clip, "without": arguments.without}
    again = recipe_of(arguments).but(**given, **look_of(arguments))
    assert again.aoi.geometry.equals(recipe.aoi.geometry)
    assert again.but(aoi=recipe.aoi, preset=None, palette=None) == recipe.but(preset=None, palette=None)
    # Without a preset, or with one that has not its bands, it is what the bands allow.
    assert again.appearance.picture(again.bands) == recipe.appearance.picture(recipe.bands)


def test_the_python_makes_the_same_pixels(tmp_path):
    rng = np.random.default_rng(3)
    granules = [
        Granule(f"of-{day}", f"2022-01-{day:02d}T10:00:00Z", {"B04": rng.integers(1, 9000, (96, 96))},
                rng.choice([4, 9], (96, 96)))
        for day in (3, 8, 13)
    ]  # fmt: skip
    catalog = write_catalog(tmp_path / "scenes", granules)
    aoi = AreaOfInterest.from_bbox(*lonlat_bbox(499_985, 5_199_065, 500_935, 5_200_015))
    recipe = Recipe(str(catalog), aoi, "2022-01", "2022-01", bands=("B04",), max_cloud=90.0, method="mean")
    script = tmp_path / "script.py"
    script.write_text(python_of(recipe) + 'series.compute(scheduler="threads").drop_attrs().to_netcdf("series.nc")\n')
    subprocess.run([sys.executable, script], check=True, cwd=tmp_path, timeout=120)
    expected = pipeline.lazy(recipe, pipeline.find(recipe)).compute(scheduler="threads")
    with xr.open_dataset(tmp_path / "series.nc", decode_cf=False) as made:
        np.testing.assert_array_equal(made["reflectance"], expected["reflectance"])
        assert made["reflectance"].max() > 0


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_python_can_be_compiled_and_names_what_was_chosen(recipe):
    text = python_of(recipe)
    compile(text, "script", "exec")
    assert ("pipeline.build" in text) == recipe.rescue
    assert f"start={recipe.start!r}" in text
    assert ("excluded=" in text) == bool(recipe.excluded)
