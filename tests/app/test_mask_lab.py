"""A pass on trial: read once, judged at every change, in the way of nothing else."""

from __future__ import annotations

import base64
import io
import threading

import numpy as np
from PIL import Image
from session_world import PASS

from app.views.lab import trial_html
from stac_timelapse.cube.look import KEPT, MARGIN
from stac_timelapse.errors import AssetReadError


def picture(url):
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        return np.asarray(image)


def tried(desk):
    desk.search()
    desk.actions.try_pass(PASS.key)
    desk.wait(lambda: desk.state.trial is not None)


def judged(desk, **changes):
    before = desk.state.trial
    desk.state.param.update(**changes)
    desk.actions.judge_trial()
    desk.wait(lambda: desk.state.trial is not before)
    return desk.state.trial


def test_a_pass_is_read_once_and_judged_at_every_change(desk):
    tried(desk)
    trial = desk.state.trial
    assert (trial.clear, dict(trial.shares)) == (0.5, {0: 0.5, 8: 0.5})
    overlay = picture(trial.overlay)
    assert overlay.shape == (10, 20, 4)
    assert overlay[2, 10].tolist() == [0xC0, 0xC0, 0xC0, 225]  # the class's usual colour
    assert overlay[4, 10].tolist() == [23, 40, 43, 255]  # its outline
    assert not overlay[5:, :, 3].any()
    assert picture(trial.picture).shape == (10, 20, 3)

    grown = judged(desk, dilate=40.0)
    assert dict(grown.shares) == {0: 0.3, 8: 0.5, MARGIN: 0.2}
    assert judged(desk, dilate=0.0, clear=(4, 8)).clear == 1
    # All passes are looked at once, and only when they are needed.
    assert desk.engine.looks == [PASS.key]
    kept = judged(desk, clear=(4,), rescue=True)
    assert (kept.clear, dict(kept.shares)[KEPT]) == (1, 0.5)
    assert judged(desk, rescue=False).clear == 0.5
    assert judged(desk, rescue=True).clear == 1
    assert desk.engine.looks == [PASS.key, "bright ground"]
    assert desk.state.trial_note == ""


def test_bright_ground_is_told_anew_when_the_cloud_limit_changes_but_not_when_a_pass_is_unticked(desk):
    tried(desk)
    desk.wait(lambda: desk.state.seen)
    judged(desk, rescue=True)
    judged(desk, excluded=(PASS.key,), clear=(8,))
    assert desk.engine.looks == [PASS.key, "bright ground"]
    judged(desk, excluded=(), max_area_cloud=20, clear=(4,))  # it saw half of the area clear
    assert desk.engine.looks == [PASS.key, "bright ground", "bright ground"]


def test_the_pass_is_shown_as_the_chosen_picture_where_its_bands_were_found(desk):
    desk.state.preset = "infrared"
    tried(desk)
    assert desk.state.trial.title == "False colour infrared"
    for preset, title in (("ndvi", "Vegetation (NDVI)"), ("swir", "False colour infrared")):
        before = desk.state.trial
        desk.state.preset = preset
        desk.actions.try_pass(PASS.key)
        desk.wait(lambda before=before: desk.state.trial not in (None, before))
        assert desk.state.trial.title == title
        assert title in trial_html(desk.state.trial)


def test_other_colours_of_the_same_bands_are_painted_without_reading_the_pass_again(desk):
    tried(desk)
    before = desk.state.trial
    desk.state.limits = (0.0, 0.1)
    desk.actions.repaint_trial()
    desk.wait(lambda: desk.state.trial is not before)
    assert (picture(desk.state.trial.picture) != picture(before.picture)).any()
    assert desk.engine.looks == [PASS.key]
    desk.state.preset = "ndvi"  # its bands were not searched for
    before = desk.state.trial
    desk.actions.repaint_trial()
    desk.wait(lambda: desk.state.trial is not before)
    assert desk.state.trial.title == "True colour"


def test_a_reducer_that_needs_other_bands_does_not_stop_it(desk):
    desk.state.method = "max-ndvi"
    tried(desk)
    assert desk.state.trial.title == "True colour"


def test_it_says_the_shares_of_the_area(desk):
    tried(desk)
    html = trial_html(judged(desk, dilate=40.0))
    assert "After: 30 % of the area clear" in html
    assert "Hidden by the margin<b>20.0 %</b>" in html
    assert "Cloud, medium probability<b>50.0 %</b>" in html


def test_it_stops_no_build_and_a_build_does_not_stop_it(desk):
    desk.search()
    desk.engine.gate = threading.Semaphore(0)
    desk.actions.build()
    desk.actions.try_pass(PASS.key)
    desk.wait(lambda: desk.state.trial is not None)
    assert desk.state.phase == "building"
    desk.engine.gate.release(10)
    desk.wait(lambda: desk.state.phase == "ready")
    assert desk.state.trial is not None


def test_a_mask_without_a_class_is_a_sentence(desk):
    tried(desk)
    desk.state.clear = ()
    desk.actions.judge_trial()
    assert desk.state.trial_note.startswith("The clear classes cannot hold an empty list")
    judged(desk, clear=(4, 8))
    assert desk.state.trial_note == ""


def test_a_pass_that_cannot_be_read_is_a_sentence_and_another_can_be_tried(desk):
    desk.search()
    desk.engine.look_error = AssetReadError("scene", "SCL", "it is gone")
    desk.actions.try_pass(PASS.key)
    desk.wait(lambda: desk.state.trial_note == "Scene scene: SCL could not be read (it is gone).")
    assert desk.state.phase == "found"
    desk.engine.look_error = None
    desk.actions.try_pass(PASS.key)
    desk.wait(lambda: desk.state.trial is not None)


def test_a_new_search_and_an_empty_choice_put_it_away(desk):
    for put_away in (desk.search, lambda: desk.actions.try_pass("")):
        tried(desk)
        put_away()
        assert (desk.state.trial_of, desk.state.trial) == ("", None)
