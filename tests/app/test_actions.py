"""What the buttons do, with the library played: phases, sentences, and that nothing is lost."""

from __future__ import annotations

import io
import json
import threading
import zipfile

import numpy as np
import pytest
import rasterio
import shapely
from PIL import Image
from session_world import PASS

from app.export_jobs import file_name
from app.views.sidebar import progress_words
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.build import Progress
from stac_timelapse.cube.grid import project
from stac_timelapse.cube.mask import MaskPolicy
from stac_timelapse.errors import InvalidInputError, NothingFoundError, ProviderError
from stac_timelapse.picture.cartography import PAPER
from stac_timelapse.scenes.model import AREA_CLOUD
from stac_timelapse.script import command_of


def test_search_then_build_then_files(desk):
    desk.search()
    assert desk.state.phase == "found"
    assert desk.state.estimate.months == 3
    desk.build()
    state = desk.state
    assert desk.seen == ["searching", "found", "building", "ready"]
    assert [one.month for one in state.series.results] == ["2022-05", "2022-06", "2022-07"]
    assert state.series.complete
    assert state.current == "2022-05"
    for frame in state.series.frames:
        assert (desk.folder / "work" / frame.url.removeprefix("frames/")).is_file()

    desk.actions.export("gif")
    desk.wait(lambda: not state.exporting)
    desk.actions.export("geotiff")
    desk.wait(lambda: not state.exporting)
    assert [one.name for one in state.downloads] == [
        "timelapse_field-7_2022-05_2022-07_geotiff.zip",
        "timelapse_field-7_2022-05_2022-07.gif",
    ]
    gif = desk.folder / "work" / state.downloads[1].url.removeprefix("downloads/")
    with Image.open(gif) as picture:
        assert picture.n_frames == 3
    desk.actions.close()
    assert not any((desk.folder / "work").iterdir())


def together(desk, *changes):
    """Let nothing that was asked for begin before all of it was asked for, as on a page that is behind."""
    desk.late = []
    for change in changes:
        change()
    asked, desk.late = desk.late, None
    for change in asked:
        desk.post(change)


def test_build_pressed_before_the_page_shows_that_it_searches_is_not_lost(desk):
    desk.search()
    together(desk, desk.actions.search, desk.actions.build)
    desk.wait(lambda: desk.state.phase == "ready")
    assert desk.seen == ["searching", "found", "searching", "found", "building", "ready"]
    assert desk.state.series.complete


def test_a_cancelled_search_is_not_followed_by_a_build(desk):
    together(desk, desk.actions.search, desk.actions.build, desk.actions.cancel)
    assert desk.state.phase == "idle"
    desk.search()
    assert desk.state.phase == "found"
    assert desk.state.series is None


def test_what_is_saved_may_be_clipped_and_nothing_is_built_for_it(desk):
    # The western half of the months' 40 rows of 50 pixels: 25 columns.
    desk.state.aoi = AreaOfInterest.from_geometry(
        project(shapely.box(499_000, 5_190_000, 500_250, 5_200_000), 32633, 4326)
    )
    desk.search()
    desk.build()
    before = [one.path.read_bytes() for one in desk.state.series.results]
    desk.state.clip = True
    assert (desk.state.is_current, desk.state.is_outdated, desk.state.is_built) == (True, False, True)
    for kind in ("gif", "geotiff"):
        desk.actions.export(kind)
        desk.wait(lambda: not desk.state.exporting)
    archive, gif = (desk.folder / "work" / one.url.removeprefix("downloads/") for one in desk.state.downloads)
    assert archive.name == "timelapse_2022-05_2022-07_clipped_geotiff.zip"
    assert sorted(path.name for path in archive.parent.iterdir()) == [archive.name]
    with zipfile.ZipFile(archive) as packed:
        assert json.loads(packed.read("recipe.json"))["clip"] is True
        for month in ("2022-05", "2022-06", "2022-07"):
            with rasterio.open(io.BytesIO(packed.read(f"composite_{month}.tif"))) as file:
                layers = file.read()
            assert layers[:, :, :25].all()
            assert not layers[:, :, 25:].any()
    with Image.open(gif) as picture:
        assert picture.n_frames == 3
        # Of 8 pixels a pixel; the outline lies on column 200.
        shown = np.asarray(picture.convert("RGB")).astype(int)[120:300]
    assert np.abs(shown[:, 220:380] - PAPER).max() <= 8
    assert np.abs(shown[:, 20:180] - PAPER).max(axis=-1).min() > 8
    assert [one.path.read_bytes() for one in desk.state.series.results] == before
    desk.state.clip = False
    desk.actions.export("geotiff")
    desk.wait(lambda: not desk.state.exporting)
    assert desk.state.downloads[0].name == "timelapse_2022-05_2022-07_geotiff.zip"


