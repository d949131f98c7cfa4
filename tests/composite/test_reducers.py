"""Every reducer against plain numpy: slow, obvious, and sharing no code with the kernels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stac_timelapse.composite.methods import METHODS, Method
from stac_timelapse.composite.reducers import reduce_month
from stac_timelapse.errors import InvalidInputError

BANDS = ("B04", "B08")
STACKS = st.integers(1, 9).flatmap(
    lambda scenes: st.tuples(
        hnp.arrays(np.uint16, (scenes, 2, 3, 4), elements=st.integers(0, 12).map(lambda v: max(v - 4, 0) * 811)),
        st.lists(st.booleans(), min_size=scenes, max_size=scenes).map(lambda new: np.cumsum(new).astype(np.int64)),
    )
)


def fused(stack, pass_of):
    """Return one mosaic a pass, ``(pass, band, y, x)``, nan = not observed."""
    mosaics = []
    for number in sorted(set(pass_of.tolist())):
        mosaic = np.full(stack.shape[1:], np.nan)
        for scene in stack[pass_of == number]:
            take = np.isnan(mosaic).all(axis=0) & (scene > 0).any(axis=0)
            mosaic[:, take] = np.where(scene > 0, scene, np.nan)[:, take]
        mosaics.append(mosaic)
    return np.stack(mosaics)


def along_passes(reduce, cube):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nan_to_num(np.floor(reduce(cube) + 0.5)).astype(int)


def chosen(cube, choose):
    """Return whole pixels: `choose` gets a pixel's observed passes ``(n, band)`` and returns which of them."""
    out = np.zeros(cube.shape[1:], dtype=int)
    for row, col in np.ndindex(cube.shape[2:]):
        pixels = cube[:, :, row, col]
        observed = pixels[~np.isnan(pixels).all(axis=1)]
        if len(observed):
            out[:, row, col] = np.nan_to_num(observed[choose(observed)])
    return out


def greenest(pixels):
    with np.errstate(invalid="ignore"):
        ndvi = (pixels[:, 1] - pixels[:, 0]) / (pixels[:, 1] + pixels[:, 0])
    return 0 if np.isnan(ndvi).all() else int(np.nanargmax(ndvi))


def central(pixels):
    known = np.nan_to_num(pixels)
    # Summed in order, as a sum of square roots depends on it in its last bit.
    sums = [sum(float(np.sqrt(((one - other) ** 2).sum())) for other in known) for one in known]
    return int(np.argmin(np.round(sums, 6)))


REFERENCES = {
    "median": lambda cube: along_passes(lambda c: np.nanmedian(c, axis=0), cube),
    "mean": lambda cube: along_passes(lambda c: np.nanmean(c, axis=0), cube),
    "percentile:0": lambda cube: along_passes(lambda c: np.nanmin(c, axis=0), cube),
    "percentile:25": lambda cube: along_passes(lambda c: np.nanpercentile(c, 25, axis=0), cube),
    "percentile:100": lambda cube: along_passes(lambda c: np.nanmax(c, axis=0), cube),
    "max-ndvi": lambda cube: chosen(cube, greenest),
    "first-clear": lambda cube: chosen(cube, lambda _: 0),
}


@pytest.mark.parametrize("method", REFERENCES)
@settings(deadline=None)
@given(case=STACKS)
def test_equals_plain_numpy(method, case):
    stack, pass_of = case
    out = reduce_month(stack, pass_of, method, BANDS)
    cube = fused(stack, pass_of)
    np.testing.assert_array_equal(out[:-1], REFERENCES[method](cube))
    np.testing.assert_array_equal(out[-1], (~np.isnan(cube)).any(axis=1).sum(axis=0))


