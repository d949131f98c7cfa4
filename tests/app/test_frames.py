"""The pictures of the months: one stretch for all, nothing painted twice, gaps marked."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from session_world import result_of, write_month

from app.frames import FramePainter
from stac_timelapse.picture.appearance import Appearance


@pytest.fixture
def painter(tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    return FramePainter(folder, Appearance("true-colour"), ("B04", "B03", "B02"))


def pixels(painter, frame):
    return np.asarray(Image.open(painter.folder / frame.url.rsplit("/", 1)[1]).convert("RGBA"))


def test_a_brighter_month_is_brighter_and_the_stretch_is_locked(painter, tmp_path):
    results = [result_of(write_month(tmp_path, f"2022-0{n}", 600 + 400 * n), f"2022-0{n}") for n in (1, 2, 3)]
    for one in results:
        painter.paint(one)
    assert painter.lock(results)
    low, middle, high = (int(pixels(painter, frame)[20, 25, 0]) for frame in painter.repaint(results))
    assert low <= middle <= high
    assert low < high
    assert not painter.lock(results)  # settled: the same months give the same stretch


def test_a_month_without_a_clear_pixel_is_hatched(painter, tmp_path):
    gap = result_of(write_month(tmp_path, "2022-01", 0, seen=0), "2022-01", seen=0)
    picture = pixels(painter, painter.paint(gap))
    inside = picture[picture[..., 3] == 255]
    assert len(np.unique(inside[:, 0] // 8)) >= 2  # two greys
    assert inside.min() > 180


def test_outside_of_the_turned_grid_it_is_transparent(painter, tmp_path):
    frame = painter.paint(result_of(write_month(tmp_path, "2022-01", 900), "2022-01"))
    west, south, east, north = frame.bounds
    assert 1_600_000 < west < east < 1_800_000
    assert 5_900_000 < south < north < 6_000_000
    alpha = pixels(painter, frame)[..., 3]
    assert alpha[alpha.shape[0] // 2, alpha.shape[1] // 2] == 255


def test_only_a_few_full_pictures_are_kept(painter, tmp_path):
    for n in range(1, 8):
        painter.paint(result_of(write_month(tmp_path, f"2022-0{n}", 600 + 100 * n), f"2022-0{n}"))
        picture, _ = painter.full.load(f"2022-0{n}")
        assert picture.shape[2] == 4
    assert painter.full.has("2022-01")
    assert not painter.full.has("2022-09")
    assert len(painter.full._kept) == 3
