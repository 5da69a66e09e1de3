"""Read frames from a camera through OpenCV, and survive its unplugging."""

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
from fer_live.realtime.sources.cameras.opening import CameraOpener, CameraRequest, is_compressed
from fer_live.realtime.sources.pixels import fitted
from fer_live.realtime.sources.source import BaseSource, silence
from fer_live.realtime.sources.streams.connection import Patience

STALL_S: Final = 5.0
"""A camera that delivers no frame for so long counts as lost."""
RETRY_PAUSE_S: Final = 0.05
"""Pause between two attempts to read from a camera after a failed read."""
RATE_WINDOW_S: Final = 3.0
"""How long the frame rate is measured before a camera is reported as slow."""
SLOW_FPS: Final = 16.0
"""A camera counts as slow below this frame rate if no rate was requested."""
SLOW_FRACTION: Final = 0.7
"""It counts as slow below this fraction of a requested rate."""

_log = logging.getLogger(__name__)


def open_camera(
    place: int | str,
    *,
    size_wh: tuple[int, int] | None = None,
    fps: float | None = None,
    mjpg: bool = False,
    patience: Patience | None = None,
) -> "CameraSource":
    """Open a camera; if it is unplugged, reopen it as soon as it is back.

    Size, rate and format are requests: the camera chooses the closest mode that it supports. What
    it chose is in `info`, and a warning is logged if that differs.

    Args:
        place: Index of the camera, from 0, as int or text, or its device, such as "/dev/video2".
        size_wh: (width, height) in pixels; None for the camera's default.
        fps: Frames per second; None for the camera's default.
        mjpg: Request Motion JPEG, without which many USB cameras cannot deliver large frames at
            full rate.
        patience: Timeouts for reading and reconnecting.

    Raises:
        SourceError: The camera does not exist, may not be accessed, is busy, or delivers no frame.
        SettingsError: `size_wh` or `fps` is not positive.
    """
    if size_wh is not None and min(size_wh) < 1:
        raise SettingsError(f"a camera has no pictures of {size_wh[0]}x{size_wh[1]}")
    if fps is not None and not 0 < fps < float("inf"):
        raise SettingsError(f"a camera has no rate of {fps} frames a second")
    name, request = f"camera {place}", CameraRequest(size_wh, fps, mjpg=mjpg)
    opener = CameraOpener(place, name, request)
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
    camera.log_differences(request)
    return camera


class CameraSource(BaseSource):
    """The frames of a capture device; usually created by `open_camera`.

    A read blocks for as long as OpenCV's driver does: up to 2 s on Linux. `captured_s` is the time
    at which the driver delivered the frame, before it is decoded.
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
        """Take ownership of an open capture and wait for its first frame.

        Args:
            capture: The open device; released on closing.
            name: Name of the camera in messages.
            device: Its device file, if any: once that disappears, the camera was unplugged.
            reopen: Tries to open a lost camera again; returns None if it is still away. Without
                it, a lost camera is not reopened.
            patience: Timeouts for reading and reconnecting.

        Raises:
            SourceError: The camera delivers no frame.
        """
        super().__init__()
        self._capture, self._name, self._device = capture, name, device
        self._reopen, self._patience = reopen, patience or Patience(stall_s=STALL_S)
        self._waiting_s: float | None = None
        self._lost_s: float | None = None
        self._losses, self._away_s = 0, 0.0
        self._requested_fps: float | None = None
        self._rate_from_s: float | None = None
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
        """The actual size of the frames, and the frame rate that the camera reports."""
        return self._info

    @property
    def trouble(self) -> str | None:
        """Why no frames are arriving at the moment; None while they are."""
        lost_s = self._lost_s  # copied: the reading thread may reset it meanwhile
        if lost_s is not None:
            return f"lost {time.monotonic() - lost_s:.0f} s ago, waiting for it"
        return silence(self._waiting_s)

    @property
    def fault(self) -> str | None:
        """A sentence on how often and for how long the camera was lost; None if it never was."""
        if not self._losses:
            return None
        times = "once" if self._losses == 1 else f"{self._losses} times"
        lost_s = self._lost_s
        still_s = 0.0 if lost_s is None else time.monotonic() - lost_s
        return f"{self._name} was lost {times}, for {self._away_s + still_s:.1f} s in all"

    def log_differences(self, request: CameraRequest) -> None:
        """Log a warning for every requested setting that the camera did not accept."""
        self._requested_fps = request.fps
        for sentence in request.differences(self._capture, self._info):
            _log.warning("%s %s", self._name, sentence)

    def _read(self) -> Iterator[Frame]:
        """Yield frames until the source is closed."""
        captured_s = self._first_s
        for index in itertools.count():
            self._check_rate(index, captured_s)
            rgb = self._rgb
            if rgb.shape[1::-1] != self._info.size_wh:
                rgb = fitted(rgb, self._info.size_wh)
            yield Frame(index, captured_s - self._first_s, rgb, captured_s)
            captured_s, self._rgb = self._next_picture()

    def _next_picture(self) -> tuple[float, Image]:
        """Return the next frame, reopening a lost camera if necessary.

        Raises:
            SourceError: The camera is lost for good, or the source is being closed.
        """
        while True:
            try:
                return self._grab()
            except SourceError as error:
                if self._reopen is None or self._closing.is_set():
                    raise
                self._reconnect(str(error))

    def _reconnect(self, loss: str) -> None:
        """Try to reopen the camera, with growing pauses.

        Raises:
            SourceError: The camera did not come back in time, or the source is being closed.
        """
        assert self._reopen is not None
        lost_s = self._lost_s = time.monotonic()
        self._losses += 1
        _log.warning("%s; waiting for it to come back", loss)
        self._capture.release()  # or Linux keeps the index and gives the camera another one
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
        """Return the arrival time of the next frame (monotonic clock, in seconds) and its pixels.

        Raises:
            SourceError: No frame arrived in time, the device is gone, or the source is being
                closed.
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
            rgb = self._decoded() if grabbed else None
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

    def _decoded(self) -> Image | None:
        """Return the grabbed frame as RGB; None if it is empty or cannot be decoded.

        Cheap cameras send an empty or truncated JPEG now and then, for which OpenCV raises.
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

    def _check_rate(self, index: int, captured_s: float) -> None:
        """Log once, after some seconds, that a slow camera may be faster with compression.

        The first frame does not count: it may have waited in the driver before the first read.
        """
        if index == 1:
            self._rate_from_s = captured_s
        from_s = self._rate_from_s
        if from_s is None or captured_s - from_s < RATE_WINDOW_S:
            return
        self._rate_from_s = None
        fps = (index - 1) / (captured_s - from_s)
        requested = self._requested_fps
        slow = fps < (SLOW_FRACTION * requested if requested else SLOW_FPS)
        if slow and not is_compressed(self._capture):
            _log.warning(
                "%s gives only %.0f pictures a second; --mjpg, a smaller --size or more light may "
                "make it faster",
                self._name,
                fps,
            )

    def _release(self) -> None:
        """Release the device."""
        self._capture.release()
