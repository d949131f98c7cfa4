import pytest

from stac_timelapse.estimate import Estimate


@pytest.mark.parametrize(
    ("width", "height", "resolution", "expected"),
    [
        (640, 300, 10, None),  # half the size would spare too little
        (641, 300, 10, 40.0),
        (300, 1280, 10, 40.0),
        (1281, 100, 10, 80.0),
        (10_980, 10_980, 10, 640.0),
        (2000, 2000, 60, 480.0),
        (1, 1, 10, None),
    ],
)
def test_the_preview_has_the_size_of_an_overview_and_at_most_320_pixels(width, height, resolution, expected):
    estimate = Estimate(width, height, resolution, 32633, 1, 1, 1, 0, 0)
    assert estimate.preview_resolution == expected
    if expected is not None:
        assert max(width, height) * resolution / expected <= 320
