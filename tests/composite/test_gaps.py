"""Filled pixels against a plain loop over each pixel's own series."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stac_timelapse.composite.gaps import BLENDED, HELD, NO_DATA, OBSERVED, Gaps, fill_months
from stac_timelapse.errors import InvalidInputError

MONTHS = ("2021-11", "2021-12", "2022-01", "2022-02", "2022-06")
#: Middles of the months in days from the first of November 2021.
MIDDLES = (14.5, 45, 76, 105.5, 226.5)


def series(*values):
    """Return the series of one pixel of one band; 0 is a gap."""
    stack = np.array(values, dtype=np.uint16).reshape(-1, 1, 1, 1)
    return stack, stack[:, 0] > 0


def test_hold_takes_the_last_clear_month():
    filled, quality = fill_months(*series(0, 500, 0, 0, 900), MONTHS, Gaps("hold"))
    assert filled[:, 0, 0, 0].tolist() == [0, 500, 500, 500, 900]
    assert quality[:, 0, 0].tolist() == [NO_DATA, OBSERVED, HELD, HELD, OBSERVED]


def test_blend_goes_straight_in_days_and_leaves_the_ends_blank():
    filled, quality = fill_months(*series(1000, 0, 0, 2000, 0), MONTHS, Gaps("blend"))
    expected = [1000 + 1000 * (MIDDLES[at] - MIDDLES[0]) / (MIDDLES[3] - MIDDLES[0]) for at in (1, 2)]
    assert filled[:, 0, 0, 0].tolist() == [1000, int(expected[0] + 0.5), int(expected[1] + 0.5), 2000, 0]
    assert quality[:, 0, 0].tolist() == [OBSERVED, BLENDED, BLENDED, OBSERVED, NO_DATA]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0, 1), rule=st.sampled_from(["hold", "blend"]))
def test_every_pixel_is_filled_as_its_own_series_says(seed, share, rule):
    rng = np.random.default_rng(seed)
    seen = rng.random((len(MONTHS), 4, 5)) < share
    values = rng.integers(1, 65_535, (len(MONTHS), 3, 4, 5)).astype(np.uint16) * seen[:, None]
    # A band may lack where others have a value.
    values[:, 1][rng.random(seen.shape) < 0.2] = 0
    filled, quality = fill_months(values, seen, MONTHS, Gaps(rule))
    for row in range(4):
        for col in range(5):
            one = seen[:, row, col]
            for at in range(len(MONTHS)):
                before = [n for n in range(at) if one[n]]
                after = [n for n in range(at + 1, len(MONTHS)) if one[n]]
                for band in range(3):
                    own = values[:, band, row, col].astype(float)
                    kind, wanted = NO_DATA, 0
                    if one[at]:
                        kind, wanted = OBSERVED, own[at]
                    elif rule == "hold" and before:
                        kind, wanted = HELD, own[before[-1]]
                    elif rule == "blend" and before and after:
                        low, high = before[-1], after[0]
                        part = (MIDDLES[at] - MIDDLES[low]) / (MIDDLES[high] - MIDDLES[low])
                        kind, wanted = BLENDED, 0
                        if own[low] and own[high]:
                            wanted = int(own[low] + (own[high] - own[low]) * part + 0.5)
                    assert filled[at, band, row, col] == wanted
                    assert quality[at, row, col] == kind


def test_days_near_a_month():
    near = Gaps.parse("widen:10").near
    assert [near("2022-02", day) for day in (date(2022, 1, 21), date(2022, 1, 22))] == [False, True]
    assert [near("2022-02", day) for day in (date(2022, 3, 10), date(2022, 3, 11))] == [True, False]
    assert not near("2022-02", date(2022, 2, 14))
    assert Gaps.parse("hold").near is None


@pytest.mark.parametrize("text", ["", "fill", "hold:3", "widen", "widen:0", "widen:32", "widen:x"])
def test_another_rule_is_one_sentence(text):
    with pytest.raises(InvalidInputError, match=r"use blank, hold, blend, or widen:1 to widen:31 \(days\)"):
        Gaps.parse(text)
