import pytest
from bokeh.document import Document
from bokeh.models import Div

from app.page_updates import together


def page():
    document = Document()
    div = Div(text="before")
    document.add_root(div)
    sent, heard = [], []
    document.on_change(lambda event: sent.append((event.attr, event.new)))
    div.on_change("text", lambda _attr, _old, new: heard.append(new))
    return document, div, sent, heard


def test_what_changes_together_is_sent_at_the_end_in_order_and_once():
    document, div, sent, _ = page()
    with together(document):
        div.text = "one"
        div.visible = False
        with together(document):
            div.text = "two"
        assert sent == []
    assert sent == [("text", "two"), ("visible", False)]
    div.text = "three"
    assert sent[-1] == ("text", "three")


def test_our_own_changes_are_not_taken_for_the_visitors():
    document, div, _, heard = page()
    with together(document):
        div.text = "ours"
    assert heard == []
    div.text = "the visitor's"
    assert heard == ["the visitor's"]


def test_what_was_changed_before_an_error_is_sent():
    document, div, sent, _ = page()

    def change():
        with together(document):
            div.text = "one"
            raise KeyError

    with pytest.raises(KeyError):
        change()
    assert sent == [("text", "one")]
    assert document.callbacks.hold_value is None
