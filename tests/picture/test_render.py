from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from pyproj import Transformer

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.export.geotiff import write_composite
from stac_timelapse.picture.indices import PRESETS, preset_for
from stac_timelapse.picture.render import GAP_COLOURS, hatch, render, render_cog, sample
from stac_timelapse.picture.settled import settle
from stac_timelapse.picture.stretch import Stretch, stretch_of

RGB = PRESETS["true-colour"]
LINEAR = Stretch((0.0,) * 3, (2550.0,) * 3)


def month(*values, shape=(8, 9)):
    return np.stack([np.full(shape, value, np.uint16) for value in values])


def test_grey_is_dn_over_ten_under_a_linear_stretch():
    assert (render(month(100, 1270, 2550), RGB, LINEAR) == (10, 127, 255)).all()
    assert (render(month(9999, 1, 50), RGB, LINEAR)[0, 0] == (255, 0, 5)).all()


def test_a_gap_is_hatched_and_only_the_gap():
    values = month(1000, 1000, 1000, shape=(40, 40))
    values[:, 10:30, 10:30] = 0
    picture = render(values, RGB, LINEAR)
    assert (picture[:10] == 100).all()
    hole = picture[10:30, 10:30]
    assert set(np.unique(hole)) == set(GAP_COLOURS)
    np.testing.assert_array_equal(hole[..., 0], hatch((40, 40))[10:30, 10:30])


def test_what_is_filled_has_light_lines_and_nothing_else():
    values = month(1000, 1000, 1000, shape=(40, 40))
    filled = np.zeros((40, 40), dtype=bool)
    filled[10:30, 10:30] = True
    picture = render(values, RGB, LINEAR, filled)
    assert (picture[~filled] == 100).all()
    inside = picture[filled]
    assert set(np.unique(inside)) == {100, (2 * 100 + 255) // 3}
    assert 0.05 < (inside[:, 0] != 100).mean() < 0.2


def test_an_index_is_the_normalised_difference():
    preset = PRESETS["ndvi"]
    palette = preset.palette()
    picture = render(month(3000, 1000), preset, stretch_of([], preset))
    # (3000 - 1000) / 4000 = 0.5 of 0 ... 0.9
    assert (picture[0, 0] == palette[round(0.5 / 0.9 * 255)]).all()
    assert (render(month(1000, 3000), preset, stretch_of([], preset))[0, 0] == palette[0]).all()


def test_a_count_is_coloured_by_its_number_and_hatched_where_nobody_looked():
    preset = PRESETS["looks"]
    palette, stretch = preset.palette(), stretch_of([], preset)
    counts = np.array([[[0, 1, 3, 8, 20]]], dtype=np.uint16)
    picture = render(counts, preset, stretch)
    assert picture[0, 0].tolist() == [GAP_COLOURS[1]] * 3
    for col, share in ((1, 0), (2, 2 / 7), (3, 1), (4, 1)):
        assert (picture[0, col] == palette[round(share * 255)]).all()
    assert preset.needs == ()


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.colours])
def test_palettes_read_without_colour_vision(name):
    luminance = PRESETS[name].palette() @ np.array([0.2126, 0.7152, 0.0722])
    steps = np.diff(luminance)
    assert (steps <= 0.01).all() or (steps >= -0.01).all()
    assert abs(luminance[-1] - luminance[0]) > 120


def test_one_stretch_for_the_series_ignores_a_month_of_snow():
    land = np.linspace(200, 2000, 3 * 100).reshape(3, 10, 10).astype(np.uint16)
    snow = np.full((3, 10, 10), 9000, np.uint16)
    empty = np.zeros((3, 10, 10), np.uint16)
    alone = stretch_of([land, land], RGB)
    with_snow = stretch_of([land, snow, land, empty], RGB)
    assert with_snow == alone
    assert len(set(alone.lows)) == 1
    apart = stretch_of([land], PRESETS["infrared"])
    assert len(set(apart.lows)) == 3


def test_a_series_without_any_observation_has_a_stretch():
    stretch = stretch_of([np.zeros((3, 4, 4), np.uint16)], RGB)
    assert all(high > low for low, high in zip(stretch.lows, stretch.highs, strict=True))


def test_a_flat_series_does_not_divide_by_zero():
    picture = render(month(700, 700, 700), RGB, stretch_of([month(700, 700, 700)], RGB))
    assert picture.shape == (8, 9, 3)


def test_a_stretch_survives_json():
    assert Stretch.from_json(LINEAR.to_json()) == LINEAR


@pytest.fixture(scope="module")
def composite(tmp_path_factory):
    """Return a composite of 1200 x 800 pixels: left half dark, right half bright, one bright block."""
    values = np.full((3, 800, 1200), 500, np.uint16)
    values[:, :, 600:] = 2000
    values[:, 100:200, 100:200] = 2550
    values[:, :, :20] = 0
    path = tmp_path_factory.mktemp("render") / "composite.tif"
    return write_composite(
        path,
        values,
        np.ones((800, 1200), np.uint8),
        bands=RGB.bands,
        epsg=32633,
        transform=Affine(10, 0, 499_980, 0, -10, 5_200_020),
        month="2022-06",
    )


def test_a_smaller_picture_of_the_whole(composite):
    frame = render_cog(composite, RGB, LINEAR, max_size=300)
    assert frame.rgb.shape == (200, 300, 3)
    assert frame.bounds == (499_980, 5_192_020, 511_980, 5_200_020)
    assert (frame.rgb[100, 200] == 200).all()
    assert (frame.rgb[100, 60] == 50).all()
    assert sample(composite, RGB, 100).shape == (3, 67, 100)
    assert settle([("2022-06", composite)], RGB).stretch.highs[0] >= 2000


@pytest.mark.parametrize("size", [None, 400])
def test_on_the_web_map_every_pixel_is_in_its_place(composite, size):
    frame = render_cog(composite, RGB, LINEAR, max_size=size, crs="EPSG:3857")
    height, width = frame.rgb.shape[:2]
    assert frame.rgb.shape[2] == 4
    to_web = Transformer.from_crs(32633, 3857, always_xy=True)
    west, south, east, north = frame.bounds
    # The middle of the bright block, of the dark and of the bright half.
    for easting, northing, grey in ((501_480, 5_198_520, 255), (503_480, 5_194_020, 50), (509_980, 5_194_020, 200)):
        x, y = to_web.transform(easting, northing)
        column, row = int((x - west) / (east - west) * width), int((north - y) / (north - south) * height)
        assert (frame.rgb[row, column, :3] == grey).all()
        assert frame.rgb[row, column, 3] == 255
    # The UTM square is tilted on the web map: outside it nothing is shown, a gap inside it is.
    assert (frame.rgb[..., 3] == 0).any()
    x, y = to_web.transform(500_080, 5_196_020)
    gap = frame.rgb[int((north - y) / (north - south) * height), int((x - west) / (east - west) * width)]
    assert gap[0] in GAP_COLOURS
    assert gap[3] == 255


def test_a_preset_for_chosen_bands():
    assert preset_for("nbr", ("B08", "B12")).name == "nbr"
    assert preset_for(None, ("B08", "B04", "B03", "B02")).name == "true-colour"
    assert preset_for(None, ("B12", "B11", "B08", "B04")).bands == ("B12", "B11", "B08")
    grey = preset_for(None, ("B11",))
    assert (render(month(1000), grey, Stretch((0.0,), (2550.0,))) == 100).all()
    with pytest.raises(InvalidInputError, match="'sepia' is not known"):
        preset_for("sepia", ("B04",))
