"""Open a camera through OpenCV, configure it, and find it again after a loss."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2

from fer_live.errors import SourceError
from fer_live.realtime.results import SourceInfo
from fer_live.realtime.sources.cameras.devices import device_of, identity_of, where_is, why_not

READ_TIMEOUT_S: Final = 2
"""How long one read of a Linux camera may take; OpenCV's own default is 10 s."""
COMPRESSED: Final = frozenset({"MJPG", "JPEG", "H264", "HEVC"})
SAME_RATE: Final = 0.1
"""A camera that says 29.97 where 30 was asked for did take the wish."""


@dataclass(frozen=True, slots=True)
class CameraWish:
    """What a camera is asked for; None leaves it to the camera.

    Attributes:
        size_wh: (width, height) in pixels.
        fps: Frames a second.
        mjpg: Whether pictures shall come compressed.
    """

    size_wh: tuple[int, int] | None = None
    fps: float | None = None
    mjpg: bool = False

    def tell(self, capture: cv2.VideoCapture) -> None:
        """Ask; the coding comes first, since it rules out sizes."""
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        if self.mjpg:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if self.size_wh is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.size_wh[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.size_wh[1])
        if self.fps is not None:
            capture.set(cv2.CAP_PROP_FPS, self.fps)

    def not_granted(self, capture: cv2.VideoCapture, info: SourceInfo) -> Iterator[str]:
        """Yield what the camera gives in place of what it was asked for, as ends of sentences."""
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
    """Opens one camera, as often as need be, and follows it to another number."""

    def __init__(self, place: int | str, name: str, wish: CameraWish) -> None:
        self._place, self._name, self._wish = place, name, wish
        self._device = device_of(place)
        self._identity = None if self._device is None else identity_of(self._device)

    def open(self) -> cv2.VideoCapture:
        """Open the camera and ask it for what is wished.

        Raises:
            SourceError: It is not there, not permitted or busy.
        """
        check_camera(self._place)
        capture = self._opened(self._device)
        if capture is None:
            raise SourceError(why_not(self._name, self._device))
        return capture

    def reopen(self) -> cv2.VideoCapture | None:
        """Open the camera where it is now; None while it is away or gives nothing."""
        device = self._device
        if device is not None:
            device = where_is(self._identity, device)
            if device is None or not _is_allowed(device):
                return None
        return self._opened(device)

    def _opened(self, device: Path | None) -> cv2.VideoCapture | None:
        """Let OpenCV open a device, without a word on the terminal."""
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
        self._wish.tell(capture)
        return capture


def check_camera(place: int | str) -> None:
    """Look whether a camera is there and may be used, without opening it.

    Raises:
        SourceError: It is not, or may not.
    """
    device = device_of(place)
    if device is not None and (not device.exists() or not _is_allowed(device)):
        raise SourceError(why_not(f"camera {place}", device))


def coding_of(capture: cv2.VideoCapture) -> str:
    """Return the four characters of how pictures come, such as "MJPG"; "" where that is unknown."""
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    return code.to_bytes(4, "little").decode("ascii", "replace").strip("\0 ") if code > 0 else ""


def is_compressed(capture: cv2.VideoCapture) -> bool:
    """Whether pictures come compressed."""
    return coding_of(capture) in COMPRESSED


def _is_allowed(device: Path) -> bool:
    return os.access(device, os.R_OK | os.W_OK)
