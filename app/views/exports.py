"""The export buttons: each writes a file in the background and then hands it to the browser over HTTP."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui
import param
from panel.custom import JSComponent

from app.actions import Actions
from app.state import AppState, assign
from app.views.styles import PAGE_CSS
from app.views.words import count, size_words
from stac_timelapse.scenes.periods import PERIODS
from stac_timelapse.script import command_of, python_of

_TITLES = {"gif": "GIF animation", "geotiff": "GeoTIFFs, one a month"}


class Saver(JSComponent):
    """Makes the browser save a file whose address it is given. The click on the button asked for it."""

    url = param.String(default="", doc="Relative to the page.")

    _esm = """
    export function render({model}) {
      const link = document.createElement("a")
      link.hidden = true
      model.on("url", () => {
        if (model.url) {
          link.href = model.url
          link.download = ""
          link.click()
        }
      })
      return link
    }
    """


class Copier(JSComponent):
    """Three buttons that put what makes the series again on the clipboard; it has to happen in the click itself."""

    command = param.String(default="", doc="The command line.")
    python = param.String(default="", doc="The lines of Python.")

    _esm = """
    function copy(text) {
      // Pages without TLS have no clipboard of their own.
      if (navigator.clipboard != null) {
        return navigator.clipboard.writeText(text)
      }
      const area = document.createElement("textarea")
      area.value = text
      document.body.append(area)
      area.select()
      const done = document.execCommand("copy")
      area.remove()
      return done ? Promise.resolve() : Promise.reject(new Error("not copied"))
    }

    export function render({model}) {
      const row = document.createElement("div")
      row.className = "copier"
      // The address says what is shown, but for an area with too many corners.
      const link = () => (location.search ? location.href : "")
      const buttons = [["link", "Copy link"], ["command", "Copy command"], ["python", "Copy Python"]]
      for (const [name, words] of buttons) {
        const button = document.createElement("button")
        button.type = "button"
        button.className = name
        button.textContent = words
        const say = (text) => {
          button.textContent = text
          setTimeout(() => { button.textContent = words }, 1800)
        }
        button.addEventListener("click", () => {
          const text = name === "link" ? link() : model[name]
          if (text) {
            copy(text).then(() => say("Copied"), () => say("Not copied"))
          } else {
            say("Too many corners for a link")
          }
        })
        row.append(button)
      }
      return row
    }
    """


class ExportBar:
    """Two buttons, a switch for what they save, a line of progress, and the files that are ready.

    Parameters
    ----------
    state, actions
        The session's.
    """

    def __init__(self, state: AppState, actions: Actions) -> None:
        self._state = state
        small: dict[str, Any] = {"size": "small", "variant": "outlined", "margin": 0}
        self._gif = pmui.Button(label="Save GIF", icon="gif_box", css_classes=["t-gif"], **small)
        self._zip = pmui.Button(label="Save GeoTIFFs", icon="folder_zip", css_classes=["t-geotiff"], **small)
        self._clip = pmui.Switch(label="Only inside the area", size="small", margin=0, css_classes=["t-clip"])
        self._cancel = pmui.Button(label="Cancel", css_classes=["t-export-cancel"], **{**small, "variant": "text"})
        self._line = pn.pane.HTML(
            "", stylesheets=[PAGE_CSS], margin=0, css_classes=["t-downloads"], sizing_mode="stretch_width"
        )
        self._saver = Saver(width=0, height=0, margin=0)
        self._copier = Copier(stylesheets=[PAGE_CSS], margin=0, css_classes=["t-copy"])
        self._gif.on_click(lambda _event: actions.export("gif"))
        self._zip.on_click(lambda _event: actions.export("geotiff"))
        self._clip.param.watch(lambda event: actions.in_turn(lambda: assign(state, clip=event.new)), "value")
        self._cancel.on_click(lambda _event: actions.cancel())
        self.panel = pn.Row(
            self._gif,
            self._zip,
            self._clip,
            self._line,
            self._cancel,
            self._saver,
            self._copier,
            sizing_mode="stretch_width",
            margin=0,
            css_classes=["t-exports"],
            styles={"gap": "8px", "align-items": "center", "padding": "0 16px 10px"},
            stylesheets=["@media (max-width: 699px) { :host { flex-wrap: wrap; } }"],
        )
        state.param.watch(
            self._show, ["phase", "series", "exporting", "export_share", "export_error", "downloads", "message", "clip"]
        )
        state.param.watch(self._script, ["series", "clip", "hidden"])
        state.param.watch(self._save, "downloads")
        self._show()

    def _show(self, *_events: Any) -> None:
        state = self._state
        able = state.series is not None and bool(state.series.results) and not state.busy and not state.exporting
        self._gif.disabled = self._zip.disabled = self._clip.disabled = not able
        self._clip.value = state.clip
        self._cancel.visible = bool(state.exporting)
        self._line.object = exports_html(state)

    def _script(self, *_events: Any) -> None:
        if self._state.series is not None:
            recipe = self._state.series.as_shown.but(clip=self._state.clip, without=self._state.hidden)
            self._copier.param.update(command=command_of(recipe), python=python_of(recipe))

    def _save(self, *_events: Any) -> None:
        if self._state.downloads:
            self._saver.url = self._state.downloads[0].url


def exports_html(state: AppState) -> str:
    """Return the progress of the export, why it failed, or links to the newest file of each kind."""
    if state.exporting:
        share = f" {state.export_share:.0%}" if state.export_share else ""
        words = state.message or f"Writing the {_TITLES[state.exporting]} …{share}"
        return f'<span class="quiet" role="status">{escape(words)}</span>'
    if state.export_error:
        return f'<span class="bad" role="alert">{escape(state.export_error)}</span>'
    if state.busy and state.series is not None:
        return '<span class="quiet">Saving is possible when the build is done.</span>'
    series = state.series
    some = ""
    if series is not None and series.results and not series.complete:
        what = count(len(series.months), PERIODS[series.recipe.period].noun)
        words = f"{len(series.results)} of {what} are built and can be saved."
        some = f'<span class="quiet">{words}</span>'
    newest = {one.kind: one for one in reversed(state.downloads)}
    inside = {one: "inside the area, " if "_clipped" in one.name else "" for one in newest.values()}
    links = "".join(
        f'<a class="file" href="{escape(one.url)}" download title="{escape(one.name)}">'
        f"{_TITLES[one.kind]} <small>{inside[one]}{size_words(one.size)}</small></a>"
        for one in newest.values()
    )
    return f'{some}<span class="files">{links}</span>'
