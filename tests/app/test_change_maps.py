"""The map of changes: against plain numpy over the months' files, and never one of another series."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from pyproj import Transformer
from session_world import result_of

from app import change_maps
from app.change_maps import hectares
from app.change_picture import VEIL, month_colours
from app.changed import ON_DISPLAY
from app.results import Pixel, Series
from app.views.changes import ChangesPanel
from stac_timelapse.change import find_changes
from stac_timelapse.errors import ProviderError
from stac_timelapse.export.geotiff import write_composite

MONTHS = ("2022-05", "2022-06", "2022-07", "2022-08")
BANDS = ("B12", "B08", "B04")
GRID = Affine(10, 0, 500_000, 0, -10, 5_195_000)
SHAPE = (40, 50)
#: What burns in July, and what is flooded for one month.
BURNT, FLOODED = np.s_[5:15, 10:30], np.s_[20:25, 10:20]
UTM_TO_MERCATOR = Transformer.from_crs(32633, 3857, always_xy=True).transform
UTM_TO_DEGREES = Transformer.from_crs(32633, 4326, always_xy=True).transform


def write(folder, month):
    infrared, swir = np.full(SHAPE, 3000, np.uint16), np.full(SHAPE, 1000, np.uint16)
    if month >= "2022-07":
        infrared[BURNT], swir[BURNT] = 1000, 2500
    if month == "2022-06":
        infrared[FLOODED] = 500
    red = np.full(SHAPE, 400, np.uint16)
    count = np.ones(SHAPE, np.uint8)
    count[0, :5] = month != "2022-08"  # not seen in the last month
    data = np.stack([swir, infrared, red]) * (count > 0)
    path = folder / f"{month}.tif"
    write_composite(path, data.astype(np.uint16), count, bands=BANDS, epsg=32633, transform=GRID, month=month)
    return result_of(path, month)


def series_of(desk, folder, *, bands=BANDS, number=1, months=MONTHS):
    folder.mkdir(exist_ok=True)
    desk.state.preset = "swir"
    desk.state.end = "2022-08"
    recipe = desk.state.recipe().but(bands=bands)
    results = tuple(write(folder, month) for month in months)
    return Series(recipe, desk.state.appearance, MONTHS, results=results, number=number)


@pytest.fixture
def built(desk):
    desk.state.param.update(series=series_of(desk, desk.folder / "months"), phase="ready", current="2022-08")
    return desk


def shown(desk):
    desk.actions.changes.unfold(shown=True)
    return settled(desk)


def settled(desk):
    desk.wait(lambda: desk.state.changes is not None and not desk.state.changes_note)
    return desk.state.changes


def nbr(result):
    with rasterio.open(result.path) as file:
        swir, infrared = (file.read(file.descriptions.index(band) + 1).astype(float) for band in ("B12", "B08"))
    with np.errstate(invalid="ignore"):
        return np.where(swir > 0, (infrared - swir) / (infrared + swir), np.nan)


def drawn(desk, map_, row, column):
    """Return the picture's colour, and its opacity, in the middle of a pixel of the months."""
    picture = Image.open(desk.workspace_file(map_.url)).convert("RGBA")
    x, y = UTM_TO_MERCATOR(500_000 + 10 * column + 5, 5_195_000 - 10 * row - 5)
    west, south, east, north = map_.bounds
    at = int((x - west) / (east - west) * picture.width), int((north - y) / (north - south) * picture.height)
    return picture.getpixel(at)


