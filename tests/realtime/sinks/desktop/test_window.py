"""The window's first size. What the window does with keys and closing: tests/realtime/live."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.realtime.sinks.desktop.window import first_size_wh, size_on_screen

pytestmark = pytest.mark.packages


@pytest.mark.parametrize(
    ("picture", "window"),
    [((1280, 720), (1280, 720)), ((320, 240), (640, 480)), ((3840, 2160), (1280, 720))],
)
def test_a_picture_is_shown_as_it_is_within_limits(
    picture: tuple[int, int], window: tuple[int, int]
) -> None:
    assert first_size_wh(*picture) == window


@given(st.integers(64, 8000), st.integers(64, 8000))
def test_the_window_has_the_picture_s_shape_and_fits_a_screen(width: int, height: int) -> None:
    shown_width, shown_height = first_size_wh(width, height)
    assert shown_width <= 1280
    assert shown_height <= 720
    scale = shown_width / width
    assert shown_height == pytest.approx(height * scale, abs=1 + height / width)


@pytest.mark.parametrize(
    ("counted", "window", "drawn"),
    [
        ((640, 480), None, (640, 480)),
        ((640, 480), (640, 480), (640, 480)),
        ((640, 480), (1280, 960), (1280, 960)),
        ((640, 360), (1280, 1100), (1280, 720)),
        ((1920, 1080), (3840, 2160), (2560, 1440)),
        ((2200, 1400), (2200, 1400), (2200, 1400)),
    ],
)
def test_a_picture_has_the_pixels_of_the_screen_up_to_a_limit(
    counted: tuple[int, int], window: tuple[int, int] | None, drawn: tuple[int, int]
) -> None:
    assert size_on_screen(counted, window) == drawn
