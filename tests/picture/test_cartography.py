from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stac_timelapse.picture.cartography import FrameText, annotate, scale_bar


def text(**more):
    return FrameText(**{"month": "2022-06", "position": 1, "total": 12, "metres_per_pixel": 10.0, **more})


@given(st.floats(0.5, 5000), st.integers(60, 600))
def test_the_scale_bar_is_round_true_and_fits(metres, available):
    pixels, label = scale_bar(metres, available)
    number, unit = label.split()
    length = float(number) * (1000 if unit == "km" else 1)
    assert pixels <= available
    assert abs(pixels * metres - length) <= metres
    assert f"{length:.6e}"[0] in "125"
    assert pixels > available / 3


def test_the_bar_of_a_known_frame():
    assert scale_bar(10.0, 120) == (100, "1 km")
    assert scale_bar(10.0, 60) == (50, "500 m")


def test_the_picture_itself_is_not_touched_below_its_title():
    picture = np.full((300, 600, 3), 90, np.uint8)
    frame = annotate(picture, text())
    assert frame.shape[1] == 600
    assert frame.shape[0] > 300
    assert (frame[100:299, :500] == 90).all()


def test_every_frame_of_a_series_has_one_size_and_its_own_tick():
    picture = np.full((200, 400, 3), 90, np.uint8)
    one, other = annotate(picture, text(position=0)), annotate(picture, text(position=7, empty=True))
    assert one.shape == other.shape
    assert (one[201, 5] != other[201, 5]).any()


def test_small_pictures_are_enlarged_by_whole_pixels():
    picture = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
    frame = annotate(picture, text())
    assert frame.shape[1] == 360
    assert (frame[130:131, 0:12] == picture[10, 0]).all()
