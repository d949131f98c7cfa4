import numpy as np
import pytest
from affine import Affine
from shapely.geometry import MultiPolygon, Point, Polygon, box

from stac_timelapse.cube.outline import Outline, part_of

TRANSFORM = Affine(10, 0, 500_000, 0, -10, 5_100_000)
HEIGHT, WIDTH, TILE = 90, 130, 32


def at(*corners):
    return [(500_000 + 10 * column, 5_100_000 - 10 * row) for column, row in corners]


SHAPES = {
    "hole": Polygon(at((3.2, 2.1), (120.4, 10.3), (100.7, 85.2), (7.5, 70.9)), [at((40, 20), (70, 25), (50, 60))]),
    "parts": MultiPolygon([Point(500_200, 5_099_800).buffer(150), Point(501_100, 5_099_300).buffer(90)]),
    "all": box(*at((0, HEIGHT))[0], *at((WIDTH, 0))[0]),
    "tiny": Polygon(at((33.1, 31.6), (33.4, 31.6), (33.4, 32.4), (33.1, 32.4))),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_pieces_of_the_tiles_are_the_outline_of_the_whole(name):
    outline = Outline(SHAPES[name], by_centre=name != "tiny")
    together = np.zeros((HEIGHT, WIDTH), bool)
    for top in range(0, HEIGHT, TILE):
        for left in range(0, WIDTH, TILE):
            shape = (min(TILE, HEIGHT - top), min(TILE, WIDTH - left))
            part = part_of(TRANSFORM, left, top)
            together[top : top + shape[0], left : left + shape[1]] = outline.near(part, shape).inside(part, shape)
    np.testing.assert_array_equal(together, outline.inside(TRANSFORM, (HEIGHT, WIDTH)))
    assert together.sum() == {"all": HEIGHT * WIDTH, "tiny": 2}.get(name, together.sum())
    assert together.any()
