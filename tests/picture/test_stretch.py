"""One stretch for a series, chosen or settled; palettes; the flicker of a made-up series."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from bokeh.palettes import Cividis256, Inferno256, Viridis256

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.export.geotiff import write_composite
from stac_timelapse.picture.appearance import Appearance, preset_of
from stac_timelapse.picture.flicker import flicker_of
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.picture.legend import legend_of
from stac_timelapse.picture.palettes import PALETTES, steps_of
from stac_timelapse.picture.render import render
from stac_timelapse.picture.settled import Settled, settle
from stac_timelapse.picture.stretch import Stretch, Tone, stretch_of

RGB, NDVI = PRESETS["true-colour"], PRESETS["ndvi"]
RNG = np.random.default_rng(11)


def test_the_limits_by_hand_are_reflectance_for_bands_and_values_for_an_index():
    assert stretch_of([], RGB, Tone((0.02, 0.3))) == Stretch((200.0,) * 3, (3000.0,) * 3, 1.2)
    three = stretch_of([], RGB, Tone((0.02, 0.3, 0.01, 0.2, 0, 0.1), gamma=2))
    assert (three.lows, three.highs, three.gamma) == ((200, 100, 0), (3000, 2000, 1000), 2)
    assert stretch_of([], NDVI, Tone((-0.2, 0.8))) == Stretch((-0.2,), (0.8,))


def test_percentiles_are_numpys():
    month = RNG.integers(1, 9000, (3, 60, 60)).astype(np.uint16)
    settled = stretch_of([month], PRESETS["infrared"], Tone(percentiles=(5, 90)))
    expected = np.percentile(month.reshape(3, -1), (5, 90), axis=1)
    np.testing.assert_allclose([settled.lows, settled.highs], expected, atol=0.05)
    months = [RNG.integers(1, 9000, (2, 60, 60)).astype(np.uint16) for _ in range(3)]
    formula = preset_of("B08 / B04")
    pooled = np.concatenate([(one[0] / one[1]).ravel() for one in months])
    settled = stretch_of(months, formula)
    np.testing.assert_allclose([settled.lows[0], settled.highs[0]], np.percentile(pooled, (2, 98)), atol=0.01)
    assert stretch_of(months, NDVI) == Stretch((0.0,), (0.9,))  # the usual limits of a known index
    assert stretch_of(months, NDVI, Tone(percentiles=(0, 100))).highs[0] > 0.9


def test_a_formula_that_is_the_same_everywhere_has_a_stretch():
    stretch = stretch_of([np.full((1, 4, 4), 2000, np.uint16)], preset_of("B08 * 0"))
    assert stretch.lows[0] < 0 < stretch.highs[0]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"limits": (1.0, 0.5)}, "low one must be below"),
        ({"limits": (0.1,)}, "1 limits"),
        ({"limits": (0.0, float("nan"))}, "not possible"),
        ({"percentiles": (98, 2)}, "low first"),
        ({"percentiles": (-1, 50)}, "0 to 100"),
        ({"gamma": 0.0}, "gamma of 0"),
    ],
)
def test_what_no_stretch_can_be_is_refused(choice, said):
    with pytest.raises(InvalidInputError, match=said):
        Tone(**choice)


def test_what_does_not_belong_together_is_refused():
    with pytest.raises(InvalidInputError, match="shows one value"):
        Appearance("ndvi", tone=Tone((0, 1) * 3)).picture()
    with pytest.raises(InvalidInputError, match="a palette belongs to"):
        Appearance("true-colour", palette="viridis").picture()
    with pytest.raises(InvalidInputError, match="'rainbow' is not known: use viridis"):
        Appearance("ndvi", palette="rainbow").picture()
    assert Appearance("ndvi", palette="cividis").picture().colours == PALETTES["cividis"]


def test_gamma_brightens_the_middle_and_leaves_the_ends():
    dn = np.array([[[1, 2500, 10_000]]] * 3, dtype=np.uint16)
    for gamma in (1.0, 2.0):
        picture = render(dn, RGB, stretch_of([], RGB, Tone((0, 1), gamma=gamma)))
        assert picture[0, :, 0].tolist() == [round(255 * (one / 10_000) ** (1 / gamma)) for one in (1, 2500, 10_000)]


@pytest.mark.parametrize(
    ("name", "published"), [("viridis", Viridis256), ("cividis", Cividis256), ("inferno", Inferno256)]
)
def test_the_palettes_are_the_published_ones(name, published):
    colours = np.array([[int(one[i : i + 2], 16) for i in (1, 3, 5)] for one in published])
    assert np.abs(steps_of(PALETTES[name]).astype(int) - colours).max() <= 6


def test_a_diverging_palette_is_lightest_in_the_middle():
    luminance = steps_of(PALETTES["blue-ochre"]) @ np.array([0.2126, 0.7152, 0.0722])
    assert 115 < luminance.argmax() < 140
    assert np.all(np.diff(luminance[:115]) >= -0.5)
    assert np.all(np.diff(luminance[140:]) <= 0.5)


def test_a_legend_says_the_limits_that_are_used():
    assert legend_of(RGB, Stretch((0,) * 3, (1,) * 3)) is None
    legend = legend_of(NDVI, Stretch((-0.25,), (0.8,)))
    assert (legend.low, legend.high) == ("-0.25", "0.8")
    assert legend_of(PRESETS["looks"], Stretch((1,), (8,))).high == "8+"
    assert legend_of(NDVI, Stretch((1234.5,), (98765.0,))).high == "98765"


# -- flicker -----------------------------------------------------------------------------------------------------------

GAINS = np.array([1.0, 1.2, 0.9, 1.0, 1.1])
MONTHS = [f"2022-0{n}" for n in range(1, 6)]


def made_up(changing=0.5):
    """Return a ground of which a part changes by itself, under the light of each month."""
    ground = RNG.uniform(500, 3000, (40, 40))
    series = np.stack([ground] * len(GAINS))
    rows = int(40 * changing)
    series[:, :rows] *= RNG.uniform(0.4, 1.8, (len(GAINS), rows, 40))
    return (series * GAINS[:, None, None]).astype(np.float32)


def test_the_flicker_of_a_made_up_series_is_known_and_goes_away():
    found = flicker_of(MONTHS, made_up())
    # The median of the gains is 1: changes of 20, 30, 10 and 10 % of the usual brightness.
    assert found.score == pytest.approx((20 + 30 + 10 + 10) / 4, abs=0.05)
    assert found.evened == pytest.approx(0, abs=0.05)
    np.testing.assert_allclose([found.gains[month] for month in MONTHS], 1 / GAINS, atol=2e-4)


def test_a_month_without_a_look_is_stepped_over_and_keeps_its_light():
    series = made_up(changing=0)
    series[1] = np.nan
    found = flicker_of(MONTHS, series)
    assert found.gains["2022-02"] == 1
    # The median of 1, 0.9, 1, 1.1 is 1: changes of 10, 10, 10 %.
    assert found.score == pytest.approx(10, abs=0.05)


def test_what_is_only_noise_is_left_alone():
    noise = RNG.normal(2000, 40, (5, 60, 60)).astype(np.float32)
    found = flicker_of(MONTHS, noise)
    # Two looks at a pixel of 2 % noise differ by 2 % x sqrt(2) x 0.6745, in the middle.
    assert 1 < found.score < 2.2
    assert found.evened <= found.score


def test_too_little_says_nothing():
    assert flicker_of(MONTHS[:1], made_up()[:1]) is None
    assert flicker_of(MONTHS, made_up()[:, :3, :3]) is None
    assert flicker_of(MONTHS, np.full((5, 40, 40), np.nan, np.float32)) is None
    assert flicker_of(MONTHS, np.full((5, 40, 40), 40, np.float32)) is None  # water
    assert flicker_of([], np.empty((0, 1, 1), np.float32)) is None


@pytest.fixture(scope="module")
def months(tmp_path_factory):
    """Return five composites of one ground under the light of each month."""
    folder = tmp_path_factory.mktemp("light")
    ground = np.random.default_rng(2).uniform(600, 2500, (3, 60, 80))
    return [
        (month, write_composite(
            folder / f"{month}.tif", (ground * gain).round().astype(np.uint16), np.ones((60, 80), np.uint8),
            bands=RGB.bands, epsg=32633, transform=Affine(10, 0, 499_980, 0, -10, 5_200_020), month=month,
        ))
        for month, gain in zip(MONTHS, GAINS, strict=True)
    ]  # fmt: skip


def test_the_stretch_of_files_is_one_for_all_months_and_evening_out_adds_a_gain(months):
    plain = settle(months, RGB)
    assert {plain.of(month) for month in MONTHS} == {plain.stretch}
    evened = settle(months, RGB, even=True)
    assert evened.stretch == plain.stretch
    assert plain.flicker.score == pytest.approx(17.5, abs=0.2)
    ground = np.full((3, 1, 1), 1000.0)
    shown = [
        render((ground * gain).round().astype(np.uint16), RGB, evened.of(month))[0, 0].tolist()
        for month, gain in zip(MONTHS, GAINS, strict=True)
    ]
    assert np.ptp(shown, axis=0).max() <= 1


def test_the_histogram_counts_what_is_there(months):
    histogram = settle(months, RGB).histogram
    assert len(histogram.counts) == 3
    assert histogram.low == 0
    assert 0.25 < histogram.high < 0.31  # 2500 x 1.2 / 10 000
    for channel in histogram.counts:
        assert 0.99 < sum(channel) / (60 * 80 * 5) <= 1
    ratio = settle(months, preset_of("B04 / B03")).histogram
    assert ratio.low < 0.5
    assert ratio.high > 2
    assert len(ratio.counts) == 1
    nothing = settle([], RGB)
    assert nothing == Settled(nothing.stretch)
