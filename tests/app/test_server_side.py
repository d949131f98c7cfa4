"""Settings, session files and their routes, and the page that says why there is no page."""

from __future__ import annotations

import os
import subprocess
import sys
from http import HTTPStatus

import pytest
from tornado.testing import AsyncHTTPTestCase
from tornado.web import Application

from app import session
from app.engine import LibraryEngine
from app.routes import routes
from app.settings import AppSettings
from app.views.draw_tools import offered_basemaps
from app.workspace import Workspace, find_file, sweep
from stac_timelapse.area.aoi import AreaOfInterest
from stac_timelapse.errors import InvalidInputError
from stac_timelapse.recipe import Recipe


def test_settings_come_from_the_environment():
    chosen = AppSettings.from_environment(
        {
            "STAC_TIMELAPSE_CATALOGS": "earth-search, demo",
            "STAC_TIMELAPSE_DASK": "tcp://127.0.0.1:8786",
            "STAC_TIMELAPSE_ANY_CATALOG": "yes",
            "STAC_TIMELAPSE_MAX_PIXELS": "1000000",
        }
    )
    assert chosen.catalogs == ("earth-search", "demo")
    assert (chosen.dask_address, chosen.any_catalog, chosen.max_pixels) == ("tcp://127.0.0.1:8786", True, 1_000_000)
    assert not chosen.web_basemaps


@pytest.mark.parametrize(
    ("name", "value"),
    [("CATALOGS", "demo,nowhere"), ("MAX_PIXELS", "many"), ("MAX_UPLOAD", "0"), ("WEB_BASEMAPS", "perhaps")],
)
def test_a_setting_that_cannot_be_used_is_named(name, value):
    with pytest.raises(InvalidInputError, match=f"STAC_TIMELAPSE_{name}"):
        AppSettings.from_environment({f"STAC_TIMELAPSE_{name}": value})


def test_tiles_of_the_operator_s_own_are_offered_first():
    name = "STAC_TIMELAPSE_BASEMAP"
    values = {name: "https://tiles.example.org/{z}/{x}/{y}.png?key=1", f"{name}_ATTRIBUTION": "Land survey"}
    chosen = AppSettings.from_environment(values)
    [(key, own)] = offered_basemaps(chosen).items()
    assert (key, own.title, own.attribution) == ("own", "tiles.example.org", "Land survey")
    assert own.url == "https://tiles.example.org/{Z}/{X}/{Y}.png?key=1"
    both = AppSettings.from_environment({**values, f"{name}_TITLE": "Ours", "STAC_TIMELAPSE_WEB_BASEMAPS": "yes"})
    assert [one.title for one in offered_basemaps(both).values()] == ["Ours", "OpenStreetMap", "Satellite picture"]
    assert offered_basemaps(AppSettings.from_environment({})) == {}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"": "https://tiles.example.org/{z}/{x}.png", "_ATTRIBUTION": "Us"}, "BASEMAP is .* write an http"),
        ({"": "ftp://tiles.example.org/{z}/{x}/{y}.png", "_ATTRIBUTION": "Us"}, "BASEMAP is .* write an http"),
        ({"": "https://tiles.example.org/{z}/{x}/{y}.png"}, "BASEMAP_ATTRIBUTION is empty: write whom to credit"),
        ({"_TITLE": "Ours"}, "BASEMAP_TITLE is 'Ours', but there is no STAC_TIMELAPSE_BASEMAP"),
    ],
)
def test_tiles_that_cannot_be_offered_are_refused_in_one_sentence(values, words):
    with pytest.raises(InvalidInputError, match=words):
        AppSettings.from_environment({f"STAC_TIMELAPSE_BASEMAP{name}": value for name, value in values.items()})


def recipe(catalog):
    return Recipe(catalog, AreaOfInterest.from_bbox(15, 46, 15.1, 46.1), "2022-01", "2022-02")


def test_the_engine_serves_only_what_the_operator_offers(tmp_path):
    closed = LibraryEngine(AppSettings(tmp_path, tmp_path, catalogs=("demo",)))
    closed.check(recipe("demo"))
    for other in ("earth-search", "https://stac.example/api", str(tmp_path)):
        with pytest.raises(InvalidInputError, match="is not offered here"):
            closed.check(recipe(other))
    opened = LibraryEngine(AppSettings(tmp_path, tmp_path, catalogs=("demo",), any_catalog=True))
    opened.check(recipe("https://stac.example/api"))
    with pytest.raises(InvalidInputError, match="is not the address of a STAC API"):
        opened.check(recipe(str(tmp_path)))


