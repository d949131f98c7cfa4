from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from stac_timelapse.cube.grid import Grid, project, project_bounds


def test_pixels_lie_on_the_scenes_corner_not_on_zero():
    # 499 980 is no multiple of 80: a grid counted from zero would be 60 m off.
    grid = Grid.around((500_100.0, 5_100_050.0, 500_500.0, 5_100_500.0), 32633, 80.0, (499_980.0, 5_200_020.0))
    assert (grid.west - 499_980) % 80 == 0
    assert (5_200_020 - grid.north) % 80 == 0
    assert grid.west <= 500_100
    assert grid.north >= 5_100_500
    assert grid.west + 80 > 500_100
    assert grid.north - 80 < 5_100_500


def test_bounds_already_on_pixel_edges_gain_nothing():
    grid = Grid.around((499_980.0, 5_199_000.0, 500_980.0, 5_200_020.0), 32633, 10.0, (499_980.0, 5_200_020.0))
    assert (grid.width, grid.height) == (100, 102)
    assert grid.bounds == (499_980.0, 5_199_000.0, 500_980.0, 5_200_020.0)


def test_an_area_smaller_than_a_pixel_is_one_pixel():
    grid = Grid.around((500_001.0, 5_100_001.0, 500_002.0, 5_100_002.0), 32633, 10.0, (499_980.0, 5_200_020.0))
    assert grid.shape == (1, 1)


@given(
    left=st.integers(0, 3000),
    top=st.integers(0, 3000),
    width=st.integers(1, 5000),
    height=st.integers(1, 5000),
    size=st.sampled_from([256, 512, 1024]),
)
def test_tiles_are_cut_on_block_edges_counted_from_the_origin(left, top, width, height, size):
    grid = Grid(32633, 10.0, 499_980 + 10.0 * left, 5_200_020 - 10.0 * top, width, height, (499_980.0, 5_200_020.0))
    rows, columns = grid.tiles(size)
    assert sum(rows) == height
    assert sum(columns) == width
    assert all(0 < piece <= size for piece in (*rows, *columns))
    edge = left
    for piece in columns[:-1]:
        edge += piece
        assert edge % size == 0


def test_the_edges_of_a_wide_area_are_followed_across_the_zones_middle():
    # The southern edge of a 1 degree wide box bulges; its corners alone would cut off more than 100 m.
    area: BaseGeometry = box(14.5, 46.0, 15.5, 46.1)
    south = project(area, 4326, 32633).bounds[1]
    corners = project_bounds((14.5, 46.0, 14.5, 46.1), 4326, 32633)[1]
    assert corners - south > 100


def test_reprojecting_to_the_same_zone_changes_nothing():
    assert project_bounds((1.0, 2.0, 3.0, 4.0), 32633, 32633) == (1.0, 2.0, 3.0, 4.0)


def test_a_grid_without_pixels_is_refused():
    with pytest.raises(Exception, match="holds nothing"):
        Grid(32633, 10.0, 0.0, 0.0, 0, 5, (0.0, 0.0))