def test_what_the_passes_saw_of_the_area_comes_after_the_search(desk):
    desk.search()
    desk.wait(lambda: desk.state.seen)
    assert desk.state.seen["pass"].clear == 0.5
    desk.engine.clear = 0.25
    desk.state.dilate = 100.0
    desk.actions.estimate()
    desk.wait(lambda: desk.state.seen and desk.state.seen["pass"].clear == 0.25)
    assert desk.state.phase == "found"
    # Another pixel size changes nothing that was measured.
    desk.engine.clear = 0.1
    desk.state.resolution = 20.0
    desk.actions.estimate()
    assert desk.state.seen["pass"].clear == 0.25


def test_the_settings_of_the_mask_reach_the_recipe_and_what_is_measured(desk):
    desk.search()
    desk.wait(lambda: desk.state.seen)
    desk.engine.clear = 0.25
    # Bright ground is not rescued where passes are measured: nothing has to be measured again.
    desk.state.rescue = True
    desk.actions.estimate()
    assert desk.state.seen["pass"].clear == 0.5
    desk.state.param.update(opening=30.0, clear=(4, 11))
    desk.actions.estimate()
    desk.wait(lambda: desk.state.seen and desk.state.seen["pass"].clear == 0.25)
    recipe = desk.state.recipe()
    assert recipe.policy == MaskPolicy((4, 11), dilate=0.0, opening=30.0, rescue=True)
    assert desk.state.is_current  # the same scenes
    desk.build()
    assert desk.state.is_built
    desk.state.rescue = False
    assert desk.state.is_outdated


def test_what_is_done_before_the_first_month_is_told(desk):
    desk.state.param.update(phase="building", progress=Progress("", 0, 3, 1, 4))
    words, share = progress_words(desk.state)
    assert (words, share) == ("<b>Looking for bright ground</b> · tile 1 of 4", 0.25)


def test_passes_that_cannot_be_measured_are_no_failure(desk):
    desk.engine.measure_error = ProviderError("The masks are gone.")
    desk.search()
    desk.build()
    assert desk.seen == ["searching", "found", "building", "ready"]
    assert desk.state.seen == {}


def test_without_an_area_the_page_asks_for_one(desk):
    desk.state.aoi = None
    desk.actions.search()
    assert desk.state.phase == "refused"
    assert desk.state.message.startswith("Choose an area first")
    assert desk.engine.searches == []


def test_what_the_server_does_not_offer_is_refused_before_anything_is_asked(desk):
    desk.engine.refusal = InvalidInputError("The catalogue 'x' is not offered here: choose one of the list.")
    desk.actions.search()
    assert (desk.state.phase, desk.engine.searches) == ("refused", [])


@pytest.mark.parametrize(
    ("error", "phase"),
    [
        (NothingFoundError("Nothing there.", "no_scenes"), "no_scenes"),
        (NothingFoundError("Only clouds.", "all_cloudy"), "all_cloudy"),
        (ProviderError("It is down."), "failed"),
    ],
)
def test_each_failure_is_its_own_state_and_keeps_the_choices(desk, error, phase):
    desk.engine.error = error
    desk.search()
    assert (desk.state.phase, desk.state.message) == (phase, str(error))
    assert desk.state.aoi is not None
    desk.engine.error = None
    desk.search()
    assert desk.state.phase == "found"


