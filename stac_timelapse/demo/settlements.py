"""The built part of the demo landscape: a town, villages, halls, roads, a quarry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine
from scipy.interpolate import make_interp_spline
from shapely import affinity
from shapely.geometry import LineString, Polygon, box

from stac_timelapse.demo.noise import Field, fractal, hash01
from stac_timelapse.demo.parcels import FINE_SHAPE, Numbers
from stac_timelapse.demo.spectra import COVER_NAMES
from stac_timelapse.demo.terrain import WORLD_SHAPE, Terrain

#: Row, column and radius in 10 m pixels, the town first.
PLACES = (
    (612.0, 812.0, 78.0),
    (745.0, 300.0, 22.0),
    (452.0, 452.0, 20.0),
    (815.0, 1110.0, 22.0),
    (690.0, 1420.0, 20.0),
    (300.0, 790.0, 18.0),
    (470.0, 1395.0, 16.0),
    (330.0, 175.0, 15.0),
    (850.0, 610.0, 17.0),
)
_ROADS: tuple[tuple[float, tuple[tuple[float, float], ...]], ...] = (
    # Width in pixels, then (column, row) through which it winds.
    (1.2, ((-10, 800), (150, 775), (300, 745), (560, 690), (812, 612), (930, 585), (985, 590), (1100, 650))),
    (1.2, ((1100, 650), (1250, 690), (1420, 690), (1660, 705))),
    (1.0, ((812, 612), (760, 500), (790, 300), (880, 160), (850, -10))),
    (1.0, ((812, 612), (960, 745), (1110, 815), (1190, 910))),
    (1.0, ((812, 612), (690, 760), (610, 850), (585, 910))),
    (0.9, ((760, 520), (620, 470), (452, 452), (300, 390), (175, 330), (-10, 300))),
    (0.9, ((1420, 690), (1440, 580), (1395, 470), (1250, 390), (1100, 300), (790, 300))),
    (0.8, ((300, 745), (380, 600), (452, 452))),
    (2.4, ((-10, 868), (330, 858), (640, 905))),
)
#: Streets enclose blocks of this size, houses stand in lots of this width and depth, in 10 m pixels.
_BLOCK_LONG, _BLOCK_DEEP, _STREET = 14.0, 6.4, 0.42
_LOT, _SETBACK, _HOUSE = 2.1, 0.3, 1.5
_ROADS_UNIT, _YARDS_UNIT, _HALLS_UNIT, _QUARRY_UNIT, _TREES_UNIT = 900_000, 910_000, 920_000, 980_000, 990_000


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """What was built, on the fine grid.

    Parameters
    ----------
    cover
        ``(y, x)`` uint8, index into `COVER_NAMES`; meaningless where nothing is built.
    unit
        ``(y, x)`` int64, one number per house, road or yard; -1 where nothing is built.
    road
        ``(y, x)`` bool, roads between settlements.
    """

    cover: NDArray[np.uint8]
    unit: Numbers
    road: NDArray[np.bool_]


def make_settlements(terrain: Terrain) -> Built:
    """Return settlements and roads on the terrain, always the same."""
    built = Built(np.zeros(FINE_SHAPE, np.uint8), np.full(FINE_SHAPE, -1, np.int64), np.zeros(FINE_SHAPE, np.bool_))
    dry = ((terrain.river_distance > 4) & (terrain.lake_depth < -3)).repeat(2, axis=0).repeat(2, axis=1)  # noqa: PLR2004
    for number, place in enumerate(PLACES):
        _settle(built, dry, number, place)
    _halls(built, dry)
    _quarry(built)
    for number, (width, through) in enumerate(_ROADS):
        _put(built, _road(through, number).buffer(width / 2, cap_style="flat"), "asphalt", _ROADS_UNIT, into=built.road)
    return built


def _settle(built: Built, dry: NDArray[np.bool_], number: int, place: tuple[float, float, float]) -> None:
    """Fill one settlement: streets, houses along them, gardens behind; denser towards the middle."""
    row, column, radius = place
    reach = int(radius * 1.7)
    top, left = max(int(row) - reach, 0), max(int(column) - reach, 0)
    height = min(int(row) + reach, WORLD_SHAPE[0]) - top
    width = min(int(column) + reach, WORLD_SHAPE[1]) - left
    window = (slice(2 * top, 2 * (top + height)), slice(2 * left, 2 * (left + width)))
    shape = (2 * height, 2 * width)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) / 2 - 0.25
    y, x = y + top, x + left
    ragged = fractal(shape, 710 + number, beta=1.4, longest=radius * 2.6, shortest=8)
    away = np.hypot(y - row, (x - column) * 0.85) / radius + 0.2 * ragged
    u, v, quarter = _along_streets(y - row, x - column, radius, number)
    park = fractal(shape, 750 + number, beta=1.6, longest=44, shortest=10) > 1.5 + away
    what, unit = _streets_and_houses(u, v, away, number * 16 + quarter)
    trees = hash01(np.floor(u * 1.6), np.floor(v * 1.6), number) < np.where(park, 0.5, 0.10 + 0.1 * away)
    garden = what == COVER_NAMES.index("garden")
    what = np.where(park & (what != COVER_NAMES.index("asphalt")), COVER_NAMES.index("garden"), what)
    what = np.where(trees & (garden | park), COVER_NAMES.index("deciduous"), what)
    unit = np.where(garden | park, _TREES_UNIT + trees, unit)
    inside = (away < 1) & dry[window]
    built.cover[window] = np.where(inside, what, built.cover[window])
    built.unit[window] = np.where(inside, unit, built.unit[window])


def _along_streets(dy: Field, dx: Field, radius: float, number: int) -> tuple[Field, Field, Numbers]:
    """Return coordinates along and across the streets, and the quarter: each was laid out in its own direction."""
    rng = np.random.default_rng(700 + number)
    quarters = max(1, min(int(radius / 9), 12))
    middles = rng.uniform(-0.9, 0.9, (quarters, 2)) * radius
    sway = 3.0 * fractal(dy.shape, 730 + number, beta=2, longest=radius * 4, shortest=50)
    nearest = np.argmin([np.hypot(dy - y + sway, dx - x + sway) for y, x in middles], axis=0)
    turn = (rng.uniform(0, np.pi / 2) + rng.normal(0, 0.45, quarters))[nearest]
    u = np.cos(turn) * dx + np.sin(turn) * dy + sway
    v = -np.sin(turn) * dx + np.cos(turn) * dy - 0.6 * sway
    return np.asarray(u, np.float32), np.asarray(v, np.float32), nearest


def _streets_and_houses(u: Field, v: Field, away: Field, number: Numbers) -> tuple[NDArray[np.uint8], Numbers]:
    """Return cover and unit at coordinates along and across the streets of a numbered quarter."""
    lane, terrace = np.floor(u / _BLOCK_LONG), np.floor(v / _BLOCK_DEEP)
    along, deep = u - lane * _BLOCK_LONG, v - terrace * _BLOCK_DEEP
    from_street = np.minimum(deep, _BLOCK_DEEP - deep)
    # Side streets are missing here and there.
    cross = (np.minimum(along, _BLOCK_LONG - along) < _STREET) & (hash01(lane, terrace, number + 7) < 0.8)  # noqa: PLR2004
    street = (from_street < _STREET) | cross
    side = (deep > _BLOCK_DEEP / 2).astype(np.int64)
    lot = np.floor(u / _LOT)
    within = u - lot * _LOT
    luck = [hash01(lot, terrace * 2 + side, number, k) for k in range(4)]
    dense = np.clip(1.18 - 0.75 * away, 0.25, 1.0)
    stretch = 1 + 1.4 * (dense > 0.85) * luck[3]  # noqa: PLR2004 - terraces and yards in the middle
    house = (
        (luck[0] < dense)
        & (from_street > _STREET + _SETBACK * luck[2])
        & (from_street < _STREET + _SETBACK + _HOUSE * (0.7 + 0.5 * luck[1]) * stretch)
        & (within < _LOT * np.clip(0.45 + 0.7 * dense * luck[2], 0.5, 1))
    )
    roof = np.where(luck[3] < 0.62, COVER_NAMES.index("tile_roof"), COVER_NAMES.index("grey_roof"))  # noqa: PLR2004
    what = np.where(house, roof, COVER_NAMES.index("garden"))
    what = np.where(street, COVER_NAMES.index("asphalt"), what)
    houses = 1_000_000 * (number + 1) + (lot.astype(np.int64) + 400) * 1000 + terrace.astype(np.int64) * 2 + side + 400
    return what.astype(np.uint8), np.where(street, _ROADS_UNIT, houses)


def _halls(built: Built, dry: NDArray[np.bool_]) -> None:
    """Put workshops and stores with large flat roofs at the town's eastern edge, and some sheds elsewhere."""
    rng = np.random.default_rng(760)
    number = _HALLS_UNIT
    for row in range(4):
        for column in range(4):
            if rng.random() < 0.2:  # noqa: PLR2004 - a lot still empty
                continue
            left, top = 884 + column * 20 + rng.uniform(-3, 4), 556 + row * 19 + rng.uniform(-3, 4)
            width, depth = rng.uniform(7, 17), rng.uniform(5, 13)
            angle = 12 + rng.uniform(-3, 3)
            hall = affinity.rotate(box(left, top, left + width, top + depth), angle, origin=(917, 596))
            yard = hall.buffer(2.2, join_style="mitre")
            ground = "concrete" if rng.random() < 0.45 else "asphalt"  # noqa: PLR2004
            _put(built, yard, ground, _YARDS_UNIT + number, dry=dry)
            kind = ("white_roof", "grey_roof", "white_roof", "grey_roof", "tile_roof")[int(rng.integers(5))]
            _put(built, hall, kind, number, dry=dry)
            number += 1
    for middle_y, middle_x, _ in PLACES[1:]:
        for _ in range(3):
            y, x = middle_y + rng.uniform(-24, 24), middle_x + rng.uniform(-24, 24)
            shed = affinity.rotate(box(x, y, x + rng.uniform(4, 9), y + 2.4), rng.uniform(0, 180))
            _put(built, shed, "grey_roof" if rng.random() < 0.7 else "white_roof", number, dry=dry)  # noqa: PLR2004
            number += 1


