from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import clear_picture
from scipy import ndimage

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


@given(st.lists(st.integers(-3, 300), max_size=4), st.floats(-10, 3000), st.floats(-10, 600))
def test_a_policy_is_valid_or_says_what_is_wrong(clear, dilate, opening):
    try:
        policy = MaskPolicy(tuple(clear), dilate, opening)
    except InvalidInputError as error:
        assert "cannot hold" in str(error) or "not possible" in str(error)  # noqa: PT017 - both outcomes are right
    else:
        assert all(1 <= value <= 11 for value in policy.clear)
        assert 0 <= policy.dilate <= 2000
        assert 0 <= policy.opening <= 500


def test_the_order_of_the_classes_does_not_matter():
    assert MaskPolicy((7, 4, 4, 6, 5)) == MaskPolicy((4, 5, 6, 7))


@pytest.mark.parametrize(("dilate", "resolution", "pixels"), [(0, 10, 0), (30, 10, 3), (25, 10, 3), (30, 120, 1)])
def test_the_margin_in_pixels(dilate, resolution, pixels):
    assert MaskPolicy(dilate=dilate).margin(resolution) == pixels


@pytest.mark.parametrize(
    ("policy", "resolution", "pixels"),
    [
        (MaskPolicy(opening=40), 10, 8),
        (MaskPolicy(opening=45, dilate=100), 20, 11),
        (MaskPolicy(rescue=True), 10, 16),
        (MaskPolicy(dilate=200, opening=20, rescue=True), 20, 14),
    ],
)
def test_the_margin_of_what_is_opened_and_rescued(policy, resolution, pixels):
    assert policy.margin(resolution) == pixels


def block(rows, columns, cls, size=21):
    scl = np.full((size, size), 4, dtype=np.uint8)
    scl[rows, columns] = cls
    return scl


def test_what_holds_no_disc_is_no_cloud():
    # A disc of 20 m at 10 m pixels is a cross with corners, five pixels wide.
    small = block(np.s_[3:7], np.s_[2:18], 9)
    assert clear_pixels(small, MaskPolicy(opening=20, dilate=100), 10).all()
    large = block(np.s_[3:8], np.s_[2:18], 9)
    clear = clear_pixels(large, MaskPolicy(opening=20), 10)
    # The two pixels of each corner that no disc reaches are let go.
    assert np.count_nonzero(~clear) == 5 * 16 - 4 * 3
    assert clear_pixels(large, MaskPolicy(opening=30), 10).all()


def test_a_cloud_and_its_shadow_are_one_object():
    scl = block(np.s_[3:6], np.s_[2:18], 9)
    scl[6:8, 2:18] = 3
    assert np.count_nonzero(~clear_pixels(scl, MaskPolicy(opening=20), 10)) == 5 * 16 - 4 * 3
    # Snow and defective pixels are no clouds, and are not opened.
    for cls in (1, 2, 11):
        snow = block(np.s_[3:5], np.s_[2:4], cls)
        assert np.count_nonzero(~clear_pixels(snow, MaskPolicy(opening=50), 10)) == 4


def test_a_cloud_that_the_edge_of_the_data_cuts_is_not_small():
    scl = block(np.s_[3:8], np.s_[0:2], 9)
    assert clear_pixels(scl[:, 0:], MaskPolicy(opening=20), 10)[10:].all()
    beyond = np.pad(scl, ((0, 0), (9, 0)))
    assert not clear_pixels(beyond, MaskPolicy(opening=20), 10)[5, 9:11].any()
    assert clear_pixels(np.pad(scl, ((0, 0), (9, 0)), constant_values=4), MaskPolicy(opening=20), 10).all()


def test_a_pass_that_sees_nothing_but_cloud_stays_cloudy():
    overcast = np.full((9, 9), 9, dtype=np.uint8)
    assert not clear_pixels(overcast, MaskPolicy(opening=100, dilate=100), 10).any()
    assert not clear_pixels(overcast, MaskPolicy(rescue=True), 10, np.zeros((9, 9), dtype=bool)).any()


def test_bright_ground_neither_masks_nor_grows():
    scl, bright = block(np.s_[10:12], np.s_[10:12], 9, 41), np.zeros((41, 41), dtype=bool)
    bright[10:12, 10:12] = True
    # A mixed pixel at its rim masks itself, and does not grow either.
    scl[12, 10] = 8
    clear = clear_pixels(scl, MaskPolicy(dilate=60, rescue=True), 10, bright)
    assert np.argwhere(~clear).tolist() == [[12, 10]]
    # What is not a cloud class masks there as anywhere.
    for cls in (0, 1, 3):
        scl[10, 10] = cls
        assert not clear_pixels(scl, MaskPolicy(rescue=True), 10, bright)[10, 10]


@pytest.mark.parametrize(("columns", "hidden"), [(12, True), (13, False)])
def test_a_true_cloud_hides_bright_ground_too(columns, hidden):
    scl, bright = block(np.s_[20], np.s_[10], 9, 41), np.zeros((41, 41), dtype=bool)
    bright[20, 10] = True
    scl[20, 10 + columns] = 9  # so many pixels of 10 m to the east
    assert clear_pixels(scl, MaskPolicy(rescue=True), 10, bright)[20, 10] != hidden


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    resolution=st.sampled_from([10.0, 20.0, 60.0]),
    dilate=st.sampled_from([0.0, 15.0, 60.0, 141.5]),
    opening=st.sampled_from([0.0, 10.0, 28.3, 60.0]),
    clear=st.sampled_from([(4, 5, 6, 7), (4, 11), (4, 5, 10)]),
    rescue=st.booleans(),
    tile=st.integers(5, 30),
)
def test_tile_by_tile_equals_scipy_on_the_whole_picture(seed, shape, resolution, dilate, opening, clear, rescue, tile):
    rng = np.random.default_rng(seed)
    scl = blobs(rng, shape)
    bright = ndimage.binary_dilation(rng.random(shape) < 0.01, iterations=2)
    expected = clear_picture(scl, clear, resolution, dilate=dilate, opening=opening, bright=bright if rescue else None)
    policy = MaskPolicy(clear, dilate, opening, rescue)
    margin = policy.margin(resolution)
    wide, wide_bright = np.pad(scl, margin), np.pad(bright, margin)
    found = np.zeros(shape, dtype=bool)
    for top in range(0, shape[0], tile):
        for left in range(0, shape[1], tile):
            height, width = min(tile, shape[0] - top), min(tile, shape[1] - left)
            window = np.s_[top : top + height + 2 * margin, left : left + width + 2 * margin]
            judged = clear_pixels(wide[window], policy, resolution, wide_bright[window] if rescue else None)
            found[top : top + height, left : left + width] = judged[margin : margin + height, margin : margin + width]
    np.testing.assert_array_equal(found, expected)


def blobs(rng, shape):
    """Return classes in patches of all sizes, clouds and shadows among them, and a part without data."""
    scl = rng.choice(np.array([2, 4, 5, 6, 11], dtype=np.uint8), size=shape)
    for cls in (3, 8, 9, 10, 0):
        seeds = rng.random(shape) < rng.choice([0.0, 0.003, 0.02])
        scl[ndimage.binary_dilation(seeds, iterations=int(rng.integers(1, 7)))] = cls
    return scl
