"""Cameras, by number or device, through OpenCV."""

import itertools
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.errors import SettingsError, SourceError
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.sources.camera_devices import device_of, why_not
from fer_live.realtime.sources.pixels import fitted
from fer_live.realtime.sources.source import BaseSource

STALL_S: Final = 5.0
"""A camera that gives no picture for so long is gone."""
RETRY_PAUSE_S: Final = 0.05
"""Between two tries to read from a camera that just failed."""
READ_TIMEOUT_S: Final = 2
"""How long one read of a Linux camera may take; OpenCV's own default is 10 s."""


def open_camera(
    place: int | str,
    *,
    size_wh: tuple[int, int] | None = None,
    fps: float | None = None,
    mjpg: bool = False,
) -> "CameraSource":
    """Open a camera.

    What is asked for is a wish: a camera gives the nearest that it can, and `info` says what.

    Args:
        place: Its number, from 0, as int or text, or its device, such as "/dev/video2".
        size_wh: (width, height) in pixels; None for the camera's own choice.
        fps: Frames a second; None for the camera's own choice.
        mjpg: Ask for compressed pictures: many USB cameras reach high sizes and rates only so.

    Raises:
        SourceError: The camera is not there, not permitted, busy, or gives no picture.
        SettingsError: `size_wh` or `fps` is not above 0.
    """
    if size_wh is not None and min(size_wh) < 1:
        raise SettingsError(f"a camera has no pictures of {size_wh[0]}x{size_wh[1]}")
    if fps is not None and not 0 < fps < float("inf"):
        raise SettingsError(f"a camera has no rate of {fps} frames a second")
    name, device = f"camera {place}", device_of(place)
    if device is not None and (not device.exists() or not os.access(device, os.R_OK | os.W_OK)):
        raise SourceError(why_not(name, device))
    with ExitStack() as undo:
        capture = _open_capture(place, device)
        undo.callback(capture.release)
        if not capture.isOpened():
            raise SourceError(why_not(name, device))
        _ask(capture, size_wh, fps, mjpg=mjpg)
        try:
            camera = CameraSource(capture, name, device=device)
        except SourceError as error:
            raise SourceError(why_not(name, device)) from error
        undo.pop_all()
        return camera


class CameraSource(BaseSource):
    """The pictures of a capture device; usually made by `open_camera`.

    Reads wait as long as OpenCV's driver does: 2 s on Linux. `captured_s` is taken as soon as the
    driver hands a picture over, before it is unpacked.
    """

    def __init__(
        self,
        capture: cv2.VideoCapture,
        name: str,
        *,
        device: Path | None = None,
        stall_s: float = STALL_S,
    ) -> None:
        """Take over an open capture, and wait for its first picture.

        Args:
            capture: Released when this is closed.
            name: What messages call it.
            device: Its file, where it has one: a camera whose file is gone was unplugged.
            stall_s: How long to wait for a picture before giving up.

        Raises:
            SourceError: No picture comes.
        """
        super().__init__()
        self._capture, self._name = capture, name
        self._device, self._stall_s = device, stall_s
        self._first_s, self._rgb = self._grab()
        height, width = self._rgb.shape[:2]
        rate = capture.get(cv2.CAP_PROP_FPS)
        self._info = SourceInfo(
            name=name,
            size_wh=(width, height),
            fps=Fraction(rate).limit_denominator(1001) if 0 < rate < float("inf") else None,
            live=True,
        )

    @property
    def info(self) -> SourceInfo:
        """The size that the camera really gives, and the rate that it says it gives."""
        return self._info

    def _read(self) -> Iterator[Frame]:
        """Yield pictures until the source is closed."""
        captured_s = self._first_s
        for index in itertools.count():
            rgb = self._rgb
            if rgb.shape[1::-1] != self._info.size_wh:
                rgb = fitted(rgb, self._info.size_wh)
            yield Frame(index, captured_s - self._first_s, rgb, captured_s)
            captured_s, self._rgb = self._grab()

    def _grab(self) -> tuple[float, Image]:
        """Return when the next picture came (monotonic clock), and the picture.

        Raises:
            SourceError: None came in time, the device is gone, or the source is being closed.
        """
        give_up_s = time.monotonic() + self._stall_s
        while True:
            if self._capture.grab():
                captured_s = time.monotonic()
                good, bgr = self._capture.retrieve()
                if good:
                    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
                    rgb.flags.writeable = False
                    return captured_s, rgb
            if self._device is not None and not self._device.exists():
                raise SourceError(f"{self._name} was unplugged")
            if time.monotonic() >= give_up_s or self._closing.wait(RETRY_PAUSE_S):
                raise SourceError(
                    f"{self._name} has given no picture for {self._stall_s:g} s; unplug it and "
                    "plug it in again, or see whether another program took it"
                )

    def _release(self) -> None:
        """Let go of the device."""
        self._capture.release()


def _open_capture(place: int | str, device: Path | None) -> cv2.VideoCapture:
    """Let OpenCV open a device, without a word on the terminal."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    if device is None:
        return cv2.VideoCapture(int(place), cv2.CAP_ANY)
    # Read once by OpenCV, when its first Linux camera is read.
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(READ_TIMEOUT_S))
    numbered = re.fullmatch(r"/dev/video([0-9]+)", str(device.resolve()))
    if numbered:
        return cv2.VideoCapture(int(numbered[1]), cv2.CAP_V4L2)
    return cv2.VideoCapture(str(device), cv2.CAP_V4L2)


def _ask(
    capture: cv2.VideoCapture, size_wh: tuple[int, int] | None, fps: float | None, *, mjpg: bool
) -> None:
    """Tell a camera what is wished for; the coding comes first, since it rules out sizes."""
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    if mjpg:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    if size_wh is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_wh[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_wh[1])
    if fps is not None:
        capture.set(cv2.CAP_PROP_FPS, fps)
