"""STAC APIs over real HTTP: a sound one with pages, and many that misbehave."""

from __future__ import annotations

import itertools
import threading
import time

import pytest
from servers import answering, stac_api, stac_server

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import NothingFoundError, ProviderError, TooBigError
from stac_timelapse.scenes import provider
from stac_timelapse.scenes.catalog import catalog_of
from stac_timelapse.scenes.provider import USUAL, Patience
from stac_timelapse.scenes.search import SceneQuery, find_scenes

AREA = AreaOfInterest.from_bbox(15.4, 46.4, 15.5, 46.5)
QUERY = SceneQuery(AREA, "2022-06", "2022-06", bands=("B04",))
#: As often as usual, without the waits between.
AT_ONCE = Patience(longest_wait=0)


def item(name, day=10, west=15.0, east=16.0):
    ring = [[west, 46.0], [east, 46.0], [east, 47.0], [west, 47.0], [west, 46.0]]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": name,
        "collection": "sentinel-2-l2a",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [west, 46.0, east, 47.0],
        "links": [],
        "properties": {
            "datetime": f"2022-06-{day:02d}T10:00:00Z",
            "proj:epsg": 32633,
            "s2:mgrs_tile": "33TWM",
            "s2:datatake_id": f"GS2A_202206{day:02d}T1{name[-5:]}_000001_N04.00",
            "s2:processing_baseline": "04.00",
            "eo:cloud_cover": 10.0,
        },
        "assets": {key: {"href": f"https://example.org/{name}/{key}.tif"} for key in ("B04", "SCL")},
    }


def searched(url, query=QUERY, patience=USUAL):
    return find_scenes([catalog_of(url)], query, patience)


def test_more_items_than_a_page_are_all_found(tmp_path):
    # Thrice the page that is asked for, an area in two parts, and items of another place and month.
    items = [item(f"scene-{number:05d}", 1 + number % 28) for number in range(3 * provider._PAGE - 5)]
    others = [item("far", west=17.0, east=18.0), {**item("july"), "properties": {"datetime": "2022-07-01T00:00:00Z"}}]
    with stac_api(tmp_path, [*items, *others]) as url:
        found = searched(url)
        assert found.n_items == len(items)
        assert {scene.id for scene in found.scenes} == {each["id"] for each in items}
        with pytest.raises(NothingFoundError, match="no scenes of 2021-06"):
            searched(url, SceneQuery(AREA, "2021-06", "2021-06", bands=("B04",)))


def test_an_area_across_the_antimeridian_is_searched_in_two_parts(tmp_path):
    crossing = item("crossing")
    parts = [[[170, 46], [180, 46], [180, 47], [170, 47], [170, 46]]]
    parts.append([[-180, 46], [-170, 46], [-170, 47], [-180, 47], [-180, 46]])
    crossing["geometry"] = {"type": "MultiPolygon", "coordinates": [[part] for part in parts]}
    crossing["bbox"] = [170, 46, -170, 47]
    with stac_api(tmp_path, [crossing]) as url:
        for west, east in ((179.9, -179.9), (179.8, 179.9), (-179.9, -179.8)):
            area = AreaOfInterest.from_bbox(west, 46.4, east, 46.5)
            assert searched(url, SceneQuery(area, "2022-06", "2022-06", bands=("B04",))).n_scenes == 1


def scripted(pages):
    """Return a server's answers: what `pages` returns for the number of the search, always with the same next page."""
    count = itertools.count()

    def search(_request, url):
        link = {"rel": "next", "href": f"{url}/search?token=SECRET", "method": "GET"}
        return {"type": "FeatureCollection", "features": pages(next(count)), "links": [link]}

    return stac_server(search)


def test_a_server_that_links_to_the_same_page_for_ever():
    with answering(scripted(lambda _: [item("a"), item("a"), item("b", 20)])) as url:
        found = searched(url)
    assert (found.n_items, found.n_scenes) == (2, 2)


def test_a_server_without_an_end(monkeypatch):
    monkeypatch.setattr(provider, "MAX_ITEMS", 50)
    with (
        answering(scripted(lambda number: [item(f"{number}-{i}") for i in range(10)])) as url,
        pytest.raises(TooBigError, match=r"more than 60 items .* choose a smaller area or fewer months"),
    ):
        searched(url)


def always(status=200, body=b"", **headers):
    return lambda _: (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (always(503), r"refused the search \(status 503\): try again in a few minutes"),
        (always(429, Retry_After="86400"), r"refused the search \(status 429\)"),
        (always(404), r"has no collection 'sentinel-2-l2a' \(404\)"),
        (always(400, b'{"description": "?sig=SECRET"}'), r"refused the search \(status 400\)"),
        (always(body=b"<html>Hello</html>"), r"did not answer like a STAC API \(JSONDecodeError: Expecting value"),
        (always(body=b"[1, 2]"), "did not answer like a STAC API"),
        (always(body=b"\xff\xfe\x00"), "(cannot be reached|did not answer like)"),
        (always(body=b"{}"), "did not answer like a STAC API"),
        (scripted(lambda _: [1, None]), "did not answer like a STAC API"),
        (scripted(lambda _: "nonsense"), "did not answer like a STAC API"),
    ],
)
def test_what_a_server_does_wrong_is_one_sentence_in_bounded_time(answer, words):
    begun = time.monotonic()
    with answering(answer) as url, pytest.raises(ProviderError, match=words) as caught:
        searched(url, patience=AT_ONCE)
    assert time.monotonic() - begun < 20
    assert "SECRET" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_never_answers():
    released = threading.Event()

    def hang(_request):
        released.wait(30)
        return 200, {}, b""

    begun = time.monotonic()
    with answering(hang) as url:
        with pytest.raises(ProviderError, match=r"cannot be reached \(.*timed out.*\): check the network"):
            searched(url, patience=Patience(connect=1, read=0.2))
        released.set()
    assert time.monotonic() - begun < 10


def test_a_server_is_asked_again_after_a_hiccup():
    asked = []

    def answer(request):
        asked.append(request.path)
        return (502, {}, b"") if len(asked) == 1 else scripted(lambda _: [item("a")])(request)

    with answering(answer) as url:
        assert searched(url).n_scenes == 1
    assert len(asked) > 2


def test_the_secret_in_an_address_is_not_repeated():
    catalog = catalog_of("http://somebody:SECRET@127.0.0.1:9/stac?api_key=SECRET")
    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        find_scenes([catalog], QUERY)
    assert "SECRET" not in str(caught.value)
