"""What was done, as plain JSON: the run's summary and the recipe with its provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stac_timelapse import __version__
from stac_timelapse.build import MonthResult
from stac_timelapse.composite.gaps import OBSERVATIONS, QUALITY
from stac_timelapse.errors import without_secrets
from stac_timelapse.estimate import Estimate
from stac_timelapse.picture.flicker import Flicker
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.model import AREA_CLOUD, BY_HAND, NOT_SEEN, SCENE_CLOUD, UNREADABLE, SceneSet

#: More scenes are counted.
_MOST_NAMES = 3
_LIBRARIES = ("dask", "numba", "numpy", "rasterio", "stackstac", "xarray")


def provenance(recipe: Recipe, scenes: SceneSet, results: Sequence[MonthResult] = ()) -> dict[str, Any]:
    """Return the recipe with what it led to: scenes, baselines, offsets, versions; no signed address."""
    found = [(one, "") for one in scenes.passes] + [(other.one, other.reason) for other in scenes.rejected]
    demos = {catalog.title for catalog in recipe.sources if catalog.is_demo}
    lost = {scene: f"{UNREADABLE} ({reason})" for result in results for scene, reason in result.unreadable}
    return {
        **recipe.to_dict(),
        "recipe_key": recipe.key,
        "attribution": recipe.attribution,
        "scenes": [
            {
                "pass": one.key,
                "id": scene.id,
                "catalog": scene.catalog,
                "datetime": scene.datetime.isoformat(),
                "tile": scene.tile,
                "platform": scene.platform,
                "baseline": scene.baseline,
                "offset": scene.offset,
                "assets": {
                    band: _address(asset.href, of_demo=scene.catalog in demos) for band, asset in scene.assets.items()
                },
                "cloud_cover": scene.cloud_cover,
                "used": not reason and scene.id not in lost,
                "reason": reason or lost.get(scene.id),
            }
            for one, reason in sorted(found, key=lambda pair: (pair[0].datetime, pair[0].key))
            for scene in one.scenes
        ],
        "items": scenes.n_items,
        "twins_left_out": scenes.n_twins,
        "months": [_month(result) for result in results],
        "rescued_pixels": _rescued(results),
        "catalogs": _catalogs(scenes),
        "left_out": list(scenes.skipped),
        "versions": {"stac-timelapse-dashboard": __version__, **{name: version(name) for name in _LIBRARIES}},
    }


def summary(
    recipe: Recipe,
    scenes: SceneSet,
    estimate: Estimate,
    results: Sequence[MonthResult],
    files: Sequence[Path],
    seconds: float,
    flicker: Flicker | None = None,
) -> dict[str, Any]:
    """Return the summary of a run."""
    return {
        "catalog": recipe.catalog,
        "recipe_key": recipe.key,
        "items": scenes.n_items,
        "scenes": scenes.n_scenes,
        "passes": len(scenes.passes),
        "twins_left_out": scenes.n_twins,
        "above_cloud_limit": scenes.n_rejected(SCENE_CLOUD),
        "above_cloud_limit_in_area": scenes.n_rejected(AREA_CLOUD) + scenes.n_rejected(NOT_SEEN),
        "left_out_by_hand": scenes.n_rejected(BY_HAND),
        "catalogs": _catalogs(scenes),
        "left_out": list(scenes.skipped),
        "bands": [*recipe.bands, *([] if recipe.gaps == "blank" else [QUALITY]), OBSERVATIONS],
        "width": estimate.width,
        "height": estimate.height,
        "resolution": estimate.resolution,
        "epsg": estimate.epsg,
        # The engine does not count what GDAL fetched; a guess would be worse than nothing.
        "bytes_read": None,
        "bytes_estimated": estimate.read_bytes,
        "rescued_pixels": _rescued(results),
        "months": [
            {**_month(result), "from_store": result.from_store, "seconds": round(result.seconds, 3)}
            for result in results
        ],
        "observations_mean": round(sum(result.observations_mean for result in results) / max(len(results), 1), 4),
        "seconds": round(seconds, 3),
        "files": [str(path) for path in files],
        # Percent of the brightness, of the picture as it is and as it is with its months evened out.
        "flicker": None if flicker is None else {"score": flicker.score, "evened": flicker.evened, "used": recipe.even},
    }


def changed_since(written: Mapping[str, Any], scenes: SceneSet) -> str:
    """Return a sentence where the catalogues list other scenes than a recipe was written with; empty where not.

    Parameters
    ----------
    written
        What `provenance` returned, read again; a recipe without ``scenes`` says nothing.
    scenes
        What the same recipe finds now.
    """
    if not isinstance(written.get("scenes"), list):
        return ""
    before = {scene.get("id"): scene for scene in written["scenes"] if isinstance(scene, dict)}
    now = {scene.id: scene for scene in scenes.found}
    other = [
        name
        for name, scene in now.items()
        if name in before
        and any(key in before[name] and before[name][key] != getattr(scene, key) for key in ("baseline", "offset"))
    ]
    kinds = {
        "new": [name for name in now if name not in before],
        "gone": [str(name) for name in before if name not in now],
        "processed anew": other,
    }
    told = [f"{len(names)} {kind} ({_some(names)})" for kind, names in kinds.items() if names]
    if not told:
        return ""
    return f"The scenes are not those the recipe was written with: {', '.join(told)}; months may differ from its files."


def _address(href: str, *, of_demo: bool) -> str:
    """Return where a file lies, without a signature; of the demo, whose server is gone tomorrow, the path there."""
    return urlsplit(href).path if of_demo else without_secrets(href)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _month(result: MonthResult) -> dict[str, Any]:
    """Return what is to be said of a month, the same in the summary and beside the recipe."""
    return {
        "month": result.month,
        "passes_used": result.passes_used,
        "scenes": list(result.scene_ids),
        **result.facts.to_dict(),
        "observations_mean": round(result.observations_mean, 4),
        "clear_share": round(result.clear_share, 6),
        "filled_share": round(result.filled_share, 6),
        "empty": result.empty,
        "unreadable": [{"id": scene, "reason": reason} for scene, reason in result.unreadable],
    }


def _rescued(results: Sequence[MonthResult]) -> int | None:
    """Return the pixels taken for bright ground, the same in every month; None where none is told from clouds."""
    return results[0].rescued_pixels if results else None


def _catalogs(scenes: SceneSet) -> list[dict[str, Any]]:
    return [
        {
            "title": share.title,
            "items": share.n_items,
            "scenes": scenes.n_of(share.title),
            "lacked": list(share.lacked),
            "months_gained": list(share.gained),
            "failure": share.failure or None,
        }
        for share in scenes.catalogs
    ]
