"""The library's composites of the whole demo against what the generator knows to be true."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest
import rasterio

from stac_timelapse import demo, pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.change import largest_step
from stac_timelapse.demo import truth
from stac_timelapse.demo.spec import PIXEL, WORLD_NORTH, WORLD_WEST
from stac_timelapse.demo.weather import true_clouds
from stac_timelapse.recipe import Recipe

BANDS = ("B02", "B03", "B04", "B08")
CLEAR = (4, 5, 6, 7)
ROWS, COLUMNS = demo.FULL.window
#: Before and after the baseline's step, the greenest and the cloudiest month, and that of the fire.
JUDGED = ("2022-01", "2022-02", "2022-06", "2022-07", "2022-12")


class Series:
    """Months of the whole landscape at 10 m, cut to the ground that the tiles cover."""

    def __init__(self, first=demo.FIRST_MONTH, last=demo.LAST_MONTH, **more):
        area = AreaOfInterest.from_bbox(*demo.DEMO_BBOX)
        recipe = Recipe(str(demo.build()), area, first, last, bands=BANDS, **more)
        self.scenes = pipeline.find(recipe)
        data = pipeline.lazy(recipe, self.scenes).compute(num_workers=4)
        left, top = data.rio.transform().c, data.rio.transform().f
        columns = slice(round((WORLD_WEST - left) / PIXEL) + COLUMNS.start, None)
        rows = slice(round((top - WORLD_NORTH) / PIXEL) + ROWS.start, None)
        height, width = ROWS.stop - ROWS.start, COLUMNS.stop - COLUMNS.start
        cut = data.isel(y=rows, x=columns).isel(y=slice(height), x=slice(width))
        self.months = self.scenes.months
        self.reflectance = dict(zip(self.months, cut["reflectance"].to_numpy(), strict=True))
        self.observations = dict(zip(self.months, cut["observations"].to_numpy(), strict=True))

    def band(self, month, name):
        values = self.reflectance[month][BANDS.index(name)].astype(float)
        return np.where(values > 0, values, np.nan)

    def index(self, month, first, second):
        one, other = self.band(month, first), self.band(month, second)
        return (one - other) / (one + other)

    @functools.cached_property
    def judged(self):
        """Every month that has a clear pixel, against the truth."""
        return {month: Judged(self, month) for month in self.months if self.observations[month].any()}


class Judged:
    """A month of the series beside what was truly there."""

    def __init__(self, series, month):
        passes = series.scenes.passes_of(month)
        looks = [look_of(one) for one in passes]
        self.clear = np.stack([clear for clear, _, _ in looks])
        #: Where a pass looked at ground without a cloud or its shadow.
        self.free = np.stack([free for _, free, _ in looks])
        #: Granules' looks at such ground: those that the mask hides, and all.
        self.hidden = sum(hidden for _, _, hidden in looks)
        self.seen = self.clear.any(axis=0)
        ground = np.stack([truth.surface(one.datetime.date(), BANDS, demo.FULL.window) for one in passes])
        ground[~self.clear.repeat(len(BANDS), axis=0).reshape(ground.shape)] = np.nan
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # nobody looked
            self.expected = np.nanmedian(ground, axis=0)
        self.difference = series.reflectance[month] - self.expected
        self.cloud_left = int((self.difference[BANDS.index("B02")] > 200).sum())


@pytest.fixture(scope="module")
def series():
    return Series(max_cloud=100)


def look_of(one):
    """Return where a pass is clear on the landscape, where it truly is, and how many looks are lost, of how many."""
    clear, free = np.zeros((2, ROWS.stop - ROWS.start, COLUMNS.stop - COLUMNS.start), dtype=bool)
    plan = next(plan for plan in demo.FULL.passes() if plan.day == one.datetime.date())
    hidden = np.zeros(2, dtype=np.int64)
    for scene in one.scenes:
        tile = next(tile for tile in demo.FULL.tiles if tile.code == scene.tile)
        with rasterio.open(scene.assets["SCL"].href) as file:
            classes = file.read(1)
            row = round((WORLD_NORTH - file.transform.f) / PIXEL) - ROWS.start
            column = round((file.transform.c - WORLD_WEST) / PIXEL) - COLUMNS.start
        good, ground = np.isin(classes, CLEAR), (classes > 0) & ~true_clouds(plan, tile)
        hidden += (ground & ~good).sum(), ground.sum()
        where = np.s_[row : row + 2 * classes.shape[0], column : column + 2 * classes.shape[1]]
        clear[where] |= good.repeat(2, axis=0).repeat(2, axis=1)
        free[where] |= ground.repeat(2, axis=0).repeat(2, axis=1)
    return clear, free, hidden


@pytest.mark.parametrize("month", JUDGED)
def test_a_month_is_the_median_of_what_was_truly_there(series, month):
    assert_true(series, month)


def test_so_it_is_with_the_usual_settings_which_leave_out_the_passes_of_the_cloudy_month(series):
    usual = Series(demo.CLOUDY_MONTH, "2022-01")
    assert usual.months == (demo.CLOUDY_MONTH, "2022-01")
    assert not usual.scenes.passes_of(demo.CLOUDY_MONTH)
    assert not usual.observations[demo.CLOUDY_MONTH].any()
    assert not usual.reflectance[demo.CLOUDY_MONTH].any()
    assert_true(usual, "2022-01")
    np.testing.assert_array_equal(usual.reflectance["2022-01"], series.reflectance["2022-01"])


def assert_true(series, month):
    judged = series.judged[month]
    np.testing.assert_array_equal(series.observations[month], judged.clear.sum(axis=0))
    seen = judged.seen
    assert seen.mean() > 0.97
    expected, difference = judged.expected[:, seen], judged.difference[:, seen]
    error = dict(zip(BANDS, np.median(np.abs(difference), axis=1), strict=True))
    bias = np.abs(np.median(difference, axis=1))
    assert error["B02"] < 4
    assert error["B04"] < 5
    # The noise grows with the light, and the near infrared is ten times as bright.
    assert error["B08"] < 0.01 * np.nanmedian(expected[BANDS.index("B08")])
    assert bias.max() < 2
    # Clouds that the classification missed brighten the blue, shadows darken the near infrared: few are left.
    cloud_left = (difference[BANDS.index("B02")] > 200).mean()
    assert 0 < cloud_left < 0.0015
    shadow_left = (difference[BANDS.index("B08")] < -400).mean()
    assert shadow_left < 0.003


def test_the_month_without_a_clear_pixel_keeps_its_slot(series):
    assert demo.CLOUDY_MONTH in series.months
    assert len(series.scenes.passes_of(demo.CLOUDY_MONTH)) >= 3
    assert not series.observations[demo.CLOUDY_MONTH].any()
    assert not series.reflectance[demo.CLOUDY_MONTH].any()
    others = [series.observations[month] for month in series.months if month != demo.CLOUDY_MONTH]
    assert len(others) == 15
    assert min((counts > 0).mean() for counts in others) > 0.97


def test_the_fire_is_seen_in_its_month_and_not_before(series):
    scar = truth.event_mask(demo.FULL.window)
    ndvi = {month: np.nanmedian(series.index(month, "B08", "B04")[scar]) for month in series.months[9:]}
    months = ("2022-06", demo.EVENT_MONTH, "2022-08", "2022-09", "2022-10")
    before, *after = (ndvi[month] for month in months)
    assert before > 0.75
    assert after[0] < before - 0.25
    # Shoots come back, slowly.
    assert after == sorted(after)
    assert after[-1] < before - 0.15
    change = series.index(demo.EVENT_MONTH, "B08", "B04") - series.index("2022-06", "B08", "B04")
    forest = truth.landscape().covered_by("conifer")[demo.FULL.window] & ~scar
    assert abs(np.nanmedian(change[forest & (truth.landscape().burnt[demo.FULL.window] == 0)])) < 0.05
    earlier = series.index("2022-06", "B08", "B04") - series.index("2022-05", "B08", "B04")
    assert abs(np.nanmedian(earlier[scar])) < 0.1
    # The scar is found where it is: nearly all of it, and little else of the forest.
    lost = change < -0.15
    assert lost[scar].mean() > 0.95
    assert lost[forest].mean() < 0.01


def test_the_reservoir_falls_and_fills(series):
    bed = truth.landscape().terrain.lake_depth[demo.FULL.window] > 0
    square_km = {}
    for month in series.months:
        wet = (series.index(month, "B03", "B08") > 0) & bed
        known = series.observations[month] > 0
        if known.any():
            square_km[month] = wet[known].sum() / bed[known].sum() * bed.sum() * 1e-4
            day = series.scenes.passes_of(month)[len(series.scenes.passes_of(month)) // 2].datetime.date()
            true = (truth.water_mask(day, demo.FULL.window) & bed).sum() * 1e-4
            assert square_km[month] == pytest.approx(true, rel=0.15), month
    summer = [square_km[f"2022-{number:02d}"] for number in (5, 6, 7, 8, 9)]
    assert summer == sorted(summer, reverse=True)
    assert square_km["2022-09"] < 0.6 * square_km["2022-04"]
    assert square_km["2022-09"] < square_km["2022-11"] < square_km["2022-12"]


def test_no_step_where_the_baseline_changes(series):
    stable = truth.stable_mask(demo.FULL.window)
    # The provider's numbers rise by 1000 on 25 January 2022. What the sun and the snow change, the truth knows.
    shift = {month: np.nanmean(one.difference[:, stable], axis=1) for month, one in series.judged.items()}
    offsets = {scene.month: scene.offset for scene in series.scenes.scenes}
    assert (offsets["2021-11"], offsets["2022-03"]) == (0, -1000)
    before, after = ([values for month, values in shift.items() if offsets[month] == wanted] for wanted in (0, -1000))
    assert len(before) >= 3
    assert len(after) >= 10
    drift = np.abs(np.mean(after, axis=0) - np.mean(before, axis=0))
    assert drift.max() < 10, drift  # 0.001 of reflectance
    assert np.abs(list(shift.values())).max() < 20  # and no month is 0.002 off


def test_hardly_a_cloud_is_left_and_little_clear_land_is_lost_in_the_whole_series(series):
    judged = series.judged.values()
    assert len(judged) == 15
    shown = sum(one.seen.sum() for one in judged)
    assert 0 < sum(one.cloud_left for one in judged) < 0.0005 * shown
    # Land that a pass saw free of clouds, and that the month does not show.
    able = sum(one.free.any(axis=0).sum() for one in judged)
    assert 0 < sum((one.free.any(axis=0) & ~one.seen).sum() for one in judged) < 0.005 * able
    for one in judged:
        assert one.cloud_left < 0.0015 * one.seen.sum()
        assert (one.free.any(axis=0) & ~one.seen).sum() < 0.02 * one.free.any(axis=0).sum()
    hidden, looks = np.sum([one.hidden for one in judged], axis=0)
    assert 0 < hidden < 0.02 * looks


def test_the_largest_change_of_the_burnt_forest_is_the_fire_in_its_month(series):
    months = [month for month in series.months if "2022-03" < month < "2022-11"]  # without snow
    ndvi = np.stack([series.index(month, "B08", "B04") for month in months])
    scar = truth.event_mask()[demo.FULL.window]
    size, month, before = largest_step(ndvi.astype(np.float32), lasting=True)
    burnt = scar & (size > 0.2)
    assert burnt.sum() > 0.75 * scar.sum()  # some burnt at its edge only lightly
    dated = np.bincount(month[burnt], minlength=len(months) + 1) / burnt.sum()
    assert months[dated.argmax() - 1] == "2022-07"
    assert dated.max() > 0.95
    assert (before[burnt] == months.index("2022-06") + 1).mean() > 0.9
