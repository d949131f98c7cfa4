"""Outlines of what was found, for the map."""

from __future__ import annotations

from typing import Any

from app.views.map_geometry import PassOutline
from app.views.passes import pass_name
from app.views.words import count
from stac_timelapse.scenes.model import Scene, SceneSet


def footprints(scenes: SceneSet) -> list[tuple[Any, str, bool]]:
    """Return one outline for all scenes that cover the same ground, labelled with their number."""
    same: dict[tuple[str, tuple[float, ...]], list[Scene]] = {}
    for scene in scenes.scenes:
        place = tuple(round(value, 1) for value in scene.footprint.bounds)
        same.setdefault((scene.tile, place), []).append(scene)
    return [(group[0].footprint, f"{tile}: {count(len(group), 'scene')}", False) for (tile, _), group in same.items()]


def pass_outlines(scenes: SceneSet) -> list[PassOutline]:
    """Return each pass in words, with its tiles, and the outlines of its scenes, in the order of the list of passes."""
    told: list[PassOutline] = []
    for one in scenes.passes:
        tiles = sorted({scene.tile for scene in one.scenes if scene.tile})
        where = f", {'tile' if len(tiles) == 1 else 'tiles'} {', '.join(tiles)}" if tiles else ""
        told.append((f"{pass_name(one)}{where}", [scene.footprint for scene in one.scenes]))
    return told
