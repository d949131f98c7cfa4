"""Servers that break off, ask for patience or lead astray: the right answer, or one clear sentence."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest
from servers import answering, stac_api, stac_server

from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import ProviderError
from stac_timelapse.scenes.catalog import catalog_of
from stac_timelapse.scenes.facts import catalog_lines, facts_by_month, failure_lines
from stac_timelapse.scenes.provider import USUAL, Patience, api_items
from stac_timelapse.scenes.search import SceneQuery, find_scenes

AREA = AreaOfInterest.from_bbox(15.4, 46.4, 15.5, 46.5)
#: As often as usual, without the waits between.
AT_ONCE = Patience(longest_wait=0)


def item(name, when="2022-06-10T10:00:00Z"):
    ring = [[15, 46], [16, 46], [16, 47], [15, 47], [15, 46]]
    stamp = when[:19].replace("-", "").replace(":", "")
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": "sentinel-2-l2a",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "links": [],
        "properties": {
            "datetime": when,
            "proj:epsg": 32633,
            "s2:mgrs_tile": "33TWM",
            "s2:datatake_id": f"GS2A_{stamp}_000001_N04.00",
            "s2:datastrip_id": f"S2A_OPER_MSI_L2A_DS_2APS_{stamp}_S20220610T{sum(map(ord, name)):06d}_N04.00",
            "s2:processing_baseline": "04.00",
        },
        "assets": {key: {"href": f"https://example.org/{name}/{key}.tif"} for key in ("B04", "SCL")},
    }


A, B, C = (item(name) for name in "abc")


def page(*items, following=None, **more):
    links = [] if following is None else [{"rel": "next", "method": "GET", "href": following}]
    return {"type": "FeatureCollection", "features": list(items), "links": links, **more}


class Played:
    """A server that plays what was written for each of its pages, in turn; the last one again and again."""

    def __init__(self, **script):
        self.script = script
        self.asked = Counter()
        self.times = []

    def __call__(self, request, url):
        name = request.path.partition("page=")[2] or "first"
        plays = self.script[name]
        made = plays[min(self.asked[name], len(plays) - 1)]
        self.asked[name] += 1
        self.times.append(time.monotonic())
        if isinstance(made, dict):
            made = json.loads(json.dumps(made).replace("URL", url))
        return made


def found_by(played, patience=AT_ONCE, months=("2022-06", "2022-06")):
    with answering(stac_server(played)) as url:
        return find_scenes([catalog_of(url)], SceneQuery(AREA, *months, bands=("B04",)), patience)


def sentence_by(played, patience=AT_ONCE):
    with pytest.raises(ProviderError) as caught:
        found_by(played, patience)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text.partition(" ")[2]  # behind the address


def ids(found):
    return sorted(scene.id for scene in found.scenes)


NEXT = "URL/search?page=second"
TRUNCATED = 200, {"Content-Length": "500", "Connection": "close"}, b'{"type": "FeatureCollection", "features": ['


@pytest.mark.parametrize(
    "hiccup",
    [
        (429, {}, b""),
        (429, {"Retry-After": "0"}, b""),
        (503, {}, b""),
        (504, {}, b""),
        (200, {}, b'{"type": "FeatureCollection", "feat'),
        (200, {}, b""),
        TRUNCATED,
    ],
    ids=["429", "429-retry-after", "503", "504", "malformed", "empty", "truncated"],
)
@pytest.mark.parametrize("where", ["first", "second"])
def test_one_hiccup_costs_nothing(hiccup, where):
    pages = {"first": [page(A, following=NEXT)], "second": [page(B)]}
    played = Played(**{**pages, where: [hiccup, *pages[where]]})
    assert ids(found_by(played)) == ["a", "b"]
    assert played.asked[where] == 2


def test_what_the_server_asks_for_is_waited_within_bounds():
    played = Played(first=[(429, {"Retry-After": "1"}, b""), page(A)])
    assert ids(found_by(played, USUAL)) == ["a"]
    assert played.times[1] - played.times[0] >= 1
    played = Played(first=[(503, {"Retry-After": "86400"}, b""), page(A)])
    assert ids(found_by(played, Patience(longest_wait=1))) == ["a"]
    assert played.times[1] - played.times[0] >= 1


def test_a_page_that_ran_out_is_found_again_from_the_first_one():
    # Some servers' links to the next page are good for a while only.
    played = Played(first=[page(A, following=NEXT)], second=[(400, {}, b"expired"), page(B)])
    assert ids(found_by(played)) == ["a", "b"]
    assert played.asked == {"first": 2, "second": 2}


@pytest.mark.parametrize(
    ("answer", "words", "asked"),
    [
        # Each of three times from the first page on; of a page that is there later, four tries.
        ((503, {}, b""), "(status 503)", 3 * 4),
        ((404, {}, b""), "(status 404)", 3),
        ((200, {}, b"{"), "(Expecting property name", 3),
        ((200, {}, b"[]"), "(list indices must be integers or slices, not str)", 3),
    ],
)
def test_a_search_that_always_breaks_off_says_where(answer, words, asked):
    played = Played(first=[page(A, following=NEXT)], second=[answer])
    text = sentence_by(played)
    assert text.startswith(f"broke off in the middle of its answer for 2022-06 {words}")
    assert text.endswith("try again in a few minutes.")
    assert played.asked == {"first": 3, "second": asked}


def test_a_page_that_hangs_is_asked_for_twice_a_time():
    released = threading.Event()
    asked = Counter()

    def search(request, url):
        name = "second" if "page=" in request.path else "first"
        asked[name] += 1
        if name == "second":
            released.wait(60)
        return page(A, following=f"{url}/search?page=second")

    text = sentence_by(search, Patience(connect=1, read=0.2, longest_wait=0))
    released.set()
    assert text.startswith("broke off in the middle of its answer for 2022-06 (")
    assert "timed out" in text
    assert asked == {"first": 3, "second": 3 * 2}


def test_an_empty_page_is_not_the_end():
    third = "URL/search?page=third"
    played = Played(first=[page(following=NEXT)], second=[page(A, following=third)], third=[page(B)])
    assert ids(found_by(played)) == ["a", "b"]


def test_empty_pages_without_end_are_not_followed_for_ever():
    number = iter(range(1000))
    text = sentence_by(lambda _request, url: page(following=f"{url}/search?page={next(number)}"))
    assert text == ("sends the same pages again and again for 2022-06: try again later, or use another catalogue.")
    assert next(number) < 100


@pytest.mark.parametrize(
    ("second", "following"),
    [([B], NEXT), ([B], "URL/search?page=first"), ([A], "URL/search?page=third")],
    ids=["to itself", "to the first", "in a ring"],
)
def test_pages_that_lead_in_a_circle_end(second, following):
    first = page(A, following=NEXT)
    third = page(B, following=NEXT)
    played = Played(first=[first], second=[page(*second, following=following)], third=[third])
    assert ids(found_by(played)) == ["a", "b"]
    assert sum(played.asked.values()) < 10


def test_a_circle_that_leaves_items_out_is_no_answer():
    first = page(A, following=NEXT, numberMatched=5)
    played = Played(first=[first], second=[page(B, following=NEXT, numberMatched=5)])
    assert sentence_by(played).startswith("sends the same pages again and again with 2 of 5 items for 2022-06")
    # Where the number is right, all is there.
    first = page(A, following=NEXT, context={"matched": 2})
    played = Played(first=[first], second=[page(B, following=NEXT, context={"matched": 2})])
    assert ids(found_by(played)) == ["a", "b"]


@pytest.mark.parametrize("link", ["http://127.0.0.1:9/search", "ftp://127.0.0.1/search", "URL/elsewhere?page=none"])
def test_a_next_page_that_is_nowhere_is_said(link):
    played = Played(first=[page(A, following=link)], none=[(404, {}, b"")])
    assert sentence_by(played).startswith("broke off in the middle of its answer for 2022-06 (")


@pytest.mark.parametrize("link", [{"rel": "next"}, {"rel": "next", "href": None}, "next"])
def test_a_next_link_that_is_none_is_said(link):
    text = sentence_by(Played(first=[{**page(A), "links": [link]}]))
    assert text.startswith("broke off in the middle of its answer for 2022-06 (")


def test_a_relative_next_link_is_followed():
    assert ids(found_by(Played(first=[page(A, following="/search?page=second")], second=[page(B)]))) == ["a", "b"]


@pytest.mark.parametrize("stated", [{"numberMatched": 5}, {"context": {"matched": 5}}])
@pytest.mark.parametrize("sent", [[A], [A, A]], ids=["once", "repeated"])
def test_fewer_items_than_are_stated_are_asked_for_again_and_told(stated, sent):
    played = Played(first=[page(*sent, **stated)])
    with answering(stac_server(played)) as url:
        found = find_scenes([catalog_of(url)], SceneQuery(AREA, "2022-06", "2022-07", bands=("B04",)), AT_ONCE)
    assert (ids(found), found.n_items) == (["a"], 1)
    words = "states 5 items for 2022-06 to 2022-07 and sent 1, also when asked again: some may be missing."
    assert found.skipped == (f"{url} {words}",)
    # Where it is told to people; and it is no item that cannot be used.
    assert failure_lines(found) == catalog_lines(found) == list(found.skipped)
    assert [one.left_out for one in facts_by_month(found).values()] == [found.skipped] * 2
    assert played.asked["first"] == 2


def test_what_is_missing_at_first_may_come_when_asked_again():
    short, whole = page(A, numberMatched=2), page(A, B, numberMatched=2)
    found = found_by(Played(first=[short, whole]))
    assert (ids(found), found.skipped) == (["a", "b"], ())
    # The last page's number counts, and more than is stated is no fault.
    found = found_by(Played(first=[page(A, following=NEXT, numberMatched=9)], second=[page(B, numberMatched=1)]))
    assert (ids(found), found.skipped) == (["a", "b"], ())
    # The best answer is kept.
    found = found_by(Played(first=[page(A, B, numberMatched=3), page(C, numberMatched=3)]))
    assert (ids(found), len(found.skipped)) == (["a", "b"], 1)


def test_nothing_of_what_is_stated_is_the_provider_s_fault():
    text = sentence_by(Played(first=[page(numberMatched=5)]))
    assert "has no scenes of 2022-06" in text
    assert "states 5 items for 2022-06 and sent 0, also when asked again: some may be missing." in text


def test_two_acquisitions_of_one_id_are_told_of_one_catalogue(tmp_path):
    again = item("a", "2022-06-20T10:00:00Z")
    sentence = "Item a of 2022-06-20 has the id of another acquisition in {}, that of 2022-06-10, and was left out."
    query = SceneQuery(AREA, "2022-06", "2022-06", bands=("B04",))
    played = Played(first=[page(A, again, B, A, following=NEXT)], second=[page(A, again)])
    with answering(stac_server(played)) as url:
        found = find_scenes([catalog_of(url)], query, AT_ONCE)
    assert (ids(found), found.n_items) == (["a", "b"], 3)
    assert found.skipped == (sentence.format(url),)
    path = tmp_path / "items.json"
    path.write_text(json.dumps(page(A, A, again)))
    found = find_scenes([catalog_of(str(path))], query)
    assert (ids(found), found.n_items, found.skipped) == (["a"], 2, (sentence.format("items.json"),))
    # What is not asked for takes nobody's place.
    path.write_text(json.dumps(page(item("a", "2022-05-31T10:00:00Z"), A)))
    found = find_scenes([catalog_of(str(path))], query)
    assert ([one.month for one in found.passes], found.skipped) == (["2022-06"], ())


def test_partial_items_are_left_out_with_a_sentence_and_the_rest_is_used():
    def lacking(name, key):
        return {part: value for part, value in item(name).items() if part != key}

    bare = {**item("d"), "assets": {"B04": {"href": "https://example.org/d.tif"}}}
    undated = item("e")
    del undated["properties"]["datetime"]
    partial = [lacking("b", "id"), lacking("c", "geometry"), bare, undated, lacking("f", "properties")]
    found = found_by(Played(first=[page(A, *partial)]))
    assert ids(found) == ["a"]
    assert found.n_items == 6
    assert found.skipped == (
        "An item has no id and was left out.",
        "Item c has no outline and was left out.",
        "Item d has no SCL file and was left out.",
        "Item e has no date and was left out.",
        "Item f does not say its coordinate system (proj:code) and was left out.",
    )


def test_patience_ends():
    number = iter(range(1000))

    def search(_request, url):
        at = next(number)
        return page(item(f"scene-{at}"), following=f"{url}/search?page={at}")

    text = sentence_by(search, Patience(total=0))
    assert text == ("did not send all of its items within 0 s: choose fewer months, or try again later.")
    assert next(number) == 1


def asked_months(request):
    """Return the first month that is asked for, and the one behind the last; a day more is asked for on both sides."""
    first, last = (datetime.fromisoformat(text) for text in json.loads(request.body)["datetime"].split("/"))
    assert (first + timedelta(1)).day == (last - timedelta(1)).day == 1
    return f"{first + timedelta(1):%Y-%m}", f"{last - timedelta(1):%Y-%m}"


def test_long_series_are_searched_in_slices_and_come_in_order():
    """The first slice answers last: the order of the items is that of the months all the same."""
    slices = []
    others = threading.Semaphore(0)

    def search(request, _url):
        first, last = asked_months(request)
        slices.append((first, last))
        if first == "2020-01":
            for _ in range(3):
                assert others.acquire(timeout=60)
        else:
            others.release()
        return page(item(f"in-{first}", f"{first}-05T10:00:00Z"), item(f"at-{last}", f"{last}-01T00:00:00Z"))

    with answering(stac_server(search)) as url:
        months = [f"{year}-{month:02d}" for year in (2020, 2021) for month in range(1, 13)]
        names = [one["id"] for one in api_items(catalog_of(url), AREA, months)]
    starts = ["2020-01", "2020-07", "2021-01", "2021-07"]
    assert sorted(slices) == list(zip(starts, [*starts[1:], "2022-01"], strict=True))
    ends = [*starts[1:], "2022-01"]
    assert names == [
        f"{word}-{month}"
        for pair in zip(starts, ends, strict=True)
        for word, month in zip(("in", "at"), pair, strict=True)
    ]


def test_months_of_the_year_are_slices_of_their_own():
    slices = []

    def search(request, _url):
        slices.append(asked_months(request))
        return page()

    with answering(stac_server(search)) as url:
        assert list(api_items(catalog_of(url), AREA, ["2020-06", "2020-07", "2021-06", "2021-07"])) == []
    assert sorted(slices) == [("2020-06", "2020-08"), ("2021-06", "2021-08")]


def test_nothing_is_lost_between_slices(tmp_path):
    moments = ["2022-06-30T23:59:59.700Z", "2022-07-01T00:00:00Z", "2022-12-31T23:59:59.999Z", "2023-01-01T00:00:00Z"]
    items = [item(name, when) for name, when in zip("abcd", moments, strict=True)]
    with stac_api(tmp_path, items) as url:
        query = SceneQuery(AREA, "2022-01", "2022-12", bands=("B04",))
        found = find_scenes([catalog_of(url)], query)
    assert [scene.id for scene in found.scenes] == ["a", "b", "c"]
    assert found.n_items == 3


def test_a_slice_that_fails_is_the_whole_search_s_failure():
    """No month is passed over in silence."""

    def search(request, _url):
        first, _ = asked_months(request)
        return (400, {}, b"") if first == "2021-01" else page(item(f"in-{first}", f"{first}-05T10:00:00Z"))

    with answering(stac_server(search)) as url, pytest.raises(ProviderError, match=r"refused .*\(status 400\)"):
        find_scenes([catalog_of(url)], SceneQuery(AREA, "2020-01", "2021-12", bands=("B04",)), AT_ONCE)
