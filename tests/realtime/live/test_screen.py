"""What the window shows, and what it does not show again."""

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.arrays import Image
from fer_live.labels import LABELS
from fer_live.realtime.live import LiveStatus, Switches
from fer_live.realtime.live.screen import Screen
from fer_live.realtime.overlay import Readout, draw, shown
from fer_live.realtime.results import Box, Frame, FrameResult
from fer_live.realtime.sinks.desktop.keys import Key
from tests.support.made_results import made_frame, made_result, made_track

SIZE_WH = (640, 360)
GOING = LiveStatus(
    elapsed_s=5.0,
    frames=100,
    dropped=0,
    fps=30.0,
    latency_ms=5.0,
    latency_p50_ms=5.0,
    latency_p95_ms=9.0,
)
LOST = dataclasses.replace(GOING, fps=0.0, trouble="lost 3 s ago, reconnecting")


class Glass:
    """A viewer that keeps what it is given."""

    closed = False

    def __init__(self, size_wh: tuple[int, int] | None = None) -> None:
        self.size_wh = size_wh
        self.pictures: list[Image] = []

    def show(self, rgb: Image | None, *, wait_s: float = 0.001) -> Key | None:
        if rgb is not None:
            self.pictures.append(rgb)
        return None


def seen(index: int = 0, size_wh: tuple[int, int] = SIZE_WH) -> tuple[Frame, FrameResult]:
    x0 = size_wh[0] / 4
    track = made_track(1, Box(x0, 0.3 * size_wh[1], x0 + size_wh[0] / 5, 0.7 * size_wh[1]))
    frame = made_frame(index=index, time_s=float(index), size_wh=size_wh)
    return frame, made_result([track], index=index, time_s=float(index))


def screen_on(glass: Glass, switches: Switches | None = None) -> Screen:
    return Screen(glass, LABELS, switches or Switches())


def coloured(rgb: Image) -> int:
    """Count the pixels of a gray picture in which something colourful is drawn."""
    spread = rgb.max(axis=2).astype(int) - rgb.min(axis=2)
    return int((spread > 60).sum())


