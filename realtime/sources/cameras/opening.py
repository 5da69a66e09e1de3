"""Open a camera through OpenCV, request its mode, and find it again after a loss."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2

from fer_live.errors import SourceError
from fer_live.realtime.results import SourceInfo
from fer_live.realtime.sources.cameras.devices import device_of, find_again, identity_of, why_not

READ_TIMEOUT_S: Final = 2
"""Timeout of one read from a camera on Linux; OpenCV's default is 10 s."""
COMPRESSED: Final = frozenset({"MJPG", "JPEG", "H264", "HEVC"})
SAME_RATE: Final = 0.1
"""Tolerance in frames per second: a camera that reports 29.97 for 30 accepted the request."""


@dataclass(frozen=True, slots=True)
class CameraRequest:
    """Settings requested from a camera; None leaves the choice to the camera.

    Attributes:
        size_wh: (width, height) in pixels.
        fps: Frames per second.
        mjpg: Whether to request Motion JPEG.
    """

    size_wh: tuple[int, int] | None = None
    fps: float | None = None
    mjpg: bool = False

    def apply(self, capture: cv2.VideoCapture) -> None:
        """Set the properties; the pixel format first, since the available sizes depend on it."""
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if self.mjpg:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if self.size_wh is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.size_wh[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.size_wh[1])
        if self.fps is not None:
            capture.set(cv2.CAP_PROP_FPS, self.fps)

    def differences(self, capture: cv2.VideoCapture, info: SourceInfo) -> Iterator[str]:
        """Yield a predicate, to follow the camera's name, for each request that was not met."""
        advice = "; `fer-live cameras` lists what it can"
        if self.size_wh is not None and info.size_wh != self.size_wh:
            given, asked = ("x".join(map(str, wh)) for wh in (info.size_wh, self.size_wh))
            yield f"gives {given} where {asked} was asked for{advice}"
        rate = None if info.fps is None else float(info.fps)
        if self.fps is not None and rate is not None and abs(rate - self.fps) > SAME_RATE:
            yield f"gives {rate:g} pictures a second where {self.fps:g} were asked for{advice}"
        if self.mjpg and coding_of(capture) not in COMPRESSED | {""}:
            yield f"gives {coding_of(capture)} where compressed pictures were asked for{advice}"


class CameraOpener:
    """Opens and reopens one camera, even if its index changes in between."""

    def __init__(self, place: int | str, name: str, request: CameraRequest) -> None:
        self._place, self._name, self._request = place, name, request
        self._device = device_of(place)
        self._identity = None if self._device is None else identity_of(self._device)

    def open(self) -> cv2.VideoCapture:
        """Open the camera and apply the requested settings.

        Raises:
            SourceError: The camera does not exist, may not be accessed, or is busy.
        """
        check_camera(self._place)
        capture = self._opened(self._device)
        if capture is None:
            raise SourceError(why_not(self._name, self._device))
        return capture

    def reopen(self) -> cv2.VideoCapture | None:
        """Open the camera at its present device; None while it is away or does not open."""
        device = self._device
        if device is not None:
            device = find_again(self._identity, device)
            if device is None or not _is_allowed(device):
                return None
        return self._opened(device)

    def _opened(self, device: Path | None) -> cv2.VideoCapture | None:
        """Open a device with OpenCV, without its messages on the terminal."""
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        if device is None:
            capture = cv2.VideoCapture(int(self._place), cv2.CAP_ANY)
        else:
            # Read once by OpenCV, when its first Linux camera is read.
            os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(READ_TIMEOUT_S))
            numbered = re.fullmatch(r"/dev/video([0-9]+)", str(device.resolve()))
            which = int(numbered[1]) if numbered else str(device)
            capture = cv2.VideoCapture(which, cv2.CAP_V4L2)
        if not capture.isOpened():
            capture.release()
            return None
        self._request.apply(capture)
        return capture


def check_camera(place: int | str) -> None:
    """Check that a camera exists and may be accessed, without opening it.

    Raises:
        SourceError: It does not exist or may not be accessed.
    """
    device = device_of(place)
    if device is not None and (not device.exists() or not _is_allowed(device)):
        raise SourceError(why_not(f"camera {place}", device))


def coding_of(capture: cv2.VideoCapture) -> str:
    """Return the FourCC of the pixel format, such as "MJPG"; "" if it is unknown."""
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    return code.to_bytes(4, "little").decode("ascii", "replace").strip("\0 ") if code > 0 else ""


def is_compressed(capture: cv2.VideoCapture) -> bool:
    """Return whether the camera delivers compressed frames."""
    return coding_of(capture) in COMPRESSED


def _is_allowed(device: Path) -> bool:
    return os.access(device, os.R_OK | os.W_OK)
