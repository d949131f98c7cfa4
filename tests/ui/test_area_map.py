"""Drawing the area with a real mouse in a real browser."""

from __future__ import annotations

import io
import math
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import panel as pn
import pytest
import shapely
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from pyproj import Geod

from app.basemap import PALETTES, ROUTES
from app.views.area_map import AreaMap
from app.views.draw_tools import WEB_BASEMAPS
from stac_timelapse.area.aoi import AreaOfInterest, Place

GEOD = Geod(ellps="WGS84")
HOME = (15.2, 46.1, 16.1, 46.7)

# Where a longitude and latitude are on the screen.
ON_SCREEN = """([lon, lat]) => {
  const figure = (view) => view.model.type === "Figure" ? view : (view.child_views ?? []).map(figure).find(Boolean)
  const view = Array.from(Bokeh.index.roots, figure).find(Boolean)
  const box = view.canvas_view.events_el.getBoundingClientRect()
  const x = lon * Math.PI / 180 * 6378137, y = Math.asinh(Math.tan(lat * Math.PI / 180)) * 6378137
  return [box.left + view.frame.x_scale.compute(x), box.top + view.frame.y_scale.compute(y)]
}"""


class Session:
    """One visitor's map and what it told the application."""

    def __init__(self) -> None:
        self.areas: list[AreaOfInterest | None] = []
        self.errors: list[str] = []
        begin = time.perf_counter()
        self.map = AreaMap(self.areas.append, self.errors.append, HOME, web_basemaps=WEB_BASEMAPS)
        self.seconds = time.perf_counter() - begin
        self.document: Any = None

    @property
    def geometry(self) -> Any:
        assert self.areas
        assert self.areas[-1] is not None
        return self.areas[-1].geometry


