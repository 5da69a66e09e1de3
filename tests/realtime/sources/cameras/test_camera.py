"""Cameras: the sentences of those that cannot be used, and what is asked of those that can.

No camera is needed. What a camera does once it is open is played by OpenCV itself on a video file,
and by a driver of the test's own where a file cannot do what cameras do.
"""

import os
import stat
import subprocess
import sys
import threading
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_live.errors import SettingsError, SourceError
from fer_live.realtime.sources import (
    CameraSource,
    LatestFrame,
    Patience,
    list_cameras,
    open_camera,
    open_source,
)
from fer_live.realtime.sources.cameras.devices import CameraInfo
from tests.realtime.sources.cameras.driver import Driver
from tests.realtime.sources.clips import index_in, write_clip

linux = pytest.mark.skipif(sys.platform != "linux", reason="cameras have device files on Linux")


def camera_on(driver: Driver, **settings: Any) -> CameraSource:
    return CameraSource(driver, "camera 0", **settings)  # type: ignore[arg-type]  # stands in for it


@linux
def test_a_camera_that_is_not_there_says_so() -> None:
    with pytest.raises(SourceError) as refusal:
        open_source("/dev/video97")
    assert str(refusal.value).startswith("camera /dev/video97 is not there: ")
    with pytest.raises(SourceError, match=r"^camera 97 is not there: "):
        open_source("97")


@linux
def test_a_camera_that_another_program_uses_is_busy_and_the_program_is_named(
    tmp_path: Path,
) -> None:
    device = tmp_path / "video0"
    device.touch()
    with device.open() as held, subprocess.Popen(["sleep", "60"], stdin=held) as user:
        with pytest.raises(SourceError) as refusal:
            open_camera(str(device))
        user.kill()
    assert str(refusal.value) == (
        f"camera {device} is busy: sleep (process {user.pid}) uses it; close that first"
    )


@linux
def test_what_is_no_camera_is_said_not_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"is a file or folder, not a camera$"):
        open_camera(str(write_clip(tmp_path / "a.mp4", [0, 40])))
    with pytest.raises(SourceError, match=r"is a file or folder, not a camera$"):
        open_camera(str(tmp_path))


@linux
def test_a_device_that_is_no_camera_is_said_to_give_no_pictures(tmp_path: Path) -> None:
    device = tmp_path / "zero"
    try:
        os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(1, 5))
        os.close(os.open(device, os.O_RDWR))
    except PermissionError:
        pytest.skip("devices may not be made here")
    with pytest.raises(SourceError, match=r"gives no pictures: .* may not be a camera"):
        open_camera(str(device))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [({"size_wh": (0, 480)}, "no pictures of 0x480"), ({"fps": -1.0}, "no rate of -1.0")],
)
def test_what_no_camera_can_be_asked_for_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        open_camera(0, **wrong)


def test_compressed_pictures_are_asked_for_before_size_and_rate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    driver = Driver()
    monkeypatch.setattr(cv2, "VideoCapture", lambda *place: driver)
    device = tmp_path / "video0"
    device.touch()
    with open_camera(str(device), size_wh=(1280, 720), fps=60.0, mjpg=True) as camera:
        assert camera.info.size_wh == (64, 48), "what it gives, not what was asked for"
        assert camera.info.fps == 30
    assert driver.asked == [
        (cv2.CAP_PROP_BUFFERSIZE, 1),
        (cv2.CAP_PROP_FOURCC, int.from_bytes(b"MJPG", "little")),
        (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720),
        (cv2.CAP_PROP_FPS, 60.0),
    ]
    assert driver.released


def test_opencv_reads_pictures_in_order_and_in_true_colours(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", range(0, 800, 40))
    with CameraSource(cv2.VideoCapture(str(path)), "camera 0") as camera:
        assert camera.info.live
        assert camera.info.size_wh == (64, 48)
        frames = list(islice(camera, 20))
    assert [frame.index for frame in frames] == list(range(20))
    assert [index_in(frame.rgb) for frame in frames] == list(range(20))
    assert frames[0].time_s == 0
    assert all(later.time_s > earlier.time_s for earlier, later in pairwise(frames))
    assert not any(frame.rgb.flags.writeable for frame in frames)


def test_a_camera_that_stops_giving_pictures_is_one_sentence_after_its_last(
    tmp_path: Path,
) -> None:
    path = write_clip(tmp_path / "a.mp4", range(0, 400, 40))
    with CameraSource(
        cv2.VideoCapture(str(path)), "camera 0", patience=Patience(stall_s=0.2)
    ) as camera:
        indices = [index_in(frame.rgb) for frame in islice(camera, 10)]
        with pytest.raises(SourceError) as end:
            next(camera)
    assert indices == list(range(10))
    assert str(end.value) == (
        "camera 0 has given no picture for 0.2 s; unplug it and plug it in again, or see whether "
        "another program took it"
    )


def test_a_camera_that_is_pulled_out_is_said_to_be_unplugged(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.touch()
    with camera_on(Driver(pictures=5), device=device) as camera:
        assert len(list(islice(camera, 4))) == 4
        device.unlink()
        with pytest.raises(SourceError, match=r"^camera 0 was unplugged$"):
            list(camera)


def test_a_camera_that_gives_nothing_at_all_is_released(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    device = tmp_path / "video0"
    device.touch()

    class PulledOut(Driver):
        def grab(self) -> bool:
            device.unlink(missing_ok=True)
            return False

    driver = PulledOut()
    monkeypatch.setattr(cv2, "VideoCapture", lambda *place: driver)
    with pytest.raises(SourceError, match=r"video0 is not there: "):
        open_camera(str(device))
    assert driver.released


def test_a_camera_that_changes_its_size_keeps_the_size_it_promised() -> None:
    driver = Driver()
    with camera_on(driver) as camera:
        pictures = iter(camera)
        next(pictures)
        driver.size_wh = (128, 48)
        next(pictures)
        frame = next(pictures)
    assert frame.rgb.shape == (48, 64, 3)
    assert np.count_nonzero(frame.rgb[..., 0].any(axis=1)) == 24, "whole, with black beside it"


def test_a_silent_camera_does_not_keep_anybody_from_leaving() -> None:
    with LatestFrame(camera_on(Driver(pictures=3), patience=Patience(stall_s=3600.0))) as frames:
        assert frames.wait() is not None
    assert not [one for one in threading.enumerate() if one.name == "frames of camera 0"]


def test_cameras_are_listed_in_order_without_their_second_devices(tmp_path: Path) -> None:
    for number, (name, index) in {10: ("Depth", 0), 2: ("Face cam", 0), 3: ("Face cam", 1)}.items():
        folder = tmp_path / f"video{number}"
        folder.mkdir()
        (folder / "name").write_text(f"{name}\n")
        (folder / "index").write_text(f"{index}\n")
    assert list_cameras(tmp_path) == (
        CameraInfo("/dev/video2", "Face cam"),
        CameraInfo("/dev/video10", "Depth"),
    )
    assert list_cameras(tmp_path / "elsewhere") == ()
