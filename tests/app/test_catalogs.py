"""Two catalogues in the dashboard: what is offered, what is allowed, and what is said of what was found."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape

import pytest
from servers import answering, stac_api

from app.engine import LibraryEngine
from app.samples import usual_dates
from app.settings import AppSettings
from app.views.calendar import found_html
from app.views.when import WhenStep
from stac_timelapse import pipeline
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.recipe import Recipe
from stac_timelapse.scenes.catalog import CATALOGS
from stac_timelapse.scenes.model import LeftOut

AREA = AreaOfInterest.from_bbox(15.4, 46.4, 15.5, 46.5)
TOGETHER = "planetary-computer+earth-search"


def item(name, day):
    ring = [[15, 46], [16, 46], [16, 47], [15, 47], [15, 46]]
    stamp = day.replace("-", "")
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": "sentinel-2-l2a",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [15, 46, 16, 47],
        "links": [],
        "properties": {
            "datetime": f"{day}T10:00:00Z",
            "platform": "sentinel-2a",
            "proj:epsg": 32633,
            "s2:mgrs_tile": "33TWM",
            "s2:datatake_id": f"GS2A_{stamp}T100000_000001_N05.10",
            "s2:datastrip_id": f"S2A_OPER_MSI_L2A_DS_2APS_{stamp}T140000_S{stamp}T100500_N05.10",
            "s2:processing_baseline": "05.10",
            "eo:cloud_cover": 10.0,
        },
        "assets": {key: {"href": f"https://example.org/{name}/{key}.tif"} for key in ("B04", "B03", "B02", "SCL")},
    }


FIRST = [item("pc-june-5", "2022-06-05"), item("pc-june-<10>", "2022-06-10")]
SECOND = [item("es-june-5", "2022-06-05"), item("es-july-5", "2022-07-05")]


@pytest.fixture
def searched(desk, monkeypatch):
    """Return a session after it searched both providers, which are played at these addresses."""

    def search(first, second):
        for key, url in (("planetary-computer", first), ("earth-search", second)):
            monkeypatch.setitem(CATALOGS, key, replace(CATALOGS[key], url=url))
        monkeypatch.setattr(desk.engine, "search", pipeline.search)
        desk.state.param.update(catalog=TOGETHER, start="2022-06", end="2022-07", aoi=AREA)
        desk.search()
        assert desk.seen == ["searching", "found"]
        return desk.state

    return search


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def test_both_together_are_offered_where_the_operator_offers_both(tmp_path, desk):
    everything = AppSettings(tmp_path, tmp_path)
    assert everything.choices["Planetary Computer + Earth Search"] == TOGETHER
    for some in (("demo", "earth-search"), ("planetary-computer",)):
        assert list(AppSettings(tmp_path, tmp_path, catalogs=some).choices.values()) == list(some)
    step = WhenStep(desk.state, desk.actions, everything)
    step._catalog.value = TOGETHER
    desk.wait(lambda: desk.state.catalog == TOGETHER)
    desk.state.catalog = "earth-search"
    assert step._catalog.value == "earth-search"


def test_another_catalogue_brings_its_usual_months_and_leaves_the_users_own(desk, tmp_path):
    state = desk.state
    step = WhenStep(state, desk.actions, AppSettings(tmp_path, tmp_path, catalogs=("demo", "earth-search")))

    def after(catalog, start, end):
        state.param.update(start=start, end=end)
        step._catalog.value = catalog
        desk.wait(lambda: state.catalog == catalog)
        return state.start, state.end

    demos, worlds = usual_dates("demo"), usual_dates("earth-search")
    state.param.update(catalog="demo")
    assert after("earth-search", **demos) == (worlds["start"], worlds["end"])
    assert after("demo", **worlds) == (demos["start"], demos["end"])
    assert after("earth-search", "2022-02", "2022-12") == ("2022-02", "2022-12")
    assert after("demo", "2022-02", "2022-12") == ("2022-02", "2022-12")
    assert after("earth-search", "2022-03", "2022-03") == ("2022-03", "2022-03")
    # The demo has no other months than its own.
    assert after("demo", "2024-02", "2024-12") == (demos["start"], demos["end"])


def test_only_catalogues_that_are_offered_can_be_joined(tmp_path):
    def recipe(catalog):
        return Recipe(catalog, AREA, "2022-01", "2022-02")

    (tmp_path / "catalog.json").write_text("{}")
    offered = AppSettings(tmp_path, tmp_path, catalogs=("earth-search", "planetary-computer"))
    secret = f"earth-search+{tmp_path}"
    for settings in (offered, replace(offered, any_catalog=True)):
        engine = LibraryEngine(settings)
        engine.check(recipe(TOGETHER))
        engine.check(recipe("earth-search+planetary-computer"))
        for other in (
            secret,
            "earth-search+demo",
            "earth-search+https://stac.example",
            f"https://stac.example+{secret}",
        ):
            with pytest.raises(InvalidInputError, match="is not offered here"):
                engine.check(recipe(other))
    # A plus in an address is a part of it.
    LibraryEngine(replace(offered, any_catalog=True)).check(recipe(f"https://stac.example/a+b+{tmp_path}"))


def test_what_each_catalogue_gave_and_lacked_is_on_the_page(tmp_path, searched):
    with stac_api(tmp_path / "first", FIRST) as first, stac_api(tmp_path / "second", SECOND) as second:
        state = searched(first, second)
    html = found_html(state)
    text = text_of(html)
    assert "4 items found → 3 scenes used → 3 passes" in text
    assert (
        "Microsoft Planetary Computer : 2 scenes used it lacked 1 scene; passes gained in July 2022 es-july-5" in text
    )
    assert "Earth Search (Element 84) : 1 scene used it lacked 1 scene; passes gained in June 2022" in text
    # The ids are folded away, and are text and nothing else.
    assert "<details><summary>it lacked 1 scene; passes gained in June 2022</summary>" in html
    assert "<li>pc-june-&lt;10&gt;</li>" in html
    assert 'role="alert"' not in html


def test_one_that_is_down_is_a_sentence_on_the_page(tmp_path, searched):
    with stac_api(tmp_path / "first", FIRST) as first, answering(lambda _: (400, {}, b"")) as second:
        state = searched(first, second)
    html = found_html(state)
    sentence = (
        "Microsoft Planetary Computer served alone: Earth Search (Element 84) refused the search (status 400): "
        "try again in a few minutes."
    )
    assert f'<p class="down" role="alert">{sentence}</p>' in html
    assert "<b>Microsoft Planetary Computer</b>: 2 scenes used</li>" in html


def test_many_months_are_counted_and_named_behind_the_ids(tmp_path, searched):
    second = [item(f"es-{day}", f"2022-0{6 + day // 30}-{day % 30 + 1:02d}") for day in (0, 30)]
    with stac_api(tmp_path / "first", FIRST) as first, stac_api(tmp_path / "second", second) as other:
        state = searched(first, other)
    share = state.scenes.catalogs[0]
    months = tuple(f"2022-{month:02d}" for month in range(1, 7))
    state.scenes = replace(state.scenes, catalogs=(replace(share, gained=months), state.scenes.catalogs[1]))
    html = found_html(state)
    assert "passes gained in 6 months</summary>" in html
    assert "<li>gained: January 2022, February 2022," in html


def test_what_a_catalogue_owes_is_a_sentence_on_the_page_also_of_one_alone(tmp_path, searched):
    with stac_api(tmp_path / "first", FIRST) as first, stac_api(tmp_path / "second", SECOND) as other:
        state = searched(first, other)
    sentence = "One states 5 items for 2022-06 and sent 1, also when asked again: some may be <missing>."
    left_out = (LeftOut(sentence, is_item=False), LeftOut("Item x has no SCL file and was left out."))
    state.scenes = replace(state.scenes, catalogs=state.scenes.catalogs[:1], left_out=left_out)
    html = found_html(state)
    assert f'<p class="down" role="alert">{escape(sentence)}</p>' in html
    assert "1 item that cannot be used" in text_of(html)