def test_nothing_leads_out_of_a_token_s_folder(tmp_path):
    workspace = Workspace(tmp_path)
    folder = workspace.new_folder()
    (folder / "a.gif").write_bytes(b"gif")
    (tmp_path / "secret").write_text("secret")
    (folder / "link.gif").symlink_to(tmp_path / "secret")
    assert find_file(tmp_path, folder.name, "a.gif") == folder / "a.gif"
    for token, name in ((folder.name, "../secret"), ("..", "secret"), (folder.name, "link.gif"), ("x" * 32, "a.gif")):
        assert find_file(tmp_path, token, name) is None
    other = Workspace(tmp_path)
    other.remove(folder)
    assert folder.is_dir()  # another session's
    workspace.close()
    assert not folder.exists()


def test_what_a_killed_server_left_behind_is_swept(tmp_path):
    old, new = Workspace(tmp_path).new_folder(), Workspace(tmp_path).new_folder()
    os.utime(old, (0, 0))
    (tmp_path / "not ours").mkdir()
    os.utime(tmp_path / "not ours", (0, 0))
    sweep(tmp_path)
    assert not old.exists()
    assert new.is_dir()
    assert (tmp_path / "not ours").is_dir()


class TestFiles(AsyncHTTPTestCase):
    @pytest.fixture(autouse=True)
    def _workspace(self, tmp_path):
        self.root = tmp_path
        self.folder = Workspace(tmp_path).new_folder()
        self.content = bytes(range(256)) * 8000  # more than one chunk
        (self.folder / "out.gif").write_bytes(self.content)

    def get_app(self):
        return Application(routes(self.root))

    def ask(self, kind, **headers):
        return self.fetch(f"/prefix/{kind}/{self.folder.name}/out.gif", headers=headers)

    def test_a_download_is_saved_and_a_frame_is_shown(self):
        download, frame = self.ask("downloads"), self.ask("frames")
        assert download.body == frame.body == self.content
        assert download.headers["Content-Disposition"] == 'attachment; filename="out.gif"'
        assert "Content-Disposition" not in frame.headers
        assert frame.headers["Content-Type"] == "image/gif"

    def test_byte_ranges(self):
        for asked, expected in (("0-9", self.content[:10]), ("100-", self.content[100:]), ("-5", self.content[-5:])):
            answer = self.ask("downloads", Range=f"bytes={asked}")
            assert (answer.code, answer.body) == (HTTPStatus.PARTIAL_CONTENT, expected)
        assert self.ask("downloads", Range="bytes=99999999-").code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE

    def test_a_wrong_token_is_not_found(self):
        for path in (f"/downloads/{'x' * 32}/out.gif", f"/downloads/{self.folder.name}/other.gif"):
            assert self.fetch(path).code == HTTPStatus.NOT_FOUND


def test_a_page_that_cannot_be_made_says_why(monkeypatch, caplog):
    shown = []
    monkeypatch.setattr("panel.pane.HTML.servable", lambda pane, **_: shown.append(pane.object))

    def broken():
        raise InvalidInputError("STAC_TIMELAPSE_CATALOGS names 'x', which is not known.")

    session.open_session(broken)
    assert "The page cannot be shown" in shown[0]
    assert "names &#x27;x&#x27;, which is not known" in shown[0]
    assert "The page could not be made" in caplog.text


def test_a_server_that_is_stopped_ends_although_a_thread_still_reads(tmp_path):
    script = """
import threading
from app import app_hooks
app_hooks._LAST_SECONDS = 0.5
threading.Thread(target=threading.Event().wait).start()
app_hooks.on_server_unloaded(None)
"""
    environment = {**os.environ, "STAC_TIMELAPSE_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, timeout=60, check=False)
    assert done.returncode == 0


def test_an_interrupt_goes_the_way_of_a_termination(tmp_path):
    script = """
import signal
import types
from app import app_hooks
app_hooks.pipeline.demo_url = lambda *_: ""
app_hooks.spare.spares.prepare = lambda *_, **__: None
heard = []
signal.signal(signal.SIGTERM, lambda *_: heard.append("terminated"))
app_hooks.on_server_loaded(types.SimpleNamespace(application_context=None))
signal.raise_signal(signal.SIGINT)
print(*heard)
"""
    environment = {**os.environ, "STAC_TIMELAPSE_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, timeout=60, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["terminated"]
