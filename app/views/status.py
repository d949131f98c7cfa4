"""The picture of every state of the page: what is going on, in one sentence, and what to do next."""

from __future__ import annotations

from html import escape

from app.state import AppState
from stac_timelapse.scenes.periods import words_of

_ART = {
    "idle": '<rect x="14" y="20" width="52" height="40" rx="6"/><path d="M14 48l14-13 11 9 10-8 17 14"/>'
    '<circle cx="52" cy="32" r="4"/>',
    "searching": '<circle cx="35" cy="36" r="17"/><path d="M47.5 48.5L64 65"/>'
    '<path d="M26 36a9 9 0 019-9" class="soft"/>',
    "found": '<rect x="14" y="18" width="52" height="46" rx="6"/><path d="M14 32h52M28 12v12M52 12v12"/>'
    '<path d="M29 48l7.5 7L52 41"/>',
    "no_scenes": '<circle cx="40" cy="40" r="25"/>'
    '<path d="M15 40h50M40 15c9 8 9 42 0 50M40 15c-9 8-9 42 0 50" class="soft"/>'
    '<path d="M21 59L59 21"/>',
    "all_cloudy": '<path d="M24 56h30a12 12 0 001-24 17 17 0 00-33-2 13 13 0 002 26z"/>'
    '<path d="M28 66h8M44 66h8" class="soft"/>',
    "building": '<path d="M40 14l26 13-26 13-26-13z"/><path d="M14 40l26 13 26-13M14 53l26 13 26-13" class="soft"/>',
    "failed": '<path d="M40 16l27 47H13z"/><path d="M40 34v14M40 54.5v1"/>',
    "cancelled": '<circle cx="40" cy="40" r="25"/><path d="M32 31v18M48 31v18"/>',
}
_ART["refused"] = _ART["failed"]
_TITLES = {
    "idle": "No timelapse yet",
    "searching": "Searching",
    "found": "Ready to build",
    "no_scenes": "No scenes here",
    "all_cloudy": "All of it is cloudy",
    "building": "Building the first month",
    "refused": "One thing to change first",
    "failed": "That did not work",
    "cancelled": "Cancelled",
}
_WORDS = {
    "idle": "Choose an area and dates on the left, then search. The months appear here, ready to play.",
    "searching": "Asking the catalogue which satellite passes saw your area.",
    "found": "The passes are found and no band has been read yet. Press Build to make the monthly pictures.",
    "building": "Clouds are masked pixel by pixel, then each month becomes one picture. "
    "It plays as soon as one is ready.",
    "cancelled": "Nothing you chose is lost. Press Build to go on.",
}
#: Phases that are told on the map too, because they need an answer.
TROUBLE = ("no_scenes", "all_cloudy", "refused", "failed")


#: Phases in which nothing is built yet and nothing else has to be read first.
_BEFORE = ("idle", "found")
_COMING = (
    ("play", "Play the months", "Drag, step or play; compare two of them side by side."),
    ("look", "Look closer", "Click the picture: every pass behind that pixel, and a chart."),
    ("save", "Take it away", "GIF and GeoTIFFs, a link, the command that builds it again."),
)
_COMING_ART = {
    "play": '<path d="M7 5v14l11-7z"/>',
    "look": '<circle cx="11" cy="11" r="6"/><path d="m15.5 15.5 5 5M11 8.5v5M8.5 11h5"/>',
    "save": '<path d="M12 4v11M7.5 11l4.5 4.5L16.5 11M5 20h14"/>',
}


#: What the one button of a state says.
REMEDIES = {
    "no_scenes": "Choose another area",
    "all_cloudy": "Allow any cloud cover",
    "refused": "OK",
    "failed": "Try again",
    "cancelled": "Build the rest",
}


def art(phase: str) -> str:
    """Return the drawing of a phase as inline SVG."""
    moving = " moving" if phase in {"searching", "building"} else ""
    return f'<svg class="art{moving}" viewBox="0 0 80 80" aria-hidden="true">{_ART[phase]}</svg>'


def title(state: AppState) -> str:
    """Return the headline of the present state."""
    return _TITLES.get(state.phase, "")


def words(state: AppState) -> str:
    """Return the sentence of the present state."""
    if state.phase in TROUBLE and state.message:
        return state.message.replace(" %", "\N{NO-BREAK SPACE}%")
    if state.phase == "cancelled" and state.series is not None:
        return "The months that were finished are kept. Press Build to go on with the others."
    return _WORDS.get(state.phase, state.message)


def stage_html(state: AppState) -> str:
    """Return the full-size picture of a state that has no month to show, with what there will be before a build."""
    return (
        f'<div class="stage {state.phase}"><div role="status">{art(state.phase)}<h2>{title(state)}</h2>'
        f"<p>{escape(words(state))}</p></div>{_coming_html() if state.phase in _BEFORE else ''}</div>"
    )


def _coming_html() -> str:
    items = "".join(
        f'<li class="{name}"><svg viewBox="0 0 24 24" aria-hidden="true">{_COMING_ART[name]}</svg>'
        f"<b>{head}</b><span>{text}</span></li>"
        for name, head, text in _COMING
    )
    return f'<ul class="coming" aria-label="What you can do then">{items}</ul>'


def notice_html(state: AppState) -> str:
    """Return the same as a notice that floats over the map."""
    return (
        f'<div class="notice {state.phase}" role="alert">{art(state.phase)}<div><h3>{title(state)}</h3>'
        f"<p>{escape(words(state))}</p></div></div>"
    )


def outdated_html(state: AppState) -> str:
    """Return one line over a series that is not what the present choices would give, or nothing."""
    series = state.series
    if series is None or not state.is_outdated:
        return ""
    if state.phase == "building":
        todo = "The new one takes its place with its first month."
    else:
        todo = f"{'Build' if state.is_current else 'Search and build'} to replace it."
    name = f"{escape(series.recipe.aoi.name)}, " if series.recipe.aoi.name else ""
    dates = f"{words_of(series.recipe.start)} to {words_of(series.recipe.end)}"
    return (
        f'<div class="outdated" role="status">This is the timelapse from before your last change: {name}{dates}. '
        f"{todo}</div>"
    )
