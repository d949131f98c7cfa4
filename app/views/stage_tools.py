"""What floats above the series: scale bar, zoom, full screen, opacity."""

from __future__ import annotations

from pathlib import Path

import param
from panel.custom import JSComponent

from app.views.graticule import MARGIN
from app.views.styles import ASSETS, script

_MEASURE = Path(__file__).parent / "map_measure.js"
_CSS = (ASSETS / "stage_tools.css").read_text(encoding="utf-8")
#: Beside and above the degrees at the figure's edge.
_PLACE = {
    "position": "absolute",
    "left": f"{MARGIN}px",
    "top": "0",
    "width": f"calc(100% - {MARGIN}px)",
    "height": f"calc(100% - {MARGIN}px)",
    "z-index": "4",
}


class StageTools(JSComponent):
    """The controls; all they do they do in the browser."""

    figure = param.String(default="", doc="Name of the figure that shows the months.")

    _esm = "\n".join((_MEASURE.read_text(encoding="utf-8"), script("dom.js", "stage_tools.js")))

    def __init__(self) -> None:
        super().__init__(stylesheets=[_CSS], styles=_PLACE, css_classes=["t-stage-tools"], margin=0)  # type: ignore[no-untyped-call]
