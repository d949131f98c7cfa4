"""The whole job in a real browser on the demo, nothing mocked: from an empty page to files on disk."""

from __future__ import annotations

import io
import itertools
import json
import re
import zipfile

import numpy as np
import pytest
import rasterio
import shapely
from dashboard import SLOW, at_three_sizes
from PIL import Image
from playwright.sync_api import expect
from pyproj import Geod

from app.basemap import PALETTES
from stac_timelapse import demo
from stac_timelapse.area.aoi import AreaOfInterest

FIRE = next(area for area in demo.SAMPLE_AREAS if area.name == "Forest fire")
MONTHS = list(demo.spec.months_between(demo.FIRST_MONTH, demo.LAST_MONTH))


def corners():
    west, south, east, north = FIRE.bbox
    shoulder = north - 0.2 * (north - south)
    return [(west, south), (east, south), (east, shoulder), ((west + east) / 2, north), (west, shoulder)]


def test_from_an_empty_page_to_files_on_disk(dashboard, tmp_path):
    page = dashboard.page
    dashboard.button("t-dismiss").click()
    expect(dashboard.button("t-search")).to_be_disabled()
    dashboard.draw_polygon(corners())

    # What was drawn is what was meant, to a few pixels of the mouse.
    shown = dashboard.size.locator("b").inner_text()
    drawn = AreaOfInterest.from_geometry(shapely.Polygon(corners()))
    assert abs(float(shown.removesuffix(" km²")) / drawn.area_km2 - 1) < 0.03

    expect(dashboard.hint).to_have_text("Now press Search. Click the area to change its corners.")
    dashboard.search()
    expect(dashboard.hint).to_have_text("Click the area to change its corners.")
    found = page.locator(".t-found")
    expect(found).to_contain_text("passes")
    expect(found).to_contain_text("too cloudy in the area")  # every pass is measured there
    expect(page.locator(".t-found .counts .month")).to_have_count(len(MONTHS))
    expect(page.locator(".t-found .counts .bar.none")).to_have_count(1)  # the overcast month is above the limit
    expect(page.locator(".t-cost")).to_contain_text("pixels at 10 m")
    numbers = [int(text) for text in found.locator(".funnel b").all_inner_texts()]
    assert numbers[0] >= numbers[1] >= numbers[2] > 2 * len(MONTHS)

    dashboard.button("t-build").click()
    expect(page.locator(".t-progress")).to_contain_text("Month", timeout=SLOW)
    expect(dashboard.player).to_be_visible(timeout=SLOW)  # the first month is there while the others come
    expect(dashboard.button("t-gif")).to_be_enabled(timeout=SLOW)
    expect(page.locator(".t-months tr")).to_have_count(len(MONTHS))
    expect(page.locator(".t-months tr.gap")).to_have_count(1)

    page.get_by_text("Show the passes").click()
    passes = page.locator(".t-passes label")
    expect(passes.first).to_contain_text("2021-09")
    expect(passes.locator("input:checked")).to_have_count(numbers[2])
    # Measured inside the area: no figure of the provider's is left.
    assert passes.filter(has_text=re.compile(r"\d % clear")).count() == passes.count() > numbers[2]
    page.get_by_text("Hide the passes").click()
    expect(passes.first).to_be_hidden()
    scrub_to_the_fire(dashboard)
    zoom_is_kept(dashboard)
    tools_float_above(dashboard)
    play_all(dashboard)

    check_gif(dashboard.save("t-gif", tmp_path))
    check_zip(dashboard.save("t-geotiff", tmp_path), drawn)
    dashboard.tick(page.get_by_label("Only inside the area"))
    check_clipped(dashboard.save("t-geotiff", tmp_path))

    a_second_build_is_cancelled(dashboard)
    assert dashboard.foreign == []
    assert dashboard.complaints == []


def a_second_build_is_cancelled(dashboard):
    """What was there stays. Its area is four times as large: the click on Cancel comes long before its end."""
    west, south, east, north = FIRE.bbox
    dashboard.open_step("where")
    dashboard.type_area(f"{west}, {2 * south - north}, {2 * east - west}, {north}")
    dashboard.search()
    dashboard.open_step("how")
    dashboard.choose("t-preset", "Short-wave infrared")
    dashboard.button("t-build").click()
    dashboard.button("t-cancel").click()
    expect(dashboard.notice).to_contain_text("Cancelled", timeout=20_000)
    assert dashboard.month() in MONTHS
    expect(dashboard.button("t-gif")).to_be_enabled()


