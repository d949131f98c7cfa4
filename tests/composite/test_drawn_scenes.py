"""Drawn scenes, with overlaps, twins, halves, zones, baselines and gaps, against plain numpy over whole files."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from reference import assert_composite, clear_picture, disc, read_at, reduced, undecided
from scipy import ndimage
from world import Granule, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.recipe import Recipe

LON, LAT = 12.0, 46.0
ZONES = 32632, 32633
SIZE = 48
BANDS = ("B04", "B08")
AREA = AreaOfInterest.from_bbox(LON - 0.0022, LAT - 0.0016, LON + 0.0022, LAT + 0.0016)
MONTHS = ("2022-01", "2022-02", "2022-03")
#: First and last day of each period, counted from the first of January.
SPANS = {
    "month": ((1, 31), (32, 59), (60, 90)),
    "half-month": ((1, 15), (16, 31), (32, 46), (47, 59), (60, 74), (75, 90)),
    "season": ((1, 59), (60, 90)),
    "quarter": ((1, 90),),
}
LAST = 90
METHODS = ("median", "mean", "percentile:30", "first-clear", "max-ndvi", "medoid")


@dataclass(frozen=True)
class Flight:
    """One overflight: its day counted from the first of January, and what the providers made of it."""

    day: int
    zones: tuple[int, ...]
    tiles: int
    later: bool
    twin: str
    halves: bool
    coarse_mask: bool
    cloud: int
    seed: int


flights = st.builds(
    Flight,
    day=st.integers(1, 95),
    zones=st.sampled_from([ZONES[:1], ZONES[1:], ZONES]),
    tiles=st.integers(1, 2),
    later=st.booleans(),
    twin=st.sampled_from(["", "02.14", "05.10"]),
    halves=st.booleans(),
    coarse_mask=st.booleans(),
    cloud=st.integers(0, 99),
    seed=st.integers(0, 2**32 - 1),
)
policies = st.fixed_dictionaries(
    {
        "clear": st.sampled_from([(4, 5, 6, 7), (4,), (3, 4, 8), (4, 11)]),
        "dilate": st.sampled_from([0.0, 15.0, 25.0]),
        "opening": st.sampled_from([0.0, 10.0]),
        "method": st.sampled_from(METHODS),
        "gaps": st.sampled_from(["blank", "hold", "blend", "widen:8"]),
        "period": st.sampled_from([*SPANS]),
    }
)


def granules_of(number, flight):
    """Return the granules of an overflight that count, each with its offset, and those that do not."""
    rng = np.random.default_rng(flight.seed)
    baseline = "04.00" if flight.later else "03.01"
    when = np.datetime64("2022-01-01T10:00:00") + np.timedelta64(flight.day - 1, "D")
    kept, twins = [], []
    for epsg in flight.zones:
        x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(LON, LAT)
        for tile in range(flight.tiles):
            west, north = round(x / 60) * 60 - 300 + 180 * tile, round(y / 60) * 60 + 240

            def granule(name, baseline, part, strip="20230101T000000"):
                made = made_up(rng, flight.coarse_mask, part)
                return Granule(
                    f"{number}-{epsg}-{tile}-{name}", f"{when}Z", *made, tile=f"{epsg % 100}T{'MN'[tile]}X", epsg=epsg,  # noqa: B023
                    west=west, north=north, baseline=baseline, datatake=f"flight-{number}", cloud=flight.cloud,  # noqa: B023
                    scl_resolution=20 if flight.coarse_mask else 10, strip=strip,
                )  # fmt: skip

            if flight.halves:
                cut = int(rng.integers(4, SIZE - 4) // 2 * 2)
                kept += [
                    (granule("left", baseline, np.s_[:, :cut]), baseline),
                    (granule("right", baseline, np.s_[:, cut:], "20230101T000010"), baseline),
                ]
            else:
                pair = [(granule("one", baseline, np.s_[:, :]), baseline)]
                if flight.twin:
                    pair.append((granule("twin", flight.twin, np.s_[:, :]), flight.twin))
                pair.sort(key=lambda one: one[1])
                kept.append(pair.pop())
                twins += pair
    return [(one, -1000 if baseline >= "04.00" else 0) for one, baseline in kept], [one for one, _ in twins]


def made_up(rng, coarse, part):
    """Return bands and classes: clouds of all sizes, holes without data, and nothing outside the part."""
    size = SIZE // 2 if coarse else SIZE
    field = ndimage.gaussian_filter(rng.standard_normal((size, size)), 3 if coarse else 5)
    scl = rng.choice([4, 5, 6, 7, 11], (size, size))
    scl[field > np.quantile(field, 0.7)] = 9
    scl[field < np.quantile(field, 0.2)] = 3
    scl[rng.random(scl.shape) < 0.03] = rng.choice([8, 10, 2, 1])
    bands = {}
    there = np.zeros((SIZE, SIZE), dtype=bool)
    there[part] = True
    for band in BANDS:
        data = rng.integers(1, 12_000, there.shape)
        data[~there | (rng.random(there.shape) < 0.01)] = 0
        bands[band] = data
    scl[~(there[::2, ::2] if coarse else there)] = 0
    return bands, scl


def fused(passes, grid, recipe):
    """Return the clear pixels of passes, (pass, band, y, x) with nan, and which pixels the reference is sure of."""
    cube = np.full((len(passes), len(BANDS), *grid.shape), np.nan)
    margin = 24
    wide = grid.transform @ rasterio.Affine.translation(-margin, -margin)
    shape = tuple(length + 2 * margin for length in grid.shape)
    inner = np.s_[margin:-margin, margin:-margin]
    unsure = np.zeros(shape, dtype=bool)
    for at, granules in enumerate(passes):
        for files, offset in granules:
            clear = clear_picture(
                read_at(files["SCL"], wide, shape, grid.epsg), recipe.clear, recipe.resolution,
                dilate=recipe.dilate, opening=recipe.opening,
            )[inner]  # fmt: skip
            for name in ("SCL", "B04"):
                unsure |= undecided(files[name], wide, shape, grid.epsg, within=2e-4)
            data = np.stack([read_at(files[band], grid.transform, grid.shape, grid.epsg) for band in BANDS])
            new = clear & (data > 0).any(axis=0) & np.isnan(cube[at]).all(axis=0)
            cube[at][:, new] = np.where(data > 0, np.maximum(data + offset, 1), np.nan)[:, new]
    # A class that may be either one's reaches as far as the mask does.
    reach = recipe.dilate + 2 * recipe.opening
    sure = ~ndimage.binary_dilation(unsure, disc(reach, recipe.resolution))[inner]
    return cube, sure


def filled(months, others, gaps, spans):
    """Return what the periods show under a rule for gaps, pixel by pixel: values, and 0 to 4 for where from."""
    values = np.stack([np.nan_to_num(one) for one, _ in months])
    seen = np.stack([count > 0 for _, count in months])
    out, quality = values.copy(), seen.astype(int)
    for at, row, col in np.argwhere(~seen):
        pixel = np.s_[:, row, col]
        before = [number for number in range(at) if seen[number, row, col]]
        after = [number for number in range(at + 1, len(months)) if seen[number, row, col]]
        if gaps == "hold" and before:
            out[at][pixel], quality[at, row, col] = values[before[-1]][pixel], 2
        elif gaps == "blend" and before and after:
            low, high = before[-1], after[0]
            middles = [sum(span) / 2 for span in spans]
            share = (middles[at] - middles[low]) / (middles[high] - middles[low])
            first, second = (np.floor(values[number][pixel] + 0.5) for number in (low, high))
            between = first + (second - first) * share
            out[at][pixel] = np.where((first == 0) | (second == 0), 0, between)
            quality[at, row, col] = 3
        elif others and others[at][1][row, col]:
            out[at][pixel], quality[at, row, col] = np.nan_to_num(others[at][0][pixel]), 4
    return out, quality


@pytest.fixture(scope="module")
def client():
    with connect(ClusterSpec(workers=1, threads_per_worker=2, processes=False)) as client:
        yield client


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(drawn=st.lists(flights, min_size=2, max_size=6, unique_by=lambda one: one.day), changes=policies)
def test_any_scenes_under_any_policy_equal_plain_numpy(client, drawn, changes):
    with tempfile.TemporaryDirectory() as folder:
        compare(client, Path(folder), drawn, changes)


def compare(client, folder, drawn, changes):
    made = {number: granules_of(number, flight) for number, flight in enumerate(drawn)}
    every = [one for kept, twins in made.values() for one in [*(granule for granule, _ in kept), *twins]]
    catalog = write_catalog(folder / "scenes", every)
    recipe = Recipe(str(catalog), AREA, MONTHS[0], MONTHS[-1], bands=BANDS, max_cloud=100, **changes)
    near = 8 if recipe.gaps.startswith("widen") else 0
    inside = {number for number, flight in enumerate(drawn) if flight.day <= LAST + near}
    if not any(drawn[number].day <= LAST for number in inside):
        return  # no pass is no timelapse
    scenes = pipeline.find(recipe)
    offsets = {granule.name: offset for number in inside for granule, offset in made[number][0]}
    assert {scene.id: scene.offset for scene in scenes.scenes} == offsets
    assert scenes.n_twins == sum(len(made[number][1]) for number in inside)
    assert len(scenes.passes) == len(inside)

    results = {one.month: one for one in pipeline.build(recipe, scenes, client=client, store=MonthStore(folder / "s"))}
    grid = pipeline.grid_of(recipe, scenes)
    check(recipe, grid, scenes.passes, results, offsets, {flight.day: flight for flight in drawn})


def check(recipe, grid, passes, results, offsets, days: Mapping[int, Flight]):
    files = [
        [({band: Path(asset.href) for band, asset in scene.assets.items()}, offsets[scene.id]) for scene in one.scenes]
        for one in passes
    ]
    cube, sure = fused(files, grid, recipe)
    flown = [days[one.datetime.timetuple().tm_yday] for one in passes]

    def composed(wanted):
        numbers = [number for number, flight in enumerate(flown) if wanted(flight.day)]
        if not numbers:
            return np.full((len(BANDS), *grid.shape), np.nan), np.zeros(grid.shape, dtype=int)
        order = sorted(range(len(numbers)), key=lambda at: (flown[numbers[at]].cloud, flown[numbers[at]].day))
        return reduced(cube[numbers], recipe.method, BANDS, order)

    spans = SPANS[recipe.period]
    months = [composed(lambda day, span=span: span[0] <= day <= span[1]) for span in spans]
    others = []
    if recipe.gaps == "widen:8":
        others = [
            composed(lambda day, span=span: span[0] - 8 <= day <= span[1] + 8 and not span[0] <= day <= span[1])
            for span in spans
        ]
    values, quality = filled(months, others, recipe.gaps, spans)
    assert sure.mean() > 0.1
    assert len(results) == len(spans)
    for at, month in enumerate(sorted(results)):
        with rasterio.open(results[month].path) as file:
            layers = file.read()[:, sure]
        if recipe.gaps != "blank":
            np.testing.assert_array_equal(layers[-2], quality[at][sure])
            layers = np.delete(layers, -2, axis=0)
        shown = np.where(values[at] > 0, values[at], np.nan)[:, sure]
        assert_composite(layers, shown, months[at][1][sure])