class Server:
    """The map alone on a page, served from a thread of the test process."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.thread = pn.serve(
            {"map": self.page},
            port=self.port,
            threaded=True,
            show=False,
            verbose=False,
            extra_patterns=ROUTES,
            websocket_origin="*",
        )
        self.url = f"http://127.0.0.1:{self.port}/map"

    def page(self) -> pn.viewable.Viewable:
        session = Session()
        self.sessions.append(session)
        session.document = pn.state.curdoc
        return pn.Column(session.map.panel(), sizing_mode="stretch_both", styles={"height": "100vh"})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.thread.stop()


class Visitor:
    """A person before the map: sees and uses what is on the screen."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.foreign: list[str] = []
        page.on("request", self._note)
        before = len(server.sessions)
        page.goto(server.url)
        page.wait_for_function("window.Bokeh && Bokeh.documents.length && Bokeh.documents.every(d => d.is_idle)")
        expect(self.hint).to_contain_text("Choose Box or Polygon")
        self.session = server.sessions[before]

    def _note(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "blob:", "data:")):
            self.foreign.append(request.url)

    @property
    def hint(self) -> Any:
        return self.page.locator(".map-ui .hint")

    @property
    def size(self) -> Any:
        return self.page.locator(".map-ui .chip")

    def colour(self, longitude: float, latitude: float) -> tuple[int, ...]:
        """Colour of the screen at a place."""
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        x, y = self.at(longitude, latitude)
        colour = picture.getpixel((round(x), round(y)))
        assert isinstance(colour, tuple)
        return colour

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def is_armed(self, name: str) -> None:
        expect(self.page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")

    def at(self, longitude: float, latitude: float) -> tuple[float, float]:
        x, y = self.page.evaluate(ON_SCREEN, [longitude, latitude])
        return x, y

    def go(self, longitude: float, latitude: float) -> None:
        self.page.mouse.move(*self.at(longitude, latitude), steps=4)

    def click(self, longitude: float, latitude: float) -> None:
        self.go(longitude, latitude)
        self.page.mouse.down()
        self.page.mouse.up()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        target = self.at(*end)
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        self.page.mouse.move(*target, steps=8)
        self.page.mouse.up()

    def draw_box(self, west: float, south: float, east: float, north: float) -> None:
        self.press("Box")
        self.drag((west, north), (east, south))

    def draw_polygon(self, *corners: tuple[float, float]) -> None:
        self.press("Polygon")
        for corner in corners:
            self.click(*corner)
        self.page.mouse.down()
        self.page.mouse.up()  # the second half of a double click

    def drawn(self, count: int) -> Session:
        """Wait until the application has heard of so many areas."""
        wait(self.page, lambda: len(self.session.areas) >= count)
        assert len(self.session.areas) == count, self.session.areas
        return self.session

    def server_does(self, action: Callable[[], None]) -> None:
        """Let the application change the map from a callback of its own."""
        self.session.document.add_next_tick_callback(action)


def wait(page: Page, condition: Callable[[], bool], seconds: float = 8) -> None:
    """Let the browser and the server go on until something is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "timed out"
        page.wait_for_timeout(20)


@pytest.fixture
def visitor(page: Page, server: Server) -> Visitor:
    page.set_viewport_size({"width": 1000, "height": 640})
    return Visitor(page, server)


def near(geometry: Any, expected: Any, share: float = 0.02) -> bool:
    """Whether two areas are the same but for the pixels of a mouse."""
    return bool(geometry.symmetric_difference(expected).area < share * expected.area)


TRIANGLE = ((15.5, 46.5), (15.8, 46.5), (15.65, 46.3))


def test_a_box_is_drawn_with_one_drag(visitor):
    visitor.draw_box(15.5, 46.3, 15.7, 46.45)
    session = visitor.drawn(1)
    assert near(session.geometry, shapely.box(15.5, 46.3, 15.7, 46.45))
    assert len(session.geometry.exterior.coords) == 5
    visitor.is_armed("Move map")
    outline, inside, outside = (visitor.colour(15.6, latitude) for latitude in (46.45, 46.4, 46.5))
    assert outline[0] - outline[2] > 150  # orange
    assert 10 < inside[0] - inside[2] < 80
    assert abs(outside[0] - outside[2]) < 30


def test_the_size_is_shown_while_and_after_drawing(visitor):
    expect(visitor.size).to_be_hidden()
    visitor.press("Box")
    visitor.go(15.5, 46.45)
    visitor.page.mouse.down()
    visitor.go(15.7, 46.3)
    expect(visitor.hint).to_contain_text("Release to finish")
    expect(visitor.size).to_contain_text("km²")
    tag = visitor.page.locator(".map-ui .tag")
    sides, surface = tag.inner_text().split(" · ")
    assert (surface, sides) == (visitor.size.locator("b").inner_text(), visitor.size.locator("span").inner_text())
    box, (x, y) = tag.bounding_box(), visitor.at(15.7, 46.3)
    assert math.dist((box["x"], box["y"]), (x, y)) < 30  # beside the mouse
    visitor.page.mouse.up()
    expect(tag).to_be_hidden()
    area = visitor.drawn(1).areas[0]
    shown = float(visitor.size.locator("b").inner_text().removesuffix(" km²"))
    assert math.isclose(shown, area.area_km2, rel_tol=0.004)
    width, height = map(float, re.findall(r"[\d.]+", visitor.size.locator("span").inner_text()))
    assert math.isclose(width, 15.4, abs_tol=0.2)
    assert math.isclose(height, 16.7, abs_tol=0.2)


def test_a_polygon_is_clicked_and_finished_with_a_double_click(visitor):
    visitor.draw_polygon(*TRIANGLE)
    session = visitor.drawn(1)
    assert near(session.geometry, shapely.Polygon(TRIANGLE))
    assert len(session.geometry.exterior.coords) == 4


def test_quick_clicks_in_two_places_are_two_corners(visitor):
    visitor.press("Polygon")
    for corner in TRIANGLE:
        visitor.page.mouse.click(*visitor.at(*corner))
    visitor.page.keyboard.press("Enter")
    assert near(visitor.drawn(1).geometry, shapely.Polygon(TRIANGLE))


def test_a_click_on_the_first_corner_closes_the_polygon(visitor):
    visitor.press("Polygon")
    for corner in (*TRIANGLE, TRIANGLE[0]):
        visitor.click(*corner)
    assert near(visitor.drawn(1).geometry, shapely.Polygon(TRIANGLE))


def test_a_new_drawing_replaces_the_old_one(visitor):
    visitor.draw_box(15.3, 46.5, 15.4, 46.6)
    visitor.drawn(1)
    visitor.draw_polygon(*TRIANGLE)
    assert near(visitor.drawn(2).geometry, shapely.Polygon(TRIANGLE))
    visitor.draw_box(15.5, 46.3, 15.7, 46.45)
    assert near(visitor.drawn(3).geometry, shapely.box(15.5, 46.3, 15.7, 46.45))


def test_escape_gives_up_a_drawing_and_keeps_the_area_before(visitor):
    visitor.draw_box(15.5, 46.3, 15.7, 46.45)
    visitor.drawn(1)
    before = visitor.size.text_content()
    visitor.press("Polygon")
    visitor.click(15.3, 46.5)
    visitor.click(15.4, 46.5)
    expect(visitor.hint).to_contain_text("Esc stops")
    visitor.page.keyboard.press("Escape")
    expect(visitor.hint).to_contain_text("Click the corners")
    visitor.press("Box")
    visitor.go(15.3, 46.5)
    visitor.page.mouse.down()
    visitor.go(15.4, 46.6)
    visitor.page.keyboard.press("Escape")
    visitor.page.mouse.up()
    expect(visitor.size).to_have_text(before)
    visitor.page.keyboard.press("Escape")
    visitor.is_armed("Move map")
    visitor.drawn(1)


def test_a_corner_is_dragged(visitor):
    visitor.draw_polygon(*TRIANGLE)
    visitor.drawn(1)
    visitor.press("Edit")
    visitor.drag((15.65, 46.3), (15.7, 46.25))
    session = visitor.drawn(2)
    assert near(session.geometry, shapely.Polygon([*TRIANGLE[:2], (15.7, 46.25)]))
    assert len(session.geometry.exterior.coords) == 4


def test_a_corner_is_added_between_two(visitor):
    visitor.draw_box(15.5, 46.3, 15.7, 46.45)
    visitor.drawn(1)
    visitor.press("Edit")
    visitor.drag((15.7, 46.3751), (15.8, 46.375))
    corners = [(15.5, 46.45), (15.7, 46.45), (15.8, 46.375), (15.7, 46.3), (15.5, 46.3)]
    assert near(visitor.drawn(2).geometry, shapely.Polygon(corners))


def test_a_corner_is_deleted_with_backspace(visitor):
    visitor.draw_box(15.5, 46.3, 15.7, 46.45)
    visitor.drawn(1)
    visitor.press("Edit")
    visitor.click(15.7, 46.45)
    expect(visitor.hint).to_contain_text("Backspace deletes this corner")
    visitor.page.keyboard.press("Backspace")
    assert near(visitor.drawn(2).geometry, shapely.Polygon([(15.5, 46.45), (15.7, 46.3), (15.5, 46.3)]))


def test_the_whole_area_is_moved(visitor):
    visitor.draw_box(15.5, 46.3, 15.7, 46.45)
    visitor.drawn(1)
    visitor.click(15.6, 46.4)  # a click on the area takes it up
    visitor.is_armed("Edit")
    visitor.drag((15.6, 46.4), (15.7, 46.4))
    assert near(visitor.drawn(2).geometry, shapely.box(15.6, 46.3, 15.8, 46.45))


def test_the_chosen_area_is_deleted_with_a_key(visitor):
    visitor.draw_box(15.5, 46.3, 15.7, 46.45)
    visitor.drawn(1)
    visitor.click(15.6, 46.4)
    visitor.page.keyboard.press("Delete")
    assert visitor.drawn(2).areas[-1] is None
    expect(visitor.size).to_be_hidden()


def test_clear_removes_the_area(visitor):
    visitor.draw_polygon(*TRIANGLE)
    visitor.drawn(1)
    visitor.press("Clear")
    assert visitor.drawn(2).areas[-1] is None
    expect(visitor.size).to_be_hidden()
    expect(visitor.page.get_by_role("button", name="Clear", exact=True)).to_be_disabled()


def test_the_map_moves_and_zooms_and_the_area_stays_where_it_is(visitor):
    visitor.draw_box(15.5, 46.3, 15.7, 46.45)
    visitor.drawn(1)
    x, y = visitor.at(15.9, 46.5)
    visitor.drag((15.9, 46.5), (15.8, 46.45))
    moved = visitor.at(15.9, 46.5)
    assert moved[0] < x - 50
    assert moved[1] > y + 20
    scale = visitor.page.locator(".map-ui .scale").inner_text()
    visitor.press("Zoom in")
    expect(visitor.page.locator(".map-ui .scale")).not_to_have_text(scale)
    visitor.press("Zoom out")
    visitor.page.mouse.wheel(0, -300)
    visitor.click(15.6, 46.4)
    visitor.is_armed("Edit")
    visitor.drawn(1)


def test_the_scale_bar_is_true_at_its_latitude(visitor):
    bar = visitor.page.locator(".map-ui .scale")
    middle = (visitor.page.viewport_size["height"] - 18) / 2
    for latitude in (2.0, 61.0):
        bbox = (20.0, latitude - 0.3, 21.0, latitude + 0.3)
        visitor.server_does(lambda bbox=bbox: visitor.session.map.zoom_to(bbox))
        wait(visitor.page, lambda latitude=latitude: abs(visitor.at(20.5, latitude)[1] - middle) < 30)
        number, unit = bar.inner_text().split()
        length = float(number) * (1000 if unit == "km" else 1)
        (west, _), (east, _) = visitor.at(20.45, latitude), visitor.at(20.55, latitude)
        true = GEOD.line_length([20.45, 20.55], [latitude, latitude]) / (east - west)  # metres a pixel
        wide = visitor.page.evaluate("bar => bar.getBoundingClientRect().width", bar.element_handle())
        assert math.isclose(wide * true, length, rel_tol=0.012)  # it is drawn in whole pixels
        assert 40 < wide <= 111


def test_the_first_side_of_a_polygon_is_measured(visitor):
    visitor.press("Polygon")
    visitor.click(15.5, 46.4)
    visitor.go(15.8, 46.5)
    said = visitor.page.locator(".map-ui .tag").inner_text()
    true = GEOD.line_length([15.5, 15.8], [46.4, 46.5]) / 1000
    assert math.isclose(float(said.removesuffix(" km")), true, rel_tol=0.02)  # pixels of a mouse
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.locator(".map-ui .tag")).to_be_hidden()


def test_an_area_of_the_application_is_shown_and_can_be_edited(visitor):
    area = AreaOfInterest.from_bbox(15.5, 46.3, 15.7, 46.45)
    visitor.server_does(lambda: visitor.session.map.set_area(area, zoom=True))
    expect(visitor.size).to_contain_text("257 km²")
    wait(visitor.page, lambda: visitor.at(15.7, 46.4)[0] - visitor.at(15.5, 46.4)[0] > 300)
    assert visitor.session.areas == []
    visitor.press("Edit")
    visitor.drag((15.7, 46.45), (15.75, 46.5))
    corners = [(15.5, 46.3), (15.7, 46.3), (15.75, 46.5), (15.5, 46.45)]
    assert near(visitor.drawn(1).geometry, shapely.Polygon(corners))
    visitor.server_does(visitor.session.map.clear)
    expect(visitor.size).to_be_hidden()
    visitor.drawn(1)


def test_editing_keeps_holes_parts_and_name(visitor):
    ring = shapely.box(15.4, 46.3, 15.7, 46.5).difference(shapely.box(15.5, 46.35, 15.6, 46.45))
    whole = shapely.MultiPolygon([ring, shapely.box(15.8, 46.2, 15.9, 46.3)])
    area = AreaOfInterest.from_geometry(whole, name="Two parts", places=(Place("Well", 15.55, 46.33),))
    visitor.server_does(lambda: visitor.session.map.set_area(area))
    expect(visitor.size).to_contain_text("km²")
    shown = float(visitor.size.locator("b").inner_text().removesuffix(" km²"))
    assert math.isclose(shown, area.area_km2, rel_tol=0.004)
    visitor.press("Edit")
    visitor.drag((15.9, 46.2), (15.95, 46.15))
    moved = shapely.Polygon([(15.8, 46.2), (15.95, 46.15), (15.9, 46.3), (15.8, 46.3)])
    session = visitor.drawn(1)
    assert near(session.geometry, shapely.MultiPolygon([ring, moved]))
    assert session.areas[0].name == "Two parts"
    assert session.areas[0].places[0].name == "Well"


def test_an_area_across_the_antimeridian_is_one_area(visitor):
    area = AreaOfInterest.from_bbox(178.5, -18.5, -179, -16.5)
    visitor.server_does(lambda: visitor.session.map.set_area(area, zoom=True))
    expect(visitor.size).to_contain_text("km²")
    visitor.press("Edit")
    visitor.drag((181, -16.5), (181.5, -16.5))
    west, _, east, _ = visitor.drawn(1).geometry.bounds
    assert (west, east) == (-180, 180)
    assert math.isclose(visitor.session.areas[0].area_km2, area.area_km2 * 1.1, rel_tol=0.02)


def test_crossing_lines_are_refused_and_the_area_before_stays(visitor):
    visitor.draw_box(15.5, 46.3, 15.7, 46.45)
    visitor.drawn(1)
    before = visitor.size.text_content()
    visitor.draw_polygon((15.3, 46.6), (15.9, 46.6), (15.3, 46.3), (15.9, 46.3))
    wait(visitor.page, lambda: bool(visitor.session.errors))
    assert "cross" in visitor.session.errors[0]
    expect(visitor.hint).to_have_text(visitor.session.errors[0])
    expect(visitor.size).to_have_text(before)
    visitor.drawn(1)


def test_a_click_is_not_a_box(visitor):
    visitor.press("Box")
    visitor.drag((15.5, 46.4), (15.501, 46.4))
    expect(visitor.hint).to_contain_text("drag from one corner to the opposite one")
    visitor.drawn(0)


def test_two_visitors_do_not_disturb_each_other(visitor, browser: Browser, server):
    context = browser.new_context(viewport={"width": 1000, "height": 640})
    other = Visitor(context.new_page(), server)
    visitor.draw_box(15.5, 46.3, 15.7, 46.45)
    other.draw_polygon(*TRIANGLE)
    assert near(visitor.drawn(1).geometry, shapely.box(15.5, 46.3, 15.7, 46.45))
    assert near(other.drawn(1).geometry, shapely.Polygon(TRIANGLE))
    context.close()


def test_footprints_places_and_a_picture_lie_on_the_map(visitor):
    footprints = [(shapely.box(15.0, 46.0, 15.6, 46.5), "2023-08-10 33TWM", False)]
    picture = (1714210.0, 5818500.0, 1736470.0, 5850600.0)

    def fill() -> None:
        visitor.session.map.set_footprints(footprints)
        visitor.session.map.set_places((Place("Maribor", 15.645, 46.557),))
        visitor.session.map.set_quicklook("basemap/dark/5/17/11.png", picture)

    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.server_does(fill)
    wait(visitor.page, lambda: any("dark/5/17/11" in url for url in asked))
    visitor.page.mouse.move(*visitor.at(15.25, 46.2), steps=4)
    expect(visitor.page.locator(".bk-Tooltip, .bk-tooltip").filter(has_text="33TWM")).to_be_visible()


def test_no_other_host_is_asked_before_the_user_chooses_one(visitor):
    visitor.draw_box(15.5, 46.3, 15.7, 46.45)
    visitor.drawn(1)
    visitor.press("Zoom in")
    assert visitor.foreign == []
    # The sandbox of the tests has no network: the choice is taken back and said so.
    visitor.page.route("**/tile.openstreetmap.org/**", lambda route: route.abort())
    visitor.page.get_by_label("Basemap").select_option("OpenStreetMap")
    expect(visitor.hint).to_contain_text("could not be reached")
    expect(visitor.page.get_by_label("Basemap")).to_have_value("local")
    assert len(visitor.foreign) == 1


def test_a_map_of_another_host_is_shown_once_it_answers(visitor):
    green = io.BytesIO()
    Image.new("RGB", (256, 256), (10, 200, 30)).save(green, "PNG")
    visitor.page.route(
        "**/tile.openstreetmap.org/**", lambda route: route.fulfill(body=green.getvalue(), content_type="image/png")
    )
    visitor.page.get_by_label("Basemap").select_option("OpenStreetMap")
    expect(visitor.page.locator(".map-ui .attribution")).to_have_text("© OpenStreetMap contributors")
    wait(visitor.page, lambda: visitor.colour(15.61, 46.43) == (10, 200, 30))
    visitor.page.get_by_label("Basemap").select_option("Built-in map")
    expect(visitor.page.locator(".map-ui .attribution")).to_have_text("Natural Earth")
    wait(visitor.page, lambda: visitor.colour(15.61, 46.43) == PALETTES["light"].land)


def test_the_mode_follows_the_application(visitor):
    visitor.server_does(lambda: visitor.session.map.set_mode("polygon"))
    visitor.is_armed("Polygon")
    with pytest.raises(ValueError, match="no mode 'lasso'"):
        visitor.session.map.set_mode("lasso")


def test_a_map_costs_a_session_little(visitor):
    assert visitor.session.seconds < 0.5
