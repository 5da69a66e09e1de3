"""Cameras by index or device, through OpenCV."""

import itertools
import logging
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.errors import SettingsError, SourceError
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.sources.cameras.devices import device_of, why_not
from fer_live.realtime.sources.cameras.opening import CameraOpener, CameraWish, is_compressed
from fer_live.realtime.sources.pixels import fitted
from fer_live.realtime.sources.source import BaseSource, silence
from fer_live.realtime.sources.streams.connection import Patience

STALL_S: Final = 5.0
"""A camera that gives no picture for so long is gone."""
RETRY_PAUSE_S: Final = 0.05
"""Between two tries to read from a camera that just failed."""
LOOK_S: Final = 3.0
"""How long pictures are counted before a camera is said to be slow."""
SLOW_FPS: Final = 16.0
"""A camera that nobody asked for a rate is slow below this."""
SLOW_PART: Final = 0.7
"""One that was asked is slow below this part of it."""

_log = logging.getLogger(__name__)


def open_camera(
    place: int | str,
    *,
    size_wh: tuple[int, int] | None = None,
    fps: float | None = None,
    mjpg: bool = False,
    patience: Patience | None = None,
) -> "CameraSource":
    """Open a camera, and stay with it when it is unplugged.

    What is asked for is a wish: a camera gives the nearest that it can. `info` says what, and a
    warning is logged.

    Args:
        place: Its number, from 0, as int or text, or its device, such as "/dev/video2".
        size_wh: (width, height) in pixels; None for the camera's own choice.
        fps: Frames a second; None for the camera's own choice.
        mjpg: Ask for compressed pictures: many USB cameras reach high sizes and rates only so.
        patience: How long to wait for it when it is gone.

    Raises:
        SourceError: The camera is not there, not permitted, busy, or gives no picture.
        SettingsError: `size_wh` or `fps` is not above 0.
    """
    if size_wh is not None and min(size_wh) < 1:
        raise SettingsError(f"a camera has no pictures of {size_wh[0]}x{size_wh[1]}")
    if fps is not None and not 0 < fps < float("inf"):
        raise SettingsError(f"a camera has no rate of {fps} frames a second")
    name, wish = f"camera {place}", CameraWish(size_wh, fps, mjpg=mjpg)
    opener = CameraOpener(place, name, wish)
    capture = opener.open()
    try:
        camera = CameraSource(
            capture,
            name,
            device=device_of(place),
            reopen=opener.reopen,
            patience=patience or Patience(stall_s=STALL_S),
        )
    except BaseException as error:
        capture.release()
        if isinstance(error, SourceError):
            raise SourceError(why_not(name, device_of(place))) from error
        raise
    camera.tell_what_was_not_granted(wish)
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
        reopen: Callable[[], cv2.VideoCapture | None] | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Take over an open capture, and wait for its first picture.

        Args:
            capture: Released when this is closed.
            name: What messages call it.
            device: Its file, where it has one: a camera whose file is gone was unplugged.
            reopen: Opens the camera again when it is gone; gives None while it cannot. Without it,
                a camera that is gone stays gone.
            patience: How long to wait for what.

        Raises:
            SourceError: No picture comes.
        """
        super().__init__()
        self._capture, self._name, self._device = capture, name, device
        self._reopen, self._patience = reopen, patience or Patience(stall_s=STALL_S)
        self._waiting_s: float | None = None
        self._lost_s: float | None = None
        self._losses, self._away_s = 0, 0.0
        self._wished_fps: float | None = None
        self._begin_looking_s: float | None = None
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

    @property
    def trouble(self) -> str | None:
        """Why there is no picture right now; None while they come."""
        lost_s = self._lost_s  # copied: the reading thread may take it away meanwhile
        if lost_s is not None:
            return f"lost {time.monotonic() - lost_s:.0f} s ago, waiting for it"
        return silence(self._waiting_s)

    @property
    def fault(self) -> str | None:
        """A sentence on how often the camera was lost so far; None when never."""
        if not self._losses:
            return None
        times = "once" if self._losses == 1 else f"{self._losses} times"
        lost_s = self._lost_s
        still_s = 0.0 if lost_s is None else time.monotonic() - lost_s
        return f"{self._name} was lost {times}, for {self._away_s + still_s:.1f} s in all"

    def tell_what_was_not_granted(self, wish: CameraWish) -> None:
        """Log what the camera was asked for and did not take."""
        self._wished_fps = wish.fps
        for sentence in wish.not_granted(self._capture, self._info):
            _log.warning("%s %s", self._name, sentence)

    def _read(self) -> Iterator[Frame]:
        """Yield pictures until the source is closed."""
        captured_s = self._first_s
        for index in itertools.count():
            self._watch_the_rate(index, captured_s)
            rgb = self._rgb
            if rgb.shape[1::-1] != self._info.size_wh:
                rgb = fitted(rgb, self._info.size_wh)
            yield Frame(index, captured_s - self._first_s, rgb, captured_s)
            captured_s, self._rgb = self._next_picture()

    def _next_picture(self) -> tuple[float, Image]:
        """Return the next picture, if need be from the camera when it is back.

        Raises:
            SourceError: It is gone for good, or the source is being closed.
        """
        while True:
            try:
                return self._grab()
            except SourceError as error:
                if self._reopen is None or self._closing.is_set():
                    raise
                self._come_back(str(error))

    def _come_back(self, loss: str) -> None:
        """Wait for the camera, with growing pauses, and open it again.

        Raises:
            SourceError: It did not come back in time, or the source is being closed.
        """
        assert self._reopen is not None
        lost_s = self._lost_s = time.monotonic()
        self._losses += 1
        _log.warning("%s; waiting for it to come back", loss)
        self._capture.release()  # or Linux keeps the number, and gives it another one
        pause_s = self._patience.pause_s
        while not self._closing.wait(pause_s):
            capture = self._reopen()
            if capture is not None:
                self._capture, self._lost_s = capture, None
                self._away_s += time.monotonic() - lost_s
                _log.warning("%s is back", self._name)
                return
            if time.monotonic() - lost_s > self._patience.give_up_s:
                raise SourceError(f"{loss} and did not come back")
            pause_s = min(2 * pause_s, self._patience.longest_pause_s)
        raise SourceError(loss)

    def _grab(self) -> tuple[float, Image]:
        """Return when the next picture came (monotonic clock), and the picture.

        Raises:
            SourceError: None came in time, the device is gone, or the source is being closed.
        """
        begun_s = self._waiting_s = time.monotonic()
        while True:
            grabbed = self._capture.grab()
            captured_s = time.monotonic()
            if grabbed and self.held:
                begun_s = captured_s
                if self._closing.is_set():
                    raise SourceError(f"{self._name} was closed")
                continue
            rgb = self._unpacked() if grabbed else None
            if rgb is not None:
                self._waiting_s = None
                return captured_s, rgb
            if self._device is not None and not self._device.exists():
                raise SourceError(f"{self._name} was unplugged")
            stalled = time.monotonic() >= begun_s + self._patience.stall_s
            if stalled or self._closing.wait(RETRY_PAUSE_S):
                raise SourceError(
                    f"{self._name} has given no picture for {self._patience.stall_s:g} s; unplug "
                    "it and plug it in again, or see whether another program took it"
                )

    def _unpacked(self) -> Image | None:
        """Return the picture that was grabbed as RGB; None when there is nothing in it.

        Cheap cameras send an empty or a cut JPEG now and then, of which OpenCV raises.
        """
        try:
            good, bgr = self._capture.retrieve()
            if not good or bgr is None or not bgr.size:
                return None
            rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
        except cv2.error as error:
            _log.debug("%s gave a picture that cannot be read: %s", self._name, error)
            return None
        rgb.flags.writeable = False
        return rgb

    def _watch_the_rate(self, index: int, captured_s: float) -> None:
        """Say once, after some seconds, that compressed pictures may come faster.

        The first picture may lie about its time: it was there before anybody looked.
        """
        if index == 1:
            self._begin_looking_s = captured_s
        begun_s = self._begin_looking_s
        if begun_s is None or captured_s - begun_s < LOOK_S:
            return
        self._begin_looking_s = None
        fps = (index - 1) / (captured_s - begun_s)
        slow = fps < (SLOW_PART * self._wished_fps if self._wished_fps else SLOW_FPS)
        if slow and not is_compressed(self._capture):
            _log.warning(
                "%s gives only %.0f pictures a second; --mjpg, a smaller --size or more light may "
                "make it faster",
                self._name,
                fps,
            )

    def _release(self) -> None:
        """Let go of the device."""
        self._capture.release()
