"""The map under the map, without a network: web tiles of land, borders and a graticule, drawn from Natural Earth.

``/basemap/{light|dark}/{z}/{x}/{y}.png`` answers in the scheme of every slippy map (256 px Web Mercator tiles, drawn
at twice that for sharp screens). A graticule whose spacing follows the zoom keeps a street-level view readable as a
place, long after the outlines have left it.
"""

from __future__ import annotations

import asyncio
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely
from PIL import Image, ImageDraw, ImageFont
from tornado.web import HTTPError, RequestHandler

ATTRIBUTION = "Natural Earth"
MAX_ZOOM = 20

_DATA = Path(__file__).parent / "data" / "natural_earth.npz"
_TILE = 256  # px of the web map's grid; the picture has twice as many
_PIXELS = 512
_OVERSAMPLING = 2  # of the outlines, for smooth edges
_GRATICULE_GAP = 170  # px of the web map's grid: the least distance of two meridians
_GRATICULE_STEPS = (90.0, 30.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005)
_FONT_SIZE = 23
_MAX_LATITUDE = 85.0511287798066

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one theme, 8-bit RGB (lines of the graticule and its labels: RGBA)."""

    sea: Colour
    land: Colour
    coast: Colour
    border: Colour
    graticule: tuple[int, int, int, int]
    label: tuple[int, int, int, int]


PALETTES = {
    "light": Palette(
        sea=(216, 228, 234),
        land=(247, 244, 237),
        coast=(164, 184, 193),
        border=(208, 199, 183),
        graticule=(96, 120, 132, 46),
        label=(88, 108, 118, 190),
    ),
    "dark": Palette(
        sea=(22, 30, 36),
        land=(38, 46, 51),
        coast=(74, 92, 101),
        border=(72, 80, 84),
        graticule=(190, 210, 220, 30),
        label=(170, 188, 197, 150),
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


def graticule_step(zoom: int) -> float:
    """Degrees between two lines of the graticule at a zoom."""
    pixels_per_degree = _TILE * 2**zoom / 360
    wide_enough = [step for step in _GRATICULE_STEPS if step * pixels_per_degree >= _GRATICULE_GAP]
    return min(wide_enough, default=_GRATICULE_STEPS[0])


def degree_label(value: float, step: float, *, latitude: bool) -> str:
    """``15.60°E``, with as many decimals as the graticule's step has."""
    decimals = max(0, math.ceil(-math.log10(step) - 1e-9))
    letter = ("N" if value > 0 else "S") if latitude else ("E" if value > 0 else "W")
    text = f"{abs(value):.{decimals}f}°"
    return text if float(f"{value:.{decimals}f}") == 0 else text + letter


def _multiples(low: float, high: float, step: float) -> list[float]:
    """Multiples of the step within [low, high]."""
    return [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _latitude(y: float) -> float:
    """Degrees north at a height of the Web Mercator square (0 north edge ... 1 south edge)."""
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y))))


def _height(latitude: float) -> float:
    """Undo `_latitude`."""
    return 0.5 - math.asinh(math.tan(math.radians(latitude))) / (2 * math.pi)


def _draw_graticule(image: Image.Image, zoom: int, column: int, row: int, palette: Palette) -> None:
    """Meridians, parallels and, at their crossings, where they are."""
    step = graticule_step(zoom)
    tiles = 2**zoom
    # Text that begins in a neighbour reaches into this tile: look half a tile beyond its edges.
    west, east = ((column + shift) / tiles * 360 - 180 for shift in (-0.5, 1.0))
    north, south = (_latitude((row + shift) / tiles) for shift in (-0.1, 1.1))
    draw = ImageDraw.Draw(image, "RGBA")
    meridians = [(value, ((value + 180) / 360 * tiles - column) * _PIXELS) for value in _multiples(west, east, step)]
    parallels = [
        (value, (_height(value) * tiles - row) * _PIXELS)
        for value in _multiples(max(south, -_MAX_LATITUDE), min(north, _MAX_LATITUDE), step)
    ]
    for _, x in meridians:
        draw.line([(x, 0), (x, _PIXELS)], fill=palette.graticule, width=2)
    for _, y in parallels:
        draw.line([(0, y), (_PIXELS, y)], fill=palette.graticule, width=2)
    if zoom == 0:  # no room
        return
    font = ImageFont.load_default(_FONT_SIZE)
    for longitude, x in meridians:
        for latitude, y in parallels:
            north_label = degree_label(latitude, step, latitude=True)
            text = f"{north_label}   {degree_label(longitude, step, latitude=False)}"
            draw.text((x + 7, y - 4), text, fill=palette.label, font=font, anchor="ls")


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
    palette = PALETTES[theme]
    image = _draw_outlines(zoom, column, row, palette)
    _draw_graticule(image, zoom, column, row, palette)
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
