"""Granules on disk: cloud-optimized GeoTIFFs and a thumbnail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stac_timelapse.demo.classification import LOOKED_AT, classify
from stac_timelapse.demo.cog import averaged, commonest, write_cog
from stac_timelapse.demo.noise import Field, doubled, fractal, halved
from stac_timelapse.demo.spec import BANDS, BANDS_10M, BANDS_20M, MASK, PIXEL, DemoSpec, PassPlan, Tile
from stac_timelapse.demo.terrain import WORLD_SHAPE
from stac_timelapse.demo.truth import Window, surface
from stac_timelapse.demo.weather import seen_through, sky_of, swath

#: DN that baselines from 04.00 on add to every band.
OFFSET = 1000
#: The sensor's noise in DN: a floor, and a share of the signal.
_NOISE_FLOOR, _NOISE_SHARE = 2.5, 0.0015
#: Steps of the digitisation in DN up to a brightness: finer ones would only record noise, and fill the disk.
_STEPS = ((700, 10), (1500, 20), (3000, 36), (20_000, 144))
_THUMBNAIL = 300

Pixels = dict[str, NDArray[np.uint16]]


@dataclass(frozen=True, slots=True, eq=False)
class Overflight:
    """What a pass saw of a window of the landscape, before it is cut into granules.

    Parameters
    ----------
    plan
        The pass.
    window
        Rows and columns at 10 m.
    seen
        Band -> ``(y, x)`` float32 at the band's resolution, DN without offset.
    classes
        ``(y, x)`` uint8 at 20 m.
    """

    plan: PassPlan
    window: Window
    seen: dict[str, Field]
    classes: NDArray[np.uint8]


@lru_cache(maxsize=1)
def _grain() -> Field:
    return fractal(WORLD_SHAPE, 91, beta=0.0, longest=1e6, shortest=1.0)


def observe(plan: PassPlan, spec: DemoSpec) -> Overflight:
    """Return what a pass sees of all tiles of a catalogue."""
    window = spec.window
    sky = sky_of(plan, window)
    layers = tuple(doubled(layer) for layer in sky.layers)
    ground = surface(plan.day, BANDS, window)
    coarse = {band: halved(ground[BANDS.index(band)]) for band in {*BANDS_20M, *LOOKED_AT}}
    seen = {}
    for number, band in enumerate(BANDS):
        if band in BANDS_10M:
            image = seen_through(ground[number], band, (layers[0], layers[1], layers[2], layers[3]))
        else:
            image = seen_through(coarse[band], band, sky.layers)
        grain = np.roll(_grain(), (plan.seed * 31 + 211 * number) % 1709, axis=(0, 1))
        seen[band] = image + grain[: image.shape[0], : image.shape[1]] * (_NOISE_FLOOR + _NOISE_SHARE * image)
    classes = classify(plan, window, np.stack([coarse[band] for band in LOOKED_AT]), sky)
    return Overflight(plan, window, seen, classes)


def granule_pixels(overflight: Overflight, tile: Tile, offset: int) -> Pixels:
    """Return a granule's DN for each band and its ``SCL``; 0 outside of the swath.

    Parameters
    ----------
    overflight
        From `observe`.
    tile
        Which granule.
    offset
        DN added to every band: 0 or `OFFSET`.
    """
    pixels: Pixels = {}
    images: dict[str, NDArray[Any]] = {**overflight.seen, MASK: overflight.classes}
    for name, image in images.items():
        pixel = PIXEL if name in BANDS_10M else 2 * PIXEL
        rows, columns = (
            slice((side.start - whole.start) * PIXEL // pixel, (side.stop - whole.start) * PIXEL // pixel)
            for side, whole in zip(tile.window, overflight.window, strict=True)
        )
        part = image[rows, columns] if name == MASK else _digitised(image[rows, columns]) + offset
        pixels[name] = np.where(swath(overflight.plan, tile, pixel), part, 0).astype(np.uint16)
    return pixels


def _digitiser(offset: int) -> Callable[[Field], Field]:
    """Return what digitises DN that carry an offset."""
    return lambda image: _digitised(image - offset) + offset


def _digitised(image: Field) -> Field:
    """Return the nearest DN that is recorded, at least 1 because 0 is nodata."""
    step = np.select([image < limit for limit, _ in _STEPS], [np.float32(size) for _, size in _STEPS])
    return np.asarray((np.rint(image / step) * step).clip(1, 20_000), dtype=np.float32)


def write_granule(folder: Path, tile: Tile, pixels: Pixels, offset: int) -> None:
    """Write one COG a band, the classification and a JPEG thumbnail into a new folder."""
    folder.mkdir(parents=True)
    for name, data in pixels.items():
        pixel = PIXEL if name in BANDS_10M else 2 * PIXEL
        corner = (float(tile.bounds[0]), float(tile.bounds[3]))
        path = folder / f"{name}.tif"
        if name == MASK:
            write_cog(path, data.astype(np.uint8), corner, pixel, name, commonest)
        else:
            write_cog(path, data, corner, pixel, name, averaged(_digitiser(offset)))
    rgb = np.stack([pixels[band] for band in ("B04", "B03", "B02")], axis=-1).astype(np.float32)
    bright = np.clip((rgb - offset - 60) / 2700, 0, 1) ** (1 / 1.6) * 255
    picture = Image.fromarray(np.where(rgb > 0, bright, 0).astype(np.uint8))
    picture.thumbnail((_THUMBNAIL, _THUMBNAIL))
    picture.save(folder / "thumbnail.jpg", quality=82)
