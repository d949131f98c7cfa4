"""Areas of every shape and place against plain pyproj and numpy: each pixel's centre is moved by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Transformer
from reference import assert_composite, fused_passes, inside_lonlat, reduced, undecided
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon, box
from world import Granule, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.clip import clip
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.recipe import Recipe

SIZE = 160
#: Name -> longitude and latitude on the edge of two zones, and their codes.
PLACES = {
    "alps": (12.0, 46.0, (32632, 32633)),
    "antimeridian": (180.0, -17.0, (32760, 32701)),
    "arctic": (33.0, 83.4, (32635, 32637)),  # where zone 36 is left out
    "antarctic": (-60.0, -79.0, (32720, 32721)),
    "equator": (30.0, 0.0, (32635, 32636)),
}


def ring(width, height):
    """Return a polygon about the origin with a hole in it, in kilometres."""
    outer = [(-width, -height), (width, -0.8 * height), (0.7 * width, height), (-width, 0.9 * height)]
    return Polygon(outer, [[(0.4 * x, 0.4 * y) for x, y in outer]])


#: Name -> shape in kilometres about the place.
SHAPES = {
    "box": box(-0.5, -0.4, 0.5, 0.4),
    "with a hole": ring(0.5, 0.4),
    "in parts": MultiPolygon([box(-0.5, -0.4, -0.2, 0.3), ring(0.15, 0.2), box(0.3, 0.1, 0.5, 0.4)]),
    "one pixel": box(0.203, 0.102, 0.209, 0.108),
    "long and thin": Polygon([(-0.6, -0.02), (0.6, 0.03), (0.6, 0.042), (-0.6, -0.008)]),
}


def area_at(place, shape):
    """Return a shape as lon/lat, its longitudes beyond 180 where it crosses the antimeridian."""
    lon, lat, _ = PLACES[place]
    north = 1 / 111.0
    return affinity.affine_transform(shape, [north / np.cos(np.radians(lat)), 0, 0, north, lon, lat])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return the catalogue of each place, made when it is first asked for: a pass of both zones, and one of each."""
    made = {}

    def at(place):
        if place not in made:
            lon, lat, zones = PLACES[place]
            granules = []
            for number, (epsg, day, name) in enumerate(
                [(zones[0], 3, "both"), (zones[1], 3, "both"), (zones[0], 13, "one"), (zones[1], 23, "other")]
            ):
                x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(lon, lat)
                rng = np.random.default_rng(number)
                pixels = rng.integers(1, 9000, (SIZE, SIZE))
                pixels[rng.random((SIZE, SIZE)) < 0.05] = 0
                granules.append(
                    Granule(
                        f"{name}-{epsg}", f"2022-01-{day:02d}T10:00:00Z", {"B04": pixels},
                        rng.choice([4, 5, 9], (SIZE, SIZE)), tile=f"{epsg % 100:02d}XXX", epsg=epsg,
                        west=round(x / 60) * 60 - 5 * SIZE, north=round(y / 60) * 60 + 5 * SIZE,
                    )
                )  # fmt: skip
            made[place] = write_catalog(tmp_path_factory.mktemp(place), granules), granules
        return made[place]

    return at


@pytest.fixture(scope="module")
def client():
    with connect(ClusterSpec(workers=1, threads_per_worker=2, processes=False)) as client:
        yield client


@pytest.mark.parametrize("resolution", [10, 30])
@pytest.mark.parametrize("shape", list(SHAPES))
@pytest.mark.parametrize("place", list(PLACES))
def test_composites_and_clipped_files_equal_the_reference(world, client, tmp_path, place, shape, resolution):
    catalog, granules = world(place)
    area = area_at(place, SHAPES[shape])
    recipe = Recipe(
        str(catalog), AreaOfInterest.from_geometry(area), "2022-01", "2022-01", bands=("B04",), max_cloud=100,
        resolution=resolution, clip=True,
    )  # fmt: skip
    scenes = pipeline.find(recipe)
    assert sorted(scene.id for scene in scenes.scenes) == sorted(granule.name for granule in granules)
    grid = pipeline.grid_of(recipe, scenes)
    assert grid.epsg in PLACES[place][2]
    encloses(grid, area)
    (month,) = pipeline.build(recipe, scenes, client=client, store=MonthStore(tmp_path / "store"))
    (cut,) = clip([month], recipe.aoi, tmp_path / "out")
    with rasterio.open(month.path) as whole, rasterio.open(cut.path) as clipped:
        layers, kept = whole.read(), clipped.read()
        by_centre = "centre lies inside" in clipped.tags()["CLIPPED"]

    folder = Path(catalog).parent
    passes = [
        [{band: folder / scene.id / f"{band}.tif" for band in ("B04", "SCL")} for scene in one.scenes]
        for one in scenes.passes
    ]
    where = grid.transform, grid.shape
    values, count = reduced(fused_passes(passes, ("B04",), *where, recipe.clear, epsg=grid.epsg), "median")
    sure = ~np.any([undecided(files["SCL"], *where, grid.epsg) for one in passes for files in one], axis=0)
    assert sure.mean() > 0.9
    assert_composite(layers[:, sure], values[:, sure], count[sure])

    inside = inside_lonlat(area, *where, grid.epsg)
    held = kept.any(axis=0)
    assert by_centre == inside.any()
    if by_centre:
        apart = ~on_the_edge(area, *where, grid.epsg)
        np.testing.assert_array_equal(held[apart], (layers.any(axis=0) & inside)[apart])
    else:
        assert held.any()
        assert apart_by(area, *where, grid.epsg)[held].max() < 0.01 * resolution  # as exactly as GDAL draws a line
    np.testing.assert_array_equal(kept, layers * held)


def on_the_edge(area, transform, shape, epsg):
    """Return where a centre lies within a millimetre of the outline, which the product follows by chords."""
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]]
    xs, ys = transform.c + (cols + 0.5) * transform.a, transform.f + (rows + 0.5) * transform.e
    lons, lats = Transformer.from_crs(epsg, 4326, always_xy=True).transform(xs, ys)
    lons = np.where(lons < area.bounds[0] - 1, lons + 360, lons)
    return shapely.distance(area.boundary, shapely.points(lons, lats)) < 1e-8


def apart_by(area, transform, shape, epsg):
    """Return how far in metres each pixel is from the area, 0 where they share a place."""
    followed = shapely.segmentize(area, area.length / 2000)
    xy = Transformer.from_crs(4326, epsg, always_xy=True)
    there = shapely.transform(followed, lambda points: np.column_stack(xy.transform(*points.T)))
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]]
    west, north = transform.c + cols * transform.a, transform.f + rows * transform.e
    return shapely.distance(there, shapely.box(west, north + transform.e, west + transform.a, north))


def encloses(grid, area):
    """Demand that the grid holds the area, and not one pixel more on any side."""
    followed = shapely.get_coordinates(shapely.segmentize(area, area.length / 2000))
    xs, ys = Transformer.from_crs(4326, grid.epsg, always_xy=True).transform(*followed.T)
    west, south, east, north = grid.bounds
    for gap in (xs.min() - west, ys.min() - south, east - xs.max(), north - ys.max()):
        assert -1e-3 <= gap < grid.resolution + 1e-3
