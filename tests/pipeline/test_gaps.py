"""Gaps of a series that is built: filled as asked for, never silently, and the same in the lazy Dataset."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.composite.gaps import BLENDED, HELD, NO_DATA, OBSERVED, QUALITY_MEANS, WIDENED
from stac_timelapse.errors import CancelledError
from stac_timelapse.month_file import MonthFile
from stac_timelapse.quantity import quantity_of
from stac_timelapse.recipe import Recipe
from stac_timelapse.zonal import area_months

WEST, NORTH = 499_980.0, 5_200_020.0
#: More than one tile of 512 pixels each way.
SIZE = 600
AREA = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 5, NORTH - 5995, WEST + 5995, NORTH - 5))
BANDS = ("B04", "B08")
MONTHS = ("2022-02", "2022-03", "2022-04", "2022-05")
#: Middle of each month in days, from the first of February.
MIDDLES = (13.5, 43, 73.5, 104)
PLACES = {"always": (100, 100), "not in March": (100, 550), "not in March and April": (550, 100), "never": (550, 550)}


def classes(*hidden):
    """Return classes with cloud in the named quarters of the scene."""
    scl = np.full((SIZE, SIZE), 4)
    for name in hidden:
        row, col = (0 if at < 300 else 300 for at in PLACES[name])
        scl[row : row + 300, col : col + 300] = 9
    return scl


def granule(when, value, *hidden):
    pixels = {band: np.full((SIZE, SIZE), value + 10 * at) for at, band in enumerate(BANDS)}
    return Granule(f"scene-{when}", f"{when}T10:00:00Z", pixels, classes(*hidden))


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    scenes = [
        granule("2022-01-29", 700),
        granule("2022-02-05", 1000, "never"),
        granule("2022-03-05", 2000, "not in March", "not in March and April", "never"),
        granule("2022-04-20", 3000, "not in March and April", "never"),
        granule("2022-05-02", 4000, "never"),
        granule("2022-05-27", 4400, "never"),
        granule("2022-06-09", 9000),
    ]
    return write_catalog(tmp_path_factory.mktemp("scenes"), scenes)


@pytest.fixture(scope="module")
def client():
    with connect(ClusterSpec(workers=2, threads_per_worker=2)) as client:
        yield client


def recipe_of(catalog, gaps):
    return Recipe(str(catalog), AREA, MONTHS[0], MONTHS[-1], bands=BANDS, max_cloud=100, gaps=gaps)


def build(recipe, client, store, **more):
    results = pipeline.build(recipe, pipeline.find(recipe), client=client, store=MonthStore(store), **more)
    return {result.month: result for result in results}


def read(results):
    """Return ``{place: [(B04, B08, quality, observations) a month]}``."""
    found = {name: [] for name in PLACES}
    for month in MONTHS:
        with rasterio.open(results[month].path) as file:
            assert file.descriptions == (*BANDS, "quality", "observations")
            assert file.scales == (0.0001, 0.0001, 1.0, 1.0)
            layers = file.read()
        for name, (row, col) in PLACES.items():
            found[name].append(tuple(int(value) for value in layers[:, row, col]))
    return found


def observed(value, count=1):
    return value, value + 10, OBSERVED, count


def blended(low, high, at, first, last):
    share = (MIDDLES[at] - MIDDLES[first]) / (MIDDLES[last] - MIDDLES[first])
    value = int(low + (high - low) * share + 0.5)
    return value, value + 10, BLENDED, 0


MAY = observed(4200, 2)
BLANK = (0, 0, NO_DATA, 0)
EXPECTED = {
    "hold": {
        "always": [observed(1000), observed(2000), observed(3000), MAY],
        "not in March": [observed(1000), (1000, 1010, HELD, 0), observed(3000), MAY],
        "not in March and April": [observed(1000), (1000, 1010, HELD, 0), (1000, 1010, HELD, 0), MAY],
        "never": [BLANK] * 4,
    },
    "blend": {
        "always": [observed(1000), observed(2000), observed(3000), MAY],
        "not in March": [observed(1000), blended(1000, 3000, 1, 0, 2), observed(3000), MAY],
        "not in March and April": [
            observed(1000), blended(1000, 4200, 1, 0, 3), blended(1000, 4200, 2, 0, 3), MAY,
        ],
        "never": [BLANK] * 4,
    },
    # January 29 is four days before February, April 20 is too late for March, May 2 is two days after April,
    # June 9 is nine days after May.
    "widen:9": {
        "always": [observed(1000), observed(2000), observed(3000), MAY],
        "not in March": [observed(1000), BLANK, observed(3000), MAY],
        "not in March and April": [observed(1000), BLANK, (4000, 4010, WIDENED, 0), MAY],
        "never": [(700, 710, WIDENED, 0), BLANK, BLANK, (9000, 9010, WIDENED, 0)],
    },
}  # fmt: skip


@pytest.mark.parametrize("gaps", list(EXPECTED))
def test_every_pixel_is_filled_as_asked_and_says_so(catalog, client, tmp_path, gaps):
    recipe = recipe_of(catalog, gaps)
    results = build(recipe, client, tmp_path / "store")
    assert read(results) == EXPECTED[gaps]
    share = {name: [place[2] > OBSERVED for place in EXPECTED[gaps][name]] for name in PLACES}
    for at, month in enumerate(MONTHS):
        filled = sum(share[name][at] for name in PLACES) / 4
        assert results[month].filled_share == pytest.approx(filled)
        with rasterio.open(results[month].path) as file:
            tags = file.tags()
        assert tags["GAPS"] == gaps
        assert tags["QUALITY_MEANS"] == QUALITY_MEANS
        assert float(tags["FILLED_SHARE"]) == pytest.approx(filled)
        assert tags["SCENES"] == " ".join(results[month].scene_ids)

    lazy = pipeline.lazy(recipe, pipeline.find(recipe)).compute(scheduler="threads")
    for at, month in enumerate(MONTHS):
        with rasterio.open(results[month].path) as file:
            layers = file.read()
        np.testing.assert_array_equal(lazy["reflectance"][at], layers[:2])
        np.testing.assert_array_equal(lazy["quality"][at], layers[2])
        np.testing.assert_array_equal(lazy["observations"][at], layers[3])


def test_months_filled_from_each_other_are_kept_and_shared_with_the_blank_ones(catalog, client, tmp_path):
    blank = build(recipe_of(catalog, "blank"), client, tmp_path / "store")
    with rasterio.open(blank["2022-03"].path) as file:
        assert file.descriptions == (*BANDS, "observations")
        assert file.tags()["GAPS"] == "blank"
    seen = list(
        pipeline.build(
            recipe_of(catalog, "hold"),
            pipeline.find(recipe_of(catalog, "hold")),
            client=client,
            store=MonthStore(tmp_path / "store"),
        )
    )
    assert [one.month for one in seen] == [*MONTHS, *MONTHS]
    assert [one.from_store for one in seen] == [True] * 4 + [False] * 4
    again = build(recipe_of(catalog, "hold"), client, tmp_path / "store")
    assert all(one.from_store for one in again.values())
    assert {one.path for one in again.values()} == {one.path for one in seen[4:]}
    assert not list((tmp_path / "store").glob(".part-*"))


def test_an_overview_counts_nothing_filled_as_observed(client, tmp_path):
    cloudy = np.full((SIZE, SIZE), 4)
    cloudy[::2, ::2] = 9
    cloudy[:200] = 9
    scenes = [
        Granule("jan", "2022-01-10T10:00:00Z", {"B04": np.full((SIZE, SIZE), 8000)}, np.full((SIZE, SIZE), 4)),
        Granule("feb", "2022-02-10T10:00:00Z", {"B04": np.full((SIZE, SIZE), 1000)}, cloudy),
    ]
    recipe = Recipe(
        str(write_catalog(tmp_path / "scenes", scenes)), AREA, "2022-01", "2022-02", bands=("B04",), max_cloud=100
    )
    # A third is filled, and a quarter of the rest; at half size every pixel has a part that is.
    for gaps, mark in (("hold", HELD), ("widen:31", WIDENED)):
        month = build(recipe.but(gaps=gaps), client, tmp_path)["2022-02"]
        coarse = MonthFile.of(month.path, ["B04"], 100_000)
        layers = coarse.read(Window(0, 0, coarse.shape[1], coarse.shape[0]))
        assert (coarse.level, set(np.unique(layers.quality))) == (0, {mark})
        assert set(np.unique(layers.bands[0][layers.observed])) == {1000}
        assert set(np.unique(layers.bands[0][~layers.observed])) == {8000}
        assert layers.observed.mean() == pytest.approx(2 / 3, abs=0.01)
        whole, small = (area_months([month], AREA, quantity_of("B04"), most_pixels=most)[0] for most in (None, 100_000))
        assert (whole.resolution, small.resolution) == (10, 20)
        assert (whole.mean, small.mean) == (pytest.approx(0.1), pytest.approx(0.1))
        assert whole.filled_share == pytest.approx(1 / 2, abs=0.01)
        # Never less than it is.
        assert (small.clear_share, small.filled_share) == (pytest.approx(2 / 3, abs=0.01), pytest.approx(1))


def test_a_build_that_is_cancelled_while_it_fills_keeps_the_months(catalog, client, tmp_path):
    recipe = recipe_of(catalog, "blend")
    months = []
    running = pipeline.build(
        recipe,
        pipeline.find(recipe),
        client=client,
        store=MonthStore(tmp_path / "store"),
        should_stop=lambda: len(months) == len(MONTHS),
    )
    months += [next(running) for _ in MONTHS]
    with pytest.raises(CancelledError, match="the months finished before are kept"):
        next(running)
    assert [one.month for one in months] == list(MONTHS)
    assert all(one.path.is_file() for one in months)
    assert not list((tmp_path / "store").glob(".part-*"))
