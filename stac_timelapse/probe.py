"""What is behind one pixel: every observation of a month, why it counts or not, and what the month makes of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from stac_timelapse.composite.gaps import NO_DATA, OBSERVED, QUALITY_MEANS, WIDENED, Gaps, fill_months
from stac_timelapse.composite.persistent import persistent_pixels
from stac_timelapse.composite.pixel import Look, looks_at, pixel_at
from stac_timelapse.composite.plan import MonthPlan
from stac_timelapse.cube.mask import SCL_CLASSES, MaskPolicy
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.pipeline import grid_of
from stac_timelapse.recipe import Recipe
from stac_timelapse.rescue import looked_at
from stac_timelapse.scenes.facts import MonthFacts, facts_by_month
from stac_timelapse.scenes.model import UNREADABLE, Pass, Scene, SceneSet

#: Why an observation is not used, beside the reasons for which whole passes are not.
NOT_HERE = "no data here"
NOT_CLEAR = "not a clear class"
#: Why one is used whose class is not clear.
BRIGHT, SMALL = "bright ground that is no cloud", "too small for a cloud"


@dataclass(frozen=True, slots=True)
class Observation:
    """What one scene holds at the pixel.

    Parameters
    ----------
    scene
        Date, satellite, tile, baseline, offset.
    scl
        Class of the scene classification, 0 = no data; None where the scene cannot be read.
    values
        DN a band with the offset removed, 0 = no data, whether it is used or not; empty where the scene cannot be read.
    kept
        Whether it is one of those that the composite is made of.
    reason
        Why it is not, or why it is though its class is not clear; else empty.
    """

    scene: Scene
    scl: int | None
    values: tuple[int, ...]
    kept: bool
    reason: str = ""

    @property
    def scl_name(self) -> str:
        """Name of the class; empty where the scene cannot be read."""
        return "" if self.scl is None else SCL_CLASSES.get(self.scl, "Unknown class")


@dataclass(frozen=True, slots=True)
class PixelMonth:
    """One month at the pixel.

    Parameters
    ----------
    month
        ``"YYYY-MM"``.
    observations
        In order of time; those of the days around the month only where the recipe fills with them and needs to.
    values
        The composite's DN a band, 0 = no data.
    count
        Passes of the month behind them.
    quality
        Where they come from, see `stac_timelapse.composite.gaps.QUALITY_MEANS`.
    """

    month: str
    observations: tuple[Observation, ...]
    values: tuple[int, ...]
    count: int
    quality: int

    @property
    def origin(self) -> str:
        """Where the values come from, in words."""
        return QUALITY_MEANS.split("; ")[self.quality].partition(" ")[2]


class Probe:
    """One pixel of a recipe's grid; its months are read as they are asked for. Safe to use from several threads.

    Parameters
    ----------
    recipe
        What the composites are made by.
    scenes
        The passes it uses and those rejected, see `stac_timelapse.pipeline.choose`.
    lon, lat
        A place in degrees (WGS 84); the pixel is the one that it lies in.
    lost
        Scene id -> reason, of scenes that a build had to leave out.

    Raises
    ------
    InvalidInputError
        If the place is not on the grid.
    """

    def __init__(
        self, recipe: Recipe, scenes: SceneSet, lon: float, lat: float, lost: Mapping[str, str] | None = None
    ) -> None:
        self.recipe = recipe
        self.lon, self.lat = lon, lat
        self._scenes = scenes
        self._grid = grid_of(recipe, scenes)
        self.pixel = pixel_at(self._grid, lon, lat)
        self._gaps = Gaps.parse(recipe.gaps)
        self._lost = dict(lost or {})
        self._read: dict[str, PixelMonth] = {}
        self._bright: NDArray[np.bool_] | None = None
        self._lock = threading.Lock()

    @property
    def at(self) -> tuple[int, int]:
        """Row and column of the pixel in the composites, counted from the upper left one."""
        west, _, _, north = self._grid.bounds
        size = self._grid.resolution
        return round((north - self.pixel.north) / size), round((self.pixel.west - west) / size)

    @property
    def ring(self) -> tuple[tuple[float, float], ...]:
        """Corners of the pixel, closed, lon/lat in degrees."""
        west, north, size = self.pixel.west, self.pixel.north, self.pixel.resolution
        xs = [west, west + size, west + size, west, west]
        ys = [north, north, north - size, north - size, north]
        lons, lats = Transformer.from_crs(self.pixel.epsg, 4326, always_xy=True).transform(xs, ys)
        return tuple(zip(lons, lats, strict=True))

    def look(self, month: str) -> PixelMonth:
        """Read a month, once; a scene that cannot be read is not used and told, as in a build.

        Raises
        ------
        InvalidInputError
            If the recipe does not have the month.
        """
        months = self._scenes.months
        if month not in months:
            raise InvalidInputError(f"The month {month} is not one of {', '.join(months)}: choose one of them.")
        with self._lock:
            found = self._observed(month)
            if found.count or not self._gaps.across_months:
                return found
            series = [self._observed(one) for one in months]
        values = np.array([one.values for one in series], dtype=np.uint16)[:, :, None, None]
        seen = np.array([one.count > 0 for one in series])[:, None, None]
        filled, quality = fill_months(values, seen, months, self._gaps)
        at = months.index(month)
        return replace(found, values=tuple(filled[at].ravel().tolist()), quality=int(quality[at].item()))

    def _observed(self, month: str) -> PixelMonth:
        """Read a month without what other months fill in."""
        while month not in self._read:
            known = len(self._lost)
            facts = facts_by_month(self._scenes.without_scenes(self._lost), self._gaps.near)[month]
            found = self._composed(month, facts)
            if len(self._lost) == known:
                self._read[month] = found
        return self._read[month]

    def _composed(self, month: str, facts: MonthFacts) -> PixelMonth:
        observations, layers = self._used(facts.used)
        count, quality = layers[-1], OBSERVED if layers[-1] else NO_DATA
        if not count and facts.near is not None:
            near, layers = self._used(facts.near)
            observations += near
            quality = WIDENED if layers[-1] else NO_DATA
        reasons = {scene.id: other.reason for other in facts.rejected for scene in other.one.scenes}
        plan, looks = self._looks([other.one for other in facts.rejected])
        for number, scene in _numbered([other.one for other in facts.rejected]):
            observations.append(self._seen(scene, looks.get(number), plan.bands, reasons[scene.id]))
        ordered = sorted(observations, key=lambda one: (one.scene.overflight, one.scene.id))
        return PixelMonth(month, tuple(ordered), layers[:-1], count, quality)

    def _used(self, passes: Sequence[Pass]) -> tuple[list[Observation], tuple[int, ...]]:
        """Return what passes in use hold, and what they are reduced to: a DN a band, and the number of passes."""
        plan, looks = self._looks(passes)
        observations: list[Observation] = []
        taken: dict[int, Scene] = {}
        for number, scene in _numbered(passes):
            look, which = looks.get(number), plan.pass_of[number]
            kept, reason = _judged(look, plan.policy, taken.get(which), bright=self._is_bright)
            if kept:
                taken[which] = scene
            observations.append(self._seen(scene, look, plan.bands, reason, kept=kept))
        clear = [number for number, look in looks.items() if look.clear]
        if not clear:
            return observations, (0,) * (len(plan.bands) + 1)
        stack = np.stack([looks[number].values for number in clear])[:, :, None, None]
        return observations, tuple(plan.reduce(stack, clear).ravel().tolist())

    def _looks(self, passes: Sequence[Pass]) -> tuple[MonthPlan, dict[int, Look]]:
        plan = MonthPlan.of(passes, self._grid, self.recipe.bands, self.recipe.policy, self.recipe.method)
        looks, errors = looks_at(plan, self.pixel, self._lost, self._bright_ground())
        self._lost |= {error.scene_id: f"{error.asset}: {error.reason}" for error in errors}
        return plan, looks

    def _bright_ground(self) -> NDArray[np.bool_] | None:
        """Return bright ground at and around the pixel, if it is to be told from clouds; found once."""
        policy = self.recipe.policy
        if self._bright is None and policy.rescue:
            passes = looked_at(self._scenes.without_scenes(self._lost))
            series = MonthPlan.of(passes, self._grid, (), policy, self.recipe.method)
            self._bright, lost = persistent_pixels(series, self.pixel)
            self._lost |= lost
        return self._bright

    @property
    def _is_bright(self) -> bool:
        if self._bright is None:
            return False
        row, col = (length // 2 for length in self._bright.shape)
        return bool(self._bright[row, col])

    def _seen(
        self, scene: Scene, look: Look | None, bands: Sequence[str], reason: str, *, kept: bool = False
    ) -> Observation:
        if scene.id in self._lost:
            also = "" if reason.startswith(UNREADABLE) else f"; {UNREADABLE}"
            return Observation(scene, None, (), False, f"{reason}{also} ({self._lost[scene.id]})")
        if look is None:
            return Observation(scene, 0, (0,) * len(bands), False, reason)
        return Observation(scene, look.scl, tuple(look.values.tolist()), kept, reason)


def _numbered(passes: Sequence[Pass]) -> list[tuple[int, Scene]]:
    """Return the scenes of passes with their numbers in the passes' plan."""
    return list(enumerate(scene for one in passes for scene in one.scenes))


def _judged(look: Look | None, policy: MaskPolicy, owner: Scene | None, *, bright: bool) -> tuple[bool, str]:
    """Return whether a granule of a pass in use counts, and why if its class alone does not say so."""
    if look is None or look.scl == 0 or not look.values.any():
        return False, NOT_HERE
    if not look.clear:
        near = f"within {policy.dilate:g} m of a cloud or its shadow"
        return False, near if look.scl in policy.clear else NOT_CLEAR
    if owner is not None:
        return False, f"the pass has this pixel from {owner.tile} ({owner.id})"
    if look.scl in policy.clear:
        return True, ""
    return True, BRIGHT if bright else SMALL
