"""Periods: every day of the months asked for lies in exactly one, and its label says so."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.scenes.months import month_number, month_text, months_between
from stac_timelapse.scenes.periods import PERIODS, Periods, days_of, is_near, periods_of, words_of, year_before

MONTHS = months_between("2021-11", "2023-02")


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("month", MONTHS),
        (
            "quarter",
            ("2021-11_2021-12", "2022-01_2022-03", "2022-04_2022-06", "2022-07_2022-09", "2022-10_2022-12",
             "2023-01_2023-02"),
        ),
        (
            "season",
            ("2021-11", "2021-12_2022-02", "2022-03_2022-05", "2022-06_2022-08", "2022-09_2022-11",
             "2022-12_2023-02"),
        ),
        ("year", ("2021-11_2021-12", "2022-01_2022-12", "2023-01_2023-02")),
        ("climatology", tuple(f"2021-2023_{of_year:02d}" for of_year in range(1, 13))),
    ],
)  # fmt: skip
def test_months_form_periods(kind, labels):
    assert periods_of(kind, MONTHS) == labels


def test_halves_end_on_the_15th_and_on_the_last_day():
    assert periods_of("half-month", ("2024-02", "2024-03")) == (
        "2024-02-01_2024-02-15", "2024-02-16_2024-02-29", "2024-03-01_2024-03-15", "2024-03-16_2024-03-31",
    )  # fmt: skip


def test_a_period_ends_where_a_month_is_left_out():
    summers = months_between("2021-01", "2022-12", (6, 7, 8))
    assert periods_of("year", summers) == ("2021-06_2021-08", "2022-06_2022-08")
    assert periods_of("quarter", months_between("2022-01", "2022-06", (1, 3, 4))) == ("2022-01", "2022-03", "2022-04")


def test_a_period_that_is_not_known_is_one_sentence():
    with pytest.raises(InvalidInputError, match="The period 'week' is not known: use half-month, month, quarter"):
        periods_of("week", MONTHS)


@given(
    kind=st.sampled_from([*PERIODS]),
    start=st.integers(month_number("1990-01"), month_number("2030-12")),
    length=st.integers(1, 40),
    of_year=st.sets(st.integers(1, 12), min_size=1),
)
def test_every_day_is_in_one_period_and_in_order(kind, start, length, of_year):
    months = tuple(month_text(number) for number in range(start, start + length) if number % 12 + 1 in of_year)
    if not months:
        return
    labels = periods_of(kind, months)
    assert list(labels) == sorted(set(labels))
    periods = Periods(labels)
    seen = []
    for number in range(start, start + length):
        year, of = divmod(number, 12)
        for number_of_day in (1, 15, 16, calendar.monthrange(year, of + 1)[1]):
            label = periods.of(date(year, of + 1, number_of_day))
            assert (label is not None) == (month_text(number) in months)
            if label is not None:
                seen.append(label)
                first, last = days_of(label)
                assert first <= date(year, of + 1, number_of_day) <= last
    assert set(seen) == set(labels)
    if kind != "climatology":
        assert seen == sorted(seen)


def test_near_is_outside_and_not_too_far():
    label = "2022-03_2022-05"
    near = [day for day in range(-12, 110) if is_near(date(2022, 3, 1) + timedelta(day), label, 10)]
    assert near == [*range(-10, 0), *range(92, 102)]


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("2022-06", "June 2022"),
        ("2022-06-01_2022-06-15", "1–15 June 2022"),
        ("2022-06-16_2022-06-30", "16–30 June 2022"),
        ("2022-03_2022-05", "March to May 2022"),
        ("2021-12_2022-02", "December 2021 to February 2022"),
        ("2022-01_2022-12", "2022"),
        ("2019-2022_06", "June, 2019–2022"),
        ("2022-2022_06", "June, 2022"),
    ],
)
def test_people_read_it_as_they_say_it(label, words):
    assert words_of(label) == words


@pytest.mark.parametrize(
    ("label", "before"),
    [
        ("2022-06", "2021-06"),
        ("2024-02-01_2024-02-15", "2023-02-01_2023-02-15"),
        ("2024-02-16_2024-02-29", "2023-02-16_2023-02-28"),
        ("2025-02-16_2025-02-28", "2024-02-16_2024-02-29"),
        ("2022-06-16_2022-06-30", "2021-06-16_2021-06-30"),
        ("2021-12_2022-02", "2020-12_2021-02"),
        ("2022-01_2022-12", "2021-01_2021-12"),
        ("2019-2022_06", None),
    ],
)
def test_a_year_before_is_the_same_time_of_the_year(label, before):
    assert year_before(label) == before


@pytest.mark.parametrize("kind", ["month", "half-month", "quarter", "season", "year"])
def test_a_year_before_is_a_label_of_the_same_series(kind):
    # Whole years of months: each label has its own a year before, 2024 with its 29th of February too.
    labels = periods_of(kind, months_between("2021-12", "2025-11" if kind == "season" else "2025-12"))
    whole = labels[1:] if kind in {"quarter", "year"} else labels
    first = days_of(whole[0])[0].year + 1
    later = [label for label in whole if days_of(label)[0] >= days_of(whole[0])[0].replace(year=first)]
    assert len(later) > 2
    assert all(year_before(label) in whole for label in later)