def _quarry(built: Built) -> None:
    """Dig terraces of bare rock into the slope, one within the other."""
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radius = 17 + 4 * np.random.default_rng(770).standard_normal(24).clip(-1, 1)
    pit = Polygon(np.c_[640 + 1.4 * radius * np.cos(angles), 330 + radius * np.sin(angles)]).buffer(2)
    for depth in range(6):
        _put(built, pit.buffer(-2.4 * depth), "gravel", _QUARRY_UNIT + depth)


def _road(through: tuple[tuple[float, float], ...], number: int) -> LineString:
    """Return a smooth line through the points with a little wander of its own."""
    points = np.array(through, dtype=float)
    length = np.r_[0, np.cumsum(np.hypot(*np.diff(points, axis=0).T))]
    spline = make_interp_spline(length, points, k=min(3, len(points) - 1))
    s = np.linspace(0, length[-1], int(length[-1] / 6) + 2)
    line = spline(s)
    wander = np.sin(s / 37 + number) + np.sin(s / 83 + 2 * number)
    line[:, 1] += 2.2 * wander * np.sin(np.pi * s / length[-1])
    return LineString(line)


def _put(
    built: Built,
    shape: Polygon,
    kind: str,
    number: int,
    *,
    dry: NDArray[np.bool_] | None = None,
    into: NDArray[np.bool_] | None = None,
) -> None:
    if shape.is_empty:
        return
    burnt = rasterize([(shape, 1)], out_shape=FINE_SHAPE, fill=0, transform=Affine.scale(0.5), dtype="uint8")
    inside = burnt > 0 if dry is None else (burnt > 0) & dry
    built.cover[inside] = COVER_NAMES.index(kind)
    built.unit[inside] = number
    if into is not None:
        into |= inside
