"""What cameras do when left on for a day. No camera is needed: a driver of the test's own stands
in for OpenCV's, and a folder for Linux's list of devices. None of it was run on a real camera.
"""

import errno
import struct
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_live.arrays import Image
from fer_live.errors import SourceError
from fer_live.realtime.sources import CameraSource, Patience, open_camera
from fer_live.realtime.sources.cameras import devices
from fer_live.realtime.sources.cameras.devices import find_again, identity_of, why_not
from fer_live.realtime.sources.cameras.v4l2 import (
    ENUM_FMT,
    ENUM_FRAMEINTERVALS,
    ENUM_FRAMESIZES,
    QUERYCAP,
    STREAMON,
    Mode,
    modes,
    refusal,
)
from tests.realtime.sources.cameras.driver import Driver
from tests.realtime.sources.clips import GREYS, index_in

linux = pytest.mark.skipif(sys.platform != "linux", reason="cameras have device files on Linux")


class Hiccups(Driver):
    """Gives nothing useful every third time, in each way that OpenCV has for it."""

    def retrieve(self) -> tuple[bool, Image]:
        good, bgr = super().retrieve()
        match self._given % 12:
            case 3:
                raise cv2.error("OpenCV(4.14.0) jpeg: (-215) !buf.empty() in function 'imdecode_'")
            case 6:
                return True, np.empty((0, 0, 3), np.uint8)
            case 9:
                return True, None  # type: ignore[return-value]  # what OpenCV's binding does
            case 0:
                return False, bgr
        return good, bgr


def test_an_empty_or_cut_picture_is_passed_over() -> None:
    with CameraSource(Hiccups(), "camera 0") as camera:  # type: ignore[arg-type]  # stands in
        frames = list(islice(camera, 60))
        assert camera.fault is None
    assert [frame.index for frame in frames] == list(range(60))
    shown = [given for given in range(120) if (given + 1) % 3]
    assert [index_in(frame.rgb) for frame in frames] == [given % GREYS for given in shown[:60]]


def test_a_camera_that_gives_only_empty_pictures_is_gone() -> None:
    class Empty(Driver):
        def retrieve(self) -> tuple[bool, Image]:
            raise cv2.error("empty")

    with pytest.raises(SourceError, match=r"has given no picture for 0\.2 s"):
        CameraSource(Empty(), "camera 0", patience=Patience(stall_s=0.2))  # type: ignore[arg-type]


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty /dev, and beside it an empty list of video devices."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "class").mkdir()
    (tmp_path / "usb").mkdir()
    monkeypatch.setattr(devices, "DEVICES", tmp_path / "dev")
    monkeypatch.setattr(devices, "SYSTEM_CLASS", tmp_path / "class")
    return tmp_path


def plug_in(plugged: Path, number: int, name: str, port: str) -> Path:
    folder = plugged / "class" / f"video{number}"
    folder.mkdir()
    (folder / "name").write_text(f"{name}\n")
    (folder / "index").write_text("0\n")
    (plugged / "usb" / port).mkdir(exist_ok=True)
    (folder / "device").symlink_to(plugged / "usb" / port)
    device = plugged / "dev" / f"video{number}"
    device.touch()
    return device


def pull_out(plugged: Path, number: int) -> None:
    (plugged / "dev" / f"video{number}").unlink()
    folder = plugged / "class" / f"video{number}"
    for entry in folder.iterdir():
        entry.unlink()
    folder.rmdir()


@linux
def test_a_camera_is_found_again_under_another_number_and_no_other_camera_for_it(
    plugged: Path,
) -> None:
    device = plug_in(plugged, 0, "Face cam", "1-1")
    plug_in(plugged, 1, "Other cam", "1-2")
    known = identity_of(device)
    assert known is not None
    assert find_again(known, device) == device
    pull_out(plugged, 0)
    assert find_again(known, device) is None
    elsewhere = plug_in(plugged, 4, "Face cam", "1-3")
    assert find_again(known, device) == elsewhere
    same_port = plug_in(plugged, 3, "Face cam", "1-1")
    assert find_again(known, device) == same_port
    plug_in(plugged, 0, "Other cam", "1-2")
    assert find_again(known, device) == same_port, "its old number belongs to another one now"


