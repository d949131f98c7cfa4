"""Acquisitions: which scenes are the same one, processed twice or listed by several catalogues, or of one pass."""

from __future__ import annotations

from bisect import bisect, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from stac_timelapse.scenes.model import Pass, Scene

#: Of one acquisition two outlines share more than this of what both cover (0.97 and more in real catalogues); the two
#: halves of a tile share less (0.15 to 0.18).
_SAME_OUTLINE = 0.5
#: A satellite is back on the same side of the Earth after 100 minutes.
_HALF_ORBIT = timedelta(minutes=50)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """One tile of one datastrip of one overflight, as several catalogues list it.

    Parameters
    ----------
    scene
        The one that is used: of the newest baseline, of equal ones that of the catalogue named first.
    catalogs
        Titles of the catalogues that list it.
    """

    scene: Scene
    catalogs: frozenset[str]


def same_acquisitions(scenes: Iterable[Scene]) -> list[list[Scene]]:
    """Group scenes by acquisition: the same datatake, tile and datastrip.

    A scene whose item does not state tile or strip joins the one of its datatake that has most of the outline in common
    with it, and more than half; without such a one it stays by itself, so that no half of a tile is lost. As one of the
    same pass it is fused with the others and counts once.
    """
    of_datatake: dict[str, list[list[Scene]]] = defaultdict(list)
    exact: dict[tuple[str, str, str], list[Scene]] = {}
    vague = []
    for scene in scenes:
        if not (scene.tile and scene.strip):
            vague.append(scene)
            continue
        key = (scene.datatake, scene.tile, scene.strip)
        if key not in exact:
            exact[key] = []
            of_datatake[scene.datatake].append(exact[key])
        exact[key].append(scene)
    for scene in vague:
        groups = of_datatake[scene.datatake]
        common = {at: _common(scene, group[0]) for at, group in enumerate(groups)}
        best = max(common, key=lambda at: common[at], default=-1)
        if common.get(best, 0.0) > _SAME_OUTLINE:
            groups[best].append(scene)
        else:
            groups.append([scene])
    return [group for groups in of_datatake.values() for group in groups]


def newest_of_twins(scenes: Iterable[Scene]) -> list[Scene]:
    """Keep one scene an acquisition: of reprocessed twins the newest baseline, then the one made last."""
    return [
        max(twins, key=lambda scene: (scene.baseline, scene.generated, scene.id)) for twins in same_acquisitions(scenes)
    ]


def union_of(scenes: Iterable[Scene], titles: Sequence[str]) -> list[Acquisition]:
    """Match the scenes of several catalogues by acquisition.

    Parameters
    ----------
    scenes
        Of all catalogues, each without its twins.
    titles
        The catalogues, the preferred one first.

    Returns
    -------
    list
        Every acquisition that any of them lists, once. The time of processing decides nothing here: some catalogues
        process again what they list, in the same baseline.
    """
    return [
        Acquisition(
            max(listed, key=lambda scene: (scene.baseline, -titles.index(scene.catalog))),
            frozenset(scene.catalog for scene in listed),
        )
        for listed in same_acquisitions(_with_datatake(list(scenes)))
    ]


def with_overflights(scenes: Sequence[Scene]) -> list[Scene]:
    """Return scenes of one or several catalogues with the same start of overflight in all its granules.

    Where one of them states its datatake the start is that one's, else the time of the first granule. A scene that
    does not state its datatake is given that of the same overflight.
    """
    known = _with_datatake(scenes)
    starts: dict[str, tuple[bool, datetime]] = {}
    for scene in known:
        mine = not scene.states_datatake, scene.overflight
        starts[scene.datatake] = min(mine, starts.get(scene.datatake, mine))
    return [replace(scene, begun=starts[scene.datatake][1]) for scene in known]


def _with_datatake(scenes: Sequence[Scene]) -> list[Scene]:
    """Give scenes without a datatake that of the same overflight: same satellite, less than half an orbit apart."""
    stated: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for scene in scenes:
        if scene.states_datatake:
            insort(stated[scene.platform], (scene.datetime, scene.datatake))
    known = []
    for scene in scenes:
        others = [] if scene.states_datatake else stated[scene.platform]
        at = bisect(others, (scene.datetime, ""))
        near = [(abs(when - scene.datetime), name) for when, name in others[max(at - 1, 0) : at + 1]]
        apart, datatake = min(near, default=(_HALF_ORBIT, ""))
        known.append(replace(scene, datatake=datatake) if apart < _HALF_ORBIT else scene)
    return known


def _common(scene: Scene, other: Scene) -> float:
    """Return the share of what two outlines cover together that both cover; 0 where tile or strip tell them apart."""
    if (scene.tile and other.tile and scene.tile != other.tile) or (
        scene.strip and other.strip and scene.strip != other.strip
    ):
        return 0.0
    together = scene.footprint.union(other.footprint).area
    return float(scene.footprint.intersection(other.footprint).area / together)


def group_passes(scenes: Iterable[Scene], coverage: Mapping[str, float]) -> tuple[Pass, ...]:
    """Group scenes into passes by datatake.

    Parameters
    ----------
    scenes
        Without twins.
    coverage
        Scene id -> share of the area its footprint covers; within a pass the larger comes first.
    """

    def datatake(scene: Scene) -> str:
        return scene.datatake

    passes = []
    for name, members in groupby(sorted(scenes, key=datatake), key=datatake):
        ordered = sorted(members, key=lambda scene: (-round(coverage.get(scene.id, 0.0), 6), scene.tile, scene.id))
        passes.append(Pass(name, tuple(ordered)))
    return tuple(sorted(passes, key=lambda one: (one.datetime, one.key)))
