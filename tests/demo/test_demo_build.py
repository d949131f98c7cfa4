"""The demo catalogue on disk: whole, the same everywhere, honest about itself."""

import hashlib
import importlib
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from shapely.geometry import shape

from stac_timelapse import demo
from stac_timelapse.demo.items import demo_bbox, lonlat, union_bounds
from stac_timelapse.scenes.acquisitions import newest_of_twins
from stac_timelapse.scenes.items import scene_of

#: The function of the same name hides the module.
build_module = importlib.import_module("stac_timelapse.demo.build")
BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")


@pytest.fixture(scope="session")
def items(small):
    return items_of(small)


def items_of(root):
    paths = sorted((root / demo.COLLECTION).glob("*/*.json"))
    return [json.loads(path.read_text()) for path in paths]


def read(root, item, band):
    with rasterio.open(root / demo.COLLECTION / item["id"] / item["assets"][band]["href"]) as source:
        return source.read(1)


def digests(root):
    files = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def tile_of(item):
    return next(tile for tile in demo.SMALL.tiles if tile.code == item["properties"]["s2:mgrs_tile"])


def plan_of(item):
    start = item["properties"]["datetime"][:19]
    return next(plan for plan in demo.SMALL.passes() if plan.start.isoformat().startswith(start))


def test_a_whole_catalogue_is_not_built_again(small):
    stamp = (small / "catalog.json").stat().st_mtime_ns
    told = []
    assert demo.build(small, lambda *step: told.append(step), spec=demo.SMALL) == small
    assert (small / "catalog.json").stat().st_mtime_ns == stamp
    assert len(told) == 1
    assert told[0][0] == told[0][1]


def test_progress_reaches_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(build_module, "make_pass", lambda *_: [])
    monkeypatch.setattr(build_module, "make_collection", lambda *_: {})
    told = []
    demo.build(tmp_path / "demo", lambda done, total, _: told.append((done, total)), spec=demo.SMALL, workers=1)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[0][0] == 0
    assert told[-1] == (len(demo.SMALL.passes()),) * 2


@pytest.mark.parametrize("damage", ["missing", "short", "manifest", "other"])
def test_a_damaged_catalogue_is_seen(small, tmp_path, damage):
    root = tmp_path / "demo"
    shutil.copytree(small, root)
    assert demo.is_whole(root, demo.SMALL)
    victim = next(root.rglob("SCL.tif"))
    if damage == "missing":
        victim.unlink()
    elif damage == "short":
        victim.write_bytes(victim.read_bytes()[:-100])
    elif damage == "manifest":
        (root / "manifest.json").write_text("{")
    assert not demo.is_whole(root, demo.FULL if damage == "other" else demo.SMALL)


def test_it_is_built_again_to_the_same_bytes_whatever_the_number_of_processes(small, tmp_path):
    root = tmp_path / "demo"
    shutil.copytree(small, root)
    next(root.rglob("B04.tif")).unlink()
    (root / "left over.txt").touch()
    demo.build(root, spec=demo.SMALL, workers=1)
    assert demo.is_whole(root, demo.SMALL)
    assert digests(root) == digests(small)


def test_an_interrupted_build_leaves_nothing_that_passes_for_whole(tmp_path, monkeypatch):
    root = tmp_path / "demo"
    spec = replace(demo.SMALL, name="tiny", months=("2022-02",))
    made = []
    real = build_module.make_pass

    def second_time_unlucky(*arguments):
        made.append(1)
        if len(made) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(build_module, "make_pass", second_time_unlucky)
    with pytest.raises(KeyboardInterrupt):
        demo.build(root, spec=spec, workers=1)
    assert not root.exists()
    # One that was killed outright could not tidy up: the next one does.
    (tmp_path / ".demo-killed").mkdir()
    demo.build(root, spec=spec, workers=1)
    assert demo.is_whole(root, spec)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo", "demo.lock"]


def test_every_item_is_understood_and_its_files_are_what_it_says(small, items):
    assert len(items) > 10
    for item in items:
        assert item["stac_version"] == "1.1.0"
        scene = scene_of(item, BANDS)
        assert scene.epsg == demo.EPSG
        assert scene.bounds == tuple(float(value) for value in tile_of(item).bounds)
        properties = item["properties"]
        assert properties["demo:synthetic"] is True
        assert properties["platform"] in {"sentinel-2a", "sentinel-2b"}
        assert properties["s2:datatake_id"].startswith(f"GS2{properties['platform'][-1].upper()}_")
        assert properties["s2:datatake_id"].endswith(f"_N{properties['s2:processing_baseline']}")
        assert "_S" in properties["s2:datastrip_id"]
        assert properties["s2:product_uri"].endswith(".SAFE")
        for band in (*BANDS, "SCL"):
            asset = item["assets"][band]
            with rasterio.open(small / demo.COLLECTION / item["id"] / asset["href"]) as source:
                assert [source.height, source.width] == asset["proj:shape"]
                assert list(source.transform)[:6] == asset["proj:transform"]
                assert source.nodata == asset["raster:bands"][0]["nodata"] == 0
                assert source.dtypes[0] == asset["raster:bands"][0]["data_type"]
                assert source.crs.to_epsg() == demo.EPSG
                assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
                assert source.overviews(1)
        assert (small / demo.COLLECTION / item["id"] / item["assets"]["thumbnail"]["href"]).is_file()


def test_the_mask_is_at_20_metres_and_overviews_of_it_hold_only_its_classes(small, items):
    path = small / demo.COLLECTION / items[0]["id"] / "SCL.tif"
    with rasterio.open(path) as source:
        assert source.res == (20, 20)
        classes = set(np.unique(source.read(1)))
    with rasterio.open(path, overview_level=0) as source:
        assert set(np.unique(source.read(1))) <= classes