def test_the_months_of_the_largest_drop_are_those_of_plain_numpy(built):
    map_ = shown(built)
    values = np.stack([nbr(one) for one in built.state.series.results])
    # Of what burns for good the step is the drop to the higher of the two looks that follow.
    steps = values[:-1] - np.fmax(values[1:], np.concatenate([values[2:], values[-1:]]))
    steps = np.nan_to_num(steps)
    changed = steps.max(axis=0) >= 0.2
    with rasterio.open(map_.found.path) as file:
        change, month, before = file.read()
    inside = month > 0
    assert np.array_equal(inside, changed)
    assert inside.sum() == 200
    assert np.unique(month[BURNT]).tolist() == [3]
    assert np.unique(before[BURNT]).tolist() == [2]
    np.testing.assert_allclose(change[inside] * 0.0001, steps.max(axis=0)[inside], atol=1e-4)
    assert [(one.month, round(one.hectares, 3)) for one in map_.months] == [("2022-07", 2.0)]
    assert "2.00 ha changed, 10.0 % of 20.0 ha compared: lasting drop of Burnt area (NBR)" in map_.sentence
    assert map_.file.name == "field-7_change_nbr_drop-0.2_2022-05_2022-08.tif"
    colour = month_colours(4)[2]
    assert map_.months[0].colour == f"rgb{colour}"
    for row in range(SHAPE[0]):
        for column in (0, 9, 10, 20, 29, 30, 49):
            *seen, alpha = drawn(built, map_, row, column)
            assert alpha == (255 if changed[row, column] else VEIL)
            assert tuple(seen) == (colour if changed[row, column] else (255, 255, 255))


def test_what_comes_back_counts_if_it_is_asked_for_and_a_rise_is_the_other_way(built):
    shown(built)
    built.actions.changes.choose(lasting=False)
    built.wait(lambda: "lasting" not in settled(built).sentence)
    assert {one.month: round(one.hectares, 2) for one in built.state.changes.months} == {"2022-06": 0.5, "2022-07": 2.0}
    built.actions.changes.choose(rise=True)
    built.wait(lambda: "rise" in settled(built).sentence)
    assert {one.month: round(one.hectares, 2) for one in built.state.changes.months} == {"2022-07": 0.5}
    built.actions.changes.choose(least=1.0, quantity="ndvi", rise=False)
    built.wait(lambda: settled(built).sentence.startswith("No drop of Vegetation (NDVI) by 1 or more"))
    assert built.state.changes.months == ()


def test_the_difference_of_two_months_is_that_of_plain_numpy(built):
    built.actions.changes.choose(kind="difference", least=0.3)
    map_ = shown(built)
    first, *_, last = (nbr(one) for one in built.state.series.results)
    with rasterio.open(map_.found.path) as file:
        steps = file.read(1)
    there = steps != -32768
    assert np.array_equal(there, np.isfinite(last))
    np.testing.assert_allclose(steps[there] * 0.0001, (last - first)[there], atol=1e-4)
    assert map_.sentence.startswith("NBR fell on 2.00 ha and rose on 0 ha of 19.9")
    assert map_.file.name == "field-7_difference_nbr_2022-05_to_2022-08.tif"
    red, _green, blue, alpha = drawn(built, map_, 10, 20)
    assert alpha == 255
    assert red > blue  # ochre is a fall
    assert drawn(built, map_, 30, 20)[3] == VEIL
    # The month on display is one of the two, if that is asked for.
    built.actions.changes.choose(later=ON_DISPLAY)
    built.state.current = "2022-06"
    built.actions.changes.follow()
    built.wait(lambda: settled(built).found.months == ("2022-05", "2022-06"))
    assert settled(built).sentence.startswith("NBR fell on 0.50 ha")
    built.state.current = "2022-05"
    built.actions.changes.follow()
    built.wait(lambda: built.state.changes_note == "Choose two different months to compare.")
    assert built.state.changes is None


def test_a_pixel_tells_when_it_changed_and_from_what_to_what(built):
    shown(built)

    def look(row, column):
        lon, lat = UTM_TO_DEGREES(500_005 + 10 * column, 5_194_995 - 10 * row)
        built.state.pixel = Pixel(lon, lat, ((lon, lat),) * 5, None, BANDS, "median")
        built.actions.changes.look()

    look(10, 20)
    words = "Changed in July 2022: NBR 0.50 → -0.43 since June 2022"
    built.wait(lambda: built.state.changes_at == words)
    look(30, 20)
    built.wait(lambda: not built.state.changes_at)
    built.actions.changes.choose(kind="difference")
    built.wait(lambda: settled(built).ramp != ())
    look(30, 20)
    built.wait(lambda: built.state.changes_at == "NBR 0.50 in May 2022 and 0.50 in August 2022")
    built.state.pixel = None
    built.actions.changes.look()
    assert built.state.changes_at == ""


