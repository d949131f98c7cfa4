from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from PIL import Image, ImageSequence
from pyproj import Transformer
from shapely.geometry import Polygon

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.composite.gaps import HELD, OBSERVED, QUALITY_MEANS
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.export.geotiff import write_composite
from stac_timelapse.export.gif import write_gif
from stac_timelapse.export.parts import Sheet, assemble, new_folder, write_part
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.picture.render import GAP_COLOURS
from stac_timelapse.picture.stretch import Stretch

PRESET = PRESETS["true-colour"]
STRETCH = Stretch((0.0,) * 3, (4000.0,) * 3)
TRANSFORM = Affine(10, 0, 499_980, 0, -10, 5_200_020)


def composite(folder, month, colour, *, empty=False):
    values = np.zeros((3, 300, 400), np.uint16)
    if not empty:
        values += np.array(colour, np.uint16)[:, None, None]
    observations = np.full((300, 400), 0 if empty else 2, np.uint8)
    path = folder / f"{month}.tif"
    write_composite(path, values, observations, bands=PRESET.bands, epsg=32633, transform=TRANSFORM, month=month)
    return month, path


@pytest.fixture
def gif(tmp_path):
    red, green = (4000, 20, 20), (20, 4000, 20)
    months = [
        composite(tmp_path, "2022-01", red),
        composite(tmp_path, "2022-02", red),
        composite(tmp_path, "2022-03", red, empty=True),
        composite(tmp_path, "2022-04", green),
    ]
    seen = []
    out = write_gif(
        months, tmp_path / "out" / "timelapse.gif", preset=PRESET, stretch=STRETCH, fps=4, title="A place",
        attribution="Credit", on_progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    return out


def frames(path):
    with Image.open(path) as image:
        return [
            (np.asarray(frame.convert("RGB")).astype(int), frame.info["duration"])
            for frame in ImageSequence.Iterator(image)
        ]


def test_one_frame_a_month_also_where_two_are_alike(gif):
    assert len(frames(gif)) == 4
    assert {duration for _, duration in frames(gif)} == {250}
    assert gif.read_bytes()[:6] == b"GIF89a"
    with Image.open(gif) as image:
        assert image.info["loop"] == 0


def test_the_colours_are_those_of_the_months(gif):
    pictures = [picture for picture, _ in frames(gif)]
    for index, expected in ((0, (255, 0, 0)), (1, (255, 0, 0)), (3, (0, 255, 0))):
        assert np.abs(pictures[index][200, 200] - expected).max() <= 6


def test_an_empty_month_is_hatched_and_says_so(gif):
    empty = frames(gif)[2][0]
    greys = np.median(empty[60:100, 20:300], axis=-1)
    assert {round(value / 6) for value in np.unique(greys)} <= {
        round((grey + shift) / 6) for grey in GAP_COLOURS for shift in (-6, 0, 6)
    }
    # The notice in the middle is dark, unlike any hatch.
    assert empty[130:170, 100:300].min() < 60


def test_nothing_is_left_beside_the_file(gif):
    assert [path.name for path in gif.parent.iterdir()] == ["timelapse.gif"]


def test_without_a_month(tmp_path):
    with pytest.raises(InvalidInputError, match="no month to draw"):
        write_gif([], tmp_path / "x.gif", preset=PRESET, stretch=STRETCH)


def test_what_is_filled_is_lined_and_named(tmp_path):
    folder = new_folder(tmp_path)
    layers = np.full((5, 300, 400), 2000, np.uint16)
    layers[3], layers[4] = OBSERVED, 1
    layers[3, :, 200:], layers[4, :, 200:] = HELD, 0
    place = (10.0, 0.0, 499_980.0, 0.0, -10.0, 5_200_020.0)
    sheet = Sheet(PRESET.bands, 400, 300, 32633, place, "2022-01", {}, quality=QUALITY_MEANS)
    assemble(sheet, [write_part(folder, 0, 0, layers)], tmp_path / "filled.tif")
    month = composite(tmp_path, "2022-02", (2000, 2000, 2000))
    out = write_gif(
        [("2022-01", tmp_path / "filled.tif"), month], tmp_path / "both.gif", preset=PRESET, stretch=STRETCH
    )
    (filled, _), (plain, _) = frames(out)
    # Above the strip with the text and beside the north arrow.
    assert (plain[60:280, 10:380] == plain[100, 100]).all()
    assert (filled[60:280, 10:190] == plain[100, 100]).all()
    assert 0.05 < (filled[60:280, 210:380] != plain[100, 100]).any(axis=-1).mean() < 0.2
    strip = slice(300, 320), slice(140, 260)
    assert (filled[strip] != plain[strip]).any()  # "50% filled" beside the month


def test_the_outline_of_the_area_is_drawn_with_its_hole(tmp_path):
    to_degrees = Transformer.from_crs(32633, 4326, always_xy=True).transform
    # 10 m pixels: columns 100 to 300, rows 50 to 250; the hole is columns 180 to 220, rows 130 to 170.
    corners = [
        [to_degrees(499_980 + 10 * column, 5_200_020 - 10 * row) for column, row in ring]
        for ring in (
            [(100, 50), (300, 50), (300, 250), (100, 250)],
            [(180, 130), (220, 130), (220, 170), (180, 170)],
        )
    ]
    month = composite(tmp_path, "2022-02", (400, 400, 400))
    out = write_gif(
        [month], tmp_path / "outlined.gif", preset=PRESET, stretch=STRETCH,
        aoi=AreaOfInterest.from_geometry(Polygon(corners[0], [corners[1]])),
    )  # fmt: skip
    ((picture, _),) = frames(out)
    light = picture.min(axis=-1) > 200
    assert [np.flatnonzero(light[200, 20:380]).mean() + 20] == [pytest.approx(200, abs=1)]
    groups = [round(float(group.mean())) for group in runs(np.flatnonzero(light[150, 20:380]) + 20)]
    assert groups == [pytest.approx(column, abs=1) for column in (100, 180, 220, 300)]
    groups = [round(float(group.mean())) for group in runs(np.flatnonzero(light[20:290, 200]) + 20)]
    assert groups == [pytest.approx(row, abs=1) for row in (50, 130, 170, 250)]
    assert (picture[100, 150] == picture[270, 350]).all()  # nothing but the lines is changed


def runs(values):
    """Split rising whole numbers where they leave a gap."""
    return np.split(values, np.flatnonzero(np.diff(values) > 1) + 1)
