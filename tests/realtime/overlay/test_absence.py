"""A person who is not found is told what is likely to be wrong."""

import numpy as np
import pytest

from fer_live.arrays import Image
from fer_live.realtime.overlay.absence import PATIENCE_S, Absence, why_nobody
from fer_live.realtime.results import Box, Frame
from fer_live.realtime.sources import open_video
from tests.support.made_results import made_result, made_track
from tests.support.shared_data import shared_file


def first_picture(name: str) -> Image:
    with open_video(shared_file(name)) as source:
        return next(iter(source)).rgb


def against_the_light(rgb: Image) -> Image:
    """Return a picture with somebody dark in the middle of a bright window."""
    lit = np.full_like(rgb, 245)
    height, width = rgb.shape[:2]
    lit[height // 5 :, width // 4 : -width // 4] = rgb[height // 5 :, width // 4 : -width // 4] // 6
    return lit


def test_the_reason_is_the_picture_s() -> None:
    ordinary = first_picture("video/edge/noface_testsrc.mp4")
    assert "too dark" in why_nobody(first_picture("video/edge/noface_black.mp4"), None)
    assert "light is behind" in why_nobody(against_the_light(ordinary), None)
    assert "too far" in why_nobody(ordinary, 30.0)
    assert "come into the picture" in why_nobody(ordinary, 200.0)


@pytest.mark.parametrize("width", [1, 7, 40])
def test_small_pictures_have_reasons_too(width: int) -> None:
    assert why_nobody(np.full((width, width, 3), 128, np.uint8), None)


def test_it_is_told_after_a_while_and_not_once_somebody_is_seen() -> None:
    absence = Absence()
    rgb = np.full((480, 640, 3), 128, np.uint8)
    somebody = made_track(1, Box(0, 0, 90, 90))
    told = []
    for n in range(100):
        time_s = n / 10
        tracks = [somebody] if n in {0, 90} else []
        absence.take(Frame(n, time_s, rgb), made_result(tracks, index=n, time_s=time_s))
        told.append(absence.hint is not None)
    first = told.index(True)
    assert first / 10 == pytest.approx(0.1 + PATIENCE_S, abs=0.11)
    assert all(told[first:90])
    assert not any(told[90:])
