"""The figure of a series, without a browser."""

from __future__ import annotations

from pathlib import Path

import holoviews as hv
import numpy as np
import panel as pn
from bokeh.models import GlyphRenderer
from session_world import AREA, result_of

from app.results import Frame, Series
from app.views.series import SeriesFigure
from stac_timelapse.recipe import Recipe

MONTHS = ("2022-05", "2022-06")


class Pictures:
    """Finished months of one grey, which may change."""

    grey = 10

    def has(self, _month):
        return True

    def load(self, _month):
        return np.full((50, 40, 4), self.grey, np.uint8), (0.0, 0.0, 400.0, 500.0)


def test_a_month_at_rest_is_drawn_anew_when_its_picture_changed():
    hv.extension("bokeh")
    recipe = Recipe("demo", AREA, *MONTHS)
    results = tuple(result_of(Path(month), month) for month in MONTHS)
    frames = tuple(Frame(month, f"{month}.webp", (0.0, 0.0, 400.0, 500.0), f"thumb-{month}.webp") for month in MONTHS)
    pictures = Pictures()
    figure = SeriesFigure(
        Series(recipe, recipe.appearance, MONTHS, results, frames), pictures, "tiles/{Z}/{X}/{Y}.png", print
    )
    slider = pn.widgets.Select(label="time", options=list(MONTHS), value=MONTHS[0])
    root = pn.pane.HoloViews(figure.overlay, widgets={"time": slider}, linked_axes=False).get_root()

    def shown():
        (full,) = [one for one in root.select({"type": GlyphRenderer}) if (one.name or "").startswith("full:")]
        return full.name, int(full.data_source.data["image"][0].ravel()[0]) & 0xFF

    assert shown() == ("full:2022-05", 10)
    slider.value = "2022-06"
    assert shown() == ("full:2022-06", 10)
    pictures.grey = 99
    figure.refresh()
    assert shown() == ("full:2022-06", 99)
    slider.value = "2022-05"
    assert shown() == ("full:2022-05", 99)
