"""The largest change and its month, against a plain loop over every pixel's own looks."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyproj import Transformer
from shapely.geometry import Polygon

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.change import ChangeRule, change_at, find_changes, largest_step
from stac_timelapse.composite.gaps import QUALITY_MEANS
from stac_timelapse.difference import find_difference
from stac_timelapse.errors import CancelledError, InvalidInputError, ProviderError
from stac_timelapse.export.geotiff import write_composite
from stac_timelapse.export.parts import Sheet, assemble, new_folder, remove_folder, write_part
from stac_timelapse.month_job import MonthResult
from stac_timelapse.quantity import quantity_of
from stac_timelapse.scenes.facts import MonthFacts

WEST, NORTH = 500_000.0, 5_195_000.0
GRID = Affine(10, 0, WEST, 0, -10, NORTH)
TO_DEGREES = Transformer.from_crs(32633, 4326, always_xy=True).transform
NDVI = quantity_of("ndvi")


def square(left, top, right, bottom):
    """Return the area between columns and rows of the grid."""
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return AreaOfInterest.from_geometry(Polygon([TO_DEGREES(WEST + 10 * x, NORTH - 10 * y) for x, y in corners]))


def plain(looks, *, lasting):
    """Return the largest drop of one pixel by looking at every step."""
    seen = [(number, value) for number, value in enumerate(looks, start=1) if np.isfinite(value)]
    best = (0.0, 0, 0)
    for at, ((before, high), (month, low)) in enumerate(itertools.pairwise(seen)):
        later = seen[at + 2][1] if lasting and at + 2 < len(seen) else low
        drop = high - max(low, later)
        if drop > best[0]:
            best = (drop, month, before)
    return best


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.float32, st.tuples(st.integers(2, 7), st.just(1), st.integers(1, 6)),
        elements=st.one_of(st.just(np.nan), st.sampled_from([-0.5, -0.25, 0.0, 0.25, 0.5, 0.75])),
    ),
    st.booleans(),
)  # fmt: skip
def test_the_largest_step_is_that_of_a_plain_loop(values, lasting):
    size, month, before = largest_step(values, lasting=lasting)
    for column in range(values.shape[2]):
        assert (size[0, column], month[0, column], before[0, column]) == plain(values[:, 0, column], lasting=lasting)


def month(folder, label, ndvi, looks=None):
    """Write a month whose pixels have these values, of 0.0001; no look where they are NaN."""
    known = np.isfinite(ndvi)
    red = np.where(known, 1000, 0)
    infrared = np.rint(1000 * (1 + np.nan_to_num(ndvi)) / (1 - np.nan_to_num(ndvi)))
    bands = np.stack([np.where(known, infrared, 0), red]).astype(np.uint16)
    count = (known if looks is None else looks).astype(np.uint8)
    path = folder / f"{label}.tif"
    write_composite(path, bands, count, bands=("B08", "B04"), epsg=32633, transform=GRID, month=label)
    return MonthResult(label, path, 1, (), 1.0, 1.0, 0.0, MonthFacts(()), False, (), 0.1)


def series(folder, **pixels):
    """Return months of 20 x 20 pixels of NDVI 0.6; `pixels` gives others their own values over time."""
    months = []
    for number in range(5):
        ndvi = np.full((20, 20), 0.6)
        for place, values in pixels.items():
            row, column = map(int, place[1:].split("_"))
            ndvi[row, column] = values[number]
        months.append(month(folder, f"2022-0{number + 1}", ndvi))
    return months


CASES = {
    "p2_2": (0.6, 0.6, 0.2, 0.2, 0.2),  # drops in the third month
    "p2_3": (0.6, np.nan, 0.2, 0.2, 0.2),  # after a gap: dated by the look that shows it
    "p2_4": (0.6, 0.6, 0.0, 0.6, 0.6),  # one bad look
    "p2_5": (0.6, 0.6, 0.6, 0.6, 0.1),  # in the last month: nothing contradicts it
    "p2_6": (0.6, 0.5, 0.4, 0.3, 0.2),  # never by much at once
    "p2_7": (np.nan, np.nan, 0.1, np.nan, np.nan),  # one look only
}


def test_the_map_tells_size_month_and_the_look_before(tmp_path):
    rule = ChangeRule(NDVI, 0.2)
    found = find_changes(
        series(tmp_path, **CASES), square(0, 0, 20, 20), rule, tmp_path / "change.tif", tags={"A": "b"}
    )
    with rasterio.open(found.path) as file:
        change, at, before = file.read()
        assert file.descriptions == ("change", "month", "before")
        assert file.nodata == 0
        assert file.scales == (0.0001, 1, 1)
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        tags = file.tags()
    assert tags["MONTHS"] == "2022-01 2022-02 2022-03 2022-04 2022-05"
    assert tags["CHANGE"] == "lasting drop of Vegetation (NDVI) by 0.2 or more"
    assert tags["A"] == "b"
    assert at[2, 2:8].tolist() == [3, 3, 0, 5, 0, 0]
    assert before[2, 2:8].tolist() == [2, 1, 0, 4, 0, 0]
    np.testing.assert_allclose(change[2, 2:8] * 0.0001, [0.4, 0.4, 0, 0.5, 0, 0], atol=3e-4)
    assert np.count_nonzero(change) == 3
    assert found.by_month == pytest.approx({"2022-03": 0.02, "2022-05": 0.01}, rel=1e-3)
    assert found.area == pytest.approx(3.99, rel=1e-3)  # 400 pixels but for the one with a single look


def test_without_asking_that_it_lasts_one_bad_look_counts(tmp_path):
    rule = ChangeRule(NDVI, 0.2, lasting=False)
    found = find_changes(series(tmp_path, **CASES), square(0, 0, 20, 20), rule, tmp_path / "change.tif")
    with rasterio.open(found.path) as file:
        assert file.read(2)[2, 2:8].tolist() == [3, 3, 3, 5, 0, 0]


def test_a_rise_is_found_as_well(tmp_path):
    months = series(tmp_path, p5_5=(0.1, 0.1, 0.1, 0.7, 0.7), p5_6=(0.7, 0.1, 0.1, 0.1, 0.1))
    found = find_changes(months, square(0, 0, 20, 20), ChangeRule(NDVI, 0.2, rise=True), tmp_path / "change.tif")
    assert found.by_month == pytest.approx({"2022-04": 0.01}, rel=1e-3)
    assert "rise of Vegetation" in found.rule.words


def test_the_area_counts_by_its_shares_and_nothing_is_told_outside(tmp_path):
    months = series(tmp_path, p5_5=(0.6, 0.1, 0.1, 0.1, 0.1), p5_9=(0.6, 0.1, 0.1, 0.1, 0.1))
    found = find_changes(months, square(3, 3, 5.25, 8), ChangeRule(NDVI, 0.2), tmp_path / "change.tif")
    assert found.by_month == pytest.approx({"2022-02": 0.0025}, rel=2e-2)
    with rasterio.open(found.path) as file:
        assert np.argwhere(file.read(2)).tolist() == [[5, 5]]


def test_filled_pixels_are_not_compared(tmp_path):
    months = series(tmp_path)
    folder = new_folder(tmp_path)
    layers = np.full((4, 20, 20), 1000, np.uint16)  # NDVI 0, held from before
    layers[2], layers[3] = 2, 0
    sheet = Sheet(("B08", "B04"), 20, 20, 32633, GRID[:6], "2022-03", {}, QUALITY_MEANS)
    assemble(sheet, [write_part(folder, 0, 0, layers)], months[2].path)
    remove_folder(folder)
    found = find_changes(months, square(0, 0, 20, 20), ChangeRule(NDVI, 0.2), tmp_path / "change.tif")
    assert not found.by_month


def test_a_pixel_tells_its_month_and_the_look_before(tmp_path):
    rule = ChangeRule(NDVI, 0.2)
    found = find_changes(series(tmp_path, **CASES), square(0, 0, 20, 20), rule, tmp_path / "change.tif")

    def at(column, row):
        return change_at(found, *TO_DEGREES(WEST + 10 * column + 9, NORTH - 10 * row - 1))

    assert at(2, 2) == ("2022-03", "2022-02")
    assert at(3, 2) == ("2022-03", "2022-01")
    assert at(4, 2) is None
    assert at(2, 20) is None
    assert at(-1, 2) is None
    found.path.unlink()
    with pytest.raises(ProviderError, match="cannot be read"):
        at(2, 2)


def test_the_difference_of_two_months(tmp_path):
    months = series(tmp_path, p3_3=(0.1, 0.1, 0.75, 0.1, 0.1), **CASES)
    area = square(0, 0, 3.5, 20)  # half of the pixels of column 3
    found = find_difference(months[0], months[2], area, NDVI, 0.35, tmp_path / "out.tif", tags={"A": "b"})
    with rasterio.open(found.path) as file:
        (steps,) = file.read()
        assert file.descriptions == ("difference",)
        assert file.scales == (0.0001,)
        assert file.nodata == -32768
        assert file.tags()["MONTHS"] == "2022-01 2022-03"
        assert file.tags()["A"] == "b"
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    np.testing.assert_allclose(steps[2, :4] * 0.0001, [0, 0, -0.4, -0.4], atol=4e-4)
    assert steps[3, 3] * 0.0001 == pytest.approx(0.65, abs=4e-4)
    assert (steps[:, 4:] == -32768).all()
    assert (found.fallen, found.risen) == pytest.approx((0.015, 0.005), rel=1e-2)
    assert found.area == pytest.approx(0.7, rel=1e-3)
    assert (found.largest, found.high) == pytest.approx((0.65, 0.65), abs=4e-4)
    higher = find_difference(months[0], months[2], area, NDVI, 0.5, tmp_path / "out.tif")
    assert (higher.fallen, higher.risen) == pytest.approx((0, 0.005), rel=1e-2)
    none = find_difference(months[0], months[2], area, NDVI, 0.9, tmp_path / "out.tif")
    assert (none.fallen, none.risen, none.high) == (0, 0, 0)
    cover = find_difference(months[0], months[2], area, quantity_of("100 * B08 / B04"), 100, tmp_path / "out.tif")
    with rasterio.open(cover.path) as file:
        np.testing.assert_allclose(file.read(1)[2:4, 3] * file.scales[0], [-250, 577.8], atol=0.2)
    assert (cover.largest, cover.fallen, cover.risen) == pytest.approx((577.8, 0.015, 0.005), rel=1e-2)


def test_nothing_is_told_of_a_pixel_that_one_of_the_two_months_did_not_see(tmp_path):
    months = series(tmp_path, **CASES)
    found = find_difference(months[1], months[2], square(0, 0, 20, 20), NDVI, 0.2, tmp_path / "out.tif")
    with rasterio.open(found.path) as file:
        assert file.read(1)[2, [3, 7]].tolist() == [-32768, -32768]
    assert found.area == pytest.approx(3.98, rel=1e-3)


def test_a_formula_of_another_unit_has_steps_of_its_own(tmp_path):
    rule = ChangeRule(quantity_of("Cover = 100 * B08 / B04"), 50)  # 400 at an NDVI of 0.6, 150 at 0.2, 6150 at 0.968
    cases = {"p2_2": (0.6, 0.6, 0.2, 0.2, 0.2), "p2_3": (0.968, 0.6, 0.6, 0.6, 0.6), "p2_4": (0.6, 0.55, 0.5, 0.5, 0.5)}
    found = find_changes(series(tmp_path, **cases), square(0, 0, 20, 20), rule, tmp_path / "change.tif")
    with rasterio.open(found.path) as file:
        change, at, _ = file.read()
        scale = file.scales[0]
    assert scale == pytest.approx(0.05)
    assert at[2, 2:6].tolist() == [3, 2, 2, 0]
    # What is more than the map can tell is told as the most.
    np.testing.assert_allclose(change[2, 2:6] * scale, [250, 65535 * 0.05, 55.6, 0], atol=0.06)


def test_bad_input_is_one_sentence(tmp_path):
    months = series(tmp_path)
    area, out = square(0, 0, 20, 20), tmp_path / "change.tif"
    with pytest.raises(InvalidInputError, match="two months at least"):
        find_changes(months[:1], area, ChangeRule(NDVI, 0.2), out)
    with pytest.raises(InvalidInputError, match="band B12 was not built"):
        find_changes(months, area, ChangeRule(quantity_of("nbr"), 0.2), out)
    for least in (0.0, -0.1, 3.0, float("nan")):
        with pytest.raises(InvalidInputError, match="cannot be looked for"):
            ChangeRule(NDVI, least)
    for least in (0.0, float("inf"), float("nan")):
        with pytest.raises(InvalidInputError, match="cannot be looked for: give the least that counts, such"):
            ChangeRule(quantity_of("B08 / B04"), least)
    with pytest.raises(CancelledError):
        find_changes(months, area, ChangeRule(NDVI, 0.2), out, should_stop=lambda: True)
    with pytest.raises(InvalidInputError, match="Choose two different months"):
        find_difference(months[0], months[0], area, NDVI, 0.2, out)
    with pytest.raises(InvalidInputError, match="cannot be looked for"):
        find_difference(months[0], months[1], area, NDVI, 0, out)
    with pytest.raises(CancelledError):
        find_difference(months[0], months[1], area, NDVI, 0.2, out, should_stop=lambda: True)
    months[3].path.write_bytes(b"no TIFF")
    with pytest.raises(ProviderError, match="cannot be made"):
        find_difference(months[0], months[3], area, NDVI, 0.2, out)
    with pytest.raises(ProviderError, match="cannot be made"):
        find_changes(months, area, ChangeRule(NDVI, 0.2), out)
    assert not out.exists()
    assert not list(tmp_path.glob(".part-*"))
