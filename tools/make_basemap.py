"""Make ``app/data/natural_earth.npz``, the offline basemap's outlines, from Natural Earth.

Run once by hand after a new Natural Earth release; the result is part of the repository::

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python tools/make_basemap.py package

``world-atlas`` (ISC) redistributes Natural Earth's public-domain vectors as TopoJSON: countries that share their
borders as *arcs*. An arc used by one country is coast, an arc used by two is a border; no geometry has to be compared.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
import shapely.affinity

# One level of detail per source scale, cut into the tiles of this zoom, so that drawing a tile touches one cell.
LEVELS = {"110m": 0, "50m": 3, "10m": 6}
MAX_LATITUDE = 85.0511287798066
# Coordinates are stored as whole units of the Web Mercator square: 2**20 of them, 38 m at the equator, far finer than
# the few hundred metres that the 1:10m outlines are good for.
UNITS = 2**20
HALF_TURN = 180  # degrees

Floats = npt.NDArray[np.float64]


def decode_arcs(topology: dict[str, Any]) -> list[Floats]:
    """Undo TopoJSON's delta encoding: (n, 2) arrays of WGS 84 longitude and latitude in degrees."""
    scale, translate = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    return [np.cumsum(np.array(arc, dtype=np.int64), axis=0) * scale + translate for arc in topology["arcs"]]


def to_units(lonlat: Floats) -> Floats:
    """Web Mercator in basemap units: x to the east, y to the **south**, both 0 ... `UNITS`."""
    latitude = np.radians(np.clip(lonlat[:, 1], -MAX_LATITUDE, MAX_LATITUDE))
    x = lonlat[:, 0] / 360 + 0.5
    y = 0.5 - np.arcsinh(np.tan(latitude)) / (2 * np.pi)
    return np.column_stack([x, y]) * UNITS


def stitch(indices: list[int], arcs: list[Floats]) -> Floats:
    """One ring from its arcs; a negative index is the arc ``~index`` backwards."""
    parts = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
    return np.vstack([parts[0], *(part[1:] for part in parts[1:])])


def polygons_of(geometry: dict[str, Any]) -> list[list[list[int]]]:
    """Return the polygons of a TopoJSON geometry, each a list of rings, each a list of arc indices."""
    if geometry["type"] == "GeometryCollection":
        return [polygon for member in geometry["geometries"] for polygon in polygons_of(member)]
    if geometry["type"] == "Polygon":
        return [geometry["arcs"]]
    if geometry["type"] == "MultiPolygon":
        return list(geometry["arcs"])
    return []


def outlines(topology: dict[str, Any], arcs: list[Floats]) -> tuple[list[Floats], list[Floats]]:
    """Coast lines and country borders."""
    uses = Counter(
        index if index >= 0 else ~index
        for country in topology["objects"]["countries"]["geometries"]
        for polygon in polygons_of(country)
        for ring in polygon
        for index in ring
    )
    coast = [arcs[index] for index, count in uses.items() if count == 1]
    border = [arcs[index] for index, count in uses.items() if count > 1]
    return coast, border


def unwrap(lonlat: Floats) -> Floats:
    """Make longitude continuous where a line jumps between 180 and -180 (the source's lines cross the antimeridian)."""
    jumps = np.concatenate([[0], np.diff(lonlat[:, 0])])
    turns = np.cumsum(np.where(jumps > HALF_TURN, -1, np.where(jumps < -HALF_TURN, 1, 0)))
    return np.column_stack([lonlat[:, 0] + 360 * turns, lonlat[:, 1]])


def closed(ring: Floats) -> Floats:
    """Close an unwrapped ring that goes once around the pole (Antarctica) along the map's south edge."""
    if abs(ring[0, 0] - ring[-1, 0]) < HALF_TURN:
        return ring
    return np.vstack([ring, [[ring[-1, 0], -90], [ring[0, 0], -90], ring[0]]])


