"""The scene classification (SCL) of a pass, with the mistakes that Sen2Cor makes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.demo.landscape import landscape
from stac_timelapse.demo.noise import Field, doubled, fractal, halved
from stac_timelapse.demo.spec import PassPlan
from stac_timelapse.demo.terrain import WORLD_SHAPE
from stac_timelapse.demo.truth import Window, snow_share
from stac_timelapse.demo.weather import Sky

DARK, SHADOW, VEGETATION, BARE, WATER, UNCLASSIFIED = 2, 3, 4, 5, 6, 7
CLOUD_MEDIUM, CLOUD_HIGH, CIRRUS, SNOW = 8, 9, 10, 11
#: Bands of the ground that `classify` looks at.
LOOKED_AT = ("B02", "B04", "B08", "B11")


@dataclass(frozen=True, slots=True)
class _Rules:
    """Thresholds; reflectances x 10 000, opacities and shares 0 to 1, patches in standard deviations."""

    green: float = 0.36
    neither: float = 0.26
    dark_near: float = 520.0
    water_near: float = 700.0
    water_short: float = 420.0
    snow: float = 0.3
    #: From this opacity on a cloud is seen; in few places it must be thicker.
    rim: float = 0.06
    missed_rim: float = 0.18
    rim_patches: float = 1.6
    dense: float = 0.62
    cirrus: float = 0.015
    #: Fainter shadows are missed; some pass for dark ground, few for water.
    shade: float = 0.10
    dark_patches: float = 1.5
    deep_shade: float = 0.5
    wet_patches: float = -2.1
    snow_patches: float = 2.2
    #: White roofs are taken for clouds nearly always, other bright things now and then.
    white: float = 1900.0
    white_chance: float = 0.9
    whitest: float = 2450.0
    bright: float = 1050.0
    bright_chance: float = 0.06
    bare: float = 680.0
    bare_chance: float = 0.006


_RULES = _Rules()


def classify(plan: PassPlan, window: Window, ground: Field, sky: Sky) -> NDArray[np.uint8]:
    """Return the classes of a window of the landscape, whether or not the swath covers it.

    White roofs and now and then a bright field become clouds, some rims of clouds and faint shadows
    are missed, some shadows pass for dark ground or water, some snow for cloud.

    Parameters
    ----------
    plan
        The pass.
    window
        Rows and columns at 10 m, even.
    ground
        ``(band, y, x)`` at 20 m, what the surface reflects in `LOOKED_AT`.
    sky
        Over the window.

    Returns
    -------
    numpy.ndarray
        ``(y, x)`` uint8 at 20 m, 2 to 11.
    """
    rules = _RULES
    snow = halved(snow_share(plan.day, window))
    classes = _bare_sky(plan, window, ground, snow)
    patches = _patches(plan, window, 4)
    dim = (sky.shadow > rules.shade) & (classes != WATER)
    classes[dim] = np.where(patches > rules.dark_patches, DARK, SHADOW)[dim]
    classes[dim & (sky.shadow > rules.deep_shade) & (patches < rules.wet_patches)] = WATER
    classes[sky.cirrus > rules.cirrus] = CIRRUS
    missed = _patches(plan, window, 6) > rules.rim_patches
    classes[_thickest(sky.cloud) > np.where(missed, rules.missed_rim, rules.rim)] = CLOUD_MEDIUM
    classes[sky.cloud > rules.dense] = CLOUD_HIGH
    return classes


def _bare_sky(plan: PassPlan, window: Window, ground: Field, snow: Field) -> NDArray[np.uint8]:
    """Return the classes as if no cloud were there."""
    rules = _RULES
    blue, red, near, short = ground
    greenness = (near - red) / (near + red)
    classes = np.full(blue.shape, BARE, dtype=np.uint8)
    classes[greenness > rules.neither] = UNCLASSIFIED
    classes[greenness > rules.green] = VEGETATION
    classes[near < rules.dark_near] = DARK
    classes[(near < rules.water_near) & (short < rules.water_short)] = WATER
    classes[(snow > rules.snow) & (classes != WATER)] = SNOW
    classes[(classes == SNOW) & (_patches(plan, window, 5) > rules.snow_patches)] = CLOUD_MEDIUM
    # Whole roofs and fields are taken for clouds, not single pixels.
    parcel = landscape().parcel[window][::2, ::2]
    luck = np.random.default_rng(plan.seed + 7).random(landscape().cover.size, dtype=np.float32)[parcel]
    open_ground = snow < rules.snow / 4
    classes[open_ground & (blue > rules.bare) & (greenness < rules.neither) & (luck < rules.bare_chance)] = CLOUD_MEDIUM
    classes[open_ground & (blue > rules.bright) & (luck < rules.bright_chance)] = CLOUD_MEDIUM
    roofs = open_ground & (blue > rules.white) & (luck < rules.white_chance)
    classes[roofs] = np.where(blue > rules.whitest, CLOUD_HIGH, CLOUD_MEDIUM)[roofs]
    return classes


def _thickest(cloud: Field) -> Field:
    """Return the largest of the opacities that the four 10 m pixels of each 20 m pixel see."""
    fine = doubled(cloud)
    return np.maximum(np.maximum(fine[::2, ::2], fine[1::2, ::2]), np.maximum(fine[::2, 1::2], fine[1::2, 1::2]))


def _patches(plan: PassPlan, window: Window, number: int) -> Field:
    part = tuple(slice(side.start // 2, side.stop // 2) for side in window)
    half = (WORLD_SHAPE[0] // 2, WORLD_SHAPE[1] // 2)
    return np.asarray(fractal(half, plan.seed + number, beta=1.5, longest=60)[part])
