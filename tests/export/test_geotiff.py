from __future__ import annotations

import json
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import rasterio
from affine import Affine

from stac_timelapse.errors import InvalidInputError
from stac_timelapse.export.geotiff import write_composite, zip_months
from stac_timelapse.export.parts import Sheet, assemble, new_folder, remove_folder, write_part

TRANSFORM = Affine(20, 0, 499_980, 0, -20, 5_200_020)
BANDS = ("B08", "B04")


def write(path, month="2022-06", shape=(600, 700)):
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]]
    red = (rows * 50 + cols + 1).astype(np.uint16)
    observations = (cols % 4).astype(np.uint8)
    reflectance = np.stack([red, red // 2]) * (observations > 0)
    write_composite(
        path, reflectance.astype(np.uint16), observations,
        bands=BANDS, epsg=32633, transform=TRANSFORM, month=month, tags={"SCENES": "a b"},
    )  # fmt: skip
    return reflectance, observations


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "new" / "composite.tif"
    reflectance, observations = write(path)
    with rasterio.open(path) as file:
        assert file.driver == "GTiff"
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.crs.to_epsg() == 32633
        assert file.transform == TRANSFORM
        assert file.descriptions == ("B08", "B04", "observations")
        assert file.scales == (0.0001, 0.0001, 1.0)
        assert file.offsets == (0.0, 0.0, 0.0)
        assert file.nodatavals == (0, 0, 0)
        assert file.overviews(1) == [2]
        np.testing.assert_array_equal(file.read([1, 2]), reflectance)
        np.testing.assert_array_equal(file.read(3), observations)
        tags = file.tags()
    assert (tags["MONTH"], tags["SCENES"]) == ("2022-06", "a b")
    assert float(tags["OBSERVATIONS_MEAN"]) == pytest.approx(1.5)
    assert float(tags["CLEAR_SHARE"]) == 0.75
    assert [entry.name for entry in path.parent.iterdir()] == ["composite.tif"]


def sheet(height, width, **more):
    place = {"epsg": 32633, "transform": tuple(TRANSFORM[:6]), "month": "2022-06", "tags": {}}
    return Sheet(BANDS, width, height, **{**place, **more})


def test_parts_in_any_order_make_the_same_pixels(tmp_path):
    whole = tmp_path / "whole.tif"
    reflectance, observations = write(whole)
    layers = np.concatenate([reflectance, observations[None]]).astype(np.uint16)
    folder = new_folder(tmp_path)
    parts = [
        write_part(folder, col, row, layers[:, row : row + 300, col : col + 512])
        for row, col in ((300, 0), (0, 512), (0, 0), (300, 512))
    ]
    tiled = tmp_path / "tiled.tif"
    assemble(sheet(600, 700, tags={"CREDIT": '<us> & "them"'}), parts, tiled)
    remove_folder(folder)
    with rasterio.open(whole) as one, rasterio.open(tiled) as other:
        np.testing.assert_array_equal(one.read(), other.read())
        assert (one.overviews(1), one.transform, one.descriptions) == (
            other.overviews(1), other.transform, other.descriptions
        )  # fmt: skip
        assert one.tags()["OBSERVATIONS_MEAN"] == other.tags()["OBSERVATIONS_MEAN"]
        assert other.tags()["CREDIT"] == '<us> & "them"'
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiled.tif", "whole.tif"]


def test_a_failure_leaves_nothing(tmp_path):
    folder = new_folder(tmp_path)
    part = write_part(folder, 0, 0, np.ones((3, 8, 8), np.uint16))
    part.path.unlink()
    with pytest.raises(Exception, match="0-0"):
        assemble(sheet(8, 8), [part], tmp_path / "composite.tif")
    remove_folder(folder)
    assert list(tmp_path.iterdir()) == []


def test_a_writer_killed_at_any_moment_leaves_no_half_entry(tmp_path):
    # The child writes the same entry again and again and is killed in the middle of it, several times.
    script = (
        "import sys, numpy as np\n"
        "from pathlib import Path\n"
        "from stac_timelapse.export.parts import *\n"
        "from stac_timelapse.export.parts import Sheet\n"
        "path = Path(sys.argv[1])\n"
        "whole = Sheet(('B04',), 900, 900, 32633, (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), '2022-06', {})\n"
        "while True:\n"
        "    folder = new_folder(path.parent)\n"
        "    tile = np.random.default_rng(1).integers(1, 9000, (2, 900, 900)).astype(np.uint16)\n"
        "    assemble(whole, [write_part(folder, 0, 0, tile)], path)\n"
        "    remove_folder(folder)\n"
        "    print('written', flush=True)\n"
    )
    expected = np.random.default_rng(1).integers(1, 9000, (2, 900, 900)).astype(np.uint16)
    for turn in range(3):
        path = tmp_path / f"{turn}.tif"
        with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True) as child:
            for _ in range(turn):
                assert child.stdout.readline() == "written\n"
            while not list(tmp_path.glob(".part-*/cog-*")):
                assert child.poll() is None
            child.kill()
        assert path.exists() or turn == 0
        if path.exists():
            with rasterio.open(path) as file:
                np.testing.assert_array_equal(file.read(), expected)


def test_the_zip_holds_every_month_by_its_name(tmp_path):
    months = ("2022-06", "2022-07")
    paths = [tmp_path / f"{number}.tif" for number in range(2)]
    for path, month in zip(paths, months, strict=True):
        write(path, month)
    out = zip_months(paths, tmp_path / "out" / "months.zip", '{"format": 1}')
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert sorted(archive.namelist()) == [
            "README.txt", "composite_2022-06.tif", "composite_2022-07.tif", "recipe.json"
        ]  # fmt: skip
        assert archive.read("composite_2022-07.tif") == paths[1].read_bytes()
        assert json.loads(archive.read("recipe.json")) == {"format": 1}
    again = zip_months(paths, tmp_path / "again.zip", '{"format": 1}')
    assert again.read_bytes() == out.read_bytes()


def test_nothing_to_pack(tmp_path):
    with pytest.raises(InvalidInputError, match="no month to pack"):
        zip_months([], tmp_path / "x.zip", "{}")


def image_file_directories(path):
    """Return ``(position, width, tile width, position of the first tile)`` of each IFD, from the bytes alone."""
    data = path.read_bytes()
    assert data[:4] == b"II*\x00"  # little-endian, not BigTIFF
    position = struct.unpack_from("<I", data, 4)[0]
    found = []
    while position:
        count = struct.unpack_from("<H", data, position)[0]
        tags = {}
        for entry in range(count):
            tag, kind, number, value = struct.unpack_from("<HHII", data, position + 2 + 12 * entry)
            if kind == 3 and number == 1:
                value &= 0xFFFF
            if tag == 324 and number > 1:
                value = struct.unpack_from("<I", data, value)[0]
            tags[tag] = value
        found.append((position, tags[256], tags.get(322), tags[324]))
        position = struct.unpack_from("<I", data, position + 2 + 12 * count)[0]
    return found


@pytest.mark.parametrize(("size", "levels"), [(100, 0), (700, 1), (1300, 2)])
def test_it_is_a_valid_cloud_optimized_geotiff(tmp_path, size, levels):
    # As the validators have it: tiled, overviews down to one tile, all directories before all pixels, and the
    # pixels of the overviews before those of the full resolution.
    path = tmp_path / "composite.tif"
    write(path, shape=(size, size))
    directories = image_file_directories(path)
    with rasterio.open(path) as file:
        assert file.overviews(1) == [2 ** (level + 1) for level in range(levels)]
        assert file.block_shapes == [(512, 512)] * 3
    assert len(directories) == 1 + levels
    assert [width for _, width, _, _ in directories] == sorted((width for _, width, _, _ in directories), reverse=True)
    assert {tile for _, _, tile, _ in directories} == {512}
    positions, first_pixels = [each[0] for each in directories], [each[3] for each in directories]
    assert positions == sorted(positions)
    assert positions[0] < 1000
    assert max(positions) < min(first_pixels)
    assert first_pixels == sorted(first_pixels, reverse=True)
