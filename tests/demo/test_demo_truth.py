"""The landscape's truth: seasons, reservoir, fire, and what the plan's clouds leave."""

from datetime import date

import numpy as np
import pytest

from stac_timelapse import demo
from stac_timelapse.demo import truth


def ndvi(day, window=truth.WHOLE):
    red, near = truth.surface(day, ("B04", "B08"), window)
    return (near - red) / (near + red)


def test_a_window_is_a_part_of_the_whole():
    day = date(2022, 6, 8)
    window = (slice(300, 420), slice(700, 860))
    part = truth.surface(day, ("B04",), window)
    assert np.allclose(part, truth.surface(day, ("B04",))[:, 300:420, 700:860], atol=0.5)
    coarse = truth.surface_20m(day, ("B04",), window)
    assert coarse[0, 0, 0] == pytest.approx(part[0, :2, :2].mean(), rel=1e-5)


def test_reflectances_are_plausible():
    blue, green, red, near, short, long = truth.surface(date(2022, 6, 8))
    for band in (blue, green, red, near, short, long):
        assert band.min() > 0
        assert band.max() < 10_000
    vegetation = (near - red) / (near + red) > 0.7
    assert 100 < np.median(red[vegetation]) < 500
    assert 2000 < np.median(near[vegetation]) < 5000
    water = truth.water_mask(date(2022, 6, 8))
    assert np.median(near[water]) < 400 < np.median(near[vegetation])


def test_fields_green_up_and_are_harvested():
    corn = truth.landscape().covered_by("wheat", "barley")
    days = (date(2022, 2, 15), date(2022, 5, 20), date(2022, 9, 25))
    winter, spring, late = (np.median(ndvi(day)[corn]) for day in days)
    assert spring > winter + 0.3
    assert spring > late + 0.3


def test_the_reservoir_falls_and_fills():
    area = {
        day: int(truth.water_mask(date.fromisoformat(day)).sum()) for day in ("2022-04-25", "2022-09-30", "2022-12-31")
    }
    assert area["2022-09-30"] < 0.6 * area["2022-04-25"]
    assert area["2022-09-30"] < area["2022-12-31"] < area["2022-04-25"]


def test_the_fire_burns_on_its_day_and_nowhere_else():
    scar = truth.event_mask()
    assert 0.5e4 < scar.sum() < 5e4  # half a square kilometre to five
    rows, columns = np.nonzero(scar)
    window = demo.FULL.window
    assert window[0].start <= rows.min()
    assert rows.max() < window[0].stop
    assert window[1].start <= columns.min()
    assert columns.max() < window[1].stop
    before, after = ndvi(demo.EVENT_DATE), ndvi(date(2022, 7, 4))
    assert np.median((before - after)[scar]) > 0.3
    far = ~scar & (demo.truth.landscape().burnt == 0)
    assert abs(np.median((before - after)[far])) < 0.03
    # It comes back slowly.
    assert 0 < np.median((ndvi(date(2022, 8, 25)) - after)[scar]) < 0.3


def test_stable_ground_is_stable():
    stable = truth.stable_mask()
    assert stable.sum() > 500
    june, august = (truth.surface(day, ("B04",))[0][stable] for day in (date(2022, 6, 20), date(2022, 8, 20)))
    assert np.abs(june - august).mean() < 0.05 * june.mean()


def test_snow_lies_high_and_only_in_winter():
    assert truth.snow_share(date(2022, 7, 15)).max() == 0
    snow = truth.snow_share(date(2022, 2, 8))
    height = demo.truth.landscape().terrain.height
    assert 0.02 < (snow > 0.05).mean() < 0.5
    assert height[snow > 0.05].mean() > height[snow == 0].mean() + 100
