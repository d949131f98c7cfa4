"""One session without a page."""

import pytest
from session_world import Desk


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.actions.close()
