from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stac_timelapse.composite.reducers import median_of_passes

STACKS = st.integers(1, 9).flatmap(
    lambda scenes: st.tuples(
        hnp.arrays(np.uint16, (scenes, 2, 3, 4), elements=st.integers(0, 12).map(lambda v: max(v - 4, 0) * 811)),
        st.lists(st.booleans(), min_size=scenes, max_size=scenes),
    )
)


def plain_numpy(stack, pass_of):
    """Fuse and reduce with nan and sort: slow and obvious."""
    fused = []
    for number in sorted(set(pass_of.tolist())):
        mosaic = np.full(stack.shape[1:], np.nan)
        for scene in stack[pass_of == number]:
            take = np.isnan(mosaic).all(axis=0) & (scene > 0).any(axis=0)
            mosaic[:, take] = np.where(scene > 0, scene, np.nan)[:, take]
        fused.append(mosaic)
    cube = np.stack(fused)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        median = np.floor(np.nanmedian(cube, axis=0) + 0.5)
    return np.nan_to_num(median).astype(int), (~np.isnan(cube)).any(axis=1).sum(axis=0)


@settings(deadline=None)
@given(STACKS)
def test_equals_plain_numpy(case):
    stack, new_pass = case
    pass_of = np.cumsum(new_pass).astype(np.int64)
    out = median_of_passes(stack, pass_of)
    median, count = plain_numpy(stack, pass_of)
    np.testing.assert_array_equal(out[:-1], median)
    np.testing.assert_array_equal(out[-1], count)


def pixel(*values):
    return np.array(values, dtype=np.uint16).reshape(len(values), 1, 1, 1)


def test_two_granules_of_one_pass_count_once():
    out = median_of_passes(pixel(100, 900, 300), np.array([0, 0, 1]))
    assert out[:, 0, 0].tolist() == [200, 2]


def test_the_second_granule_fills_what_the_first_lacks():
    out = median_of_passes(pixel(0, 900, 300), np.array([0, 0, 1]))
    assert out[:, 0, 0].tolist() == [600, 2]


def test_the_bands_of_a_pixel_come_from_one_granule():
    stack = np.array([[10, 0], [77, 88]], dtype=np.uint16).reshape(2, 2, 1, 1)
    assert median_of_passes(stack, np.array([0, 0]))[:, 0, 0].tolist() == [10, 0, 1]


def test_halves_are_rounded_up_and_large_values_do_not_overflow():
    assert median_of_passes(pixel(1, 2), np.array([0, 1]))[0, 0, 0] == 2
    assert median_of_passes(pixel(65_535, 65_533), np.array([0, 1]))[0, 0, 0] == 65_534


def test_nothing_observed_is_zero():
    assert median_of_passes(pixel(0, 0), np.array([0, 1]))[:, 0, 0].tolist() == [0, 0]
