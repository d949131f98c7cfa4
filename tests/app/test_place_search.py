"""What the search for places answers, offline and with a geocoder that is played."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from app import geocoder
from app.place_search import PlaceSearch, find_places
from app.results import PlaceAnswer
from app.settings import AppSettings
from app.state import AppState
from stac_timelapse.errors import InvalidInputError

HUT = {
    "display_name": "Blue Hut, North Valley, Alpia",
    "lat": "46.5",
    "lon": "7.9",
    "boundingbox": ["46.4", "46.6", "7.8", "8.0"],
    "addresstype": "alpine_hut",
    "licence": "Data © the mappers",
}


class Online:
    """A geocoder on this machine that says what it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.body = json.dumps([HUT]).encode()
        self.waits: threading.Event | None = None
        online = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                online.asked.append(parse_qs(urlsplit(self.path).query)["q"][0])
                if online.waits is not None:
                    online.waits.wait(20)
                self.send_response(online.status)
                self.send_header("Content-Length", str(len(online.body)))
                self.end_headers()
                self.wfile.write(online.body)

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        self.address = f"http://127.0.0.1:{self.server.server_port}/search?key=s3cret&q={{query}}&format=json"


@pytest.fixture
def online() -> Iterator[Online]:
    online = Online()
    yield online
    if online.waits is not None:
        online.waits.set()
    online.server.shutdown()
    online.thread.join()
    online.server.server_close()


class Visit:
    """One session's search; what a job answers is applied at once."""

    def __init__(self) -> None:
        self.state = AppState(catalog="planetary-computer")
        self.search = PlaceSearch(self.state, lambda change: change())

    def answer(self, ask: Callable[[], None]) -> PlaceAnswer:
        """Ask and wait until the state holds the answer."""
        told = threading.Event()
        watcher = self.state.param.watch(lambda _event: told.set(), "places")
        ask()
        assert told.wait(20)
        self.state.param.unwatch(watcher)
        assert isinstance(self.state.places, PlaceAnswer)
        return self.state.places


@pytest.fixture
def visit() -> Iterator[Visit]:
    visit = Visit()
    yield visit
    visit.search.close()


def test_coordinates_are_sure_and_names_are_a_choice():
    answer = find_places("46.5 7.9", demo=False)
    assert answer.sure
    assert answer.sentence == "46.5000° N, 7.9000° E (taken as latitude, longitude)"
    west, south, east, north = answer.places[0].bbox
    assert (west + east) / 2 == pytest.approx(7.9)
    assert (south + north) / 2 == pytest.approx(46.5)
    towns = find_places("maribor", demo=False)
    assert not towns.sure
    assert {(place.name, place.kind) for place in towns.places} == {("Maribor", "region"), ("Maribor", "town")}
    assert "GeoNames" in towns.credit


def test_the_demos_places_belong_to_the_demo():
    first = find_places("FIRE", demo=True).places[0]
    assert (first.name, first.kind) == ("Forest fire", "sample")
    assert all(one.kind != "sample" for one in find_places("fire", demo=False).places)


def test_an_error_is_an_answer_and_an_empty_text_is_none(visit):
    answer = visit.answer(lambda: visit.search.find("95 100"))
    assert answer.bad
    assert answer.places == ()
    assert answer.sentence == "95 is no latitude: it goes from -90 to 90 degrees."
    visit.search.find("  ")
    assert visit.state.places is None


def test_a_geocoder_is_asked_and_comes_first(visit, online):
    answer = visit.answer(lambda: visit.search.find("bern & hütte", online.address))
    assert online.asked == ["bern & hütte"]
    first = answer.places[0]
    assert (first.name, first.kind, first.where) == ("Blue Hut", "alpine hut", "North Valley, Alpia")
    assert (first.lon, first.lat, first.bbox) == (7.9, 46.5, (7.8, 46.4, 8.0, 46.6))
    assert answer.credit.startswith("Data © the mappers")


def test_a_geocoder_is_not_asked_for_coordinates(visit, online):
    assert visit.answer(lambda: visit.search.find("46.5, 7.9", online.address)).sure
    assert online.asked == []


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (503, b"[]", "503"),
        (302, b"", "no JSON"),
        (200, b"<html>", "no JSON"),
        (200, b'{"error": "no"}', "no list of places"),
        (200, b'[{"name": "Bern"}]', "display_name"),
        (200, b'[{"display_name": "Bern", "lat": "1000", "lon": "7"}]', "outside the world"),
        (200, b"[" + b" " * 2_100_000 + b"]", "too long"),
    ],
)
def test_a_geocoder_that_fails_is_said_and_the_offline_places_stay(visit, online, status, body, words):
    online.status, online.body = status, body
    answer = visit.answer(lambda: visit.search.find("maribor", online.address))
    assert answer.bad
    assert words in answer.sentence
    assert answer.sentence.startswith("127.0.0.1 could not be asked")
    assert "s3cret" not in answer.sentence
    assert "Maribor" in {place.name for place in answer.places}


def test_a_geocoder_that_is_silent_is_given_up(visit, online, monkeypatch):
    monkeypatch.setattr(geocoder, "_SECONDS", 0.2)
    online.waits = threading.Event()
    answer = visit.answer(lambda: visit.search.find("maribor", online.address))
    assert "did not answer within" in answer.sentence
    assert answer.places


def test_the_answer_to_an_older_text_is_dropped(visit, online):
    online.waits = threading.Event()
    visit.search.find("first", online.address)
    end = time.monotonic() + 20
    while not online.asked:
        assert time.monotonic() < end
        threading.Event().wait(0.01)
    answer = visit.answer(lambda: visit.search.find("maribor"))
    online.waits.set()
    for thread in [one for one in threading.enumerate() if one.name.startswith("place-")]:
        thread.join(20)
    assert visit.state.places is answer
    assert answer.text == "maribor"


def test_an_operator_names_the_geocoder():
    name = "STAC_TIMELAPSE_GEOCODER"
    address = "https://nominatim.example.org/search?q={query}&format=json"
    assert AppSettings.from_environment({}).geocoder == ""
    assert AppSettings.from_environment({name: address}).geocoder == address
    for wrong in ("nominatim.example.org/{query}", "https://nominatim.example.org/search", "file:///etc/{query}"):
        with pytest.raises(InvalidInputError, match=name):
            AppSettings.from_environment({name: wrong})
