"""What covers the ground of the demo landscape: fields, woods, settlements, roads."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stac_timelapse.demo.noise import Field, doubled, fractal, halved, hash01
from stac_timelapse.demo.parcels import FINE_SHAPE, Fields, Numbers, make_fields, mean_of, stands
from stac_timelapse.demo.settlements import Built, make_settlements
from stac_timelapse.demo.spectra import COVER_NAMES, COVERS
from stac_timelapse.demo.terrain import WORLD_SHAPE, Terrain, make_terrain

_CROPS = ("wheat", "rapeseed", "barley", "maize", "beet", "alfalfa", "meadow")
_CROP_SHARES = (0.30, 0.14, 0.12, 0.15, 0.08, 0.08, 0.13)
_FIRE_CENTRE = (205.0, 1290.0)


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """The unchanging part of the truth.

    Parameters
    ----------
    terrain
        Heights and water.
    parcel, other
        ``(y, x)`` int32, the two parcels that most of a pixel belongs to.
    share
        ``(y, x)`` float32, how much of the pixel is `parcel`; the rest is `other`.
    cover
        ``(parcel,)`` uint8, index into `COVER_NAMES`.
    shift
        ``(parcel,)`` float64, days by which the parcel's year is late.
    brightness
        ``(parcel,)`` float64, factor on its reflectance.
    lag
        ``(y, x)`` float32, how much later than the parcel's earliest spots this one is, 0 to 1.
    texture
        ``(y, x)`` float32, factor on the reflectance within parcels.
    burnt
        ``(y, x)`` float32, severity of the fire, 0 to 1.
    ripple
        ``(y, x)`` float32, unevenness of standing water, mean 0.
    """

    terrain: Terrain
    parcel: NDArray[np.int32]
    other: NDArray[np.int32]
    share: Field
    cover: NDArray[np.uint8]
    shift: NDArray[np.float64]
    brightness: NDArray[np.float64]
    lag: Field
    texture: Field
    burnt: Field
    ripple: Field

    def covered_by(self, *names: str) -> NDArray[np.bool_]:
        """Return ``(y, x)``, whether the whole pixel belongs to these `COVERS`."""
        wanted = np.isin(self.cover, [COVER_NAMES.index(name) for name in names])
        return np.asarray(wanted[self.parcel] & (wanted[self.other] | (self.share > 0.999)))  # noqa: PLR2004


@lru_cache(maxsize=1)
def landscape() -> Landscape:
    """Return the landscape, always the same; made once per process."""
    terrain = make_terrain()
    fields = make_fields()
    built = make_settlements(terrain)
    cover = _cover(terrain, fields, built)
    wooded = np.isin(cover, [COVER_NAMES.index(name) for name in ("conifer", "deciduous")])
    # Stands of a wood differ as fields do; houses differ one by one.
    group = np.where(wooded & (built.unit < 0), stands(), fields.strip)
    group = np.where(built.unit >= 0, built.unit, group)
    keys, parcel = np.unique(cover.astype(np.int64) << 40 | group, return_inverse=True)
    kind = (keys >> 40).astype(np.uint8)
    draws = np.random.default_rng(24).standard_normal((2, keys.size)).clip(-2, 2)
    jitter = np.array([COVERS[name].jitter for name in COVER_NAMES])[kind]
    spread = np.array([COVERS[name].spread for name in COVER_NAMES])[kind]
    first, other, share = _two_of_four(parcel.reshape(FINE_SHAPE).astype(np.int32))
    return Landscape(
        terrain=_bridged(terrain, built),
        parcel=first,
        other=other,
        share=share,
        cover=kind,
        shift=draws[0] * jitter,
        brightness=1 + draws[1] * spread,
        lag=(0.5 + 0.5 * np.tanh(0.9 * fractal(WORLD_SHAPE, 54, beta=1.4, longest=45, shortest=4))).astype(np.float32),
        texture=_texture(cover, wooded, fields, built.unit >= 0),
        burnt=_fire(terrain, halved(wooded)),
        ripple=_ripple(),
    )


def _cover(terrain: Terrain, fields: Fields, built: Built) -> NDArray[np.uint8]:
    """Return the index of the cover of every fine pixel."""
    crops = np.array([COVER_NAMES.index(name) for name in _CROPS], dtype=np.uint8)
    strips = int(fields.strip.max()) + 1
    cover: NDArray[np.uint8] = np.random.default_rng(21).choice(crops, size=strips, p=_CROP_SHARES)[fields.strip]
    from_river = doubled(terrain.river_distance)
    meadows = from_river < 9 + 4 * doubled(fractal(WORLD_SHAPE, 22, beta=1.5, longest=60))
    cover[meadows & (fields.edge > 0)] = COVER_NAMES.index("meadow")
    cover[fields.edge < 0.42] = COVER_NAMES.index("track")  # noqa: PLR2004 - tracks are eight metres wide
    y, x = np.ogrid[0 : FINE_SHAPE[0], 0 : FINE_SHAPE[1]]
    luck = hash01(y, x)
    hedged = hash01(fields.block, 5) < 0.3  # noqa: PLR2004 - every third block has hedges
    hedges = hedged & (fields.edge > 0.5) & (fields.edge < 1.3) & (hash01(y // 2, x // 2) < 0.5)  # noqa: PLR2004
    cover[hedges] = COVER_NAMES.index("deciduous")
    wood = _woods(terrain, fields.strip)
    cover[wood > 0] = np.where(wood == 1, COVER_NAMES.index("conifer"), COVER_NAMES.index("deciduous"))[wood > 0]
    banks = from_river < 5 + 2 * doubled(fractal(WORLD_SHAPE, 23, beta=1, longest=24))
    cover[banks & (luck < 0.7)] = COVER_NAMES.index("deciduous")  # noqa: PLR2004
    laid = built.unit >= 0
    cover[laid] = built.cover[laid]
    cover[(doubled(terrain.river) > 0.5) & ~built.road] = COVER_NAMES.index("river")  # noqa: PLR2004 - mostly
    dam = terrain.dam.repeat(2, axis=0).repeat(2, axis=1)
    cover[dam] = COVER_NAMES.index("concrete")
    return cover


def _two_of_four(fine: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32], Field]:
    """Return of every 2 x 2 the commonest number, the next one, and the share of the commonest among both."""
    quarters = np.stack([fine[::2, ::2], fine[1::2, ::2], fine[::2, 1::2], fine[1::2, 1::2]])
    votes = (quarters[:, None] == quarters[None, :]).sum(axis=0)
    first = np.take_along_axis(quarters, votes.argmax(axis=0)[None], axis=0)[0]
    rest = np.where(quarters == first, 0, votes)
    other = np.take_along_axis(quarters, rest.argmax(axis=0)[None], axis=0)[0]
    most, next_most = (quarters == first).sum(axis=0), (quarters == other).sum(axis=0)
    share = np.where(rest.max(axis=0) > 0, most / (most + next_most), 1.0)
    return first, np.where(share < 1, other, first).astype(np.int32), share.astype(np.float32)


def _woods(terrain: Terrain, strip: Numbers) -> NDArray[np.uint8]:
    """Return 0 for open land, 1 for conifers, 2 for broad-leaved trees, on the fine grid."""
    height = terrain.height
    patch = fractal(WORLD_SHAPE, 41, beta=1.9, longest=260, shortest=14)
    slope = np.hypot(*np.gradient(ndimage.gaussian_filter(height, 6) / 10))
    wish = (height - 510) / 75 + 0.95 * patch + 9 * (slope - 0.09)
    wish -= 1.6 * np.exp(-terrain.river_distance / 60) * (terrain.lake_depth < -20)  # noqa: PLR2004 - below the dam
    wish = doubled(wish)
    # Edges of a wood follow the edges of the fields next to it.
    wooded = (0.55 * mean_of(wish, strip) + 0.45 * wish) > 0.35  # noqa: PLR2004
    needle = doubled((height - 560) / 90 + 0.9 * fractal(WORLD_SHAPE, 42, beta=1.6, longest=120, shortest=5))
    kinds = np.where(mean_of(needle, stands()) > -0.25, 1, 2)  # noqa: PLR2004
    return np.where(wooded, kinds, 0).astype(np.uint8)


def _bridged(terrain: Terrain, built: Built) -> Terrain:
    """Return the terrain with causeways where roads cross an arm of the reservoir."""
    road = halved(built.road) > 0.3  # noqa: PLR2004 - a third of the pixel
    depth = np.where(road & (terrain.lake_depth > -2), -50, terrain.lake_depth)  # noqa: PLR2004 - near the water
    return replace(terrain, lake_depth=depth.astype(np.float32), river=np.where(road, 0, terrain.river))


def _texture(cover: NDArray[np.uint8], wooded: NDArray[np.bool_], fields: Fields, built: NDArray[np.bool_]) -> Field:
    """Return the brightness within parcels: soils vary smoothly, rows of crops in lines, crowns of trees finely."""
    smooth = doubled(fractal(WORLD_SHAPE, 51, beta=1.3, longest=50, shortest=5))
    fine = fractal(FINE_SHAPE, 52, beta=0.7, longest=14)
    sown = np.isin(cover, [COVER_NAMES.index(name) for name in _CROPS[:-1]])
    texture = np.where(wooded, 1 + 0.03 * smooth + 0.062 * fine, 1 + 0.03 * smooth + 0.008 * fine)
    texture = np.where(sown, texture * fields.rows, texture)
    rock = cover == COVER_NAMES.index("gravel")
    texture = np.where(built & ~wooded, np.where(rock, 1 + 0.07 * fine, 1), texture)
    return halved(texture.clip(0.7, 1.3))


def _ripple() -> Field:
    streams = fractal(WORLD_SHAPE, 55, beta=1.6, longest=150, shortest=10)
    return np.asarray(0.8 * streams + 0.2 * fractal(WORLD_SHAPE, 56, beta=0.8, longest=20, shortest=3), np.float32)


def _fire(terrain: Terrain, wooded: Field) -> Field:
    """Return how badly the fire hit: it ran uphill with ragged edges and left islands."""
    y, x = np.mgrid[0 : WORLD_SHAPE[0], 0 : WORLD_SHAPE[1]].astype(np.float32)
    dy, dx = y - _FIRE_CENTRE[0], x - _FIRE_CENTRE[1]
    along, across = 0.86 * dx + 0.5 * dy, -0.5 * dx + 0.86 * dy
    ragged = fractal(WORLD_SHAPE, 61, beta=1.5, longest=90, shortest=3)
    radius = np.hypot(along / 118, across / 62) + 0.16 * ragged
    severity = np.clip((1.02 - radius) / 0.05, 0, 1)
    islands = fractal(WORLD_SHAPE, 62, beta=1.2, longest=26, shortest=3)
    severity *= np.clip((1.5 - islands) / 0.4, 0, 1) * (0.86 + 0.07 * ragged).clip(0.7, 1)
    return np.where(terrain.lake_depth < -1, severity * wooded, 0).astype(np.float32)
