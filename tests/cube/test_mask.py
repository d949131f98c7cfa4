from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_timelapse.cube.mask import MaskPolicy, clear_pixels
from stac_timelapse.errors import InvalidInputError


def test_each_class_is_judged_by_the_policy():
    scl = np.arange(13, dtype=np.uint8).reshape(1, 13)
    assert np.flatnonzero(clear_pixels(scl, MaskPolicy(), 10)).tolist() == [4, 5, 6, 7]
    assert np.flatnonzero(clear_pixels(scl, MaskPolicy((4, 11)), 10)).tolist() == [4, 11]


def test_impossible_classes_of_lossy_files_are_never_clear():
    assert not clear_pixels(np.array([[12, 200, 255]], dtype=np.uint8), MaskPolicy((4, 5, 6, 7)), 10).any()


def test_the_margin_is_a_true_circle_in_metres():
    scl = np.full((11, 11), 4, dtype=np.uint8)
    scl[5, 5] = 9
    clear = clear_pixels(scl, MaskPolicy(dilate=30), 10)
    rows, cols = np.mgrid[0:11, 0:11]
    distance = 10 * np.hypot(rows - 5, cols - 5)
    np.testing.assert_array_equal(clear, distance > 30)


def test_snow_and_missing_data_do_not_grow():
    scl = np.full((5, 5), 4, dtype=np.uint8)
    scl[2, 2] = 11
    scl[0, 0] = 0
    assert clear_pixels(scl, MaskPolicy(dilate=50), 10).sum() == 23


def test_a_class_that_is_kept_does_not_grow():
    scl = np.full((5, 5), 4, dtype=np.uint8)
    scl[2, 2] = 10
    assert clear_pixels(scl, MaskPolicy((4, 10), dilate=50), 10).all()


@given(st.lists(st.integers(-3, 300), max_size=4), st.floats(-10, 3000))
def test_a_policy_is_valid_or_says_what_is_wrong(clear, dilate):
    try:
        policy = MaskPolicy(tuple(clear), dilate)
    except InvalidInputError as error:
        assert "cannot hold" in str(error) or "not possible" in str(error)  # noqa: PT017 - both outcomes are right
    else:
        assert all(1 <= value <= 11 for value in policy.clear)
        assert 0 <= policy.dilate <= 2000


def test_the_order_of_the_classes_does_not_matter():
    assert MaskPolicy((7, 4, 4, 6, 5)) == MaskPolicy((4, 5, 6, 7))


@pytest.mark.parametrize(("dilate", "resolution", "pixels"), [(0, 10, 0), (30, 10, 3), (25, 10, 3), (30, 120, 1)])
def test_the_margin_in_pixels(dilate, resolution, pixels):
    assert MaskPolicy(dilate=dilate).margin(resolution) == pixels
