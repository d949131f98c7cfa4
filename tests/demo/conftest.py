"""The small demo catalogue, built once for all tests of this folder."""

import pytest

from stac_timelapse import demo


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    return demo.build(tmp_path_factory.mktemp("demo") / "small", spec=demo.SMALL, workers=2)
