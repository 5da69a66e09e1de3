"""A network camera on this machine that sends motion JPEG on time, and fails in every known way."""

import random
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.realtime.sources import open_video
from tests.support.shared_data import SHARED

AnyImage: TypeAlias = NDArray[np.integer[Any] | np.floating[Any]]
FAULTS: Final = (
    ("silent", 4.0),
    ("gone", 5.0),
    ("garbage", 2.0),
    ("smaller", 10.0),
    ("cut pictures", 3.0),
    ("hung up", 0.5),
    ("another format", 3.0),
    ("a burst", 0.5),
    ("slow", 10.0),
)
"""Each fault, and how long it lasts in seconds. With nine of them the last five minutes of an hour
see the same ones as the first five, so that latencies can be compared."""
_PACE: Final[dict[str | None, float]] = {"a burst": 1 / 8, "slow": 3.0}
"""Time between two pictures during a fault, in multiples of the usual."""
_BOUNDARY: Final = "picture"
_HEAD: Final = (
    f"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary={_BOUNDARY}\r\n"
    "Connection: close\r\n\r\n"
).encode()
_PICTURES: Final = 60


def portrait_pictures(size_wh: tuple[int, int] = (640, 480)) -> list[bytes]:
    """Return two seconds of somebody's face as JPEG, forwards and backwards, to go on for ever."""
    clip = SHARED / "video" / "demo" / "pyfeat_wolfgang_pexels.mp4"
    return _encoded(clip, size_wh)


def _encoded(clip: Path, size_wh: tuple[int, int]) -> list[bytes]:
    pictures = []
    with open_video(clip) as video:
        for frame in video:
            resized = cv2.resize(frame.rgb, size_wh, interpolation=cv2.INTER_AREA)
            pictures.append(_jpeg(resized))
            if len(pictures) == _PICTURES:
                break
    return pictures + pictures[::-1]


def _jpeg(rgb: AnyImage) -> bytes:
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    assert done
    return jpeg.tobytes()


def _again(jpeg: NDArray[np.uint8], reading: int, form: str) -> bytes:
    """Read a picture and write it in another form."""
    bgr = cv2.imdecode(jpeg, reading)
    assert bgr is not None
    return cv2.imencode(form, bgr)[1].tobytes()


class FaultyCamera:
    """Sends the same pictures again and again to whoever comes.

    Attributes:
        fault: What is wrong at the moment; None for nothing.
    """

    def __init__(self, pictures: Sequence[bytes], fps: float) -> None:
        self.fault: str | None = None
        self._pictures, self._period_s = pictures, 1 / fps
        few = [np.frombuffer(picture, np.uint8) for picture in pictures[:8]]
        self._smaller = [_again(jpeg, cv2.IMREAD_REDUCED_COLOR_2, ".jpg") for jpeg in few]
        self._others = [_again(jpeg, cv2.IMREAD_COLOR, ".png") for jpeg in few]
        self._chance = random.Random(0)
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._listen)

    @property
    def url(self) -> str:
        """Address of the stream."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _listen(self) -> None:
        """Serve one visitor after the other: there is one."""
        while not self._over.is_set():
            try:
                visitor, _ = self._listening.accept()
            except OSError:  # closed
                return
            with visitor:
                visitor.settimeout(5.0)
                try:
                    if self.fault != "gone":
                        self._send(visitor)
                except OSError:
                    continue  # the visitor went away

    def _send(self, visitor: socket.socket) -> None:
        """Send pictures on time until the visitor is left."""
        visitor.recv(4096)
        visitor.sendall(_HEAD)
        due_s = time.monotonic()
        number = 0
        while not self._over.is_set() and self.fault not in {"gone", "hung up"}:
            if self.fault == "silent":
                self._over.wait(0.1)
                due_s = time.monotonic()
                continue
            visitor.sendall(self._part(number))
            number += 1
            due_s += self._period_s * _PACE.get(self.fault, 1.0)
            self._over.wait(max(0.0, due_s - time.monotonic()))

    def _part(self, number: int) -> bytes:
        """Return the next piece of the stream."""
        picture = self._pictures[number % len(self._pictures)]
        kind = "jpeg"
        match self.fault:
            case "garbage":
                return self._chance.randbytes(20_000)
            case "smaller":
                picture = self._smaller[number % len(self._smaller)]
            case "another format":
                picture, kind = self._others[number % len(self._others)], "png"
            case "cut pictures":
                picture = picture[: self._chance.randrange(len(picture))]
            case _:
                pass
        head = (
            f"--{_BOUNDARY}\r\nContent-Type: image/{kind}\r\nContent-Length: {len(picture)}\r\n\r\n"
        )
        return head.encode() + picture + b"\r\n"
