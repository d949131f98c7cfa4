"""What is told of a month: the same in its file's tags, beside the recipe and in the summary."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from world import Granule, lonlat_bbox, write_catalog

from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cluster import ClusterSpec, connect
from stac_timelapse.composite.cache import MonthStore
from stac_timelapse.recipe import Recipe
from stac_timelapse.report import changed_since, provenance, summary

WEST, NORTH = 499_980.0, 5_200_020.0
AREA = AreaOfInterest.from_bbox(*lonlat_bbox(WEST + 5, NORTH - 635, WEST + 635, NORTH - 5))


@pytest.fixture(scope="module")
def client():
    with connect(ClusterSpec(workers=1, threads_per_worker=2, processes=False)) as client:
        yield client


def granule(name, when, value, scl=4, **more):
    return Granule(name, when, {"B04": np.full((64, 64), value)}, np.full((64, 64), scl), **more)


@pytest.fixture
def catalog(tmp_path):
    """Return February with one cloudy pass, and the days before it with all that can go wrong."""
    path = write_catalog(
        tmp_path / "scenes",
        [
            granule("jan-31", "2022-01-31T10:00:00Z", 700),
            granule("jan-30", "2022-01-30T10:00:00Z", 750, cloud=99),
            granule("jan-29", "2022-01-29T10:00:00Z", 800),
            granule("jan-28", "2022-01-28T10:00:00Z", 1900, baseline="04.00"),
            granule("jan-20", "2022-01-20T10:00:00Z", 900, cloud=99),
            granule("feb-5", "2022-02-05T10:00:00Z", 1000, 9),
            granule("feb-5-old", "2022-02-05T10:00:00Z", 1000, 9, baseline="02.14"),
            granule("feb-6", "2022-02-06T10:00:00Z", 1000),
            granule("feb-7", "2022-02-07T10:00:00Z", 1000, cloud=99),
        ],
    )
    (tmp_path / "scenes" / "jan-31" / "B04.tif").write_bytes(b"damaged")
    document = json.loads(path.read_text())
    for item in document["features"]:
        if item["id"] in {"jan-29", "feb-6"}:
            del item["assets"]["SCL"]
    path.write_text(json.dumps(document))
    return path


def recipe_of(catalog, **more):
    return Recipe(str(catalog), AREA, "2022-02", "2022-02", **{"bands": ("B04",), "max_cloud": 90, **more})


def built(recipe, client, folder):
    scenes = pipeline.find(recipe)
    (month,) = pipeline.build(recipe, scenes, client=client, store=MonthStore(folder))
    with rasterio.open(month.path) as file:
        return scenes, month, file.tags(), file.read()


LACKS = "Item {} has no SCL file and was left out."


def test_what_the_days_around_lack_is_told_with_the_month(catalog, client, tmp_path):
    scenes, month, tags, pixels = built(recipe_of(catalog, gaps="widen:5"), client, tmp_path / "store")
    # 1900 - 1000 is the one clear value near the month.
    assert [np.unique(layer).tolist() for layer in pixels] == [[900], [4], [0]]
    near = {"NEAR_SCENES": "jan-28", "NEAR_BASELINES": "04.00", "NEAR_OFFSETS": "-1000"}
    assert {key: tags[key] for key in near} == near
    assert (tags["SCENES"], tags["BASELINES"], tags["OFFSETS"]) == ("feb-5", "03.01", "0")
    first, unreadable, last = tags["REJECTED"].split("; ")
    assert (first, last) == ("jan-30: above the cloud limit", "feb-7: above the cloud limit")
    assert unreadable.startswith("jan-31: could not be read (B04: ")
    assert tuple(tags["REJECTED"].split("; ")) == month.facts.rejections
    assert scenes.skipped == (LACKS.format("jan-29"), LACKS.format("feb-6"))
    assert tags["LEFT_OUT"] == " ".join(scenes.skipped)
    # Of the month itself: two versions of one scene, the damaged item and the cloudy one.
    assert (tags["ITEMS"], tags["SCENE_COUNT"], tags["PASSES"]) == ("4", "1", "1")
    assert scenes.n_items == 8


def test_without_a_rule_for_gaps_the_days_around_are_nobodys_matter(catalog, client, tmp_path):
    scenes, _, tags, _ = built(recipe_of(catalog), client, tmp_path / "store")
    assert (tags["REJECTED"], tags["LEFT_OUT"]) == ("feb-7: above the cloud limit", LACKS.format("feb-6"))
    assert "NEAR_SCENES" not in tags
    assert (scenes.n_items, tags["ITEMS"]) == (4, "4")


def test_recipe_and_summary_tell_the_same_of_a_month(catalog, client, tmp_path):
    recipe = recipe_of(catalog, gaps="widen:5")
    scenes, month, tags, _ = built(recipe, client, tmp_path / "store")
    estimate = pipeline.estimate(recipe, scenes)
    report = json.loads(json.dumps(summary(recipe, scenes, estimate, [month], [], 1.0)))
    beside = json.loads(json.dumps(provenance(recipe, scenes, [month])))
    (of_report,), (of_recipe,) = report["months"], beside["months"]
    assert {key: of_report[key] for key in of_recipe} == of_recipe
    assert set(of_report) - set(of_recipe) == {"from_store", "seconds"}
    assert (of_recipe["clear_share"], of_recipe["filled_share"], of_recipe["observations_mean"]) == (0, 1, 0)
    for key in ("CLEAR_SHARE", "FILLED_SHARE", "OBSERVATIONS_MEAN"):
        assert float(tags[key]) == of_recipe[key.lower()]
    assert (of_recipe["items"], of_recipe["passes_used"], of_recipe["scenes"]) == (4, 1, ["feb-5"])
    assert of_recipe["left_out"] == report["left_out"] == beside["left_out"] == list(scenes.skipped)
    assert (beside["items"], beside["twins_left_out"]) == (report["items"], report["twins_left_out"]) == (8, 1)


def test_a_catalogue_that_was_down_stands_in_the_file_until_it_is_back(catalog, client, tmp_path):
    _, _, tags, pixels = built(recipe_of(f"{catalog}+http://127.0.0.1:9"), client, tmp_path / "store")
    assert tags["CATALOGS_DOWN"] == "http://127.0.0.1:9"
    # The same scenes from a catalogue that is all there: not the file that says otherwise.
    _, month, back, again = built(recipe_of(catalog), client, tmp_path / "store")
    assert "CATALOGS_DOWN" not in back
    assert not month.from_store
    np.testing.assert_array_equal(pixels, again)
    assert built(recipe_of(catalog), client, tmp_path / "store")[1].from_store


def signed(scenes):
    """Return the scenes as a catalogue lists them that signs its addresses."""

    def moved(scene):
        where = "https://user:password@example.org/{}/{}.tif?sv=2021&sig=SECRET"
        assets = {band: replace(one, href=where.format(scene.id, band)) for band, one in scene.assets.items()}
        return replace(scene, assets=assets)

    passes = tuple(replace(one, scenes=tuple(map(moved, one.scenes))) for one in scenes.passes)
    return replace(scenes, passes=passes)


def test_the_recipe_names_the_files_and_no_signature(catalog):
    recipe = recipe_of(catalog)
    scenes = pipeline.find(recipe)
    text = json.dumps(provenance(recipe, signed(scenes)))
    (used,) = (scene for scene in json.loads(text)["scenes"] if scene["used"])
    assert used["assets"] == {band: f"https://example.org/feb-5/{band}.tif" for band in ("B04", "SCL")}
    assert not [word for word in ("SECRET", "sig=", "password") if word in text]


def test_a_recipe_that_finds_other_scenes_says_so(catalog):
    recipe = recipe_of(catalog)
    scenes = pipeline.find(recipe)
    written = json.loads(json.dumps(provenance(recipe, scenes)))
    assert changed_since(written, scenes) == ""
    assert changed_since(recipe.to_dict(), scenes) == ""
    wider = pipeline.find(recipe_of(catalog, gaps="widen:5"))
    begin, end = "The scenes are not those the recipe was written with: ", "; months may differ from its files."
    assert changed_since(written, wider) == f"{begin}3 new (jan-28, jan-31, jan-30){end}"
    assert changed_since(json.loads(json.dumps(provenance(recipe, wider))), scenes) == (
        f"{begin}3 gone (jan-28, jan-30, jan-31){end}"
    )
    written["scenes"][0]["baseline"] = "02.00"
    assert changed_since(written, scenes) == f"{begin}1 processed anew (feb-5){end}"
    written["scenes"] = [{"id": f"old-{number}"} for number in range(5)] + written["scenes"][1:]
    assert changed_since(written, scenes) == f"{begin}1 new (feb-5), 5 gone (old-0, old-1, old-2 and 2 more){end}"
