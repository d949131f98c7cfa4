"""Reducers, masks and rules for gaps together, on every real scene set, against plain numpy over rasterio's reads."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from reference import clear_picture, read_at, reduced

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.recipe import Recipe

BANDS = ("B04", "B08")
METHODS = ("median", "mean", "percentile:25", "percentile:90", "first-clear", "max-ndvi", "medoid")
#: Of the pixel size: the margin around clouds, and what is too small for a cloud.
MASKS = (
    ((4, 5, 6, 7, 8, 9, 10), 0, 0),
    ((4, 5, 6, 7), 0, 0),
    ((4, 5, 6, 7, 9), 2.5, 0),
    ((3, 4, 5, 6, 7), 0, 2),
    ((3, 4, 5, 6, 7, 9, 11), 3, 2),
)
GAPS = ("blank", "hold", "blend", "widen:5", "widen:31")
#: Each reducer once, each mask and each rule at least once, in other company every time.
CASES = [(method, MASKS[number % 5], GAPS[(2 * number + 1) % 5]) for number, method in enumerate(METHODS)]
#: Of the set that has been through every reducer and mask without a rule for gaps, and takes longest to decode.
FEW = [("mean", MASKS[0], "blend"), ("medoid", MASKS[4], "hold"), ("percentile:25", MASKS[3], "widen:31")]
MARGIN = 12
LANDSAT = "LC08_L2SP_001062_20201031_20201106_02_T2"
LANDSAT_FILES = {"red": "SR_B4", "nir08": "SR_B5", "qa_pixel": "QA_PIXEL"}


@dataclass(frozen=True)
class SceneSet:
    """A recipe, its periods, and of each pass its day, its cloud cover and the files of its granules."""

    recipe: Recipe
    periods: Sequence[tuple[date, date]]
    days: Sequence[date]
    clouds: Sequence[float]
    granules: Sequence[Sequence[Mapping[str, Path]]]
    classes: Any = None
    reflectance: Any = None

    def cube(self, grid, clear, dilate, opening):
        """Return the clear pixels of each pass, float (pass, band, y, x), nan = none."""
        wide = grid.transform @ Affine.translation(-MARGIN, -MARGIN)
        around = tuple(length + 2 * MARGIN for length in grid.shape)
        fused = []
        for granules in self.granules:
            stack = np.full((len(BANDS), *grid.shape), np.nan)
            for files in granules:
                scl = read_at(files["SCL"], wide, around, grid.epsg)
                scl = scl if self.classes is None else self.classes(scl)
                good = clear_picture(scl, clear, grid.resolution, dilate=dilate, opening=opening)
                dn = np.stack([read_at(files[band], grid.transform, grid.shape, grid.epsg) for band in BANDS])
                new = good[MARGIN:-MARGIN, MARGIN:-MARGIN] & (dn > 0).any(axis=0) & np.isnan(stack).all(axis=0)
                values = dn if self.reflectance is None else self.reflectance(dn)
                stack[:, new] = np.where(dn > 0, values, np.nan)[:, new]
            fused.append(stack)
        return np.stack(fused)


def files_of(folder):
    return {band: folder / f"{band}.tif" for band in (*BANDS, "SCL")}


def cloud_cover(folder):
    return json.loads((folder / f"{folder.name}.json").read_text())["properties"]["eo:cloud_cover"]


def halves(*months):
    return [
        span
        for year, month, last in months
        for span in (
            (date(year, month, 1), date(year, month, 15)),
            (date(year, month, 16), date(year, month, last)),
        )
    ]


@pytest.fixture(scope="module")
def alps(real):
    """Return half-months of five passes, JPEG 2000."""
    folder = real / "scenes" / "earth-search-33T"
    scenes = sorted((folder / "sentinel-2-l2a").glob("*_33TWM_*"), key=lambda path: path.name[10:18])
    area = AreaOfInterest.from_bbox(15.52, 46.42, 15.65, 46.48)  # within one block
    recipe = Recipe(
        str(folder / "catalog.json"), area, "2023-07", "2023-09", bands=BANDS, resolution=120, period="half-month"
    )
    days = [date(2023, 8, int(path.name[16:18])) for path in scenes]
    granules = [[files_of(path)] for path in scenes]
    periods = halves((2023, 7, 31), (2023, 8, 31), (2023, 9, 30))
    return SceneSet(recipe, periods, days, [cloud_cover(path) for path in scenes], granules)


@pytest.fixture(scope="module")
def two_tiles(real):
    """Return a month where two tiles overlap whose pixels lie half a pixel apart."""
    folder = real / "scenes" / "earth-search-33T"
    recipe = Recipe(
        str(folder / "catalog.json"),
        AreaOfInterest.from_bbox(16.0, 46.0, 16.1, 46.1),
        "2023-08", "2023-09", bands=BANDS, resolution=60, max_cloud=100,
    )  # fmt: skip
    recipe = recipe.but(excluded=tuple(one.key for one in pipeline.find(recipe).passes[1:3]))
    passes = pipeline.find(recipe).passes
    granules = [[files_of(folder / "sentinel-2-l2a" / scene.id) for scene in one.scenes] for one in passes]
    assert max(map(len, granules)) == 2
    periods = [(date(2023, 8, 1), date(2023, 8, 31)), (date(2023, 9, 1), date(2023, 9, 30))]
    days, clouds = [one.datetime.date() for one in passes], [one.cloud_cover for one in passes]
    return SceneSet(recipe, periods, days, clouds, granules)


@pytest.fixture(scope="module")
def sahara(real, tmp_path_factory):
    """Return two months with one pass, of lossless COGs."""
    folder = next((real / "scenes" / "cog-29RKH").rglob("S2A_29RKH_20200219_0_L2A"))
    item = json.loads((folder / f"{folder.name}.json").read_text())
    for name, band in {"red": "B04", "nir": "B08", "scl": "SCL"}.items():
        item["assets"][name]["href"] = str(folder / f"{band}.tif")
    area = AreaOfInterest.from_bbox(-11.9, 24.5, -11.6, 24.8)
    recipe = Recipe(
        catalog_of(item, tmp_path_factory.mktemp("sahara")), area, "2020-02", "2020-03", bands=BANDS, resolution=100
    )
    periods = [(date(2020, 2, 1), date(2020, 2, 29)), (date(2020, 3, 1), date(2020, 3, 31))]
    return SceneSet(recipe, periods, [date(2020, 2, 19)], [0.0], [[files_of(folder)]])


@pytest.fixture(scope="module")
def landsat(real, tmp_path_factory):
    """Return two months with one Landsat scene, named as the Planetary Computer names its files."""
    folder = real / "scenes" / "landsat-c2" / LANDSAT
    item = json.loads((folder / f"{LANDSAT}_SR_stac.json").read_text())
    with rasterio.open(folder / f"{LANDSAT}_QA_PIXEL.TIF") as file:
        item["properties"] |= {"proj:epsg": file.crs.to_epsg(), "proj:bbox": list(file.bounds)}
    files = {key: folder / f"{LANDSAT}_{name}.TIF" for key, name in LANDSAT_FILES.items()}
    item["assets"] = {key: {"href": str(path)} for key, path in files.items()}
    area = AreaOfInterest.from_bbox(-66.1, -3.8, -64.3, -2.0)
    recipe = Recipe(
        catalog_of(item, tmp_path_factory.mktemp("landsat")), area, "2020-10", "2020-11", bands=BANDS, resolution=600
    )
    periods = [(date(2020, 10, 1), date(2020, 10, 31)), (date(2020, 11, 1), date(2020, 11, 30))]
    named = dict(zip((*BANDS, "SCL"), files.values(), strict=True))
    return SceneSet(
        recipe, periods, [date(2020, 10, 31)], [0.0], [[named]],
        landsat_classes, lambda dn: np.maximum(10_000 * (dn * 0.0000275 - 0.2), 1),
    )  # fmt: skip


def catalog_of(item, folder):
    path = folder / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [item]}))
    return str(path)


def landsat_classes(quality):
    """Return classes by the product guide's bits; what comes later overrules."""
    out = np.full(quality.shape, 7)
    for bit, value in ((7, 6), (5, 11), (4, 3), (2, 10), (1, 8), (3, 9), (0, 0)):
        out[(quality >> bit) & 1 == 1] = value
    out[quality == 0] = 0
    return out


