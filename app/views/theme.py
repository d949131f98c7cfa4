"""Light or dark: the page's colours, and what remembers the choice in the browser."""

from __future__ import annotations

from panel.custom import JSComponent

from app.views.styles import ASSETS, script

ACCENT, _DEEP = "#0f766e", "#12383a"
_SHAPE = {
    "shape": {"borderRadius": 8},
    "typography": {
        "fontSize": 13,
        "body1": {"fontSize": "14px"},
        "button": {"textTransform": "none", "fontWeight": 500},
    },
}
#: Of the widgets; what is our own follows assets/theme.css.
THEME = {
    "light": {
        "palette": {"primary": {"main": ACCENT}, "text": {"primary": "#17282b", "secondary": "#52666a"}},
        **_SHAPE,
    },
    "dark": {
        "palette": {
            "primary": {"main": "#45b3a7"},
            "text": {"primary": "#e4ecee", "secondary": "#a9babd"},
            "background": {"default": "#141b1e", "paper": "#1a2326"},
        },
        **_SHAPE,
    },
}
#: Colours of all that is our own.
THEME_CSS = (ASSETS / "theme.css").read_text(encoding="utf-8")
#: Of the page's own parts.
PAGE_STYLE = {
    "& .header": {"backgroundColor": _DEEP, "backgroundImage": "none", "color": "#fff", "boxShadow": "none"},
    "& .header .title": {"fontSize": "19px", "fontWeight": 500, "letterSpacing": "0.2px"},
    # It has no name, and each part of the page tells what it is doing.
    "& .header .MuiLinearProgress-root": {"display": "none"},
    "& .MuiToolbar-root": {"minHeight": "52px !important"},
}

#: What the keyboard goes to is not left behind the page's head or the buttons at the sidebar's foot.
SIDEBAR_CSS = ".sidebar { scroll-padding: 60px 0 130px; }"


class ThemeKeeper(JSComponent):
    """Lets the page be as dark as the browser was told the last time, or as its system is; it shows nothing."""

    _esm = script("dom.js", "theme.js")
