"""Series by other periods than months: what they are made of, what they are called, and what cannot be."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
from PIL import Image
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cli import main
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.recipe import Recipe

WEST, NORTH = 499_980.0, 5_200_020.0
BOX = lonlat_bbox(WEST + 5, NORTH - 955, WEST + 955, NORTH - 5)
#: Day -> red, all of it clear.
DAYS = {
    "2020-12-30": 1000, "2021-01-10": 2000, "2021-01-20": 4000, "2021-06-15": 5000, "2021-06-16": 7000,
    "2022-01-15": 9000, "2022-06-30": 6000,
}  # fmt: skip


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    monkeypatch.setenv("STAC_TIMELAPSE_CACHE", str(tmp_path / "cache"))
    clear = np.full((96, 96), 4)
    return write_catalog(
        tmp_path / "scenes",
        [
            Granule(f"of-{day}", f"{day}T10:00:00Z", {"B04": np.full((96, 96), value)}, clear)
            for day, value in DAYS.items()
        ],
    )


def recipe_of(catalog, period, start="2020-12", end="2022-06", **more):
    aoi = AreaOfInterest.from_bbox(*BOX)
    return Recipe(str(catalog), aoi, start, end, bands=("B04",), max_cloud=100, period=period, **more)


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("season", {"2020-12_2021-02": (2000, 3), "2021-06_2021-08": (6000, 2), "2021-12_2022-02": (9000, 1),
                    "2022-06": (6000, 1)}),
        ("quarter", {"2020-12": (1000, 1), "2021-01_2021-03": (3000, 2), "2021-04_2021-06": (6000, 2),
                     "2022-01_2022-03": (9000, 1), "2022-04_2022-06": (6000, 1)}),
        ("year", {"2020-12": (1000, 1), "2021-01_2021-12": (4500, 4), "2022-01_2022-06": (7500, 2)}),
        ("climatology", {"2020-2022_01": (4000, 3), "2020-2022_06": (6000, 3), "2020-2022_12": (1000, 1)}),
    ],
)  # fmt: skip
def test_a_period_is_the_median_of_all_its_passes(catalog, period, expected):
    recipe = recipe_of(catalog, period)
    scenes = pipeline.find(recipe)
    assert scenes.months == recipe.months
    data = pipeline.lazy(recipe, scenes).compute(scheduler="threads")
    found = {}
    for at, label in enumerate(recipe.months):
        values, counts = np.unique(data["reflectance"][at, 0]), np.unique(data["observations"][at])
        if counts.max():
            found[label] = int(values.max()), int(counts.max())
    assert found == expected
    times = data["time"].dt.strftime("%Y-%m-%d").to_numpy()
    assert times[0] == ("2020-01-01" if period == "climatology" else "2020-12-01")


def test_halves_of_a_month_part_at_the_15th(catalog, tmp_path, capsys):
    out = tmp_path / "out"
    query = ["--catalog", catalog, "--aoi", ",".join(map(str, BOX)), "--months", "2021-06", "--bands", "B04"]
    assert main([str(word) for word in ["run", *query, "--period", "half-month", "--out", out, "--json"]]) == 0
    summary = json.loads(capsys.readouterr().out)
    labels = ["2021-06-01_2021-06-15", "2021-06-16_2021-06-30"]
    assert [month["month"] for month in summary["months"]] == labels
    assert sorted(path.name for path in out.iterdir()) == [
        *(f"composite_{label}.tif" for label in labels), "recipe.json", "timelapse.gif",
    ]  # fmt: skip
    for label, value in zip(labels, (5000, 7000), strict=True):
        with rasterio.open(out / f"composite_{label}.tif") as file:
            assert int(file.read(1).max()) == value
            assert file.tags()["MONTH"] == label
    with Image.open(out / "timelapse.gif") as gif:
        assert gif.n_frames == 2
    recipe = Recipe.load(out / "recipe.json")
    assert recipe.period == "half-month"
    assert recipe.months == tuple(labels)


def test_the_period_is_part_of_the_recipe_and_old_recipes_are_by_month(catalog):
    recipe = recipe_of(catalog, "season")
    assert Recipe.from_json(recipe.to_json()) == recipe
    values = json.loads(recipe.to_json())
    del values["period"]
    assert Recipe.from_json(json.dumps(values)) == recipe.but(period="month")


def test_what_cannot_be_is_one_sentence(catalog):
    with pytest.raises(InvalidInputError, match="The period 'week' is not known: use half-month, month, quarter"):
        recipe_of(catalog, "week")
    with pytest.raises(InvalidInputError, match="The rule for gaps hold needs time to go on: use blank"):
        recipe_of(catalog, "climatology", gaps="hold")
