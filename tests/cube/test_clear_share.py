"""What each pass saw inside the area, against shares known by arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from world import Granule, write_catalog

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.cube import clear_share
from stac_timelapse.cube.clear_share import Seen, measure
from stac_timelapse.cube.grid import project
from stac_timelapse.cube.look import CLEAR, KEPT, MARGIN, UNSEEN, look_at
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.scenes.catalog import catalog_of
from stac_timelapse.scenes.search import SceneQuery, find_scenes

WEST, NORTH = 499_980.0, 5_200_020.0
#: 150 x 50 pixels of 20 m hold their centres in it.
RECTANGLE = shapely.box(WEST + 503, NORTH - 1503, WEST + 3503, NORTH - 503)


def area(shape=RECTANGLE):
    return AreaOfInterest.from_geometry(project(shape, 32633, 4326))


def granule(name, when, scl, *, west=0.0, tile="33TWM", datatake):
    pixels = {"B04": np.full((200, 200), 1000)}
    return Granule(name, when, pixels, scl, west=WEST + west, scl_resolution=20, tile=tile, datatake=datatake)


@pytest.fixture
def passes(tmp_path):
    half_cloudy = np.full((100, 100), 4)
    half_cloudy[50:] = 9
    swath_edge = np.full((100, 100), 5)
    swath_edge[:, 50:] = 0
    path = write_catalog(
        tmp_path,
        [
            granule("left", "2023-05-03T10:00:00Z", half_cloudy, datatake="first"),
            granule("right", "2023-05-03T10:00:09Z", swath_edge, west=2000, tile="33TXM", datatake="first"),
            granule("cloudy", "2023-05-08T10:00:00Z", np.full((100, 100), 9), datatake="second"),
        ],
    )
    catalog = catalog_of(str(path))
    return find_scenes([catalog], SceneQuery(area(), "2023-05", "2023-05", bands=("B04",))).passes


def test_the_granules_of_a_pass_are_one_look(passes):
    seen, unreadable = measure(passes, area(), MaskPolicy())
    assert unreadable == {}
    assert [seen[one.key] for one in passes] == [
        Seen(covered=(75 * 50 + 50 * 50) / 7500, clear=(75 * 25 + 50 * 50) / 7500),
        Seen(covered=0.5, clear=0.0),
    ]


def test_only_what_lies_inside_the_polygon_counts(passes):
    # The clear upper rows of the left granule, and nothing else.
    upper = shapely.box(WEST + 503, NORTH - 903, WEST + 1503, NORTH - 503)
    seen, _ = measure(passes, area(upper), MaskPolicy())
    assert [seen[one.key].clear for one in passes] == [1.0, 0.0]
    triangle = shapely.Polygon([(WEST + 503, NORTH - 503), (WEST + 1503, NORTH - 503), (WEST + 503, NORTH - 1503)])
    seen, _ = measure(passes, area(triangle), MaskPolicy())
    # Of a right-angled triangle three quarters lie above half its height.
    assert seen[passes[0].key].clear == pytest.approx(0.75, abs=0.02)


def test_the_margin_around_clouds_counts_as_cloud(passes):
    seen, _ = measure(passes, area(), MaskPolicy(dilate=40.0))
    assert seen[passes[0].key].clear == (75 * 23 + 50 * 50) / 7500


def test_a_large_area_is_measured_on_overviews(passes, monkeypatch):
    exact, _ = measure(passes, area(), MaskPolicy())
    monkeypatch.setattr(clear_share, "_PIXELS", 40)
    coarse, _ = measure(passes, area(), MaskPolicy())
    for one in passes:
        assert coarse[one.key].clear == pytest.approx(exact[one.key].clear, abs=0.06)
        assert coarse[one.key].covered == pytest.approx(exact[one.key].covered, abs=0.06)


def test_an_area_smaller_than_a_pixel(passes):
    seen, _ = measure(passes, area(shapely.box(WEST + 601, NORTH - 603, WEST + 604, NORTH - 601)), MaskPolicy())
    assert [seen[one.key].clear for one in passes] == [1.0, 0.0]


def test_what_cannot_be_read_is_named_and_the_rest_is_measured(passes):
    Path(passes[1].scenes[0].assets["SCL"].href).unlink()
    seen, unreadable = measure(passes, area(), MaskPolicy())
    assert list(seen) == [passes[0].key]
    assert list(unreadable) == ["cloudy"]
    assert unreadable["cloudy"]


@pytest.mark.parametrize(
    "policy", [MaskPolicy(), MaskPolicy(dilate=40.0), MaskPolicy(dilate=2000.0), MaskPolicy((5, 9), opening=100.0)]
)
def test_a_pass_that_is_held_is_judged_as_it_is_measured(passes, policy):
    scenes = [scene for one in passes for scene in one.scenes]
    looks = {one.key: look_at(one, area(), scenes, ("B04",)) for one in passes}
    measured, _ = measure(passes, area(), policy)
    for file in {asset.href for scene in scenes for asset in scene.assets.values()}:
        Path(file).unlink()
    for key, look in looks.items():
        judged = look.judge(policy)
        assert judged.clear == pytest.approx(measured[key].clear)
        assert 1 - judged.shares.get(UNSEEN, 0) == pytest.approx(measured[key].covered)
        assert sum(judged.shares.values()) == pytest.approx(1)


def test_what_became_of_each_pixel_of_a_pass(passes):
    look = look_at(passes[0], area(), passes[0].scenes, ("B04",))
    assert np.count_nonzero(look.inside) == np.count_nonzero(look.inside[:50, :150]) == 7500
    assert (look.reflectance[0, :50, :100] == 1000).all()
    reasons = look.judge(MaskPolicy(dilate=40.0)).reasons[:50, :150]
    # Above the left half's clouds two rows of margin; the granule to the right has none.
    assert np.unique(reasons[:23, :75]).tolist() == [CLEAR]
    assert np.unique(reasons[23:25, :75]).tolist() == [MARGIN]
    assert np.unique(reasons[25:, :75]).tolist() == [9]
    assert np.unique(reasons[:, 75:125]).tolist() == [CLEAR]
    assert np.unique(reasons[:, 125:]).tolist() == [UNSEEN]
    bright = np.zeros(look.classes[0].shape, dtype=bool)
    bright[-1, -1] = True  # far from the area
    assert np.unique(look.judge(MaskPolicy(rescue=True), bright).reasons[25:50, :75]).tolist() == [9]
    bright[:] = True
    kept = look.judge(MaskPolicy(rescue=True), bright)
    assert np.unique(kept.reasons[25:50, :75]).tolist() == [KEPT]
    assert kept.clear == 125 / 150