def scrub_to_the_fire(dashboard):
    # Scrubbing shows other pixels, and the month that it says.
    assert dashboard.month() == MONTHS[0]
    before_fire, after_fire = MONTHS.index(demo.EVENT_MONTH) - 1, MONTHS.index(demo.EVENT_MONTH) + 1
    dashboard.step("ArrowRight", before_fire)
    expect(dashboard.player.locator(".title")).to_have_text("June 2022")
    scar = shapely.transform(demo.truth.event_outline(), _to_lonlat, interleaved=False)
    inside = scar.buffer(0).representative_point()
    dashboard.wait(lambda: dashboard.colour(inside.x, inside.y)[1] > dashboard.colour(inside.x, inside.y)[0])
    green = dashboard.colour(inside.x, inside.y)
    dashboard.step("ArrowRight", after_fire - before_fire)
    expect(dashboard.player.locator(".title")).to_have_text("August 2022")
    dashboard.wait(lambda: dashboard.colour(inside.x, inside.y)[1] < dashboard.colour(inside.x, inside.y)[0])
    assert dashboard.colour(inside.x, inside.y) != green

    # The overcast month keeps its slot and says so.
    dashboard.step("Home")
    dashboard.step("ArrowRight", MONTHS.index(demo.CLOUDY_MONTH))
    assert dashboard.month() == demo.CLOUDY_MONTH
    expect(dashboard.player.locator(".detail")).to_contain_text("no pass used · 3 passes too cloudy in the area")


def zoom_is_kept(dashboard):
    west, south, east, north = FIRE.bbox
    middle = (west + east) / 2, (south + north) / 2

    def width():
        return dashboard.at(east, south)[0] - dashboard.at(west, south)[0]

    before = width()
    dashboard.page.mouse.move(*dashboard.at(*middle))
    dashboard.page.mouse.wheel(0, -400)
    dashboard.wait(lambda: width() > 1.3 * before)
    zoomed = dashboard.at(west, south), width()
    for key in ("ArrowLeft", "ArrowRight", "End", "Home"):
        dashboard.step(key)
        dashboard.page.wait_for_load_state("networkidle")
        assert (dashboard.at(west, south), width()) == zoomed


def tools_float_above(dashboard):
    """Buttons that zoom, a scale bar, a full screen, and a picture through which the map shines."""
    tools = dashboard.page.locator(".t-stage-tools")
    west, south, east, north = FIRE.bbox
    middle = (west + east) / 2, (south + north) / 2

    def width():
        return dashboard.at(east, south)[0] - dashboard.at(west, south)[0]

    tools.get_by_role("button", name="Show the whole area").click()
    whole = width()
    tools.get_by_role("button", name="Zoom in").click()
    assert abs(width() / whole - 2) < 0.01
    number, unit = tools.locator(".scale").inner_text().split()
    length = float(number) * (1000 if unit == "km" else 1)
    metres = Geod(ellps="WGS84").line_length([west, east], [middle[1]] * 2) / width()
    assert abs(tools.locator(".scale").bounding_box()["width"] * metres / length - 1) < 0.02

    dashboard.sharp()
    picture = dashboard.at_rest(lambda: dashboard.colour(*middle))
    tools.get_by_role("slider", name="Opacity of the picture").fill("0")
    dashboard.wait(lambda: dashboard.colour(*middle) == PALETTES["light"].land)
    tools.get_by_role("slider", name="Opacity of the picture").fill("100")
    dashboard.wait(lambda: dashboard.colour(*middle) == pytest.approx(picture, abs=3))

    tools.get_by_role("button", name="Zoom out").click()
    tools.get_by_role("button", name="Full screen").click()
    tools.get_by_role("button", name="Show the whole area").click()
    dashboard.wait(lambda: dashboard.player.bounding_box()["width"] > 1200)  # the sidebar is covered
    dashboard.step("ArrowRight")
    dashboard.step("Home")
    tools.get_by_role("button", name="Leave full screen").click()
    dashboard.wait(lambda: dashboard.player.bounding_box()["width"] < 1000 and abs(width() / whole - 1) < 0.01)


def play_all(dashboard):
    # Playing goes through the months and around.
    dashboard.page.get_by_role("button", name="Play", exact=True).click()
    seen = set()

    def all_seen():
        seen.add(dashboard.month())
        return len(seen) == len(MONTHS)

    dashboard.wait(all_seen, seconds=40)
    dashboard.page.get_by_role("button", name="Pause", exact=True).click()


