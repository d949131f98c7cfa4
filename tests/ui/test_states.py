"""Every state has its own clear picture, and nothing the user chose is lost in it."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile

import numpy as np
import pytest
import rasterio
import rasterio.warp
from dashboard import SLOW, Dashboard, at_three_sizes
from playwright.sync_api import expect

from stac_timelapse import demo

RESERVOIR = next(area for area in demo.SAMPLE_AREAS if area.name == "Reservoir")
BOX = ", ".join(str(value) for value in RESERVOIR.bbox)
# The months whose renderers are shown in the series' figure.
FRAMES_SHOWN = """() => Array.from(Bokeh.documents.at(-1)._all_models.values())
  .flatMap((one) => (one.type === "Figure" ? one.renderers : []))
  .filter((one) => one.name?.startsWith("frame:") && one.visible).map((one) => one.name)"""
KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'


def placemark(name, geometry):
    return f"<Placemark><name>{name}</name>{geometry}</Placemark>"


def polygon(west, south, east, north):
    ring = f"{west},{south} {east},{south} {east},{north} {west},{north} {west},{south}"
    linear = f"<LinearRing><coordinates>{ring}</coordinates></LinearRing>"
    return f"<Polygon><outerBoundaryIs>{linear}</outerBoundaryIs></Polygon>"


@pytest.fixture
def note(dashboard):
    """Return the sentence under the inputs of the area."""
    return dashboard.page.locator(".t-area-note")


def set_months(dashboard, first, last):
    for side, month in (("from", first), ("to", last)):
        year, number = month.split("-")
        names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        dashboard.choose(f"t-{side}-year", year)
        dashboard.choose(f"t-{side}-month", names[int(number) - 1])


def test_a_first_visit_is_guided_and_a_sample_fills_in_everything(dashboard):
    page = dashboard.page
    expect(page.get_by_role("heading", name="Watch a place change")).to_be_visible()
    page.get_by_role("tab", name="Timelapse").click()
    expect(page.locator(".t-state")).to_contain_text("No timelapse yet")
    page.get_by_role("tab", name="Map").click()
    dashboard.button("t-try").click()
    expect(page.get_by_role("heading", name="Watch a place change")).to_be_hidden()
    expect(page.locator(".t-step-where .summary")).to_have_text("Reservoir · 13.0 km²")
    expect(dashboard.size).to_contain_text("13.0 km²")
    expect(dashboard.button("t-search")).to_be_enabled()


def test_typed_coordinates_become_the_area(dashboard, note):
    dashboard.type_area(BOX)
    expect(dashboard.size).to_contain_text("13.0 km²")
    dashboard.type_area("15, 46, 14")
    expect(note).to_contain_text("15, 46, 14")
    expect(dashboard.size).to_contain_text("13.0 km²")


def test_a_polygon_that_crosses_itself_is_refused_in_one_sentence(dashboard, note):
    dashboard.type_area(BOX)
    expect(dashboard.size).to_contain_text("13.0 km²")
    west, south, east, north = RESERVOIR.bbox
    dashboard.type_area(f"POLYGON (({west} {south}, {east} {north}, {east} {south}, {west} {north}, {west} {south}))")
    expect(note).to_contain_text("cross")
    expect(dashboard.size).to_contain_text("13.0 km²")


def test_an_area_at_sea_has_no_scenes_and_the_page_says_so(dashboard):
    dashboard.type_area("-30, 40, -29.9, 40.1")
    expect(dashboard.size).to_be_visible()
    dashboard.search()
    expect(dashboard.notice).to_contain_text("No scenes here")
    expect(dashboard.notice).to_contain_text("has no scenes of 2021-09 to 2022-12 for the area -30.000, 40.000")
    expect(dashboard.notice).to_contain_text("it covers only 16.33 to 16.51")
    expect(dashboard.size).to_be_visible()
    dashboard.button("t-remedy").locator("visible=true").click()
    expect(dashboard.notice).to_have_count(0)


def test_all_cloudy_is_another_state_and_its_button_answers_it(dashboard):
    dashboard.type_area(BOX)
    set_months(dashboard, demo.CLOUDY_MONTH, demo.CLOUDY_MONTH)
    dashboard.search()
    expect(dashboard.notice).to_contain_text("All of it is cloudy")
    expect(dashboard.notice).to_contain_text("more than 80\N{NO-BREAK SPACE}% of what each saw of the area is hidden")
    dashboard.button("t-remedy").locator("visible=true").click()
    expect(dashboard.page.locator(".t-found")).to_contain_text("passes", timeout=SLOW)
    expect(dashboard.page.locator(".t-step-when .summary")).to_contain_text("≤ 100 % cloud")

    # Not one pixel of the month is clear: it is built all the same, and says what it is.
    dashboard.build()
    expect(dashboard.player.locator(".detail")).to_contain_text("all of them cloudy here")
    assert dashboard.month() == demo.CLOUDY_MONTH


def test_too_big_an_area_is_refused_with_what_would_fit(dashboard):
    dashboard.type_area("14, 48, 18, 51")
    dashboard.search()
    cost = dashboard.page.locator(".t-cost")
    expect(cost).to_contain_text("too big at 10 m")
    expect(dashboard.button("t-build")).to_be_hidden()
    fits = re.search(r"choose (\d+) m", cost.locator(".refusal").inner_text())
    assert fits
    dashboard.open_step("how")
    coarser = next(step for step in (20, 40, 60, 100, 200, 500) if step >= int(fits.group(1)))
    dashboard.choose("t-resolution", f"{coarser} m")
    expect(cost).to_contain_text(f"pixels at {coarser} m")
    expect(dashboard.button("t-build")).to_be_visible()


def test_another_picture_of_the_same_bands_needs_no_build(dashboard):
    dashboard.type_area(BOX)
    set_months(dashboard, "2022-06", "2022-06")
    dashboard.open_step("how")
    dashboard.choose("t-preset", "False colour infrared")
    dashboard.search()
    dashboard.build()
    west, south, east, north = RESERVOIR.bbox
    forest = west + 0.2 * (east - west), south + 0.85 * (north - south)
    dashboard.wait(lambda: dashboard.colour(*forest)[0] > dashboard.colour(*forest)[1] + 20)  # plants glow red
    expect(dashboard.button("t-build")).to_contain_text("Build again")
    dashboard.open_step("how")
    dashboard.choose("t-preset", "Vegetation (NDVI)")
    expect(dashboard.player.locator(".legend")).to_have_text("Vegetation (NDVI)00.9")
    dashboard.wait(lambda: dashboard.colour(*forest)[1] > dashboard.colour(*forest)[0] + 20)
    expect(dashboard.button("t-build")).to_contain_text("Build again")
    dashboard.choose("t-preset", "Number of clear looks")
    expect(dashboard.player.locator(".legend")).to_have_text("Number of clear looks18+")

    def purple():
        red, green, blue = dashboard.colour(*forest)
        return blue > red > green + 8

    dashboard.wait(purple)
    expect(dashboard.button("t-build")).to_contain_text("Build again")
    dashboard.choose("t-preset", "Short-wave infrared")
    expect(dashboard.button("t-build")).not_to_contain_text("again")


def test_what_belongs_to_another_area_is_marked_and_its_files_are_not_offered(dashboard, tmp_path):
    page = dashboard.page
    dashboard.type_area(BOX)
    set_months(dashboard, "2022-06", "2022-06")
    dashboard.search()
    dashboard.build()
    dashboard.save("t-gif", tmp_path)
    expect(page.locator(".t-downloads a.file")).to_have_count(1)
    expect(page.locator(".t-outdated .outdated")).to_be_hidden()
    fire = next(area for area in demo.SAMPLE_AREAS if area.name == "Forest fire")
    header = page.locator(".t-step-where .title").bounding_box()
    page.mouse.click(header["x"] + 80, header["y"] + 8)  # the whole header opens the step
    expect(page.locator(".t-coordinates input")).to_be_visible()
    dashboard.type_area(", ".join(str(value) for value in fire.bbox))
    expect(page.locator(".t-outdated .outdated")).to_contain_text("from before your last change")
    expect(page.locator(".t-months")).to_contain_text("From before your last change")
    dashboard.search()
    dashboard.build()
    expect(page.locator(".t-downloads a.file")).to_have_count(0)
    expect(page.locator(".t-outdated .outdated")).to_be_hidden()


def test_keys_work_wherever_the_focus_is_and_the_shape_is_kept_when_the_window_changes(dashboard):
    page = dashboard.page
    dashboard.type_area(BOX)
    set_months(dashboard, "2022-06", "2022-07")
    dashboard.search()
    dashboard.build()
    west, south, east, north = RESERVOIR.bbox

    def shape():
        left, bottom = dashboard.at(west, south)
        right, top = dashboard.at(east, north)
        return (right - left) / (bottom - top), right - left

    def fills_the_window():
        stage = page.locator(".t-stage").bounding_box()
        return 0.75 < shape()[1] / shape()[0] / stage["height"] < 0.95  # the rest is a margin of 6 % and the degrees

    dashboard.wait(fills_the_window)
    whole = shape()
    page.set_viewport_size({"width": 1600, "height": 900})
    dashboard.wait(lambda: shape()[1] > 1.2 * whole[1])
    page.set_viewport_size({"width": 1000, "height": 720})
    dashboard.wait(lambda: abs(shape()[1] / whole[1] - 1) < 0.02)
    assert abs(shape()[0] / whole[0] - 1) < 0.01
    page.mouse.click(*dashboard.at((west + east) / 2, (south + north) / 2))
    page.keyboard.press("ArrowRight")
    expect(dashboard.player.locator(".title")).to_have_text("July 2022")
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_the_player_goes_on_where_it_was_when_its_tab_comes_back(dashboard):
    page, player = dashboard.page, dashboard.player
    dashboard.type_area(BOX)
    set_months(dashboard, "2022-06", "2022-09")
    dashboard.search()
    dashboard.build()
    dashboard.step("ArrowRight")
    for tab, month in (("Map", "July 2022"), ("Mask", "August 2022"), ("Map", "September 2022")):
        expect(player.locator(".title")).to_have_text(month)
        page.get_by_role("tab", name=tab).click()
        expect(player).to_be_hidden()
        page.get_by_role("tab", name="Timelapse").click()
        expect(player.locator(".title")).to_have_text(month)
        # The picture is of the month named, and one step is one step: no earlier player goes on beside this one.
        dashboard.wait(lambda: page.evaluate(FRAMES_SHOWN) == [f"frame:{dashboard.month()}"])
        if month != "September 2022":
            page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).click()
    expect(player.locator(".title")).to_have_text("June 2022")
    page.get_by_role("tab", name="Mask").click()
    page.get_by_role("tab", name="Timelapse").click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert dashboard.complaints == []


@at_three_sizes
def test_playing_goes_on_turns_or_ends(dashboard):
    page = dashboard.page
    dashboard.type_area(BOX)
    set_months(dashboard, "2022-05", "2022-08")
    dashboard.search()
    dashboard.build()
    title = dashboard.player.locator(".title")
    page.evaluate(
        """() => {
          const find = (root) => [...root.querySelectorAll("*")].flatMap((one) =>
            one.shadowRoot ? [...find(one.shadowRoot), ...one.shadowRoot.querySelectorAll(".player")] : [])
          const player = find(document)[0]
          window.seen = []
          let before = player.dataset.month
          new MutationObserver(() => {
            if (player.dataset.month !== before) {
              before = player.dataset.month
              window.seen.push(before.slice(5))
            }
          }).observe(player, {attributes: true, attributeFilter: ["data-month"]})
        }"""
    )
    seen = lambda: page.evaluate("window.seen")  # noqa: E731
    playing = page.get_by_role("button", name="Pause", exact=True)
    page.get_by_role("combobox", name="Speed").select_option("15")
    at_the_end = page.get_by_role("combobox", name="At the end")

    at_the_end.select_option("once")
    dashboard.button("t-gif").evaluate("button => document.activeElement?.blur()")
    page.keyboard.press("l")
    expect(playing).to_be_hidden()  # it ended by itself
    expect(title).to_have_text("August 2022")
    assert seen() == ["06", "07", "08"]

    at_the_end.select_option("back")
    at_the_end.evaluate("select => select.blur()")
    page.keyboard.press("j")
    dashboard.wait(lambda: len(seen()) >= 9)
    assert seen()[3:9] == ["07", "06", "05", "06", "07", "08"]
    page.keyboard.press("k")
    expect(playing).to_be_hidden()

    at_the_end.select_option("loop")
    at_the_end.evaluate("select => select.blur()")
    page.keyboard.press("Home")
    before = len(seen())
    page.keyboard.press("L")
    dashboard.wait(lambda: len(seen()) >= before + 5)
    assert seen()[before : before + 5] == ["06", "07", "08", "05", "06"]
    page.keyboard.press("k")
    assert dashboard.complaints == []


@at_three_sizes
def test_a_pass_that_is_unticked_leaves_its_month_and_no_other(dashboard):
    page = dashboard.page
    dashboard.type_area(BOX)
    set_months(dashboard, "2022-06", "2022-07")
    dashboard.search()
    page.get_by_text("Show the passes").click()
    passes = page.locator(".t-passes label")
    # Measured inside the area, not the provider's figure for the whole scene.
    expect(passes.first).to_contain_text(re.compile(r"2022-06-\d\d.+\d % clear"))
    expect(passes.first.locator("input")).to_be_checked()
    before = passes.locator("input:checked").count()
    assert before < passes.count()  # some are above the cloud limit
    dashboard.build()
    dashboard.to_sidebar()
    rows = page.locator(".t-months tr")
    expect(rows.filter(has_text=re.compile(r"\d pass"))).to_have_count(2)
    june, july = (int(re.search(r"(\d+) pass", rows.nth(at).inner_text())[1]) for at in (0, 1))
    assert june + july == before
    dashboard.tick(passes.first.locator("input"), on=False)
    expect(page.locator(".outdated")).to_contain_text("from before your last change")
    expect(page.locator(".t-found")).to_contain_text("1 pass left out by hand")
    expect(page.get_by_text(f"Hide the passes ({passes.count() - before + 1} left out)")).to_be_visible()
    dashboard.build()
    expect(page.locator(".outdated")).to_be_hidden()
    expect(dashboard.player.locator(".title")).to_have_text("June 2022")
    expect(dashboard.player).to_contain_text(f"{june - 1} pass")
    dashboard.to_sidebar()
    expect(rows.nth(0)).to_contain_text(f"{june - 1} pass")
    expect(rows.nth(1)).to_contain_text(f"{july} pass")
    dashboard.tick(passes.first.locator("input"))
    expect(page.locator(".outdated")).to_contain_text("from before your last change")


def test_the_cloud_limit_unticks_passes_by_what_they_saw_of_the_area(dashboard):
    page = dashboard.page
    dashboard.type_area(BOX)
    set_months(dashboard, "2022-05", "2022-06")
    dashboard.search()
    page.get_by_text("Show the passes").click()
    passes = page.locator(".t-passes label")
    expect(passes.first).to_contain_text(re.compile(r"\d % clear"))

    def ticked():
        return [bool(one.locator("input").is_checked()) for one in passes.all()]

    def hidden():
        """Return the share of what each pass saw of the area that is hidden, from the words of the list."""
        words = [one.inner_text() for one in passes.all()]
        clear = [float(re.search(r"([\d.]+) % clear", one)[1]) for one in words]
        seen = [float(match[1]) if (match := re.search(r"([\d.]+) % seen", one)) else 100.0 for one in words]
        return [100 * (1 - part / whole) for part, whole in zip(clear, seen, strict=True)]

    shares = hidden()
    assert not any(19 < share < 21 or 79 < share < 81 for share in shares)
    assert any(20 < share < 80 for share in shares)
    assert ticked() == [share <= 80 for share in shares]
    dashboard.open_step("when")
    slider = page.locator(".t-cloud input[type=range]")
    slider.focus()
    for _ in range(12):
        slider.press("ArrowLeft")  # 5 % a step
    below = sum(share <= 20 for share in shares)
    expect(page.locator(".t-step-build .summary")).to_contain_text(f"{below} pass")
    dashboard.wait(lambda: ticked() == [share <= 20 for share in shares])
    expect(page.locator(".t-found")).to_contain_text("too cloudy in the area")
    # One of them is wanted all the same.
    number = next(at for at, share in enumerate(shares) if share > 20)
    dashboard.tick(passes.nth(number).locator("input"))
    expect(page.locator(".t-step-build .summary")).to_contain_text(f"{below + 1} pass")
    dashboard.build()
    rows = page.locator(".t-months tr")
    used = [int(re.search(r"(\d+) pass", row.inner_text())[1]) for row in rows.all()]
    assert sum(used) == below + 1


def test_gaps_are_filled_on_demand_and_marked(dashboard):
    page = dashboard.page
    dashboard.type_area(BOX)
    set_months(dashboard, "2021-11", "2022-01")
    dashboard.search()
    dashboard.build()
    dashboard.step("ArrowRight")
    assert dashboard.month() == demo.CLOUDY_MONTH
    west, south, east, north = map(float, BOX.split(","))
    middle = (west + east) / 2, (south + north) / 2
    spots = [(middle[0] + step * (east - west) / 400, middle[1]) for step in range(-40, 40)]

    def greys():
        """Return how many spots around the middle are grey as hatched gaps are."""
        return sum(max(colour) - min(colour) < 3 for colour in (dashboard.colour(*spot) for spot in spots))

    dashboard.wait(lambda: greys() == len(spots))
    dashboard.open_step("how")
    page.get_by_role("button", name="Advanced").click()
    dashboard.choose("t-gaps", "Hold the last clear month")
    expect(page.locator(".outdated")).to_be_visible()
    dashboard.build()
    expect(page.locator(".outdated")).to_be_hidden()
    expect(dashboard.player.locator(".detail")).to_contain_text(re.compile(r"\d % filled"))
    dashboard.wait(lambda: greys() < len(spots) / 2)


def test_the_mask_is_chosen_class_by_class_and_reaches_the_files(dashboard, tmp_path):
    page = dashboard.page
    dashboard.type_area("16.4295, 49.4055, 16.4425, 49.4165")  # white roofs beside the town
    dashboard.open_step("how")
    page.get_by_role("button", name="Advanced").click()
    boxes = page.locator(".t-clear label")
    expect(boxes).to_have_count(11)
    ticked = [one.inner_text() for one in boxes.all() if one.locator("input").is_checked()]
    assert ticked == ["Vegetation", "Bare soil", "Water", "Unclassified"]
    # Nothing is cut off at the sidebar's width.
    for part in (*boxes.all(), *page.locator(".t-opening, .t-dilate, .t-rescue").all()):
        assert part.evaluate("part => part.scrollWidth <= part.clientWidth && part.getBoundingClientRect().right < 372")
    dashboard.tick(boxes.filter(has_text="Snow or ice").locator("input"))
    dashboard.tick(boxes.filter(has_text="Bare soil").locator("input"), on=False)
    page.locator(".t-usual button").click()
    expect(boxes.filter(has_text="Bare soil").locator("input")).to_be_checked()
    expect(boxes.filter(has_text="Snow or ice").locator("input")).not_to_be_checked()
    expect(page.locator(".t-usual button")).to_be_hidden()
    dashboard.tick(boxes.filter(has_text="Snow or ice").locator("input"))
    for name, times in (("t-opening", 2), ("t-dilate", 3)):
        slider = page.locator(f".{name} input[type=range]")
        slider.focus()
        for _ in range(times):
            slider.press("ArrowRight")
    dashboard.tick(page.locator(".t-rescue input"))
    expect(page.locator(".t-opening")).to_contain_text("20 m")
    expect(page.locator(".t-dilate")).to_contain_text("60 m")
    dashboard.search()
    dashboard.build()
    with zipfile.ZipFile(dashboard.save("t-geotiff", tmp_path)) as archive:
        recipe = json.loads(archive.read("recipe.json"))
        with rasterio.open(io.BytesIO(archive.read("composite_2022-06.tif"))) as composite:
            tags = composite.tags()
    assert (recipe["clear"], recipe["opening"], recipe["dilate"], recipe["rescue"]) == ([4, 5, 6, 7, 11], 20, 60, True)
    assert tags["CLEAR_CLASSES"] == "4 5 6 7 11"
    assert (tags["CLOUD_OPENING_METRES"], tags["CLOUD_MARGIN_METRES"]) == ("20", "60")
    assert int(tags["RESCUED_PIXELS"]) == recipe["rescued_pixels"] > 100
    assert dashboard.complaints == []


@at_three_sizes
def test_a_pass_is_seen_before_and_after_the_mask_and_follows_it(dashboard):
    page = dashboard.page
    dashboard.type_area(BOX)
    set_months(dashboard, "2022-06", "2022-06")
    dashboard.to_stage()
    page.get_by_role("tab", name="Mask").click()
    lab = page.locator(".t-lab")
    expect(lab).to_contain_text("Search first")
    dashboard.search()
    dashboard.to_stage()
    expect(lab).to_contain_text("Choose a pass to see it")
    page.locator(".t-lab-pass [role=combobox]").click()
    options = page.get_by_role("menuitem")
    expect(options.nth(1)).to_contain_text(re.compile(r"2022-06-\d\d \d\d:\d\d\s+S2[AB]"))
    options.nth(1).click()
    after = lab.locator("img.after")
    expect(after).to_be_visible()
    for image in lab.locator("img").all():
        assert image.evaluate("image => image.complete && image.naturalWidth > 100")
        assert dashboard.fits(image, gap=1)
    plain = after.get_attribute("src")
    expect(lab.locator(".clear")).to_contain_text("of the area clear")
    dashboard.open_step("how")
    page.get_by_role("button", name="Advanced").click()
    slider = page.locator(".t-dilate input[type=range]")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowRight")
    dashboard.to_stage()
    expect(lab).to_contain_text("Hidden by the margin")
    expect(after).not_to_have_attribute("src", plain)
    page.locator(".t-lab-pass [role=combobox]").click()
    options.nth(0).click()
    expect(after).to_be_hidden()
    assert dashboard.complaints == []


@at_three_sizes
def test_a_click_tells_what_is_behind_a_pixel_month_by_month(dashboard, tmp_path):
    page = dashboard.page
    dashboard.type_area(BOX)
    set_months(dashboard, "2022-06", "2022-07")
    dashboard.search()
    dashboard.build()
    expect(page.get_by_text("Click the picture to see what is behind a pixel")).to_be_visible()
    card = dashboard.look_into(16.46, 49.41)
    expect(page.get_by_text("Click the picture to see what is behind a pixel")).to_be_hidden()
    expect(card.get_by_role("heading")).to_have_text("Pixel in June 2022")
    june = card.locator("tr.sum td.n").all_text_contents()
    assert len(june) == 3
    assert dashboard.fits(card, page.locator(".t-stage"), dashboard.button("t-gif"))
    with page.expect_download(timeout=SLOW) as waiting:
        dashboard.button("t-pixel-csv").click()
    waiting.value.save_as(tmp_path / "pixel.csv")
    with (tmp_path / "pixel.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    composites = [row for row in rows if row["row"] == "composite"]
    assert [row["month"] for row in composites] == ["2022-06", "2022-07"]
    assert [float(composites[0][band]) for band in ("B04", "B03", "B02")] == [float(value) for value in june]
    used = [row["date"] for row in rows if row["month"] == "2022-06" and row["used"] == "1"]
    expect(card.locator("tr.in")).to_have_count(len(used))
    expect(card.locator("tr.out")).to_have_count(
        len([row for row in rows if row["month"] == "2022-06" and row["used"] == "0"])
    )
    dashboard.to_sidebar()
    expect(page.locator(".now")).to_have_text(
        re.compile(r"June 2022 median\sday\s\d+\sJun · S2A\s2 · S2B\s1 · 1\sleft\sout")
    )
    dashboard.step("ArrowRight")
    dashboard.to_sidebar()
    expect(page.locator(".now")).to_contain_text("July 2022")
    dashboard.to_stage()
    expect(card.get_by_role("heading")).to_have_text("Pixel in July 2022")
    expect(card.locator("tr.sum td.n").first).to_have_text(f"{float(composites[1]['B04']):.4f}")

    with zipfile.ZipFile(dashboard.save("t-geotiff", tmp_path)) as archive:
        for row in composites:
            with rasterio.open(io.BytesIO(archive.read(f"composite_{row['month']}.tif"))) as file:
                x, y = rasterio.warp.transform("EPSG:4326", file.crs, [16.46], [49.41])
                (values,) = file.sample([(x[0], y[0])])
            assert [round(10000 * float(row[band])) for band in ("B04", "B03", "B02")] == values[:3].tolist()
    dashboard.button("t-pixel-close").click()
    expect(card).to_be_hidden()
    assert dashboard.complaints == []


def test_the_series_is_copied_as_a_command_and_as_python(dashboard):
    page = dashboard.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dashboard.type_area(BOX)
    set_months(dashboard, "2022-06", "2022-06")
    dashboard.search()
    dashboard.build()
    for name, begins, holds in (
        ("Copy command", "stac-timelapse run --catalog demo --aoi=16.4411,", "--max-area-cloud 80"),
        ("Copy Python", "from stac_timelapse import pipeline", "max_area_cloud=80.0"),
    ):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        expect(page.get_by_role("button", name=name)).to_be_visible()
        text = page.evaluate("navigator.clipboard.readText()")
        assert text.startswith(begins), text
        assert holds in text
    for box in (page.locator(".t-copy").bounding_box(), dashboard.button("t-geotiff").bounding_box()):
        assert box["x"] + box["width"] <= 1280


def test_the_pixel_size_follows_a_coarser_satellite(dashboard):
    page = dashboard.page
    expect(page.locator(".t-step-how .summary")).to_have_text("True colour · 10 m")
    dashboard.choose("t-catalog", "Landsat 4 to 9 (Planetary Computer)")
    expect(page.locator(".t-step-how .summary")).to_have_text("True colour · 30 m")


def test_a_series_by_seasons(dashboard, tmp_path):
    page = dashboard.page
    dashboard.type_area(BOX)
    set_months(dashboard, "2021-12", "2022-08")
    dashboard.choose("t-period", "Season (Dec–Feb, Mar–May, …)")
    expect(page.locator(".t-step-when .summary")).to_have_text("Dec 2021 to Aug 2022 · by season · ≤ 80 %")
    dashboard.search()
    expect(page.get_by_text("passes in 3 seasons")).to_be_visible()
    expect(dashboard.button("t-build")).to_contain_text("Build · 3 seasons")
    dashboard.build()
    rows = page.locator(".t-months tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("December 2021 to February 2022")
    expect(dashboard.player.locator(".title")).to_have_text("December 2021 to February 2022")
    assert dashboard.player.locator(".tick").all_text_contents() == ["DJF ’21", "MAM ’22", "JJA"]
    for box in (dashboard.player.locator(".detail").bounding_box(), dashboard.player.locator(".title").bounding_box()):
        assert box["x"] >= 372 and box["x"] + box["width"] <= 1280  # noqa: PT018
    dashboard.step("ArrowRight", 2)
    expect(dashboard.player.locator(".title")).to_have_text("June to August 2022")
    card = dashboard.look_into(16.46, 49.41)
    expect(card.get_by_role("heading")).to_have_text("Pixel in June to August 2022")
    assert card.locator("tr.in").count() + card.locator("tr.out").count() > 10
    with zipfile.ZipFile(dashboard.save("t-geotiff", tmp_path)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".tif")]
    assert names == [f"composite_{label}.tif" for label in ("2021-12_2022-02", "2022-03_2022-05", "2022-06_2022-08")]
    dashboard.open_step("when")
    dashboard.choose("t-period", "Year")
    expect(page.locator(".t-found .old")).to_contain_text("From before your last change")
    assert dashboard.complaints == []


def test_dates_the_wrong_way_round_are_one_sentence(dashboard):
    dashboard.type_area(BOX)
    set_months(dashboard, "2022-06", "2022-03")
    dashboard.search()
    expect(dashboard.notice).to_contain_text("The last month 2022-03 lies before the first month 2022-06: swap them.")
    dashboard.choose("t-to-month", "Aug")
    expect(dashboard.notice).to_be_hidden()  # its reason is gone
    expect(dashboard.size).to_be_visible()


def test_a_catalogue_that_does_not_answer_is_one_sentence_and_the_area_stays(dashboard):
    dashboard.type_area(BOX)
    dashboard.choose("t-catalog", "Another STAC API …")
    address = dashboard.page.locator(".t-address input")
    address.fill("http://127.0.0.1:9/stac")
    address.press("Enter")
    expect(dashboard.page.locator(".t-step-when .summary")).not_to_contain_text("2021")
    dashboard.search()
    expect(dashboard.notice).to_contain_text("cannot be reached")
    expect(dashboard.notice).to_contain_text("the demo catalogue works without")
    expect(dashboard.size).to_contain_text("13.0 km²")
    dashboard.choose("t-catalog", "Demo landscape (synthetic, offline)")
    dashboard.search()
    expect(dashboard.page.locator(".t-found")).to_contain_text("passes")


def test_no_file_of_the_server_can_be_named_as_a_catalogue(dashboard):
    dashboard.type_area(BOX)
    dashboard.choose("t-catalog", "Another STAC API …")
    address = dashboard.page.locator(".t-address input")
    address.fill("/etc")
    address.press("Enter")
    dashboard.search()
    expect(dashboard.notice).to_contain_text("'/etc' is not the address of a STAC API")


def test_a_kml_brings_its_area_and_its_named_places(dashboard, note, tmp_path):
    west, south, east, north = RESERVOIR.bbox
    path = tmp_path / "lake.kml"
    dam = placemark("Dam", f"<Point><coordinates>{west + 0.02},{south + 0.02}</coordinates></Point>")
    lake = placemark("Lake", polygon(west, south, east, north))
    folders = f"<Folder><name>Sites</name>{dam}</Folder><Folder><name>Areas</name>{lake}</Folder>"
    path.write_text(KML.format(folders))
    dashboard.upload(path)
    expect(dashboard.page.locator(".t-step-where .summary")).to_have_text("Lake · 13.0 km²")
    expect(note).to_contain_text("lake.kml is loaded")


def test_files_that_cannot_be_used_are_one_sentence_each(dashboard, note, tmp_path):
    dashboard.type_area(BOX)
    points = tmp_path / "points.kml"
    points.write_text(KML.format(placemark("Dam", "<Point><coordinates>16.4,49.4</coordinates></Point>")))
    corrupt = tmp_path / "corrupt.kmz"
    corrupt.write_bytes(b"PK\x03\x04 this is no archive")
    big = tmp_path / "big.geojson"
    big.write_text(json.dumps({"type": "FeatureCollection", "features": [], "padding": "x" * 200_000}))
    for path, words in ((points, "no polygon"), (corrupt, "corrupt.kmz"), (big, "larger than 100 kB")):
        dashboard.upload(path)
        expect(note).to_contain_text(words)
        expect(dashboard.size).to_contain_text("13.0 km²")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """Serve a copy of the small demo catalogue in which some files are broken."""
    root = demo.build(tmp_path_factory.mktemp("damaged") / "demo", spec=demo.SMALL, workers=2)
    scenes = sorted(path for path in (root / demo.COLLECTION).iterdir() if path.is_dir() and "_202202" in path.name)
    broken = scenes[0].name.split("_T33")[0]
    for scene in scenes:
        if scene.name.startswith(broken):
            (scene / "B04.tif").write_bytes(b"II*\x00 broken")
    with demo.serve(root) as server:
        yield server


def test_a_scene_that_cannot_be_read_is_left_out_and_listed(dashboard, damaged):
    dashboard.type_area(BOX)
    dashboard.choose("t-catalog", "Another STAC API …")
    address = dashboard.page.locator(".t-address input")
    address.fill(damaged.stac_url)
    address.press("Enter")
    expect(dashboard.page.locator(".t-step-when .summary")).not_to_contain_text("2021")
    set_months(dashboard, "2022-02", "2022-02")
    dashboard.search()
    dashboard.build()
    expect(dashboard.player.locator(".detail")).to_contain_text("could not be read")
    expect(dashboard.page.locator(".t-months")).to_contain_text("left out")
    expect(dashboard.page.locator(".t-months")).to_contain_text("B04")


def test_a_large_area_is_first_shown_coarse_and_marked_as_a_preview(dashboard):
    west, south, east, north = demo.DEMO_BBOX
    dashboard.type_area(f"{west}, {south}, {east}, {north}")
    set_months(dashboard, "2022-05", "2022-07")
    dashboard.search()
    dashboard.button("t-build").click()
    expect(dashboard.player.locator(".cell.preview").first).to_be_visible(timeout=SLOW)
    expect(dashboard.button("t-gif")).to_be_enabled(timeout=SLOW)
    expect(dashboard.player.locator(".cell.ready")).to_have_count(3)
    expect(dashboard.player.locator(".cell.preview")).to_have_count(0)
    expect(dashboard.player.locator(".detail")).to_contain_text("passes")


def test_two_tabs_do_not_disturb_each_other(dashboard, served, browser, tmp_path):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    other = Dashboard(context.new_page(), served.url)
    dashboard.type_area(BOX)
    expect(dashboard.size).to_contain_text("13.0 km²")
    expect(other.size).to_be_hidden()
    fire = next(area for area in demo.SAMPLE_AREAS if area.name == "Forest fire")
    other.type_area(", ".join(str(value) for value in fire.bbox))
    for tab, first, last in ((dashboard, "2022-03", "2022-04"), (other, "2022-07", "2022-09")):
        set_months(tab, first, last)
        tab.search()
    # Both build at the same time.
    dashboard.button("t-build").click()
    other.build()
    expect(dashboard.button("t-gif")).to_be_enabled(timeout=SLOW)
    assert (dashboard.month(), other.month()) == ("2022-03", "2022-07")
    with zipfile.ZipFile(dashboard.save("t-geotiff", tmp_path)) as archive:
        assert [name for name in archive.namelist() if name.endswith(".tif")] == [
            "composite_2022-03.tif",
            "composite_2022-04.tif",
        ]
    context.close()
    dashboard.step("ArrowRight")
    assert dashboard.month() == "2022-04"


def test_the_map_shows_where_one_is_without_any_network(dashboard):
    page = dashboard.page
    dashboard.button("t-dismiss").click()
    dashboard.choose("t-catalog", "Earth Search (Element 84)")
    dashboard.type_area("12.2, 45.2, 12.6, 45.6")  # Venice: land and sea
    expect(dashboard.size).to_be_visible()
    page.get_by_role("button", name="Zoom out").click()

    def is_drawn():  # a tile that has not come is white on either
        land, sea = dashboard.colour(11.9, 45.7), dashboard.colour(12.9, 45.25)
        return min(land) > 225 and sea[2] - sea[0] > 10

    dashboard.wait(is_drawn)
    # The graticule: a meridian on the map, its degrees in the margin below.
    across, down = (round(value) for value in dashboard.at(12.0, 45.7))
    map_, margin = (dashboard.picture()[rows, across - 20 : across + 21] for rows in (down, slice(-14, -4)))
    assert np.ptp(map_[:, 1].astype(int)) > 15
    assert abs(int(np.argmin(map_[:, 1])) - 20) <= 2
    assert margin.min() < 140
    assert dashboard.foreign == []
