"""Places by name or coordinates: what was typed becomes what can be shown on the map, in the background."""

from __future__ import annotations

import math

from app.geocoder import geocode
from app.jobs import Job, JobRunner, Post
from app.results import FoundPlace, PlaceAnswer
from app.samples import demo_samples
from app.state import AppState, assign
from stac_timelapse.area.gazetteer import CREDIT, Gazetteer, NamedPlace, folded
from stac_timelapse.area.position import Position, parse_position
from stac_timelapse.errors import ProviderError, TimelapseError

_MOST = 8
_LONGEST = 200
#: Half the height in degrees of what is shown around a point.
_AROUND = 0.05


class PlaceSearch:
    """The search for places of one session. It has jobs of its own: neither a search nor a build is disturbed.

    Parameters
    ----------
    state
        Its catalogue says whether the demo's places are found; `AppState.places` holds the answer.
    post
        See `JobRunner`.
    """

    def __init__(self, state: AppState, post: Post) -> None:
        self._state = state
        self._jobs = JobRunner(post)

    def find(self, text: str, geocoder: str = "") -> None:
        """Look for what was typed; the answer to an older text is dropped.

        Parameters
        ----------
        text
            Coordinates or a name.
        geocoder
            Address of a geocoder that is asked as well.
        """
        text, demo = text.strip()[:_LONGEST], self._state.catalog == "demo"
        if text:
            self._jobs.start(
                "place",
                lambda job: self._find(job, text, geocoder, demo=demo),
                on_error=lambda sentence, error: self._failed(text, sentence, error),
            )
        else:
            self._jobs.drop()
            assign(self._state, places=None)

    def close(self) -> None:
        """End with the session."""
        self._jobs.close()

    def _find(self, job: Job, text: str, geocoder: str, *, demo: bool) -> None:
        answer = find_places(text, demo=demo)
        if geocoder and not answer.sure:
            answer = _with_online(answer, geocoder)
        self._jobs.tell(job, self._tell, answer)

    def _failed(self, text: str, sentence: str, _error: TimelapseError | None) -> None:
        self._tell(PlaceAnswer(text, sentence=sentence, bad=True))

    def _tell(self, answer: PlaceAnswer) -> None:
        self._state.places = answer  # told even if it is equal to the one before: the field waits for it


def find_places(text: str, *, demo: bool) -> PlaceAnswer:
    """Return what a text means, without a network.

    Parameters
    ----------
    text
        Coordinates or a name.
    demo
        Whether the places of the demo landscape are among them.

    Raises
    ------
    InvalidInputError
        If it is coordinates, but of no place.
    """
    position = parse_position(text)
    if position is not None:
        words = f"{position.words} ({position.reading})" if position.reading else position.words
        return PlaceAnswer(text, (_placed(position, text),), words, sure=True)
    key = folded(text)
    samples = [
        FoundPlace(one.title, "sample", "Demo landscape", *one.aoi.center, one.aoi.bbox)
        for one in (demo_samples() if demo else ())
        if key and any(folded(one.title)[at:].startswith(key) for at in _words_of(folded(one.title)))
    ]
    named = [_found(place) for place in Gazetteer.usual().find(text, _MOST - len(samples))]
    sentence = (
        ""
        if samples or named
        else f"Nothing is called {text!r} here: try its English or local name, or type coordinates."
    )
    return PlaceAnswer(text, (*samples, *named), sentence, credit=CREDIT if named else "")


def _with_online(answer: PlaceAnswer, geocoder: str) -> PlaceAnswer:
    """Put what a geocoder found first; where it cannot be asked that is said, and the rest stays."""
    try:
        online, credit = geocode(geocoder, answer.text)
    except ProviderError as error:
        return PlaceAnswer(answer.text, answer.places, str(error), bad=True, credit=answer.credit)
    if not online:
        return answer
    lines = ". ".join(line for line in (credit, answer.credit) if line)
    return PlaceAnswer(answer.text, (*online, *answer.places)[:_MOST], credit=lines)


def _words_of(text: str) -> list[int]:
    """Return where the words of a text begin."""
    return [at for at in range(len(text)) if at == 0 or text[at - 1] == " "]


def _found(place: NamedPlace) -> FoundPlace:
    return FoundPlace(place.name, place.kind, place.where, place.lon, place.lat, place.bbox)


def _placed(position: Position, text: str) -> FoundPlace:
    across = _AROUND / max(math.cos(math.radians(position.lat)), _AROUND)
    around = position.lon - across, position.lat - _AROUND, position.lon + across, position.lat + _AROUND
    name = position.words if position.bbox is None else text.upper()
    bbox = position.bbox or around
    return FoundPlace(name, "coordinates", position.reading, position.lon, position.lat, bbox)
