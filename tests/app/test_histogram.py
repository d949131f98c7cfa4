"""The handles in the histogram: one pair for all channels that share a stretch, else one each."""

from __future__ import annotations

import pytest

from app.views.histogram import HistogramHandles, ends_of
from stac_timelapse.picture.indices import PRESETS
from stac_timelapse.picture.settled import Histogram, Settled
from stac_timelapse.picture.stretch import Stretch

COUNTS = (0, 4, 16, 0)


def test_each_channel_has_its_pair_of_handles_and_what_cannot_be_drawn_has_none():
    handles = HistogramHandles(visible=False)
    infrared = Settled(Stretch((100, 200, 300), (4000, 3000, 2000.4)), Histogram(0.0, 0.5, (COUNTS,) * 3))
    ends = ends_of(infrared, PRESETS["infrared"])
    assert ends == [pytest.approx(pair) for pair in ((0.01, 0.4), (0.02, 0.3), (0.03, 0.20004))]
    handles.draw(infrared, PRESETS["infrared"], ends, ["red (B08)", "green (B04)", "blue (B03)"])
    assert handles.visible
    assert (handles.low, handles.high, handles.what) == (0, 0.5, "reflectance")
    assert handles.pairs == [[0.01, 0.4], [0.02, 0.3], [0.03, 0.2]]
    assert len(set(handles.colours)) == 3
    assert handles.drawing.count("<path") == 3
    assert "shown is reflectance 0.01 to 0.4; 0.02 to 0.3; 0.03 to 0.2" in handles.drawing

    ndvi = Settled(Stretch((-0.2,), (0.8,)), Histogram(-0.5, 0.9, (COUNTS,)))
    handles.draw(ndvi, PRESETS["ndvi"], ends_of(ndvi, PRESETS["ndvi"]), [""])
    assert (handles.pairs, handles.what, handles.colours) == ([[-0.2, 0.8]], "value", [""])

    handles.draw(Settled(Stretch((0,), (1,))), PRESETS["ndvi"], [(0, 1)], [""])  # a series without a single clear look
    assert not handles.visible
