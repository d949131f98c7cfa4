"""The map under the map, without a network: web tiles of land and borders, drawn from Natural Earth.

``/basemap/{light|dark}/{z}/{x}/{y}.png`` answers in the scheme of every slippy map (256 px Web Mercator tiles, drawn
at twice that for sharp screens).
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely
from PIL import Image, ImageDraw
from tornado.web import HTTPError, RequestHandler

ATTRIBUTION = "Natural Earth"
MAX_ZOOM = 20

_DATA = Path(__file__).parent / "data" / "natural_earth.npz"
_PIXELS = 512
_OVERSAMPLING = 2  # of the outlines, for smooth edges

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one theme, 8-bit RGB."""

    sea: Colour
    land: Colour
    coast: Colour
    border: Colour


PALETTES = {
    "light": Palette(
        sea=(216, 228, 234),
        land=(247, 244, 237),
        coast=(164, 184, 193),
        border=(208, 199, 183),
    ),
    "dark": Palette(
        sea=(22, 30, 36),
        land=(38, 46, 51),
        coast=(74, 92, 101),
        border=(72, 80, 84),
    ),
}


@dataclass(frozen=True, slots=True)
class _Outlines:
    """One level of detail: spatial indexes over small pieces, in basemap units (x east, y south, 0 ... `units`)."""

    units: float
    land: shapely.STRtree
    coast: shapely.STRtree
    border: shapely.STRtree


@lru_cache(maxsize=3)
def _outlines(scale: str) -> _Outlines:
    """Load one Natural Earth scale: ``"110m"``, ``"50m"`` or ``"10m"``."""
    with np.load(_DATA, allow_pickle=False) as data:

        def tree(layer: str) -> shapely.STRtree:
            name = f"{scale}_{layer}"
            coordinates = np.cumsum(data[f"{name}_xy"], axis=0).astype(np.float64)
            kind = shapely.GeometryType.POLYGON if layer == "land" else shapely.GeometryType.LINESTRING
            depths = range(2 if layer == "land" else 1)
            offsets = tuple(np.cumsum(data[f"{name}_offsets{depth}"].astype(np.int64)) for depth in depths)
            return shapely.STRtree(shapely.from_ragged_array(kind, coordinates, offsets))

        return _Outlines(float(data["units"]), tree("land"), tree("coast"), tree("border"))


def _outlines_for(zoom: int) -> _Outlines:
    if zoom <= 1:
        return _outlines("110m")
    return _outlines("50m" if zoom <= 5 else "10m")  # noqa: PLR2004 (where the coarser outlines begin to look angular)


def _rings(geometry: shapely.Geometry) -> Iterator[tuple[npt.NDArray[np.float64], bool]]:
    """Yield the rings of a clipped polygon, each with whether it is a hole, an outer ring before its holes."""
    for part in shapely.get_parts(geometry):
        if part.geom_type != "Polygon" or part.is_empty:
            continue
        yield shapely.get_coordinates(part.exterior), False
        for hole in part.interiors:
            yield shapely.get_coordinates(hole), True


def _draw_outlines(zoom: int, column: int, row: int, palette: Palette) -> Image.Image:
    """Sea, land, coast and borders of a tile: RGB, `_PIXELS` square."""
    outlines = _outlines_for(zoom)
    size = outlines.units / 2**zoom
    west, north = column * size, row * size
    margin = size / 64  # wider than any line is thick
    bounds = (west - margin, north - margin, west + size + margin, north + size + margin)
    window = shapely.box(*bounds)
    land = [outlines.land.geometries[i] for i in outlines.land.query(window)]
    lines = [
        (outlines_of.geometries[i], colour)
        for outlines_of, colour in ((outlines.border, palette.border), (outlines.coast, palette.coast))
        for i in outlines_of.query(window)
    ]
    if not lines and (not land or any(shapely.covers(piece, window) for piece in land)):
        return Image.new("RGB", (_PIXELS, _PIXELS), palette.land if land else palette.sea)

    pixels = _PIXELS * _OVERSAMPLING
    scale = pixels / size

    def to_pixels(coordinates: npt.NDArray[np.float64]) -> list[tuple[float, float]]:
        return [(x, y) for x, y in ((coordinates - (west, north)) * scale).tolist()]

    image = Image.new("RGB", (pixels, pixels), palette.sea)
    draw = ImageDraw.Draw(image)
    for piece in sorted(land, key=shapely.area, reverse=True):  # an island in a lake comes after the lake
        for ring, hole in _rings(shapely.clip_by_rect(piece, *bounds)):
            draw.polygon(to_pixels(ring), fill=palette.sea if hole else palette.land)
    for line, colour in lines:
        for part in shapely.get_parts(shapely.clip_by_rect(line, *bounds)):
            if not part.is_empty:
                draw.line(to_pixels(shapely.get_coordinates(part)), fill=colour, width=3, joint="curve")
    return image.resize((_PIXELS, _PIXELS), Image.Resampling.BOX)


@lru_cache(maxsize=4096)
def render_tile(theme: str, zoom: int, column: int, row: int) -> bytes:
    """Draw one tile.

    Parameters
    ----------
    theme
        A key of `PALETTES`.
    zoom, column, row
        The tile's address, row 0 in the north.

    Returns
    -------
    bytes
        A PNG of 512 x 512 px, always the same for the same address.

    Raises
    ------
    KeyError
        When there is no such theme.
    """
    image = _draw_outlines(zoom, column, row, PALETTES[theme])
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()


class BasemapHandler(RequestHandler):
    """Serve the tiles; drawing happens in a thread, so that no session waits for a map."""

    async def get(self, theme: str, zoom: str, column: str, row: str) -> None:
        """Answer one tile, 404 for an address outside the world."""
        z, x, y = int(zoom), int(column), int(row)
        if theme not in PALETTES or z > MAX_ZOOM or x >= 2**z or y >= 2**z:
            raise HTTPError(404)
        tile = await asyncio.to_thread(render_tile, theme, z, x, y)
        self.set_header("Content-Type", "image/png")
        self.set_header("Cache-Control", "public, max-age=604800")
        self.finish(tile)


# The page may live under a path that ends in a slash: its relative tile addresses then carry that path in front.
ROUTES = [(r"/(?:[^/]+/)*basemap/(\w+)/(\d{1,2})/(\d{1,7})/(\d{1,7})\.png", BasemapHandler)]
