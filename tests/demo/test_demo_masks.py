"""Clouds and the scene classification against what is truly there; pyramids of the files."""

import calendar
from datetime import date

import numpy as np
import pytest
import rasterio

from stac_timelapse import demo
from stac_timelapse.demo import truth
from stac_timelapse.demo.cog import averaged, commonest, write_cog
from stac_timelapse.demo.weather import true_clouds
from stac_timelapse.demo.writer import granule_pixels, observe

CLEAR = (4, 5, 6, 7)
TILE = demo.FULL.tiles[1]


@pytest.fixture(scope="module")
def june():
    """Return plan -> (pixels of the eastern tile, clear at 10 m) for a month of passes."""
    seen = {}
    for plan in demo.FULL.passes():
        if plan.month == "2022-06":
            pixels = granule_pixels(observe(plan, demo.FULL), TILE, 0)
            clear = np.isin(pixels["SCL"], CLEAR).repeat(2, axis=0).repeat(2, axis=1)
            seen[plan] = pixels, clear
    return seen


def test_a_monthly_median_of_clear_pixels_is_the_truth(june):
    observed = np.stack([np.where(clear, pixels["B02"], np.nan) for pixels, clear in june.values()])
    expected = np.stack(
        [
            np.where(clear, truth.surface(plan.day, ("B02",), TILE.window)[0], np.nan)
            for plan, (_, clear) in june.items()
        ]
    )
    known = np.isfinite(observed).any(axis=0)
    difference = np.nanmedian(observed[:, known], axis=0) - np.nanmedian(expected[:, known], axis=0)
    assert known.mean() > 0.98
    assert np.median(np.abs(difference)) < 5
    cloud_left = (difference > 200).mean()
    assert 0 < cloud_left < 0.005


def test_the_classification_errs_but_seldom(june):
    lost, kept, missed = [], [], []
    for plan, (pixels, _) in june.items():
        classes = pixels["SCL"]
        untouched = ~true_clouds(plan, TILE) & (classes > 0)
        lost.append((untouched & ~np.isin(classes, CLEAR)).sum())
        kept.append(untouched.sum())
        missed.append((true_clouds(plan, TILE, 0.1) & np.isin(classes, CLEAR)).sum())
    assert 0 < sum(lost) / sum(kept) < 0.03
    assert sum(missed) > 0
    assert {2, 3, 4, 5, 6, 7, 8, 9} <= set(np.unique([pixels["SCL"] for pixels, _ in june.values()]))


def test_white_roofs_are_taken_for_clouds_in_most_passes(june):
    white = truth.landscape().covered_by("white_roof")[TILE.window]
    roofs = white[::2, ::2] & white[1::2, 1::2] & white[::2, 1::2] & white[1::2, ::2]
    classes = np.concatenate([pixels["SCL"][roofs] for pixels, _ in june.values()])
    assert np.isin(classes[classes > 0], (8, 9)).mean() > 0.7


def test_skies_range_from_clear_to_overcast():
    kinds = {plan.weather for plan in demo.FULL.passes()}
    assert kinds == {"clear", "few", "broken", "heavy", "overcast"}
    for month in demo.FULL.months:
        weather = [plan.weather for plan in demo.FULL.passes() if plan.month == month]
        assert (set(weather) == {"overcast"}) == (month == demo.CLOUDY_MONTH)


def test_the_median_of_a_months_truth():
    days = [date(2022, 5, day) for day in (3, 13, 23)]
    window = (slice(500, 540), slice(800, 860))
    each = [truth.surface(day, ("B03",), window) for day in days]
    assert np.allclose(truth.median_surface(days, ("B03",), window), np.median(each, axis=0))


def test_the_outline_of_the_fire_is_its_mask():
    window = demo.FULL.window
    assert truth.event_outline(window).area == pytest.approx(100 * truth.event_mask(window).sum())


def test_overviews_average_what_is_not_nodata(tmp_path):
    data = np.zeros((200, 200), np.uint16)
    data[::2, ::2], data[1::2, 1::2] = 100, 300
    data[:100] = 0
    path = tmp_path / "a.tif"
    write_cog(path, data, (500_000.0, 5_000_000.0), 10.0, "B04", averaged(np.rint))
    with rasterio.open(path) as source:
        assert source.overviews(1) == [2]
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "2"
        assert source.block_shapes == [(512, 512)]
        assert source.descriptions == ("B04",)
        assert (source.read(1) == data).all()
    with rasterio.open(path, overview_level=0) as overview:
        half = overview.read(1)
    assert set(half[:50].ravel()) == {0}
    assert set(half[50:].ravel()) == {200}


def test_overviews_of_the_mask_take_the_commonest_class():
    quarters = np.array([[8, 4], [4, 5]], np.uint8)
    assert commonest(quarters) == [[4]]


def test_months_have_three_to_six_passes_on_possible_dates():
    for month in demo.FULL.months:
        days = [plan.day for plan in demo.FULL.passes() if plan.month == month]
        assert 3 <= len(days) <= 6
        assert len(set(days)) == len(days)
        year, number = map(int, month.split("-"))
        assert all(day <= date(year, number, calendar.monthrange(year, number)[1]) for day in days)
    by_orbit = {}
    for plan in demo.FULL.passes():
        by_orbit.setdefault((plan.platform, plan.orbit), []).append(plan.day)
    for days in by_orbit.values():
        assert {(day - days[0]).days % 10 for day in days} == {0}
