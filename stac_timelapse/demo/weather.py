"""Clouds, their shadows, thin cirrus and the swath: what stands between the sensor and the landscape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from stac_timelapse.demo.noise import Field, fractal, smoothstep
from stac_timelapse.demo.spec import PassPlan, Tile
from stac_timelapse.demo.spectra import BANDS, SPECTRA
from stac_timelapse.demo.terrain import WORLD_SHAPE
from stac_timelapse.demo.truth import WHOLE, Window, sun

_PAD = 128
_COVER = {"clear": 0.012, "few": 0.10, "broken": 0.34, "heavy": 0.78, "overcast": 1.0}
#: Thickness over which a cloud grows opaque, and the exponent of its rim's softness.
_RIM, _SOFTNESS = 0.34, 1.5
#: Share of the direct light that a cloud's shadow loses in the blue; blue skylight still reaches it.
_SHADE, _SHADE_STEP = 0.58, 0.05
#: How often there is cirrus, and how opaque it is at most.
_CIRRUS_CHANCE, _CIRRUS_OPACITY = 0.4, 0.10
#: Heights of the clouds in metres.
_LOWEST, _HIGHEST = 900.0, 1700.0
#: Slant of the ground track: columns a row.
_SLANT = 0.21
_MASK_PIXEL = 20


@dataclass(frozen=True, slots=True, eq=False)
class Sky:
    """What stands between the sensor and a part of the landscape in one pass, at 20 m.

    Parameters
    ----------
    cloud
        ``(y, x)`` float32, opacity of clouds, 0 to 1.
    brightness
        ``(y, x)`` float32, factor on the reflectance of the clouds.
    shadow
        ``(y, x)`` float32, share of the direct light that clouds take, 0 to 1.
    cirrus
        ``(y, x)`` float32, opacity of thin cirrus, 0 to 1.
    """

    cloud: Field
    brightness: Field
    shadow: Field
    cirrus: Field

    @property
    def layers(self) -> tuple[Field, Field, Field, Field]:
        """Cloud, brightness, shadow, cirrus."""
        return self.cloud, self.brightness, self.shadow, self.cirrus

    def part(self, window: Window) -> Sky:
        """Return a part of it, given in its own 20 m rows and columns."""
        return Sky(*(layer[window] for layer in self.layers))

    def touched(self, least: float = 0.01) -> NDArray[np.bool_]:
        """Return ``(y, x)``, where cloud, shadow or cirrus of at least this strength change the pixel."""
        return np.asarray((self.cloud > least) | (self.shadow > 2 * least) | (self.cirrus > least))


def sky_of(plan: PassPlan, window: Window = WHOLE) -> Sky:
    """Return the sky of a pass over a window of the landscape, always the same for the same plan.

    Parameters
    ----------
    plan
        The pass.
    window
        Rows and columns at 10 m, even.
    """
    shape = (WORLD_SHAPE[0] // 2 + 2 * _PAD, WORLD_SHAPE[1] // 2 + 2 * _PAD)
    field = _field(plan, shape)
    inner = (slice(_PAD, -_PAD), slice(_PAD, -_PAD))
    thickness = field - np.quantile(field[inner], 1 - _COVER[plan.weather])
    if plan.weather == "overcast":
        opacity = np.clip(0.9 + 0.07 * field, 0.66, 1).astype(np.float32)
    else:
        opacity = 0.985 * (1 - np.exp(-((thickness.clip(0) / _RIM) ** _SOFTNESS)))
    azimuth, elevation = (np.radians(angle) for angle in sun(plan.day))
    rng = np.random.default_rng(plan.seed + 2)
    away = min(rng.uniform(_LOWEST, _HIGHEST) / np.tan(elevation) / _MASK_PIXEL, _PAD - 4)
    # Rows count to the south, the shadow falls away from the sun.
    shadow = ndimage.shift(opacity, (np.cos(azimuth) * away, -np.sin(azimuth) * away), order=1, mode="nearest")
    shadow = ndimage.gaussian_filter(shadow, 0.8) * (1 - opacity)
    veiled = rng.random() < _CIRRUS_CHANCE
    wisps = fractal(shape, plan.seed + 3, beta=1.9, longest=420, shortest=5)
    cirrus = _CIRRUS_OPACITY * smoothstep(wisps, 1.0, 2.6) * veiled
    brightness = _brightness(thickness, field, azimuth)
    part = tuple(slice(_PAD + side.start // 2, _PAD + side.stop // 2) for side in window)
    return Sky(*(np.asarray(layer[part], np.float32) for layer in (opacity, brightness, shadow, cirrus)))


def true_clouds(plan: PassPlan, tile: Tile, least: float = 0.01) -> NDArray[np.bool_]:
    """Return ``(y, x)`` at 20 m, where cloud, shadow or cirrus truly change a tile's pixel in a pass."""
    return sky_of(plan, tile.window).touched(least)


def _field(plan: PassPlan, shape: tuple[int, int]) -> Field:
    clumps = fractal(shape, plan.seed, beta=1.55, longest=110, shortest=3)
    fronts = fractal(shape, plan.seed + 1, beta=2.0, longest=600, shortest=40)
    return 0.8 * clumps + 0.6 * fronts


def _brightness(thickness: Field, field: Field, azimuth: float) -> Field:
    """Return how bright the clouds are: thick ones more, and on the side of the sun."""
    rows, columns = np.gradient(ndimage.gaussian_filter(field, 1.5))
    lit = -(columns * np.sin(azimuth) - rows * np.cos(azimuth))
    depth = 1 - np.exp(-thickness.clip(0) / 0.9)
    return np.asarray(0.74 + 0.34 * depth + np.clip(0.75 * lit, -0.2, 0.14), np.float32)


def seen_through(ground: Field, band: str, layers: tuple[Field, Field, Field, Field]) -> Field:
    """Return the ground of one band as the sensor sees it.

    Parameters
    ----------
    ground
        ``(y, x)``, reflectance x 10 000.
    band
        One of `BANDS`.
    layers
        Cloud, brightness, shadow and cirrus on the same pixels.
    """
    cloud, brightness, shadow, cirrus = layers
    number = BANDS.index(band)
    image = ground * (1 - (_SHADE + _SHADE_STEP * min(number, 3)) * shadow)
    image += cirrus * (0.62 * SPECTRA["cloud"][number] - image)
    image += cloud * (SPECTRA["cloud"][number] * brightness - image)
    return image


def swath(plan: PassPlan, tile: Tile, pixel: int) -> NDArray[np.bool_]:
    """Return ``(y, x)``, where the sensor looked, on a tile's grid of 10 or 20 m.

    The edge follows 20 m pixels, so that both grids agree.
    """
    size = tile.size // 2
    if plan.edge is None:
        return np.ones((tile.size * 10 // pixel,) * 2, dtype=np.bool_)
    row = tile.row // 2 + np.arange(size)[:, None]
    column = tile.column // 2 + np.arange(size)[None, :]
    end = swath_end(plan, row * 2 + 1)
    inside = np.asarray(column * 2 + 1 < end if plan.edge > 0 else column * 2 + 1 > end)
    return inside if pixel == _MASK_PIXEL else inside.repeat(2, axis=0).repeat(2, axis=1)


def swath_end(plan: PassPlan, row: NDArray[np.integer | np.floating]) -> NDArray[np.floating]:
    """Return the landscape's column at which the swath ends in a row."""
    return np.asarray(abs(plan.edge or 0) - _SLANT * (np.asarray(row) - WORLD_SHAPE[0] / 2))
