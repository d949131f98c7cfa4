"""Step 1: the area, by sample, by file, or typed; drawing is on the map."""

from __future__ import annotations

import asyncio
from functools import partial
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from app.actions import Actions
from app.samples import Sample, demo_samples
from app.settings import AppSettings
from app.state import AppState, assign
from app.views.area_choice import MOST, AreaChoice, options_of
from app.views.styles import PAGE_CSS
from app.views.words import area_words, count, size_words
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.area.formats import VectorContent
from stac_timelapse.area.vector import EXTENSIONS, read_vector
from stac_timelapse.errors import InvalidInputError

_FILES = ",".join(EXTENSIONS)
_KINDS = "KML, KMZ, GeoJSON, GPX, GeoPackage, zipped Shapefile"
_MOST_SENTENCES = 3
_MOST_BYTES = 100_000_000


class WhereStep:
    """The widgets of the first step.

    Parameters
    ----------
    state, actions, settings
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions, settings: AppSettings) -> None:
        self._state = state
        self._actions = actions
        self._limit = settings.max_upload
        wide: dict[str, Any] = {"sizing_mode": "stretch_width"}
        hint = "Draw a box or a polygon on the map, type its coordinates, or upload a file."
        self._hint = pn.pane.HTML(f'<p class="hint">{hint}</p>', stylesheets=[PAGE_CSS], margin=0, **wide)
        self._samples = pn.FlexBox(margin=(0, 0, 8, 0), gap="6px", **wide)
        self._text = pmui.TextInput(
            label="Coordinates",
            placeholder="west, south, east, north · WKT · GeoJSON",
            size="small",
            margin=(4, 0),
            css_classes=["t-coordinates"],
            **wide,
        )
        self._file = pmui.FileInput(
            label="Upload a map file",
            uploaded_label="Upload a map file",  # a file that was refused is not "uploaded"
            accept=_FILES,
            max_file_size=_MOST_BYTES,  # beyond it the widget itself says no; up to it we say why
            variant="outlined",
            size="small",
            margin=(6, 0, 2, 0),
            css_classes=["t-upload"],
            **wide,
        )
        self._note = pn.pane.HTML(
            "", stylesheets=[PAGE_CSS], margin=0, css_classes=["t-area-note"], visible=False, **wide
        )
        self._kinds = pn.pane.HTML(f'<p class="kinds">{_KINDS}</p>', stylesheets=[PAGE_CSS], margin=0, **wide)
        self._choice = AreaChoice(state, actions)
        self.panel = pn.Column(
            self._hint,
            self._samples,
            self._text,
            self._file,
            self._kinds,
            self._choice.panel,
            self._note,
            margin=0,
            **wide,
        )
        self._text.param.watch(self._typed, "value")
        self._file.param.watch(self._uploaded, "value")
        state.param.watch(self._show_samples, "catalog")
        self._show_samples()

    def summary(self) -> str:
        """Return the area's name and size."""
        aoi = self._state.aoi
        if aoi is None:
            return ""
        return f"{escape(aoi.name)} · {area_words(aoi.area_km2)}" if aoi.name else area_words(aoi.area_km2)

    def choose(self, sample: Sample) -> None:
        """Fill in a sample: its area and its dates."""
        self._actions.in_turn(partial(self._fill_in, sample))

    def _chosen(self, sample: Sample, _event: Any) -> None:
        self.choose(sample)

    def _fill_in(self, sample: Sample) -> None:
        assign(self._state, catalog="demo", aoi=sample.aoi, start=sample.start, end=sample.end)
        self.note("")

    def note(self, sentence: str, *, bad: bool = False) -> None:
        """Show a sentence about the area under the inputs; an empty one takes it away."""
        self._note.object = f'<p class="{"bad" if bad else "note"}" role="status">{escape(sentence)}</p>'
        self._note.visible = bool(sentence)

    def _show_samples(self, *_events: Any) -> None:
        chips = []
        for sample in demo_samples() if self._state.catalog == "demo" else ():
            chip = pmui.Chip(
                sample.title, variant="outlined", size="small", icon="place", margin=0, css_classes=["t-sample"]
            )
            chip.on_click(partial(self._chosen, sample))
            chips.append(chip)
        self._samples.objects = chips
        self._samples.visible = bool(chips)

    def _typed(self, event: Any) -> None:
        if event.new.strip():
            self._actions.in_turn(partial(self._parse, event.new))

    def _parse(self, text: str) -> None:
        try:
            assign(self._state, aoi=AreaOfInterest.parse(text))
        except InvalidInputError as error:
            self.note(str(error), bad=True)
        else:
            self.note("")

    async def _uploaded(self, event: Any) -> None:
        content, name = event.new, self._file.filename
        if not content or not name:
            return
        # Else the same file, chosen again, would be no change.
        self._actions.in_turn(self._forget)
        if len(content) > self._limit:
            sentence = f"{name} is larger than {size_words(self._limit)}: simplify it or draw the area."
            self._actions.in_turn(partial(self.note, sentence, bad=True))
            return
        try:
            found = await asyncio.to_thread(read_vector, content, name)
            options = await asyncio.to_thread(options_of, found, name)
        except InvalidInputError as error:
            self._actions.in_turn(partial(self.note, str(error), bad=True))
        else:
            self._actions.in_turn(partial(self._loaded, name, found, options))

    def _forget(self) -> None:
        self._file.value = None

    def _loaded(self, name: str, found: VectorContent, options: dict[str, AreaOfInterest]) -> None:
        aoi = next(iter(options.values()))
        assign(self._state, aoi=aoi)
        self._choice.offer(options)
        more = len(found.skipped) - _MOST_SENTENCES
        sentences = [*found.skipped[:_MOST_SENTENCES], *([f"{more} more things were skipped."] if more > 0 else [])]
        places = f" and {count(len(aoi.places), 'place')}" if aoi.places else ""
        if len(found.areas) > MOST:
            sentences.insert(0, f"The first {MOST} of them can be chosen.")
        size = area_words(aoi.area_km2)
        held = f"an area of {size}" if len(options) == 1 else f"{count(len(found.areas), 'area')} of together {size}"
        self.note(" ".join([f"{name} is loaded: {held}{places}.", *sentences]))