def composed(scenes, cube, method, wanted):
    """Return values, whole where they are not, and counts of the wanted passes; zeros without any."""
    chosen = [number for number, day in enumerate(scenes.days) if wanted(day)]
    if not chosen:
        return np.zeros(cube.shape[1:]), np.zeros(cube.shape[2:], int)
    order = sorted(range(len(chosen)), key=lambda at: (scenes.clouds[chosen[at]], chosen[at]))
    values, count = reduced(cube[chosen], method, BANDS, order)
    return np.floor(np.nan_to_num(values) + 0.5), count


def expected_of(scenes, cube, method, gaps):
    """Return values, quality and counts of each period."""
    periods = scenes.periods
    months = [composed(scenes, cube, method, lambda day, a=a, b=b: a <= day <= b) for a, b in periods]
    values, counts = (np.stack(one) for one in zip(*months, strict=True))
    seen, out, quality = counts > 0, values.copy(), (counts > 0).astype(int)
    middles = [(first.toordinal() + last.toordinal()) / 2 for first, last in periods]
    name, _, days = gaps.partition(":")
    for at, (first, last) in enumerate(periods):
        todo = ~seen[at]
        before = functools.reduce(
            lambda found, one: np.where(seen[one], one, found), range(at), np.full(todo.shape, -1)
        )
        after = functools.reduce(
            lambda found, one: np.where(seen[one], one, found), range(len(periods) - 1, at, -1), np.full(todo.shape, -1)
        )
        if name == "widen":
            near, count = composed(
                scenes, cube, method,
                lambda day, a=first, b=last: not a <= day <= b
                and a.toordinal() - int(days) <= day.toordinal() <= b.toordinal() + int(days),
            )  # fmt: skip
            use = todo & (count > 0)
            out[at][:, use], quality[at][use] = near[:, use], 4
        for one in range(at) if name in {"hold", "blend"} else ():
            held = todo & (before == one)
            if name == "hold":
                out[at][:, held], quality[at][held] = values[one][:, held], 2
            for other in range(at + 1, len(periods)) if name == "blend" else ():
                both = held & (after == other)
                share = (middles[at] - middles[one]) / (middles[other] - middles[one])
                low, high = values[one][:, both], values[other][:, both]
                out[at][:, both] = np.where((low == 0) | (high == 0), 0, low + (high - low) * share)
                quality[at][both] = 3
    return out, quality, counts


