"""The stages in order: find, estimate, compose lazily, build. No logic of its own."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import xarray as xr
from distributed import Client
from numpy.typing import NDArray

from stac_timelapse import __version__, demo
from stac_timelapse.build import Builder, MonthResult, Progress
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.composite.gaps import Gaps
from stac_timelapse.composite.monthly import monthly_composites
from stac_timelapse.composite.persistent import persistent_pixels
from stac_timelapse.composite.plan import MonthPlan
from stac_timelapse.cube import clear_share, look
from stac_timelapse.cube.clear_share import Seen
from stac_timelapse.cube.grid import Grid
from stac_timelapse.cube.look import Look
from stac_timelapse.cube.outline import Outline
from stac_timelapse.errors import NothingFoundError
from stac_timelapse.estimate import MAX_PIXELS, Estimate, estimate_of
from stac_timelapse.fill import fill
from stac_timelapse.recipe import Recipe
from stac_timelapse.rescue import looked_at
from stac_timelapse.scenes.catalog import Catalog, demo_url_from_environment
from stac_timelapse.scenes.model import AREA_CLOUD, BY_HAND, NOT_SEEN, SceneSet
from stac_timelapse.scenes.search import find_scenes

_demo_lock = threading.Lock()
_demo_running: dict[str, str] = {}


def find(recipe: Recipe) -> SceneSet:
    """Search the recipe's catalogues and choose the passes that it uses.

    Pixels are read only where the recipe limits the cloud inside the area: the masks' overviews.

    Raises
    ------
    NothingFoundError, ProviderError, InvalidInputError
        See `search`; also if no pass is left.
    """
    found = search(recipe)
    chosen = choose(recipe, found)
    if not chosen.passes:
        raise nothing_left(recipe, found)
    return chosen


def nothing_left(recipe: Recipe, found: SceneSet) -> NothingFoundError:
    """Return what is to be said where the recipe's own choices leave no pass."""
    by_hand = "" if not recipe.excluded else f"{len(recipe.excluded)} were left out by hand, and "
    who = "the others" if by_hand else "each"
    return NothingFoundError(
        f"None of the {len(found.passes)} passes found is left: {by_hand}more than {recipe.max_area_cloud:g} % of what "
        f"{who} saw of the area is hidden; raise the cloud limit or choose other dates.",
        "all_cloudy",
    )


def search(recipe: Recipe) -> SceneSet:
    """Search the recipe's catalogues; no pixel is read.

    Raises
    ------
    NothingFoundError, ProviderError, InvalidInputError
        See `stac_timelapse.scenes.search.find_scenes`.
    """
    try:
        return find_scenes([_reachable(catalog) for catalog in recipe.sources], recipe.query)
    except NothingFoundError as error:
        if error.reason != "no_scenes" or not all(catalog.is_demo for catalog in recipe.sources):
            raise
        west, south, east, north = demo.DEMO_BBOX
        where = f"{west:.2f} to {east:.2f}\N{DEGREE SIGN} E, {south:.2f} to {north:.2f}\N{DEGREE SIGN} N"
        raise NothingFoundError(
            f"{str(error).partition(': ')[0]}: it covers only {where}; choose an area there or another catalogue.",
            "no_scenes",
        ) from error


def measure(recipe: Recipe, scenes: SceneSet) -> tuple[dict[str, Seen], dict[str, str]]:
    """Read what each pass saw of the area, from overviews; see `stac_timelapse.cube.clear_share.measure`."""
    return clear_share.measure(scenes.passes, recipe.aoi, recipe.policy)


def look_at(recipe: Recipe, scenes: SceneSet, key: str) -> Look:
    """Read one pass over the area in the recipe's bands, from overviews; see `stac_timelapse.cube.look.look_at`."""
    one = next(one for one in scenes.passes if one.key == key)
    return look.look_at(one, recipe.aoi, scenes.found, recipe.bands)


def bright_ground(scenes: SceneSet, seen: Look) -> NDArray[np.bool_]:
    """Find the bright ground of a series on the grid of a look, see `Look.judge`, by the masks that can be read."""
    plan = MonthPlan.of(looked_at(scenes), seen.grid, (), look.WIDEST, "median")
    return persistent_pixels(plan, clear_share.target_of_grid(seen.grid))[0]