def test_an_error_of_ours_is_a_sentence_too(desk, caplog):
    desk.engine.error = ZeroDivisionError("division by zero")
    desk.search()
    assert desk.state.phase == "failed"
    assert "did not expect (ZeroDivisionError)" in desk.state.message
    assert "Nothing you chose is lost" in desk.state.message
    assert "The search job failed" in caplog.text


def test_the_month_on_screen_is_built_first(desk):
    desk.state.current = "2022-06"
    desk.search()
    desk.engine.gate = type(desk.engine.gate)(1)
    desk.actions.build()
    desk.wait(lambda: desk.state.series is not None)
    assert [one.month for one in desk.state.series.results] == ["2022-06"]
    assert desk.state.current == "2022-06"


def test_cancel_keeps_the_finished_months_and_build_goes_on(desk):
    desk.search()
    desk.engine.gate = type(desk.engine.gate)(2)
    desk.actions.build()
    desk.wait(lambda: desk.state.series is not None and len(desk.state.series.results) == 2)
    desk.actions.cancel()
    desk.wait(lambda: desk.state.phase == "cancelled")
    assert len(desk.state.series.results) == 2
    desk.engine.gate.release(10)
    desk.build()
    assert desk.state.series.complete


def test_a_second_build_that_fails_at_once_leaves_the_first_on_display(desk):
    desk.search()
    desk.build()
    before = desk.state.series
    desk.engine.gate = type(desk.engine.gate)(0)
    desk.actions.build()
    desk.actions.cancel()
    desk.wait(lambda: desk.state.phase == "cancelled")
    assert desk.state.series is before
    assert all((desk.folder / "work" / one.url.removeprefix("frames/")).is_file() for one in before.frames)


def test_a_provider_that_fails_in_mid_build_keeps_what_was_finished(desk):
    desk.engine.build_error = ProviderError("The provider is down.")
    desk.search()
    desk.build()
    assert (desk.state.phase, desk.state.message) == ("failed", "The provider is down.")
    assert len(desk.state.series.results) == 1


def test_a_new_search_drops_the_answer_of_the_one_before(desk):
    desk.search()
    desk.engine.gate = type(desk.engine.gate)(0)
    desk.actions.build()
    desk.actions.search()
    desk.wait(lambda: desk.state.phase == "found")
    desk.engine.gate.release(10)
    assert desk.state.series is None
    assert desk.state.phase == "found"


def test_another_picture_of_the_same_bands_is_painted_without_a_build(desk):
    desk.state.preset = "ndvi"
    desk.search()
    desk.build()
    frames = desk.state.series.frames
    desk.state.preset = "true-colour"
    desk.actions.recolour()
    assert desk.state.series.frames is frames  # its bands were not built
    desk.state.preset = "infrared"
    desk.build()
    desk.state.preset = "ndvi"
    desk.actions.recolour()
    desk.wait(lambda: desk.state.series.preset == "ndvi")
    assert desk.state.series.frames != frames
    desk.state.preset = "looks"
    assert not desk.state.is_outdated  # every file has the number of looks
    desk.actions.recolour()
    desk.wait(lambda: desk.state.series.preset == "looks")
    desk.state.series = None
    desk.search()
    desk.build()
    assert desk.state.series.recipe.bands == ("B04",)