@pytest.mark.parametrize("place", ["alps", "two_tiles", "sahara", "landsat"])
def test_reducer_mask_and_rule_for_gaps_together_equal_the_reference(request, place):
    scenes = request.getfixturevalue(place)
    size = scenes.recipe.resolution
    cubes, marks, seen = {}, set(), 0
    for method, (clear, dilate, opening), gaps in FEW if place == "alps" else CASES:
        policy = {"clear": clear, "dilate": min(dilate * size, 2000.0), "opening": min(opening * size, 500.0)}
        if policy["opening"] < size:
            policy["opening"] = 0.0
        recipe = scenes.recipe.but(method=method, gaps=gaps, max_cloud=100, **policy)
        found = pipeline.find(recipe)
        key = tuple(policy.values())
        if key not in cubes:
            cubes[key] = scenes.cube(pipeline.grid_of(recipe, found), **policy)
        values, quality, counts = expected_of(scenes, cubes[key], method, gaps)
        data = pipeline.lazy(recipe, found).compute(scheduler="threads")
        told = f"{method}, {policy}, {gaps}"
        np.testing.assert_array_equal(data["observations"], counts, err_msg=told)
        np.testing.assert_array_equal(data["reflectance"] > 0, values > 0, err_msg=told)
        assert np.abs(data["reflectance"].to_numpy() - values).max() <= 1, told
        if gaps != "blank":
            np.testing.assert_array_equal(data["quality"], quality, err_msg=told)
        seen += counts.any()
        marks |= set(np.unique(quality))
    assert seen >= 3
    # No set has passes before, in and after a period, as a blend needs: it must leave the ends blank.
    assert marks >= ({0, 1, 2, 4} if place == "alps" else {0, 1, 2})