def test_percentages_are_those_of_the_mask(small, items):
    for item in items:
        classes = read(small, item, "SCL")
        valid = classes[classes > 0]
        properties = item["properties"]
        assert properties["eo:cloud_cover"] == pytest.approx(100 * np.isin(valid, (8, 9, 10)).mean(), abs=1e-4)
        assert properties["s2:water_percentage"] == pytest.approx(100 * (valid == 6).mean(), abs=1e-4)
        assert properties["s2:nodata_pixel_percentage"] == pytest.approx(100 * (classes == 0).mean(), abs=1e-4)


def test_no_data_agrees_in_all_bands_and_with_the_outline(small, items):
    partial = 0
    for item in items:
        fine, coarse, classes = (read(small, item, band) > 0 for band in ("B04", "B11", "SCL"))
        assert (fine == classes.repeat(2, axis=0).repeat(2, axis=1)).all()
        assert (coarse == classes).all()
        outline = shape(item["geometry"])
        whole = lonlat(shapely.box(*tile_of(item).bounds))
        assert outline.area / whole.area == pytest.approx(classes.mean(), abs=0.01)
        partial += not classes.all()
    assert partial


def test_reflectance_steps_by_1000_with_baseline_4(small, items):
    rows = {}
    for item in items:
        tile, plan = tile_of(item), plan_of(item)
        baseline = float(item["properties"]["s2:processing_baseline"])
        stated = item["assets"]["B08"]["raster:bands"][0]["offset"]
        assert stated == (-0.1 if baseline >= 4 else 0)
        clear = np.isin(read(small, item, "SCL"), (4, 5, 6, 7)).repeat(2, axis=0).repeat(2, axis=1)
        if clear.mean() < 0.2:
            continue
        expected = demo.truth.surface(plan.day, ("B08",), tile.window)[0]
        surplus = float(np.median(read(small, item, "B08")[clear] - expected[clear]))
        assert surplus == pytest.approx(-10_000 * stated, abs=12)
        rows.setdefault(baseline, []).append(surplus)
    assert {3.01, 4.0, 5.0} <= set(rows)


def test_one_granule_was_processed_twice(small, items):
    names = Counter(
        (
            item["properties"]["s2:datatake_id"].rsplit("_N", 1)[0],
            item["properties"]["s2:mgrs_tile"],
            item["properties"]["s2:datastrip_id"].split("_S")[1][:15],
        )
        for item in items
    )
    (twins,) = [key for key, count in names.items() if count == 2]
    old, new = sorted(
        (item for item in items if twins[0] in item["properties"]["s2:datatake_id"] and tile_of(item).code == twins[1]),
        key=lambda item: item["properties"]["s2:generation_time"],
    )
    assert old["properties"]["s2:processing_baseline"] < new["properties"]["s2:processing_baseline"]
    difference = read(small, new, "B04").astype(int) - read(small, old, "B04")
    assert set(np.unique(difference)) == {1000}
    scenes = [scene_of(item, ("B04",)) for item in items]
    kept = {scene.id for scene in newest_of_twins(scenes)}
    assert kept == {item["id"] for item in items} - {old["id"]}


def test_the_cloudy_month_has_no_clear_pixel(small, items):
    cloudy = [item for item in items if item["properties"]["datetime"].startswith(demo.CLOUDY_MONTH)]
    assert len(cloudy) >= 4
    for item in cloudy:
        assert set(np.unique(read(small, item, "SCL"))) <= {0, 8, 9}
        assert item["properties"]["eo:cloud_cover"] == 100


def test_the_static_catalogue_leads_to_every_item(small, items):
    collection = json.loads((small / demo.COLLECTION / "collection.json").read_text())
    assert collection["id"] == demo.COLLECTION
    assert "Synthetic" in collection["title"]
    links = [link["href"] for link in collection["links"] if link["rel"] == "item"]
    assert {Path(href).stem for href in links} == {item["id"] for item in items}
    assert all((small / demo.COLLECTION / href).is_file() for href in links)
    assert (
        json.loads((small / "catalog.json").read_text())["links"][-1]["href"] == f"./{demo.COLLECTION}/collection.json"
    )


def test_the_overview_lies_where_the_tiles_are(small):
    path, (west, south, east, north) = demo.quicklook(small)
    with rasterio.open(path) as picture:
        assert picture.width / picture.height == pytest.approx((east - west) / (north - south), rel=0.02)
        assert picture.read().mean() > 40
    bounds = rasterio.warp.transform_bounds("EPSG:3857", "EPSG:4326", west, south, east, north)
    assert bounds == pytest.approx(demo_bbox(demo.SMALL), abs=1e-3)


def test_the_full_plan_keeps_its_promises():
    months = Counter(plan.month for plan in demo.FULL.passes())
    assert min(months) == demo.FIRST_MONTH
    assert max(months) == demo.LAST_MONTH
    assert len(months) == 16
    assert set(months.values()) <= {3, 4, 5, 6}
    assert len({plan.datatake for plan in demo.FULL.passes()}) == sum(months.values())
    west, east = demo.FULL.tiles
    assert west.column < east.column < west.column + west.size
    for tile in demo.FULL.tiles:
        assert all(value % 60 == 0 for value in (tile.bounds[0], tile.bounds[3]))
    for area in demo.SAMPLE_AREAS:
        assert shapely.box(*demo.DEMO_BBOX).contains(shapely.box(*area.bbox)), area.name
    assert union_bounds(demo.FULL)[2] > east.bounds[0]
