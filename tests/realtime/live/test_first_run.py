"""Somebody who types `fer-live` and nothing else sees something, or reads why not."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fer_live.errors import SourceError
from fer_live.realtime.live.first_run import DEMO_TIMES, first_source
from fer_live.realtime.sources import open_video
from fer_live.realtime.sources.cameras.devices import CameraInfo, camera_named
from tests.realtime.live.desktop import Desktop

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or Path("/dev/video0").exists(),
    reason="these are about a Linux machine without a camera",
)


def test_without_a_camera_it_is_a_clip_that_lasts(tmp_path: Path) -> None:
    pytest.importorskip("skimage")
    found = first_source(tmp_path)
    assert "no camera" in found.words
    with open_video(Path(found.source)) as source:
        times = [frame.time_s for frame in source]
    assert len(times) == DEMO_TIMES * 11 * 25
    assert times == pytest.approx([n / 25 for n in range(len(times))])


def test_the_window_opens_by_itself_and_nothing_is_left(desktop: Desktop, tmp_path: Path) -> None:
    pytest.importorskip("skimage")
    changes = {"DISPLAY": desktop.name, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-m", "fer_live.realtime", "--model", "tiny"],
        env={**os.environ, **changes},
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            window = desktop.wait_for("fer-live", run)
            time.sleep(3)
            desktop.press(window, "q")
            told = run.communicate(timeout=30)[1]
        finally:
            run.kill()
    assert run.returncode == 0
    assert "press h for the keys" in told
    assert "the window was closed" in told
    assert not list(tmp_path.glob("fer-live-*"))


CAMERAS = (
    CameraInfo("/dev/video0", "Integrated Camera"),
    CameraInfo("/dev/video2", "Logi C920 HD"),
    CameraInfo("/dev/video4", "Logi C920 HD Pro"),
)


def test_a_camera_is_found_by_its_name() -> None:
    for words, place in (
        ("integrated", "/dev/video0"),
        ("logi c920 hd", "/dev/video2"),
        ("Pro", "/dev/video4"),
    ):
        camera = camera_named(words, CAMERAS)
        assert camera is not None
        assert camera.place == place
    assert camera_named("elgato", CAMERAS) is None
    assert camera_named(" ", CAMERAS) is None
    with pytest.raises(SourceError, match=r"/dev/video2 \(Logi C920 HD\), /dev/video4"):
        camera_named("c920", CAMERAS)
