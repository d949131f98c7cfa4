"""One plain sentence about every control that Panel's widgets draw; our own components say theirs themselves."""

from __future__ import annotations

import param
from panel.custom import JSComponent

from app.views.styles import script

#: Class of a widget -> what it is for.
HELP = {
    "t-coordinates": "Type west, south, east, north in degrees, or paste WKT or GeoJSON, then press Enter.",
    "t-upload": "Take the area from a file: KML, KMZ, GeoJSON, GPX, GeoPackage or zipped Shapefile.",
    "t-area-choice": "The file holds several areas: choose the one you want.",
    "t-sample": "Choose this example: its area and its dates are filled in.",
    "t-catalog": "Who is asked for pictures. Two together find more, for each lacks some.",
    "t-address": "The address of a STAC catalogue with Sentinel-2 scenes.",
    "t-from-month": "The first month.",
    "t-from-year": "The year of the first month.",
    "t-to-month": "The last month.",
    "t-to-year": "The year of the last month.",
    "t-of-year": "Untick months that should not count in any year.",
    "t-period": "How much time one picture covers.",
    "t-cloud": "Passes are left out when more of your area than this was hidden by cloud.",
    "t-preset": "What the pictures show: natural colours, plants, water, burnt ground and more.",
    "t-resolution": "Size of a pixel on the ground. Smaller shows more and takes longer.",
    "t-index": "Find an index by its name or its purpose; choosing one fills in its formula.",
    "t-formula": "Bands such as B08, numbers and + - * /; Enter applies it.",
    "t-method": "How the clear passes of a month become one picture.",
    "t-gaps": "What is shown where every pass of the month was cloudy.",
    "t-clear": "Pixels of the ticked classes are used, all others count as hidden.",
    "t-usual": "Tick the classes that are usually clear.",
    "t-opening": "Specks smaller than this are no clouds.",
    "t-dilate": "Also leave out what is nearer than this to a cloud.",
    "t-rescue": "Keep roofs and beaches that are taken for cloud again and again.",
    "t-palette": "Colours from low to high values.",
    "t-stretch": "Which values are shown darkest and brightest, in all months alike.",
    "t-low-red": "This value and all below are shown darkest.",
    "t-low-green": "This value and all below are shown darkest.",
    "t-low-blue": "This value and all below are shown darkest.",
    "t-high-red": "This value and all above are shown brightest.",
    "t-high-green": "This value and all above are shown brightest.",
    "t-high-blue": "This value and all above are shown brightest.",
    "t-gamma": "More brightens what lies between dark and bright, less darkens it.",
    "t-even": "Take out what light and haze do to whole months; it changes the picture, not the data.",
    "t-automatic": "Let brightness and colours be chosen for you again.",
    "t-step-where": "Show or hide this step.",
    "t-step-when": "Show or hide this step.",
    "t-step-how": "Show or hide this step.",
    "t-step-build": "Show or hide what was found.",
    "t-advanced": "Show or hide these settings.",
    "t-show-passes": "List every pass, to leave one out or take one in.",
    "t-passes": "Untick a pass to leave it out. Its outline is shown on the map.",
    "t-search": "Find what the satellites saw of your area. No picture is read yet.",
    "t-build": "Read the clear pixels and make one picture of each month.",
    "t-cancel": "Stop now; what is finished stays.",
    "t-gif": "Save the months as an animation for slides and posts.",
    "t-geotiff": "Save every month as a map file with its measured values, in one ZIP.",
    "t-clip": "Leave out of what is saved all that lies outside your area.",
    "t-export-cancel": "Stop writing this file.",
    "t-lab-pass": "The pass that is shown before and after the cloud mask.",
    "t-try": "Fill in this place and its dates, ready to search.",
    "t-take-tour": "See in six short stops how it works.",
    "t-dismiss": "Put this card away.",
    "t-tabs": "Switch between the map, the months and the cloud mask.",
    "t-remedy": "Do what the sentence above proposes.",
    "t-answer": "Do what the sentence above proposes.",
    "t-close": "Put this message away.",
}
#: Of the buttons that the page's frame draws, by what they are called.
FRAME = {
    "Open drawer": "Show the steps.",
    "Close drawer": "Hide the steps, for a larger map.",
    "Toggle theme": "Light or dark page.",
}


class Help(JSComponent):
    """Gives each control its sentence: a tip under the mouse, a description for whoever listens; it shows nothing."""

    sentences = param.Dict(default=HELP, doc="Class of a widget -> its sentence.")
    frame = param.Dict(default=FRAME, doc="Name of a button of the page's frame -> its sentence.")

    _esm = script("dom.js", "help.js")

    def __init__(self) -> None:
        super().__init__(width=0, height=0, margin=0)  # type: ignore[no-untyped-call]
