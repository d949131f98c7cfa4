"""A file with several areas: all of them are loaded, and one of them can be chosen instead."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pyproj
import shapely
from dashboard import at_three_sizes
from playwright.sync_api import expect
from pyogrio import raw
from shapely.geometry import Point, box

from stac_timelapse import demo

WEST, SOUTH, EAST, NORTH = demo.DEMO_BBOX
GEOD = pyproj.Geod(ellps="WGS84")


def squares(count):
    """Return boxes side by side along the south of the demo, each wider than the one before."""
    starts = [WEST + 0.002 + 0.01 * number * (number + 1) for number in range(count)]
    return [box(x, SOUTH + 0.01, x + 0.018 * (number + 1), SOUTH + 0.03) for number, x in enumerate(starts)]


def km2(shapes):
    return f"{sum(abs(GEOD.geometry_area_perimeter(shape)[0]) for shape in shapes) / 1e6:.1f} km²"


def written(path, layers):
    """Write layers of shapes and their names into a GeoPackage, in metres."""
    metres = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform
    for layer, (shapes, names) in layers.items():
        moved = shapely.transform(np.array(shapes), lambda corners: np.column_stack(metres(*corners.T)))
        raw.write(
            path,
            shapely.to_wkb(moved),
            [np.array(names, object)],
            ["name"],
            geometry_type=shapes[0].geom_type,
            crs="EPSG:3857",
            layer=layer,
            append=path.exists(),
        )
    with closing(sqlite3.connect(path)) as database:
        database.executescript("PRAGMA page_size = 1024; VACUUM")  # the tests' server takes small files only


@at_three_sizes
def test_one_of_three_areas_of_a_geopackage(dashboard, tmp_path):
    page = dashboard.page
    areas, names = squares(3), ["Fen", "Moor", "Upper <Lake>"]
    path = tmp_path / "sites.gpkg"
    gauge = Point(WEST + 0.02, SOUTH + 0.02)
    written(path, {"sites": (areas, names), "gauges": ([gauge], ["Gauge"])})
    summary, note = page.locator(".t-step-where .summary"), page.locator(".t-area-note")
    select = page.get_by_role("combobox", name="Area of the file")

    dashboard.upload(path)
    expect(note).to_contain_text(f"sites.gpkg is loaded: 3 areas of together {km2(areas)} and 1 place.")
    expect(summary).to_have_text(f"sites · {km2(areas)}")
    expect(select.locator("option:checked")).to_have_text(f"All 3 together · {km2(areas)}")
    # As the list says it: all together, then each in the file's order.
    singly = [f"{name} · {km2([shape])}" for name, shape in zip(names, areas, strict=True)]
    expect(select.locator("option")).to_have_text([f"All 3 together · {km2(areas)}", *singly])

    # By the keyboard alone: a name that is typed is found.
    select.focus()
    page.keyboard.type("moor")
    expect(summary).to_have_text(f"Moor · {km2(areas[1:2])}")
    expect(dashboard.size).to_contain_text(km2(areas[1:2]))

    select.select_option(singly[2])
    expect(summary).to_have_text(f"Upper <Lake> · {km2(areas[2:])}")
    select.select_option(f"All 3 together · {km2(areas)}")
    expect(summary).to_have_text(f"sites · {km2(areas)}")
    expect(dashboard.size).to_contain_text(km2(areas))

    # It is a choice among the areas of the file: with another area it goes.
    dashboard.type_area(f"{WEST}, {SOUTH}, {EAST}, {NORTH}")
    expect(select).to_be_hidden()
    assert dashboard.complaints == []
    assert dashboard.foreign == []
