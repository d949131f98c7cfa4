"""The clear pixels of many granules on one tile, with many requests under way at once."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stac_timelapse.cube.blocks import View, view
from stac_timelapse.cube.fetch import NotFetchedError, StalledError
from stac_timelapse.cube.landsat import class_table, reflectance_table
from stac_timelapse.cube.mask import MaskPolicy, clear_pixels
from stac_timelapse.cube.raster import Source, Target, read_window
from stac_timelapse.cube.scratch import scratch
from stac_timelapse.cube.tiff import NotPlainError
from stac_timelapse.errors import AssetReadError
from stac_timelapse.scenes.model import Bounds, Scene
from stac_timelapse.scenes.sensors import LANDSAT, MASK_BAND, SENTINEL_2

#: Requests under way in a process, whatever the number of tiles it works on: they wait more than they work.
IN_FLIGHT = 32


@dataclass(frozen=True, slots=True)
class Granule:
    """All that a worker needs to read one scene.

    Parameters
    ----------
    scene_id
        For error messages.
    hrefs
        Band name -> address without signature, the mask's among them.
    offset
        DN to add.
    epsg, bounds, signing
        See `Source`.
    sensor
        Whose files they are, see `stac_timelapse.scenes.sensors`.
    """

    scene_id: str
    hrefs: Mapping[str, str]
    offset: int
    epsg: int
    bounds: Bounds
    signing: str
    sensor: str = SENTINEL_2

    @classmethod
    def of(cls, scene: Scene, bands: Iterable[str]) -> Granule:
        """Return what is needed of a scene for some bands."""
        hrefs = {band: scene.assets[band].href for band in (*bands, MASK_BAND)}
        return cls(scene.id, hrefs, scene.offset, scene.epsg, scene.bounds, scene.signing, scene.sensor)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Granule:
        """Read what `to_json` made."""
        return cls(**{**values, "bounds": tuple(values["bounds"])})

    def source(self, band: str) -> Source:
        """Return the file of a band."""
        return Source(self.scene_id, band, self.hrefs[band], self.epsg, self.bounds, self.signing)


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads of this process that wait for bytes; they never wait for each other."""
    return ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="bytes")


def read_classes(granule: Granule, target: Target) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the SCL classes of a granule on a window, ``(y, x)``, 0 where it has no data.

    Raises
    ------
    AssetReadError
        If its mask cannot be read.
    """
    source = granule.source(MASK_BAND)
    everywhere = np.ones((target.height, target.width), dtype=bool)
    try:
        seen = view(source, target)
        scl: NDArray[np.uint8] | NDArray[np.uint16] = np.zeros(everywhere.shape, dtype=seen.layout.dtype)
        for piece in seen.pieces(everywhere):
            seen.fill(piece, everywhere, scl)
    except StalledError as error:
        raise AssetReadError(granule.scene_id, MASK_BAND, str(error)) from error
    except (NotPlainError, NotFetchedError):
        scl = read_window(source, target)
    return class_table()[scl] if granule.sensor == LANDSAT else scl


def widened(target: Target, policy: MaskPolicy) -> Target:
    """Return a window with what must be seen around it to judge it."""
    margin = policy.margin(target.resolution)
    return replace(
        target,
        west=target.west - margin * target.resolution,
        north=target.north + margin * target.resolution,
        width=target.width + 2 * margin,
        height=target.height + 2 * margin,
    )


def read_mask(
    granule: Granule, policy: MaskPolicy, target: Target, rescued: NDArray[np.bool_] | None = None
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return the classes of a granule, 0 where it has no data, and where it is clear, each ``(y, x)``.

    Parameters
    ----------
    granule, policy, target
        What is read, how it is judged, and where.
    rescued
        See `clear_pixels`; ``(y, x)`` of the widened target.

    Raises
    ------
    AssetReadError
        If its mask cannot be read.
    """
    scl = read_classes(granule, widened(target, policy))
    clear = clear_pixels(scl, policy, target.resolution, rescued)
    margin = policy.margin(target.resolution)
    inner = slice(margin, margin + target.height), slice(margin, margin + target.width)
    return scl[inner], clear[inner]