def test_a_lost_source_shows_no_label_of_the_past_and_says_so() -> None:
    glass = Glass()
    screen = screen_on(glass)
    screen.take(*seen())
    screen.refresh(GOING, recording=False, wait_s=0.001)
    screen.refresh(LOST, recording=False, wait_s=0.001)
    going, lost = glass.pictures
    assert coloured(going) > 1000
    assert coloured(lost) == 0, "no frame, no tag, no bar"
    assert np.median(lost) == np.median(going) // 2, "dimmed"
    centre = lost[SIZE_WH[1] // 2 - 12 : SIZE_WH[1] // 2 + 12, 200:440]
    assert centre.max() > 200, "words in the middle"
    screen.take(*seen(1))
    screen.refresh(GOING, recording=False, wait_s=0.001)
    assert coloured(glass.pictures[-1]) > 1000


def test_the_same_is_not_drawn_twice() -> None:
    glass = Glass()
    screen = screen_on(glass)
    screen.take(*seen())
    for _ in range(20):
        screen.refresh(GOING, recording=False, wait_s=0.001)
    assert len(glass.pictures) == 1
    screen.take(*seen(1))
    screen.refresh(GOING, recording=False, wait_s=0.001)
    assert len(glass.pictures) == 2


def test_a_paused_window_draws_once_whatever_the_figures_say() -> None:
    glass, switches = Glass(), Switches()
    screen = screen_on(glass, switches)
    screen.take(*seen())
    switches.press(Key.PAUSE)
    for second in range(20):
        status = dataclasses.replace(GOING, fps=30.0 - second, elapsed_s=float(second))
        screen.refresh(status, recording=False, wait_s=0.001)
    assert len(glass.pictures) == 1
    switches.press(Key.MIRROR)
    screen.refresh(GOING, recording=False, wait_s=0.001)
    assert len(glass.pictures) == 2, "a key still does what it says"


@pytest.mark.parametrize("size_wh", [(960, 540), (1280, 720), (320, 180)])
def test_pictures_are_drawn_at_the_window_s_size_with_writing_as_large_as_there(
    size_wh: tuple[int, int],
) -> None:
    glass = Glass(size_wh)
    screen = screen_on(glass)
    screen.take(*seen(size_wh=(3840, 2160)))
    screen.refresh(GOING, recording=False, wait_s=0.001)
    (shown,) = glass.pictures
    assert shown.shape == (size_wh[1], size_wh[0], 3)
    frame, result = seen(size_wh=size_wh)
    readout = Readout(fps=GOING.fps, latency_ms=GOING.latency_ms)
    assert np.array_equal(shown, draw(frame.rgb, result, labels=LABELS, readout=readout))


def test_a_saved_picture_has_the_source_s_size_and_no_words_over_it() -> None:
    glass = Glass((320, 180))
    screen = screen_on(glass)
    assert screen.picture() is None
    frame, result = seen()
    screen.take(frame, result)
    screen.tell("r cannot be written", until_s=time.monotonic() + 60)
    screen.refresh(LOST, recording=True, wait_s=0.001)
    saved = screen.picture()
    assert saved is not None
    assert np.array_equal(saved, draw(frame.rgb, result, labels=LABELS))


@given(st.integers(2, 900), st.integers(2, 900), st.booleans())
def test_faces_stay_on_what_they_frame_when_a_picture_is_scaled_and_mirrored(
    width: int, height: int, mirror: bool
) -> None:
    _, result = seen()
    rgb = np.zeros((SIZE_WH[1], SIZE_WH[0], 3), np.uint8)
    box = result.tracks[0].face.box
    rgb[round(box.y0) : round(box.y1), round(box.x0) : round(box.x1)] = 255
    picture, (track,) = shown(rgb, result.tracks, size_wh=(width, height), mirror=mirror)
    lit = np.argwhere(picture[..., 0] > 127)
    if len(lit) < 9:
        return
    y0, x0 = lit.min(axis=0)
    y1, x1 = lit.max(axis=0) + 1
    assert tuple(track.face.box) == pytest.approx((x0, y0, x1, y1), abs=1.5)


def test_a_line_about_a_failure_goes_away_by_itself() -> None:
    glass = Glass()
    screen = screen_on(glass)
    screen.take(*seen())
    screen.tell("no space left", until_s=time.monotonic() + 0.2)
    screen.refresh(GOING, recording=False, wait_s=0.001)
    time.sleep(0.25)
    screen.refresh(GOING, recording=False, wait_s=0.001)
    told, after = glass.pictures
    middle = np.s_[SIZE_WH[1] // 2 - 8 : SIZE_WH[1] // 2 + 8, 400:600]
    assert not np.array_equal(told, after)
    assert coloured(told) > 1000, "faces stay"
    assert after[middle].max() <= 128


def test_the_last_half_minute_stands_under_the_picture_and_not_in_what_is_saved() -> None:
    glass = Glass(SIZE_WH)
    switches = Switches()
    screen = screen_on(glass, switches)
    for n in range(3):
        screen.take(*seen(n))
    screen.refresh(GOING, recording=False, wait_s=0.001)
    switches.press(Key.STRIP)
    screen.refresh(GOING, recording=False, wait_s=0.001)
    without, with_strip = glass.pictures
    assert with_strip.shape[0] == without.shape[0] == SIZE_WH[1]
    assert (with_strip[-1] == with_strip[-1, 0]).all(), "the ground of the strip"
    assert coloured(with_strip[-40:]) > 20
    saved = screen.picture()
    assert saved is not None
    assert saved.shape[:2] == SIZE_WH[::-1]


def test_nobody_for_a_while_is_told_why() -> None:
    glass = Glass()
    screen = screen_on(glass)
    for n in range(8):
        frame = made_frame(index=n, time_s=float(n), size_wh=SIZE_WH)
        screen.take(frame, made_result([], index=n, time_s=float(n)))
        screen.refresh(GOING, recording=False, wait_s=0.001)
    first, *_, last = glass.pictures
    words = last[SIZE_WH[1] // 2 - 12 : SIZE_WH[1] // 2 + 12].max()
    assert words > 200
    assert words > first[SIZE_WH[1] // 2 - 12 : SIZE_WH[1] // 2 + 12].max()