def choose(recipe: Recipe, scenes: SceneSet, seen: Mapping[str, Seen] | None = None) -> SceneSet:
    """Reject the passes that the recipe does not use; what was chosen already stays as it is.

    Parameters
    ----------
    recipe
        With its limit inside the area, and the passes left out or kept by hand.
    scenes
        What `search` returned.
    seen
        Key of a pass -> what it saw of the area, if it was measured; it is measured here if that is needed. A pass
        that cannot be measured stays.
    """
    scenes = scenes.without(dict.fromkeys(recipe.excluded, BY_HAND))
    if not recipe.limits_the_area or not scenes.passes:
        return scenes
    if seen is None:
        seen, _ = measure(recipe, scenes)
    reasons = {
        key: AREA_CLOUD if share.covered else NOT_SEEN
        for key, share in seen.items()
        if key not in recipe.kept and 100 * share.hidden > recipe.max_area_cloud
    }
    return scenes.without(reasons)


def grid_of(recipe: Recipe, scenes: SceneSet) -> Grid:
    """Return the recipe's grid. Rejected passes count as well, so that leaving one out does not move it."""
    return Grid.for_area(recipe.aoi, recipe.resolution, scenes.found)


def estimate(recipe: Recipe, scenes: SceneSet, *, max_pixels: int = MAX_PIXELS) -> Estimate:
    """Estimate the recipe's cost; no pixel is read.

    Raises
    ------
    TooBigError
        If a month would hold more than `max_pixels`.
    """
    return estimate_of(scenes, grid_of(recipe, scenes), recipe.bands, rescue=recipe.rescue, max_pixels=max_pixels)


def lazy(recipe: Recipe, scenes: SceneSet) -> xr.Dataset:
    """Return the monthly composites as a lazy Dataset; see `monthly_composites`."""
    gaps = Gaps.parse(recipe.gaps)
    return monthly_composites(scenes, grid_of(recipe, scenes), recipe.bands, recipe.policy, recipe.method, gaps)


def build(
    recipe: Recipe,
    scenes: SceneSet,
    *,
    client: Client,
    store: MonthStore,
    first: str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[MonthResult]:
    """Compute the months one after the other, `first` before the others; see `Builder.run`.

    Where months are filled from each other, every month comes a second time, filled, when the last is computed.
    """
    gaps = Gaps.parse(recipe.gaps)
    grid = grid_of(recipe, scenes)
    outline = Outline.on(recipe.aoi, grid.epsg, grid.transform, grid.shape)
    builder = Builder(
        scenes=scenes,
        grid=grid,
        outline=outline,
        bands=recipe.bands,
        policy=recipe.policy,
        method=recipe.method,
        client=client,
        store=store,
        tags={
            "ATTRIBUTION": recipe.attribution,
            "SOFTWARE": f"STAC Timelapse {__version__}",
            "METHOD": recipe.method,
            "CLEAR_CLASSES": " ".join(map(str, recipe.policy.clear)),
            "CLOUD_MARGIN_METRES": f"{recipe.policy.dilate:g}",
            "GAPS": str(gaps) if gaps.days else "blank",
            "CLOUD_OPENING_METRES": f"{recipe.policy.opening:g}",
            "BRIGHT_GROUND_RESCUED": "yes" if recipe.policy.rescue else "no",
        },
        gaps=gaps,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    results = []
    for result in builder.run(first):
        results.append(result)
        yield result
    if gaps.across_months:
        yield from fill(results, gaps, outline, store, should_stop)


def demo_url(on_progress: Callable[[int, int, str], None] | None = None) -> str:
    """Return the address of the demo's STAC API; the demo is built and served when it is first asked for.

    Parameters
    ----------
    on_progress
        Called while it is built, see `stac_timelapse.demo.build`.
    """
    url = demo_url_from_environment()
    if url is not None:
        return url
    with _demo_lock:
        if not _demo_running:
            stack = ExitStack()
            server = stack.enter_context(demo.serve(demo.build(on_progress=on_progress)))
            atexit.register(stack.close)
            _demo_running["url"] = server.stac_url
        return _demo_running["url"]


def _reachable(catalog: Catalog) -> Catalog:
    return replace(catalog, url=demo_url()) if catalog.is_demo else catalog
