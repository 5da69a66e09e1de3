"""Sharpness on a screen with a scale factor, by what the X server has on its screen."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from tests.realtime.live.desktop import Desktop, virtual_desktop

SHOW_LINES = """
import sys, time
import numpy as np
from fer_live.realtime.sinks.desktop.window import Window

with Window("lines") as window:
    window.show(np.zeros((480, 640, 3), np.uint8), wait_s=0.5)
    told = False
    while not window.closed:
        width, height = window.size_wh
        lines = np.zeros((height, width, 3), np.uint8)
        lines[:, ::2] = 255
        window.show(lines, wait_s=0.1)
        if not told:
            print(width, height, flush=True)
            told = True
"""


@pytest.fixture(scope="module")
def fine_desktop() -> Iterator[Desktop]:
    with virtual_desktop(dpi=192) as found:
        yield found


@pytest.mark.packages
def test_what_is_drawn_reaches_a_scaled_screen_pixel_for_pixel(fine_desktop: Desktop) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("there is no ffmpeg to look at the screen with")
    # On a screen that nobody looks at Qt leaves about a third of all windows black that were
    # resized, at any scale; those have nothing that could be blurred.
    looks = (_middle_of_a_window(fine_desktop) for _ in range(8))
    middle = next(look for look in looks if look.any())
    assert np.abs(np.diff(middle)).min() == 255, "each line is one pixel wide"


def _middle_of_a_window(desktop: Desktop) -> np.ndarray:
    """Show lines in a window, and return a row of what is then on the screen, in gray."""
    command = [sys.executable, "-c", SHOW_LINES]
    changes = {"DISPLAY": desktop.name}
    with subprocess.Popen(
        command, env=os.environ | changes, stdout=subprocess.PIPE, text=True
    ) as run:
        try:
            window = desktop.wait_for("lines", run)
            assert run.stdout is not None
            assert run.stdout.readline() == "1280 960\n", "twice what Qt counts"
            middle = _seen(desktop)[480, 100:1100].astype(int)
            desktop.close(window)
            assert run.wait(20) == 0
        finally:
            run.kill()
    return middle


def _seen(desktop: Desktop) -> np.ndarray:
    """Return the upper left of the screen, (960, 1280) uint8 in gray."""
    grab = ["ffmpeg", "-loglevel", "error", "-f", "x11grab", "-video_size", "1280x960"]
    out = ["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    done = subprocess.run(
        [*grab, "-i", desktop.name, *out], check=True, capture_output=True, timeout=60
    )
    return np.frombuffer(done.stdout, np.uint8).reshape(960, 1280)