def test_another_stretch_repaints_all_months_alike_and_is_in_what_is_copied(desk):
    desk.search()
    desk.build()
    built = len(desk.engine.resolutions)
    # Months of 800, 900 and 1000 DN, under black at 0.09 and white at 0.1001.
    desk.state.param.update(limits=(0.09, 0.1001), gamma=1.0)
    desk.actions.recolour()
    desk.wait(lambda: desk.state.series.appearance == desk.state.appearance)
    greys = []
    for frame in desk.state.series.frames:
        picture = np.asarray(Image.open(desk.workspace_file(frame.url)).convert("RGB"))
        greys.append(int(picture[picture.shape[0] // 2, picture.shape[1] // 2, 0]))
    assert greys == pytest.approx([0, 0, 252], abs=3)
    assert len(desk.engine.resolutions) == built  # nothing was built
    assert "--limits=0.09,0.1001 --gamma 1.0" in command_of(desk.state.series.as_shown)
    assert not desk.state.is_outdated


def test_a_formula_is_painted_from_the_bands_that_were_built(desk):
    desk.state.param.update(preset="formula", formula="Ratio = B03 / B04")
    desk.search()
    desk.build()
    series = desk.state.series
    assert series.recipe.bands == ("B03", "B04")
    assert (series.preset, series.picture.title) == ("formula", "Ratio")
    # 800 / 810 to 1000 / 1010, for the second band is brighter by 10.
    assert file_name(series, "gif") == "timelapse_field-7_ratio_2022-05_2022-07.gif"
    assert 0.98 < series.settled.stretch.lows[0] < series.settled.stretch.highs[0] < 1
    desk.state.param.update(formula="Ratio = B03 / B02")
    desk.actions.recolour()
    assert desk.state.is_outdated  # its bands were not built
    assert desk.state.series is series


def test_a_choice_that_changes_the_question_makes_the_answer_outdated(desk):
    desk.search()
    assert desk.state.is_current
    desk.state.resolution = 20.0
    assert desk.state.is_current  # the same scenes at another pixel size
    desk.actions.estimate()
    assert desk.state.estimate.resolution == 20
    desk.state.months_of_year = (6,)
    assert not desk.state.is_current


def test_the_cloud_limit_acts_on_what_was_measured_and_not_on_the_search(desk):
    desk.engine.clear = 0.25
    desk.search()
    desk.wait(lambda: desk.state.seen)
    assert desk.state.used.passes == (PASS,)
    desk.state.max_area_cloud = 74.0
    assert desk.state.is_current
    assert desk.state.used.passes == ()
    assert [other.reason for other in desk.state.used.rejected] == [AREA_CLOUD]
    desk.actions.build()
    desk.wait(lambda: desk.state.phase == "all_cloudy")
    assert "more than 74 % of what each saw of the area is hidden" in desk.state.message
    desk.state.kept = ("pass",)  # ticked by hand
    assert desk.state.used.passes == (PASS,)
    desk.build()
    assert desk.state.series.scenes == desk.state.used


def test_months_that_come_again_filled_take_the_place_of_the_blank_ones(desk):
    desk.search()
    desk.state.gaps = "hold"
    assert desk.state.is_current  # nothing else has to be found
    desk.build()
    series = desk.state.series
    assert [one.month for one in series.results] == ["2022-05", "2022-06", "2022-07"]
    assert [one.filled_share for one in series.results] == [0.25] * 3
    assert series.complete
    assert len({one.url for one in series.frames}) == 3
    pictures, _ = desk.actions.painter.full.load("2022-06")
    with Image.open(desk.workspace_file(series.frames[1].url)) as frame:
        # The full picture is the filled month's too, not the one that was kept of the blank month.
        assert abs(int(np.asarray(frame.convert("RGB"))[20, 20, 0]) - int(pictures[20, 20, 0])) <= 6
    assert desk.state.is_built
    desk.state.gaps = "widen:10"
    assert not desk.state.is_current  # days around the months have to be searched
    assert desk.state.is_outdated


def test_a_search_that_finds_only_passes_above_the_cloud_limit_says_so(desk):
    desk.engine.clear = 0.1
    desk.search()
    desk.wait(lambda: desk.state.phase == "all_cloudy")
    assert len(desk.engine.searches) == 1
    desk.state.max_area_cloud = 100.0
    desk.actions.put_away()
    assert desk.state.phase == "found"
    assert desk.state.used.passes == (PASS,)


def test_a_large_series_is_shown_coarse_before_it_is_built(desk):
    desk.engine.size = (2000, 1000)
    desk.engine.gate = threading.Semaphore(0)
    seen = []
    desk.state.param.watch(lambda event: seen.append(event.new), "series")
    desk.search()
    desk.actions.build()
    desk.wait(lambda: desk.state.message == "A quick preview first …")
    desk.engine.gate.release(3)
    desk.wait(lambda: len(desk.engine.resolutions) == 2)
    assert desk.engine.resolutions == [80.0, 10.0]  # 2000 pixels make 250 of 8 times the size
    desk.wait(lambda: desk.state.message == "")
    series = desk.state.series
    assert series.shown == ("2022-05", "2022-06", "2022-07")
    assert series.results == ()
    previews = [desk.workspace_file(one.url) for one in series.previews]
    assert all(path.is_file() for path in previews)
    desk.actions.export("gif")
    assert desk.state.exporting == ""  # a preview is nothing to take away

    desk.engine.gate.release()
    desk.wait(lambda: len(desk.state.series.results) == 1)
    first, *rest = desk.state.series.pictures
    assert first == desk.state.series.frames[0]
    assert tuple(rest) == series.previews[1:]
    desk.engine.gate.release(2)
    desk.wait(lambda: desk.state.phase == "ready")
    assert desk.state.series.pictures == desk.state.series.frames
    desk.wait(lambda: not any(path.exists() for path in previews))
    assert len(seen[-1].results) == 3


def test_a_cancelled_preview_stays_as_one(desk):
    desk.engine.size = (2000, 1000)
    desk.engine.gate = threading.Semaphore(1)
    desk.search()
    desk.actions.build()
    desk.wait(lambda: desk.state.series is not None)
    desk.actions.cancel()
    desk.wait(lambda: desk.state.phase == "cancelled")
    assert (desk.state.series.results, len(desk.state.series.shown)) == ((), 1)
    assert file_name(desk.state.series, "gif").endswith("_0-of-3-months.gif")
    desk.engine.gate.release(6)
    desk.build()
    assert desk.state.phase == "ready"
    assert desk.state.series.complete


def test_where_the_preview_fails_the_build_tells_why(desk):
    desk.engine.size = (2000, 1000)
    desk.engine.build_error = ProviderError("The signature ran out.")
    desk.search()
    desk.build()
    assert (desk.state.phase, desk.state.message) == ("failed", "The signature ran out.")
    assert len(desk.state.series.results) == 1


def test_what_is_finished_does_not_give_way_to_a_preview(desk):
    desk.engine.size = (2000, 1000)
    desk.engine.gate = threading.Semaphore(4)  # the preview, and one month
    desk.search()
    desk.actions.build()
    desk.wait(lambda: desk.state.series is not None and len(desk.state.series.results) == 1)
    desk.actions.cancel()
    desk.wait(lambda: desk.state.phase == "cancelled")
    desk.actions.build()
    desk.wait(lambda: len(desk.engine.resolutions) == 3)
    assert desk.engine.resolutions == [80.0, 10.0, 10.0]
    desk.actions.cancel()
    desk.wait(lambda: desk.state.phase == "cancelled")
    assert len(desk.state.series.results) == 1


def test_another_reducer_is_another_build_of_the_same_search(desk):
    desk.search()
    desk.build()
    desk.state.method = "max-ndvi"
    assert desk.state.is_outdated
    assert desk.state.recipe().bands == ("B04", "B03", "B02", "B08")  # what it compares is built as well
    desk.state.method = "mean"
    assert desk.state.is_current
    desk.build()
    assert len(desk.engine.searches) == 1
    assert (desk.state.series.recipe.method, desk.state.is_built) == ("mean", True)