@linux
def test_a_camera_that_comes_back_under_another_number_goes_on(
    plugged: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened: list[object] = []

    def open_one(which: object, *how: object) -> Driver:
        opened.append(which)
        return Driver(pictures=10) if len(opened) == 1 else Driver()

    monkeypatch.setattr(cv2, "VideoCapture", open_one)
    device = plug_in(plugged, 0, "Face cam", "1-1")
    patience = Patience(stall_s=0.1, pause_s=0.05, longest_pause_s=0.05)
    with open_camera("0", patience=patience) as camera:
        list(islice(camera, 9))
        pull_out(plugged, 0)
        plug_in(plugged, 2, "Face cam", "1-1")
        after = list(islice(camera, 12))
        assert camera.fault is not None
        assert camera.fault.startswith("camera 0 was lost once")
    assert after[-1].index == 20
    assert [str(which) for which in opened] == [str(device), str(plugged / "dev" / "video2")]
    assert [record.message for record in caplog.records][-1] == "camera 0 is back"


@linux
def test_a_busy_camera_is_tried_again_until_it_is_free(
    plugged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Busy(Driver):
        def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
            return False

    given = [Driver(pictures=5), Busy(), Busy(), Driver()]
    monkeypatch.setattr(cv2, "VideoCapture", lambda *which: given.pop(0))
    plug_in(plugged, 0, "Face cam", "1-1")
    patience = Patience(stall_s=0.1, pause_s=0.02, longest_pause_s=0.02)
    with open_camera("0", patience=patience) as camera:
        assert len(list(islice(camera, 20))) == 20
    assert not given


class Stubborn(Driver):
    """Accepts no request: 64x48 in YUYV, and reports 10 frames per second."""

    def get(self, prop: int) -> float:
        if prop == cv2.CAP_PROP_FOURCC:
            return float(cv2.VideoWriter.fourcc(*"YUYV"))
        return 10.0 if prop == cv2.CAP_PROP_FPS else 0.0


def test_what_a_camera_did_not_take_is_told(
    plugged: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", lambda *which: Stubborn())
    plug_in(plugged, 0, "Face cam", "1-1")
    with open_camera("0", size_wh=(1280, 720), fps=30.0, mjpg=True) as camera:
        assert camera.info.size_wh == (64, 48)
    advice = "; `fer-live cameras` lists what it can"
    assert [record.message for record in caplog.records] == [
        f"camera 0 gives 64x48 where 1280x720 was asked for{advice}",
        f"camera 0 gives 10 pictures a second where 30 were asked for{advice}",
        f"camera 0 gives YUYV where compressed pictures were asked for{advice}",
    ]


@pytest.mark.parametrize(("coding", "hints"), [("YUYV", 1), ("MJPG", 0)])
def test_a_slow_camera_is_said_once_to_be_faster_with_compressed_pictures(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, coding: str, hints: int
) -> None:
    class Slow(Driver):
        def grab(self) -> bool:
            import time

            time.sleep(0.1)
            return super().grab()

        def get(self, prop: int) -> float:
            return float(cv2.VideoWriter.fourcc(*coding)) if prop == cv2.CAP_PROP_FOURCC else 0.0

    monkeypatch.setattr("fer_live.realtime.sources.cameras.camera.RATE_WINDOW_S", 0.5)
    with CameraSource(Slow(), "camera 0") as camera:  # type: ignore[arg-type]  # stands in
        list(islice(camera, 16))
    told = [record.message for record in caplog.records]
    assert len(told) == hints
    assert all("camera 0 gives only 10 pictures a second; --mjpg" in line for line in told)


class Kernel:
    """Answers as the kernel would of a camera with two codings, or refuses to stream."""

    def __init__(self, *, on_stream: int = 0, capabilities: int = 0x04200001) -> None:
        self._on_stream, self._capabilities = on_stream, capabilities
        self._sizes = {b"MJPG": [(1280, 720), (640, 480)], b"YUYV": [(640, 480)]}
        self._rates = {(b"MJPG", 1280): [30, 15], (b"MJPG", 640): [60], (b"YUYV", 640): [10]}

    def __call__(self, fd: int, request: int, answer: bytearray) -> object:
        if request == QUERYCAP:
            struct.pack_into("<II", answer, 84, self._capabilities, 0)
        elif request == STREAMON and self._on_stream:
            raise OSError(self._on_stream, "refused")
        elif request == ENUM_FMT:
            (number,) = struct.unpack_from("<I", answer)
            struct.pack_into("<4s", answer, 44, self._entry(list(self._sizes), number))
        elif request == ENUM_FRAMESIZES:
            number, pixels = struct.unpack_from("<I4s", answer)
            struct.pack_into("<3I", answer, 8, 1, *self._entry(self._sizes[pixels], number))
        elif request == ENUM_FRAMEINTERVALS:
            number, pixels, width = struct.unpack_from("<I4sI", answer)
            rate = self._entry(self._rates[pixels, width], number)
            struct.pack_into("<3I", answer, 16, 1, 1, rate)
        return 0

    @staticmethod
    def _entry(entries: list[Any], number: int) -> Any:
        if number >= len(entries):
            raise OSError(errno.EINVAL, "no such entry")
        return entries[number]


@linux
def test_modes_are_listed_with_their_highest_rates(tmp_path: Path) -> None:
    device = tmp_path / "video0"
    device.touch()
    assert modes(device, Kernel()) == (
        Mode("MJPG", (1280, 720), 30.0),
        Mode("MJPG", (640, 480), 60.0),
        Mode("YUYV", (640, 480), 10.0),
    )
    assert modes(device) == (), "a file is asked in vain"
    assert modes(tmp_path / "nothing") == ()


@linux
@pytest.mark.parametrize("number", [0, errno.ENOSPC, errno.EBUSY])
def test_the_kernel_s_own_reason_is_heard(tmp_path: Path, number: int) -> None:
    device = tmp_path / "video0"
    device.touch()
    assert refusal(device, Kernel(on_stream=number)) == number
    assert refusal(device, Kernel(capabilities=0x00800000)) == errno.EINVAL, "metadata alone"
    assert refusal(device) == errno.ENOTTY


@linux
@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "the USB bus has no room left"),
        (errno.EBUSY, "is busy: another program uses it"),
        (errno.ENODEV, "was unplugged"),
        (errno.EINVAL, "may not be a camera, or only its control device"),
    ],
)
def test_each_reason_is_a_sentence_of_its_own(
    monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    monkeypatch.setattr(devices, "refusal", lambda device: number)
    told = why_not("camera 0", Path("/dev/zero"))
    assert sentence in told
    assert "No space left" not in told
