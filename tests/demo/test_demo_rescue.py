"""What the rescue of bright ground gains on the whole demo, and that it lets no cloud in, by what is truly there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stac_timelapse import demo, pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.composite.persistent import persistent_pixels
from stac_timelapse.composite.plan import MonthPlan
from stac_timelapse.cube.granule import Granule, read_mask
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.cube.raster import Target
from stac_timelapse.demo import truth
from stac_timelapse.demo.weather import true_clouds
from stac_timelapse.recipe import Recipe
from stac_timelapse.rescue import looked_at

MONTHS = ("2022-01", "2022-03", "2022-05", "2022-06", "2022-07", "2022-09", "2022-11")


@pytest.fixture(scope="module")
def scenes():
    area = AreaOfInterest.from_bbox(*demo.DEMO_BBOX)
    return pipeline.find(Recipe(str(demo.build()), area, demo.FIRST_MONTH, demo.LAST_MONTH, max_cloud=100))


class Tile:
    """One granule's square at the classification's own 20 m: its looks, and the month's blue, plain and rescued."""

    def __init__(self, tile, scenes, policy):
        west, _, _, north = tile.bounds
        self.tile, self.scenes, self.plain = tile, scenes, policy
        self.policy = replace(policy, rescue=True)
        self.target = Target(demo.EPSG, west, north, 20.0, tile.size // 2, tile.size // 2)
        grid = pipeline.Grid(demo.EPSG, 20.0, west, north, tile.size // 2, tile.size // 2, (west, north))
        self.plan = lambda passes, policy: MonthPlan.of(passes, grid, ("B02",), policy, "median")
        self.bright, unreadable = persistent_pixels(self.plan(looked_at(scenes), self.policy), self.target)
        assert unreadable == {}
        white = truth.landscape().covered_by("white_roof")[tile.window]
        self.roofs = white[::2, ::2] & white[1::2, 1::2] & white[::2, 1::2] & white[1::2, ::2]

    def looks(self):
        """Return for each look of the judged months: seen, truly cloudy, clear plainly and with rescue; and roofs."""
        plans = {plan.day: plan for plan in demo.FULL.passes()}
        mine = [one for one in self.scenes.scenes if one.month in MONTHS and one.tile == self.tile.code]
        found = []
        for scene in mine:
            granule = Granule.of(scene, ())
            classes, plain = read_mask(granule, self.plain, self.target)
            _, rescued = read_mask(granule, self.policy, self.target, self.bright)
            cloudy = true_clouds(plans[scene.datetime.date()], self.tile)
            found.append((classes > 0, cloudy, plain, rescued, self.roofs))
        return [np.stack(layers) for layers in zip(*found, strict=True)]

    def months(self):
        """Return for each judged month: pixels without an observation, and with a cloud left; plain, then rescued."""
        for month in MONTHS:
            passes = self.scenes.passes_of(month)
            ground = truth.median_surface([one.datetime.date() for one in passes], ("B02",), self.tile.window)[0]
            # The files' overviews are averages.
            ground = ground.reshape(self.tile.size // 2, 2, self.tile.size // 2, 2).mean(axis=(1, 3))
            for policy, bright in ((self.plain, None), (self.policy, self.bright)):
                blue, count = self.plan(passes, policy).compose(self.target, bright)
                yield count == 0, (count > 0) & (blue - ground > 200)


@pytest.mark.parametrize("policy", [MaskPolicy(), MaskPolicy(dilate=60.0)], ids=["no margin", "margin"])
def test_less_clear_land_is_lost_and_no_more_cloud_is_left(scenes, policy):
    tiles = [Tile(tile, scenes, policy) for tile in demo.FULL.tiles]
    looks = [one.looks() for one in tiles]
    seen, cloudy, plain, rescued, roofs = (np.concatenate(layers) for layers in zip(*looks, strict=True))
    land = seen & ~cloudy

    def lost(clear, where):
        return (where & ~clear).sum() / where.sum()

    # Of the clear looks at all land, and at white roofs.
    assert lost(rescued, land) < lost(plain, land)
    assert lost(rescued, land & roofs) < 0.7 * lost(plain, land & roofs)
    # Of the looks that are used, so many are cloudy.
    assert cloudy[rescued].mean() < cloudy[plain].mean()
    months = np.array([[[layer.sum() for layer in pair] for pair in one.months()] for one in tiles]).sum(axis=0)
    (gaps, left), (fewer, as_many) = months[::2].sum(axis=0), months[1::2].sum(axis=0)
    assert 0 < fewer < 0.94 * gaps
    assert 0 < as_many <= left
