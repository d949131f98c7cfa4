"""What was done, as plain JSON: the run's summary and the recipe with its provenance."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stac_timelapse import __version__
from stac_timelapse.build import MonthResult
from stac_timelapse.composite.gaps import OBSERVATIONS, QUALITY
from stac_timelapse.estimate import Estimate
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.model import AREA_CLOUD, BY_HAND, NOT_SEEN, SCENE_CLOUD, UNREADABLE, SceneSet

_LIBRARIES = ("dask", "numba", "numpy", "rasterio", "stackstac", "xarray")


def provenance(recipe: Recipe, scenes: SceneSet, results: Sequence[MonthResult] = ()) -> dict[str, Any]:
    """Return the recipe with what it led to: scenes, baselines, offsets, versions; no signed address."""
    found = [(one, "") for one in scenes.passes] + [(other.one, other.reason) for other in scenes.rejected]
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
                "cloud_cover": scene.cloud_cover,
                "used": not reason and scene.id not in lost,
                "reason": reason or lost.get(scene.id),
            }
            for one, reason in sorted(found, key=lambda pair: (pair[0].datetime, pair[0].key))
            for scene in one.scenes
        ],
        "months": [{"month": result.month, **result.facts.to_dict()} for result in results],
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
        # Of what the shares and means below are: of the area's own pixels, or of all in the rectangle around it.
        "shares_of": "area" if recipe.clip else "rectangle",
        "months": [
            {
                "month": result.month,
                "passes_used": result.passes_used,
                "scenes": list(result.scene_ids),
                **result.facts.to_dict(),
                "observations_mean": round(result.observations_mean, 4),
                "clear_share": round(result.clear_share, 6),
                "filled_share": round(result.filled_share, 6),
                "empty": result.empty,
                "from_store": result.from_store,
                "unreadable": [{"id": scene, "reason": reason} for scene, reason in result.unreadable],
                "seconds": round(result.seconds, 3),
            }
            for result in results
        ],
        "observations_mean": round(sum(result.observations_mean for result in results) / max(len(results), 1), 4),
        "seconds": round(seconds, 3),
        "files": [str(path) for path in files],
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