def _to_lonlat(x, y):
    return rasterio.warp.transform(f"EPSG:{demo.EPSG}", "EPSG:4326", x, y)


def check_gif(path):
    assert path.name == f"timelapse_{MONTHS[0]}_{MONTHS[-1]}.gif"
    with Image.open(path) as gif:
        assert gif.n_frames == len(MONTHS)
        sizes, pictures = set(), []
        for number in range(gif.n_frames):
            gif.seek(number)
            sizes.add(gif.size)
            pictures.append(np.asarray(gif.convert("RGB"), dtype=int))
    assert len(sizes) == 1
    assert all((one != other).any() for one, other in itertools.pairwise(pictures))


def check_zip(path, drawn):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert [name for name in names if name.endswith(".tif")] == [f"composite_{month}.tif" for month in MONTHS]
        recipe = json.loads(archive.read("recipe.json"))
        composites = {month: archive.read(f"composite_{month}.tif") for month in MONTHS}
    area = AreaOfInterest.from_geojson(recipe["aoi"])
    assert area.geometry.symmetric_difference(drawn.geometry).area < 0.03 * drawn.geometry.area
    for month, content in composites.items():
        with rasterio.open(io.BytesIO(content)) as composite:
            assert composite.crs.to_epsg() == demo.EPSG
            assert composite.res == (10, 10)
            assert composite.descriptions == ("B04", "B03", "B02", "observations")
            assert (composite.nodata, composite.scales) == (0, (0.0001, 0.0001, 0.0001, 1))
            assert composite.tags()["MONTH"] == month
            data = composite.read()
            assert (data[3].max() == 0) == (month == demo.CLOUDY_MONTH)
            if month in {"2022-06", "2022-08"}:
                compare_with_truth(composite, data, month)


def check_clipped(path):
    assert path.name == f"timelapse_{MONTHS[0]}_{MONTHS[-1]}_clipped_geotiff.zip"
    with zipfile.ZipFile(path) as archive:
        recipe = json.loads(archive.read("recipe.json"))
        content = archive.read("composite_2022-06.tif")
    with rasterio.open(io.BytesIO(content)) as composite:
        data = composite.read()
        lons, lats = _to_lonlat(*(axis.ravel() for axis in np.meshgrid(*centres(composite))))
    inside = shapely.contains_xy(AreaOfInterest.from_geojson(recipe["aoi"]).geometry, lons, lats).reshape(
        data.shape[1:]
    )
    assert not data[:, ~inside].any()
    assert 0.2 < inside.mean() < 0.9
    assert data[3][inside].mean() > 0.95


def centres(composite):
    left, _, _, top = composite.bounds
    return left + 10 * (np.arange(composite.width) + 0.5), top - 10 * (np.arange(composite.height) + 0.5)


def compare_with_truth(composite, data, month):
    """Compare with the median of what a perfect sensor would have seen under a clear sky."""
    left = round((composite.bounds.left - demo.spec.WORLD_WEST) / 10)
    top = round((demo.spec.WORLD_NORTH - composite.bounds.top) / 10)
    window = (slice(top, top + composite.height), slice(left, left + composite.width))
    days = [plan.day for plan in demo.FULL.passes() if plan.month == month and plan.weather != "overcast"]
    truth = demo.truth.median_surface(days, ("B04", "B03", "B02"), window)
    seen = data[3] > 0
    assert seen.mean() > 0.95
    assert np.median(np.abs(data[:3][:, seen] - truth[:, seen])) < 60  # DN, 0.006 reflectance


@at_three_sizes
def test_six_clicks_and_the_drawing_make_a_gif(dashboard, tmp_path):
    page = dashboard.page
    # A person's clicks: the page saves a file by one of its own.
    page.evaluate("window.clicks = 0; window.addEventListener('click', (e) => { window.clicks += e.isTrusted }, true)")
    dashboard.press("Box")
    tool = page.evaluate("window.clicks")
    west, south, east, north = FIRE.bbox
    third = (east - west) / 3
    page.mouse.move(*dashboard.at(west + third, south + third))
    page.mouse.down()
    page.mouse.move(*dashboard.at(east - third, north - third), steps=5)
    page.mouse.up()
    expect(dashboard.size).to_be_visible()
    drawn = page.evaluate("window.clicks")
    expect(dashboard.button("t-search")).to_be_visible()  # a narrow page goes there by itself
    dashboard.search()
    dashboard.build()
    check_gif(dashboard.save("t-gif", tmp_path))
    assert tool + page.evaluate("window.clicks") - drawn == 4  # of six allowed: the tool, search, build, save
