"""Sessions that are made before their visitors come: one each, of today, and never a page of an error."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.server.contexts import ApplicationContext
from panel.io.state import set_curdoc
from session_world import PlayedEngine
from tornado.ioloop import IOLoop

from app import session, spare
from stac_timelapse.errors import InvalidInputError


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("STAC_TIMELAPSE_WORK", str(tmp_path / "work"))
    session.settings.cache_clear()
    yield lambda: PlayedEngine(tmp_path)
    session.settings.cache_clear()


def told(story, make_engine):
    """Run a story with an application whose pages are the dashboard's."""

    def page(document):
        with set_curdoc(document):
            session.open_session(make_engine)

    async def run():
        context = ApplicationContext(Application(FunctionHandler(page)), io_loop=IOLoop.current())
        await story(context, spare.Spares())

    asyncio.run(run())


async def until(condition):
    for _ in range(600):
        if found := condition():
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("timed out")


def test_a_session_is_made_once_and_given_to_one_visitor(world, monkeypatch):
    monkeypatch.setattr(spare, "_GRACE_SECONDS", 0.0)

    async def story(context, spares):
        spares.prepare(context, seconds=0)
        spares.prepare(context, seconds=0)  # somebody else came meanwhile
        ready = await until(lambda: spares.take(context))
        assert list(context.sessions) == [ready]
        assert session.is_page(ready.document)
        assert ready.document.roots
        assert spares.take(context) is None
        await until(lambda: not ready.expiration_blocked)  # it ends like any other from now on

    told(story, world)


def test_a_page_of_yesterday_is_given_to_nobody(world, monkeypatch):
    monkeypatch.setattr(spare, "_GRACE_SECONDS", 0.0)

    async def story(context, spares):
        spares.prepare(context, seconds=0)
        made = await until(lambda: list(context.sessions))
        tomorrow = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
        await until(lambda: made[0].expiration_blocked)
        monkeypatch.setattr(spare, "_today", lambda: tomorrow)
        assert spares.take(context) is None
        await until(lambda: not made[0].expiration_blocked)

    told(story, world)


@pytest.mark.usefixtures("world")
def test_a_page_that_could_not_be_made_is_given_to_nobody(caplog):
    def broken():
        raise InvalidInputError("The workers are gone.")

    async def story(context, spares):
        spares.prepare(context, seconds=0)
        await until(lambda: "made beforehand failed" in caplog.text)
        assert spares.take(context) is None

    told(story, broken)