@settings(deadline=None)
@given(case=STACKS)
def test_the_medoid_is_an_observed_pixel_with_the_least_distance(case):
    stack, pass_of = case
    out = reduce_month(stack, pass_of, "medoid", BANDS)
    cube = np.nan_to_num(fused(stack, pass_of))
    for row, col in np.ndindex(out.shape[1:]):
        pixels = cube[:, :, row, col]
        observed = pixels[(pixels > 0).any(axis=1)]
        if not len(observed):
            assert not out[:, row, col].any()
            continue
        sums = np.sqrt(((observed[:, None] - observed[None]) ** 2).sum(axis=2)).sum(axis=1)
        (mine,) = {sums[at] for at in np.flatnonzero((observed == out[:-1, row, col]).all(axis=1))}
        assert mine <= sums.min() + 1e-6


@settings(deadline=None)
@given(case=STACKS, percent=st.floats(0, 100))
def test_a_percentile_is_numpys_up_to_rounding(case, percent):
    stack, pass_of = case
    out = reduce_month(stack, pass_of, f"percentile:{percent}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        exact = np.nan_to_num(np.nanpercentile(fused(stack, pass_of), percent, axis=0))
    assert np.abs(out[:-1] - exact).max() <= 0.5 + 1e-6


@settings(deadline=None)
@given(case=STACKS, data=st.data())
def test_first_clear_follows_its_order(case, data):
    stack, pass_of = case
    order = data.draw(st.permutations(sorted(set(pass_of.tolist()))))
    out = reduce_month(stack, pass_of, "first-clear", BANDS, np.array(order))
    cube = fused(stack, pass_of)
    ranked = np.stack([cube[sorted(set(pass_of.tolist())).index(number)] for number in order])
    np.testing.assert_array_equal(out[:-1], chosen(ranked, lambda _: 0))


def pixel(*values):
    return np.array(values, dtype=np.uint16).reshape(len(values), 1, 1, 1)


def of(stack, pass_of, method="median", **more):
    return reduce_month(stack, np.array(pass_of), method, **more)[:, 0, 0].tolist()


def test_two_granules_of_one_pass_count_once():
    assert of(pixel(100, 900, 300), [0, 0, 1]) == [200, 2]


def test_the_second_granule_fills_what_the_first_lacks():
    assert of(pixel(0, 900, 300), [0, 0, 1]) == [600, 2]


def test_the_bands_of_a_pixel_come_from_one_granule():
    stack = np.array([[10, 0], [77, 88]], dtype=np.uint16).reshape(2, 2, 1, 1)
    assert of(stack, [0, 0]) == [10, 0, 1]


def test_halves_are_rounded_up_and_large_values_do_not_overflow():
    assert of(pixel(1, 2), [0, 1])[0] == 2
    assert of(pixel(65_535, 65_533), [0, 1])[0] == 65_534
    assert of(pixel(65_535, 65_534), [0, 1], "mean")[0] == 65_535


@pytest.mark.parametrize("method", ["median", "mean", "percentile:90", "first-clear", "medoid"])
def test_nothing_observed_is_zero(method):
    assert of(pixel(0, 0), [0, 1], method) == [0, 0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mode", "The method 'mode' is not known: use median, mean, first-clear, max-ndvi, medoid or percentile:0 to"),
        ("percentile", "The method 'percentile' needs a number from 0 to 100: write percentile:25"),
        ("percentile:101", "needs a number from 0 to 100"),
        ("percentile:x", "needs a number from 0 to 100"),
        ("percentile:nan", "needs a number from 0 to 100"),
        ("mean:3", "The method 'mean:3' is not known"),
    ],
)
def test_what_is_no_method_is_said(text, words):
    with pytest.raises(InvalidInputError, match=words):
        Method.parse(text)


def test_a_missing_band_is_named():
    with pytest.raises(
        InvalidInputError, match="compares B04 and B08, and B08 is not among the bands B04, B03: add it"
    ):
        Method.parse("max-ndvi").check(("B04", "B03"))
    for name in METHODS:
        Method.parse(name).check(("B04", "B08"))