def read_clear(
    granule: Granule, policy: MaskPolicy, target: Target, rescued: NDArray[np.bool_] | None = None
) -> NDArray[np.bool_]:
    """Return where a granule is clear, ``(y, x)``; see `read_mask`."""
    return read_mask(granule, policy, target, rescued)[1]


def read_bands(
    granules: Sequence[Granule], bands: Sequence[str], masks: Sequence[NDArray[np.bool_]], target: Target
) -> NDArray[np.uint16]:
    """Read the clear pixels of granules; nothing is fetched that holds none.

    Parameters
    ----------
    granules, masks
        Each granule and where it is clear, ``(y, x)`` of the target.
    bands
        Band names.
    target
        The tile.

    Returns
    -------
    ndarray of uint16
        ``(granule, band, y, x)`` DN with the offset removed; 0 = no clear observation. It is this thread's until its
        next call.

    Raises
    ------
    AssetReadError
        If a file cannot be read.
    """
    shape = (len(granules), len(bands), target.height, target.width)
    out = scratch("bands", 2 * math.prod(shape)).view(np.uint16).reshape(shape)
    out.fill(0)
    pairs = [
        (one, band, out[index, number])
        for index, (granule, clear) in enumerate(zip(granules, masks, strict=True))
        if clear.any()
        for one in [_Wanted(granule, clear, target)]
        for number, band in enumerate(bands)
    ]
    together([(one.look, (band,)) for one, band, _ in pairs])
    together([(one.copy, (band, piece, plane)) for one, band, plane in pairs for piece in one.pieces(band)])
    together([(one.warp, (band, plane)) for one, band, plane in pairs if band in one.others])
    for index, granule in enumerate(granules):
        if granule.sensor == LANDSAT:
            out[index] = reflectance_table()[out[index]]
    return out


def read_masks(
    granules: Sequence[Granule], policy: MaskPolicy, target: Target, rescued: NDArray[np.bool_] | None = None
) -> list[NDArray[np.bool_]]:
    """Return where each granule is clear, all read at once; see `read_mask`."""
    return together([(read_clear, (granule, policy, target, rescued)) for granule in granules])


class _Wanted:
    """One granule with something to see: its bands by blocks where that can be done, the others by GDAL."""

    def __init__(self, granule: Granule, clear: NDArray[np.bool_], target: Target) -> None:
        self._granule = granule
        self._clear = clear
        self._target = target
        self._views: dict[str, View] = {}
        self.others: set[str] = set()

    def look(self, band: str) -> None:
        try:
            self._views[band] = view(self._granule.source(band), self._target)
        except StalledError as error:
            raise AssetReadError(self._granule.scene_id, band, str(error)) from error
        except (NotPlainError, NotFetchedError):
            self.others.add(band)

    def pieces(self, band: str) -> list[Any]:
        return self._views[band].pieces(self._clear) if band in self._views else []

    def copy(self, band: str, piece: Any, plane: NDArray[np.uint16]) -> None:
        try:
            self._views[band].fill(piece, self._clear, plane, self._granule.offset)
        except StalledError as error:
            raise AssetReadError(self._granule.scene_id, band, str(error)) from error
        except (NotPlainError, NotFetchedError):
            # What cannot be read here is for GDAL to read, or to say why not.
            self.others.add(band)

    def warp(self, band: str, plane: NDArray[np.uint16]) -> None:
        data = read_window(self._granule.source(band), self._target)
        plane[:] = remove_offset(np.where(self._clear, data, np.uint16(0)), self._granule.offset)


def remove_offset(data: NDArray[np.uint16], offset: int) -> NDArray[np.uint16]:
    """Add a (negative) offset to DN; 0 stays 0, and what would fall below 1 becomes 1."""
    if offset == 0:
        return data
    moved = np.clip(data.astype(np.int32) + offset, 1, np.iinfo(np.uint16).max).astype(np.uint16)
    return np.where(data == 0, data, moved)


def together(calls: Sequence[tuple[Any, tuple[Any, ...]]]) -> list[Any]:
    """Make calls in the threads that wait for bytes; the first error is raised when all have ended.

    The calls must not come here themselves: they would wait for their own threads.
    """
    futures: list[Future[Any]] = [_pool().submit(call, *arguments) for call, arguments in calls]
    wait(futures)
    return [future.result() for future in futures]
