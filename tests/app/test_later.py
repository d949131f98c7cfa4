"""What the browser gets at once, and what only when it is to be seen."""

import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

from app.settings import AppSettings
from app.views.page import PageView


@pytest.fixture
def sent(desk, tmp_path):
    """Return a page, and a function that tells which of our names the browser knows."""
    document = Document()
    with set_curdoc(document):
        view = PageView(desk.state, desk.actions, AppSettings(tmp_path, tmp_path))
        view.page().server_doc(document)

        def names():
            return {name for model in document.models for name in getattr(model, "css_classes", ()) if "t-" in name}

        yield view, names


def test_what_nobody_sees_yet_is_sent_when_it_is_first_to_be_seen(desk, sent):
    view, names = sent
    first = names()
    assert first >= {
        "t-step-where",
        "t-coordinates",
        "t-step-when",
        "t-step-how",
        "t-search",
        "t-tabs",
        "t-state",
        "t-player",
    }
    later = {
        "search": {"t-cancel", "t-progress"},
        "found": {"t-found", "t-cost", "t-show-passes", "t-build"},
        "series": {"t-exports", "t-gif"},
        "how": {"t-preset", "t-resolution", "t-advanced"},
        "lab": {"t-lab", "t-lab-pass"},
        "trouble": {"t-notice", "t-remedy", "t-answer"},
    }
    for some in later.values():
        assert not first & some
    desk.search()
    desk.wait(lambda: names() >= later["search"] | later["found"])
    assert not names() & (later["series"] | later["how"] | later["lab"] | later["trouble"])
    desk.build()
    desk.wait(lambda: names() >= later["series"])
    view.sidebar._steps[2].card.collapsed = False
    assert names() >= later["how"]
    view.sidebar._steps[2].card.collapsed = True
    assert names() >= later["how"]  # it stays
    view._tabs.active = 2
    assert names() >= later["lab"]
    desk.state.param.update(phase="no_scenes", message="No scene.")
    assert names() >= later["trouble"]
