from __future__ import annotations

import pytest

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.scenes.months import last_day, months_between, runs_of


def test_months_across_a_new_year():
    assert months_between("2022-11", "2023-02") == ("2022-11", "2022-12", "2023-01", "2023-02")


def test_months_of_the_year_leave_gaps_between_years():
    assert months_between("2021-06", "2022-07", (6, 7)) == ("2021-06", "2021-07", "2022-06", "2022-07")
    assert runs_of(("2021-06", "2021-07", "2022-06"), 6) == [("2021-06", "2021-07"), ("2022-06", "2022-06")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("2023-05", "2023-04"), "The last month 2023-04 lies before the first month 2023-05"),
        (("2023-13", "2024-01"), "'2023-13' is not a month"),
        (("summer", "2024-01"), "'summer' is not a month"),
        (("2023-01", "2023-02", (13,)), "Month of the year 13"),
        (("2023-01", "2023-02", (7,)), "None of the chosen months"),
    ],
)
def test_what_is_wrong_is_said(arguments, words):
    with pytest.raises(InvalidInputError, match=words):
        months_between(*arguments)


def test_the_last_day_knows_leap_years():
    assert [last_day(month) for month in ("2023-02", "2024-02", "2023-12")] == [28, 29, 31]
