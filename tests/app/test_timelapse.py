"""What the page makes of where the player's slider comes to rest."""

from __future__ import annotations

import asyncio

from app.views.timelapse import TimelapseView


def test_a_late_answer_does_not_pull_the_slider_back(desk):
    view = TimelapseView(desk.state, desk.actions, "http://127.0.0.1/{z}/{x}/{y}.png")
    desk.search()
    desk.build()
    sent = []
    view.player.param.watch(lambda event: sent.append(event.new), "current")
    desk.late = []

    def answers():
        return sum("_rest" in turn.__qualname__ for turn in desk.late)

    async def two_rests():
        for asked, month in ((2, "2022-06"), (4, "2022-07")):
            # The browser says both: where the slider is, and that it rests there.
            view.player.param.update(current=month, rested=month)
            await asyncio.to_thread(desk.wait, lambda asked=asked: answers() >= asked)

    asyncio.run(two_rests())
    turns, desk.late = desk.late, None
    for turn in turns:
        desk.post(turn)
    assert sent == ["2022-06", "2022-07"]  # the browser's own words
    assert desk.state.current == view.player.value == "2022-07"

    desk.actions.show("2022-05")  # a link
    assert view.player.current == "2022-05"


def test_two_buttons_that_are_clicked_at_once_unfold_both(desk):
    view = TimelapseView(desk.state, desk.actions, "http://127.0.0.1/{z}/{x}/{y}.png")
    desk.search()
    desk.build()
    view.film.strip.param.update(chart=True, changes=True)
    assert desk.state.chart_open
    assert desk.state.changes_open
    view.film.strip.param.update(chart=False, changes=False)
    assert not desk.state.chart_open
    assert not desk.state.changes_open