def test_a_map_is_never_of_another_series(built, monkeypatch):
    before = shown(built)
    folder = built.workspace_file(before.url).parent
    first = built.state.series
    # The same months in other colours keep it.
    built.state.series = replace(first, number=2)
    built.actions.changes.follow()
    assert built.state.changes is before
    built.state.phase = "building"
    built.actions.changes.follow()
    assert built.state.changes is None
    assert built.state.changes_note == "The map of changes comes when all months are built."
    assert not folder.exists()
    # The answer about one series does not reach the next.
    gate, begun = threading.Event(), threading.Event()

    def held(results, *rest, **more):
        begun.set()
        assert gate.wait(20)
        return find_changes(results, *rest, **{**more, "should_stop": None})

    monkeypatch.setattr(change_maps, "find_changes", held)
    built.state.phase = "ready"
    built.actions.changes.follow()
    assert begun.wait(20)
    monkeypatch.setattr(change_maps, "find_changes", find_changes)
    built.state.series = series_of(built, built.folder / "others", number=3, months=MONTHS[:2])
    built.actions.changes.follow()
    gate.set()
    now = settled(built)
    assert now.found.months == MONTHS[:2]
    # Folded, it is kept for the same series only.
    built.actions.changes.unfold(shown=False)
    assert built.state.changes is now
    built.state.series = first
    built.actions.changes.follow()
    assert built.state.changes is None


def test_what_cannot_be_mapped_is_one_sentence_and_the_choices_stay(built, monkeypatch):
    def fails(*_arguments, **_more):
        raise ProviderError("The map of changes cannot be made (gone): build the series again.")

    monkeypatch.setattr(change_maps, "find_changes", fails)
    built.actions.changes.choose(least=0.3)
    built.actions.changes.unfold(shown=True)
    built.wait(lambda: "cannot be made (gone)" in built.state.changes_note)
    built.actions.changes.follow()
    assert "cannot be made (gone)" in built.state.changes_note
    monkeypatch.setattr(change_maps, "find_changes", find_changes)
    built.actions.changes.choose(least=0.35)
    assert settled(built).found.rule.least == 0.35
    whole = built.state.series
    built.state.series = replace(whole, results=whole.results[:1])
    built.actions.changes.follow()
    assert built.state.changes_note == "A change needs two finished months at least: build more of them."
    built.state.series = replace(whole, recipe=whole.recipe.but(bands=("B04",)))
    built.actions.changes.follow()
    assert "without the bands of an index" in built.state.changes_note
    assert "Burnt area (NBR) in step 3" in built.state.changes_note


def test_the_panel_offers_what_was_built_and_lays_the_map_while_it_is_unfolded(built):
    panel = ChangesPanel(built.state, built.actions)
    laid = []
    panel.on_lay(lambda: laid.append(panel.laid[0]))
    map_ = shown(built)
    assert laid[-1] == map_.url
    there = {name: built for name, _title, built in panel.panel.options}
    assert there == {"ndvi": True, "ndwi": False, "mndwi": False, "ndmi": False, "ndsi": False, "nbr": True}
    assert [(one["month"], one["size"], one["share"]) for one in panel.panel.legend] == [("2022-07", "2.00 ha", 1.0)]
    assert panel.panel.file == map_.file.url
    chosen = panel.panel.chosen
    panel.panel.wish = {**chosen, "least": 7.0, "number": 12}
    assert built.state.changes_of.least == 1.0  # as far as the slider goes
    assert panel.panel.chosen["number"] == 12
    built.actions.changes.unfold(shown=False)
    assert laid[-1] == ""
    assert panel.panel.visible is False


def test_hectares_in_words():
    words = [hectares(size) for size in (0, 0.004, 0.25, 21.34, 12345.6)]
    assert words == ["0 ha", "under 0.01 ha", "0.25 ha", "21.3 ha", "12,346 ha"]
