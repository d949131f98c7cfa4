"""The library as the dashboard uses it: one engine a server process, shared by all sessions."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Protocol

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from app.settings import AppSettings
from stac_timelapse import pipeline
from stac_timelapse.build import MonthResult, Progress
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.cube.clear_share import Seen
from stac_timelapse.cube.look import Look
from stac_timelapse.errors import InvalidInputError, TimelapseError
from stac_timelapse.estimate import Estimate
from stac_timelapse.probe import Probe
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.model import SceneSet
from stac_timelapse.scenes.union import names_of

_log = logging.getLogger(__name__)


class Engine(Protocol):
    """What the jobs need of the library. Every method blocks and is called from a job's thread."""

    def check(self, recipe: Recipe) -> None:
        """Raise `InvalidInputError` if this server does not serve the recipe's catalogue. Returns at once."""
        ...

    def search(self, recipe: Recipe) -> SceneSet:
        """Search; see `stac_timelapse.pipeline.search`."""
        ...

    def estimate(self, recipe: Recipe, scenes: SceneSet) -> Estimate:
        """Tell the cost; see `stac_timelapse.pipeline.estimate`."""
        ...

    def measure(self, recipe: Recipe, scenes: SceneSet) -> dict[str, Seen]:
        """Tell what each pass saw of the area; see `stac_timelapse.pipeline.measure`."""
        ...

    def look_at(self, recipe: Recipe, scenes: SceneSet, key: str) -> Look:
        """Read one pass, coarse; see `stac_timelapse.pipeline.look_at`."""
        ...

    def bright_ground(self, scenes: SceneSet, look: Look) -> NDArray[np.bool_]:
        """Find bright ground on the grid of a look; see `stac_timelapse.pipeline.bright_ground`."""
        ...

    def probe(self, recipe: Recipe, scenes: SceneSet, place: tuple[float, float], lost: Mapping[str, str]) -> Probe:
        """Look into the pixel at a longitude and latitude; see `stac_timelapse.probe.Probe`."""
        ...

    def build(
        self,
        recipe: Recipe,
        scenes: SceneSet,
        *,
        first: str | None,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> Iterator[MonthResult]:
        """Compute the months; see `stac_timelapse.pipeline.build`."""
        ...


class LibraryEngine:
    """The real engine: the pipeline, one Dask client and one store of months for the whole process.

    Parameters
    ----------
    settings
        Where the months are kept, which scheduler is used, how big a month may be.
    """

    def __init__(self, settings: AppSettings) -> None:
        self._settings = settings
        self._store = MonthStore(settings.months_folder)
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._client: Client | None = None

    def check(self, recipe: Recipe) -> None:
        """Refuse what the operator does not offer; above all a path, which would be one of the server's own files."""
        names = names_of(recipe.catalog)
        if set(names) <= set(self._settings.catalogs):
            return
        if not self._settings.any_catalog or len(names) > 1:
            raise InvalidInputError(f"The catalogue {recipe.catalog!r} is not offered here: choose one of the list.")
        if not recipe.catalog.startswith(("https://", "http://")):
            raise InvalidInputError(
                f"{recipe.catalog!r} is not the address of a STAC API: write one that begins with https://."
            )

    def search(self, recipe: Recipe) -> SceneSet:
        """Search the catalogue; no pixel is read."""
        return pipeline.search(recipe)

    def estimate(self, recipe: Recipe, scenes: SceneSet) -> Estimate:
        """Tell the cost, or refuse with `TooBigError`."""
        return pipeline.estimate(recipe, scenes, max_pixels=self._settings.max_pixels)

    def measure(self, recipe: Recipe, scenes: SceneSet) -> dict[str, Seen]:
        """Read the overviews of the cloud masks, here and not on the workers: it is little, and they may be busy."""
        seen, unreadable = pipeline.measure(recipe, scenes)
        for scene, reason in unreadable.items():
            _log.info("not measured: %s (%s)", scene, reason)
        return seen

    def look_at(self, recipe: Recipe, scenes: SceneSet, key: str) -> Look:
        """Read one pass from overviews, here: it is little."""
        return pipeline.look_at(recipe, scenes, key)

    def bright_ground(self, scenes: SceneSet, look: Look) -> NDArray[np.bool_]:
        """Read the overviews of all masks, here: it is little."""
        return pipeline.bright_ground(scenes, look)

    def probe(self, recipe: Recipe, scenes: SceneSet, place: tuple[float, float], lost: Mapping[str, str]) -> Probe:
        """Look into a pixel; its months are read here when they are asked for: a few blocks of each pass."""
        return Probe(recipe, scenes, *place, lost)

    def build(
        self,
        recipe: Recipe,
        scenes: SceneSet,
        *,
        first: str | None,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> Iterator[MonthResult]:
        """Compute the months on the shared workers, which are started by the first build."""
        return pipeline.build(
            recipe,
            scenes,
            client=self._workers(),
            store=self._store,
            first=first,
            on_progress=on_progress,
            should_stop=should_stop,
        )

    def close(self) -> None:
        """Stop the local workers, or leave the scheduler."""
        with self._lock:
            self._client = None
            self._open.close()

    def _workers(self) -> Client:
        with self._lock:
            if self._client is None or self._client.status == "closed":
                self._client = self._open.enter_context(connect(ClusterSpec(address=self._settings.dask_address)))
            return self._client


def measured(engine: Engine, recipe: Recipe, scenes: SceneSet) -> dict[str, Seen]:
    """Return what each pass saw of the area; without it the provider's figures are shown, and every pass stays."""
    try:
        return engine.measure(recipe, scenes)
    except TimelapseError as error:
        _log.warning("the passes could not be measured: %s", error)
        return {}