def wrapped(geometry: Any) -> Iterator[Any]:
    """Bring what reaches beyond the map's east or west edge back in on the other side."""
    for shift in (-1, 0, 1):
        inside = shapely.clip_by_rect(shapely.affinity.translate(geometry, shift * UNITS), 0, 0, UNITS, UNITS)
        yield from shapely.get_parts(inside)


def cut(geometries: list[Any], cell_zoom: int) -> npt.NDArray[Any]:
    """Cut geometries at the edges of the tiles of one zoom; returns the simple parts."""
    size = UNITS / 2**cell_zoom
    tree = shapely.STRtree(geometries)
    parts: list[Any] = []
    for row in range(2**cell_zoom):
        for column in range(2**cell_zoom):
            # Half a unit of overlap: neighbours must not leave a hairline of sea between them.
            west, north = column * size - 0.5, row * size - 0.5
            bounds = (west, north, west + size + 1, north + size + 1)
            for index in tree.query(shapely.box(*bounds)):
                piece = shapely.clip_by_rect(geometries[index], *bounds)
                parts.extend(part for part in shapely.get_parts(piece) if not part.is_empty)
    return np.array(parts)


def pack(name: str, parts: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Ragged arrays of whole units, delta encoded (small numbers compress well)."""
    kind, coordinates, offsets = shapely.to_ragged_array(parts)
    assert kind in {shapely.GeometryType.POLYGON, shapely.GeometryType.LINESTRING}, kind  # noqa: S101
    whole = np.rint(coordinates).astype(np.int32)
    packed = {f"{name}_xy": np.diff(whole, axis=0, prepend=np.zeros((1, 2), np.int32))}
    for depth, offset in enumerate(offsets):
        packed[f"{name}_offsets{depth}"] = np.diff(offset, prepend=0).astype(np.uint32)
    return packed


def level(path: Path, cell_zoom: int, tolerance: float) -> dict[str, npt.NDArray[Any]]:
    """All layers of one level of detail."""
    topology = json.loads(path.read_text(encoding="utf-8"))
    arcs = decode_arcs(topology)
    coast, border = outlines(topology, arcs)
    land: list[Any] = []
    for rings_of_arcs in polygons_of(topology["objects"]["land"]):
        rings = [to_units(closed(unwrap(stitch(ring, arcs)))) for ring in rings_of_arcs]
        rings = [ring for ring in rings if len(ring) >= 4]  # noqa: PLR2004 (less has lost its area in the quantised source)
        if not rings:
            continue
        whole = shapely.simplify(shapely.Polygon(rings[0], rings[1:]), tolerance)
        valid = shapely.make_valid(whole, method="structure", keep_collapsed=False)
        land.extend(part for polygon in shapely.get_parts(valid) for part in wrapped(polygon))
    layers = {"land": cut(land, cell_zoom)}
    for name, lines in (("coast", coast), ("border", border)):
        pieces = [
            piece
            for line in lines
            for piece in wrapped(shapely.simplify(shapely.LineString(to_units(unwrap(line))), tolerance))
        ]
        layers[name] = cut(pieces, cell_zoom)
    packed: dict[str, npt.NDArray[Any]] = {}
    for name, parts in layers.items():
        wanted = "Polygon" if name == "land" else "LineString"
        rounded = shapely.get_parts(shapely.set_precision(parts, 1))
        kept = np.array([part for part in rounded if part.geom_type == wanted and not part.is_empty])
        packed |= pack(name, kept)
    return packed


def main() -> None:
    """Read the unpacked npm package, write the archive beside the app."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="folder of the unpacked npm package world-atlas")
    default = Path(__file__).parent.parent / "app" / "data" / "natural_earth.npz"
    parser.add_argument("--out", type=Path, default=default)
    options = parser.parse_args()
    arrays: dict[str, npt.NDArray[Any]] = {"units": np.array(UNITS)}
    for scale, cell_zoom in LEVELS.items():
        tolerance = 3.0 if scale == "10m" else 2.0
        found = level(options.package / f"countries-{scale}.json", cell_zoom, tolerance)
        arrays |= {f"{scale}_{key}": value for key, value in found.items()}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.out, allow_pickle=False, **arrays)


if __name__ == "__main__":
    main()
