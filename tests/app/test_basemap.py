"""The built-in map tiles: what they show, how they are addressed, that they are the same every time."""

from __future__ import annotations

import io
import math
from http import HTTPStatus

import numpy as np
import pytest
from PIL import Image
from tornado.testing import AsyncHTTPTestCase
from tornado.web import Application

from app.basemap import MAX_ZOOM, PALETTES, ROUTES, render_tile

LIGHT = PALETTES["light"]


def address(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """Column and row of the tile that holds a point."""
    tiles = 2**zoom
    column = (longitude + 180) / 360 * tiles
    row = (0.5 - math.asinh(math.tan(math.radians(latitude))) / (2 * math.pi)) * tiles
    return int(column), int(row)


def colour_at(longitude: float, latitude: float, zoom: int, theme: str = "light") -> tuple[int, ...]:
    """Colour of the pixel of a tile at a point."""
    column, row = address(longitude, latitude, zoom)
    image = pixels(render_tile(theme, zoom, column, row))
    size = image.shape[0]
    tiles = 2**zoom
    x = ((longitude + 180) / 360 * tiles - column) * size
    y = ((0.5 - math.asinh(math.tan(math.radians(latitude))) / (2 * math.pi)) * tiles - row) * size
    return tuple(int(value) for value in image[int(y), int(x)])


def pixels(tile: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(tile)).convert("RGB"))


@pytest.mark.parametrize("zoom", [1, 2, 4, 6, 8, 11])
@pytest.mark.parametrize(
    ("longitude", "latitude", "expected"),
    [
        (103.33, 62.77, "land"),  # Siberia
        (-97.3, 38.7, "land"),  # Kansas
        (133.1, -24.3, "land"),  # the middle of Australia
        (-178.23, 67.23, "land"),  # Chukotka, beyond the antimeridian
        (177.33, 67.43, "land"),  # Chukotka, before it
        (77.7, -80.3, "land"),  # Antarctica, whose outline goes around the pole
        (-31.7, 33.1, "sea"),  # the Atlantic
        (51.3, 41.1, "sea"),  # the Caspian Sea, a hole in the land
        (-138.3, -8.1, "sea"),
        (93.1, 82.9, "sea"),  # north of Siberia
    ],
)
def test_land_and_sea_are_where_they_are(longitude, latitude, expected, zoom):
    assert colour_at(longitude, latitude, zoom) == getattr(LIGHT, expected)


def test_an_island_shows_in_close_tiles():
    assert colour_at(14.41, 44.92, 9) == LIGHT.land  # Cres, 10 km wide
    assert colour_at(14.17, 44.92, 9) == LIGHT.sea


def test_both_themes_draw_the_same_map_in_other_colours():
    light, dark = (pixels(render_tile(theme, 5, 17, 11)) for theme in PALETTES)
    land = np.all(light == LIGHT.land, axis=-1)
    assert 0.2 < land.mean() < 0.95
    assert np.all(dark[land] == PALETTES["dark"].land)


def test_neighbours_meet_without_a_seam():
    left, right = (pixels(render_tile("light", 9, column, 172)) for column in (268, 269))
    assert np.all(left[:, -1] == right[:, 0], axis=-1).mean() > 0.97


def test_a_tile_is_drawn_the_same_every_time():
    first = render_tile("light", 6, 34, 22)
    render_tile.cache_clear()
    assert render_tile("light", 6, 34, 22) == first


def test_tiles_are_small_and_drawn_once():
    render_tile.cache_clear()
    addresses = [("light", 8, column, row) for column in range(134, 142) for row in range(88, 92)]
    assert max(len(render_tile(*tile)) for tile in addresses * 2) < 60_000
    assert render_tile.cache_info().misses == len(addresses)


class TestServedTiles(AsyncHTTPTestCase):
    def get_app(self) -> Application:
        return Application(ROUTES)

    def test_a_tile_may_be_cached_and_is_asked_again_for_free(self) -> None:
        answer = self.fetch("/basemap/light/5/17/11.png")
        assert answer.code == HTTPStatus.OK
        assert answer.headers["Content-Type"] == "image/png"
        assert "max-age" in answer.headers["Cache-Control"]
        again = self.fetch("/basemap/light/5/17/11.png", headers={"If-None-Match": answer.headers["Etag"]})
        assert again.code == HTTPStatus.NOT_MODIFIED

    def test_a_page_below_a_path_finds_its_tiles(self) -> None:
        assert self.fetch("/maps/app/basemap/dark/3/1/1.png").code == HTTPStatus.OK

    def test_addresses_outside_the_world_are_not_found(self) -> None:
        for path in ("light/3/8/0", "light/3/0/8", f"light/{MAX_ZOOM + 1}/0/0", "neon/3/0/0", "light/3/-1/0"):
            assert self.fetch(f"/basemap/{path}.png").code == HTTPStatus.NOT_FOUND
