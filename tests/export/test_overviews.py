"""Overviews of filled months: what was observed apart from what was filled, against numpy and GDAL's own averages."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio

from stac_timelapse.composite import cache
from stac_timelapse.composite.gaps import HELD, OBSERVED, QUALITY_MEANS
from stac_timelapse.export.parts import Sheet, assemble, new_folder, remove_folder, write_part
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.picture.render import render_cog
from stac_timelapse.picture.stretch import Stretch

BANDS = ("B08", "B04")
PLACE = {"epsg": 32633, "transform": (10.0, 0.0, 499_980.0, 0.0, -10.0, 5_200_020.0)}


def write(path, layers, quality=QUALITY_MEANS):
    """Write a month in four parts whose seams lie at odd pixels."""
    _, height, width = layers.shape
    folder = new_folder(path.parent)
    rows, columns = (0, height // 2 | 1, height), (0, width // 3 | 1, width)
    parts = [
        write_part(folder, left, top, layers[:, top:bottom, left:right])
        for top, bottom in itertools.pairwise(rows)
        for left, right in itertools.pairwise(columns)
    ]
    bands = BANDS if quality else (*BANDS, "more")
    assemble(Sheet(bands, width, height, month="2022-06", tags={"A": "b"}, quality=quality, **PLACE), parts, path)
    remove_folder(folder)
    return path


def overviews(path):
    with rasterio.open(path) as file:
        levels = len(file.overviews(1))
    found = []
    for level in range(levels):
        with rasterio.open(path, OVERVIEW_LEVEL=level) as file:
            found.append((file.read(), file.transform))
    return found


def mixed(height, width, seed=3):
    """Return bands, quality, observations: observed, held and no data side by side, a band missing here and there."""
    rng = np.random.default_rng(seed)
    quality = rng.choice([0, OBSERVED, HELD], (height, width), p=[0.2, 0.5, 0.3])
    bands = rng.integers(1, 9000, (2, height, width)) * (quality > 0) * (rng.random((2, height, width)) < 0.9)
    looks = rng.integers(1, 9, (height, width)) * (quality == OBSERVED)
    return np.stack([*bands, quality, looks]).astype(np.uint16)


def halved(layers):
    """Average each 2 x 2 pixels: the observed ones with data where any is observed, else all with data."""
    *others, quality, looks = (
        one.reshape(one.shape[0] // 2, 2, -1, 2).swapaxes(1, 2).reshape(one.shape[0] // 2, -1, 4) for one in layers
    )
    any_seen = (looks > 0).any(axis=2, keepdims=True)
    out = []
    for one in (*others, looks):
        counted = (one > 0) & ((looks > 0) | ~any_seen)
        number = counted.sum(axis=2)
        out.append(np.where(number, np.floor((one * counted).sum(axis=2) / np.maximum(number, 1) + 0.5), 0))
    return np.stack([*out[:-1], quality.max(axis=2), out[-1]]).astype(np.uint16)


def test_what_was_filled_is_marked_and_in_no_average_of_what_was_observed(tmp_path):
    layers = mixed(1048, 520)
    path = write(tmp_path / "month.tif", layers)
    found = overviews(path)
    assert len(found) == 2
    expected = layers
    for pixels, transform in found:
        expected = halved(expected)
        np.testing.assert_array_equal(pixels, expected)
        assert transform.a * expected.shape[2] == 5200
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(), layers)
        assert (file.descriptions, file.scales) == ((*BANDS, "quality", "observations"), (0.0001, 0.0001, 1, 1))
        assert (file.nodatavals, file.overviews(1)) == ((0,) * 4, [2, 4])
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        tags = file.tags()
    assert (tags["A"], tags["QUALITY_MEANS"]) == ("b", QUALITY_MEANS)
    assert "marked as filled where any part of it is" in tags["OVERVIEWS_MEAN"]
    assert [each.name for each in tmp_path.iterdir()] == ["month.tif"]


@pytest.mark.parametrize(("height", "width"), [(1048, 520), (1201, 303), (515, 3)])
def test_a_month_with_nothing_to_fill_has_the_overviews_that_gdal_makes(tmp_path, height, width):
    rng = np.random.default_rng(1)
    layers = rng.integers(1, 9000, (4, height, width)).astype(np.uint16)
    layers[2] = OBSERVED
    layers[:, :41, : width // 2] = 0
    ours, gdals = (overviews(write(tmp_path / f"{bool(name)}.tif", layers, name)) for name in (QUALITY_MEANS, ""))
    assert len(ours) == len(gdals) > 0
    for (mine, place), (other, own) in zip(ours, gdals, strict=True):
        assert place == own
        np.testing.assert_array_equal(mine > 0, other > 0)
        # Of odd sizes pixels count in parts, and a half is rounded up or down by the last digit.
        apart = np.abs(mine.astype(int) - other)
        assert apart.max() <= (height % 8 > 0)
        assert apart.mean() < 1e-3


def test_a_picture_from_an_overview_shows_the_month_and_marks_what_was_filled(tmp_path):
    layers = np.zeros((4, 1024, 1024), np.uint16)
    layers[:, ::2, ::2] = np.array([8000, 8000, HELD, 0])[:, None, None]
    for down, right in ((0, 1), (1, 0), (1, 1)):
        layers[:, down::2, right::2] = np.array([1000, 1000, OBSERVED, 1])[:, None, None]
    plain = layers.copy()
    plain[:2], plain[2], plain[3] = 1000, OBSERVED, 1
    preset = next(one for one in PRESETS.values() if set(one.bands) <= set(BANDS) and one.of_one_value)
    stretch = Stretch((-1.0,), (1.0,))
    for crs in (None, "EPSG:3857"):
        shown, truth = (
            render_cog(write(tmp_path / f"{number}-{crs is None}.tif", one), preset, stretch, 256, crs).rgb
            for number, one in enumerate((layers, plain))
        )
        lined = (shown != truth).any(axis=2)
        # Every twelfth pixel of a diagonal carries the line; the colours between are the month's own.
        assert 0.06 < lined.mean() < 0.1


def test_a_month_of_other_code_is_another_month(tmp_path, monkeypatch):
    package = tmp_path / "stac_timelapse"
    shutil.copytree(Path(cache.__file__).parents[1], package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "__file__", str(package / "composite" / "cache.py"))

    def digest():
        return cache.code_digest.__wrapped__()

    first = digest()
    assert first == cache.code_digest()
    for name in ("cube/mask.py", "composite/gaps.py", "export/parts.py", "export/overviews.py", "fill.py"):
        before = digest()
        with (package / name).open("a") as module:
            module.write("# other\n")
        assert digest() != before, name
    before = digest()
    (package / "export" / "gif.py").write_text("")
    assert digest() == before
