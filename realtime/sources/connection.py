"""One connection to a stream, from the first answer until it breaks.

The only file that reaches the network, and only the address that a person gave.
"""

import errno
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av

from fer_live.errors import SourceError
from fer_live.realtime.ffmpeg import exact, open_input
from fer_live.realtime.results import SourceInfo
from fer_live.realtime.sources.addresses import callable_address, public_name
from fer_live.realtime.sources.containers import file_origin, pick_video
from fer_live.realtime.sources.decoding import Decoder
from fer_live.realtime.sources.pixels import View, pixel_aspect
from fer_live.realtime.sources.timing import PresentationClock

_OPTIONS: Final = {
    "rtsp_transport": "tcp",  # lost UDP packets tear pictures; TCP is what cameras do well
    "flags": "low_delay",
    "analyzeduration": "1000000",  # microseconds of stream looked at before the first picture
    "protocol_whitelist": "crypto,data,http,https,rtmp,rtmps,rtp,rtsp,rtsps,srt,srtp,tcp,tls,udp",
}
"""Low delay; and no playlist from the network can name a file of this machine."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a stream.

    Attributes:
        open_s: For the first answer.
        stall_s: For the next picture before the connection counts as lost. `close` may have to
            wait as long.
        pause_s: Before the first new try; doubled before each further one.
        longest_pause_s: Beyond which pauses do not grow.
        give_up_s: Without a picture after which the stream counts as gone for good.
    """

    open_s: float = 10.0
    stall_s: float = 5.0
    pause_s: float = 0.5
    longest_pause_s: float = 8.0
    give_up_s: float = 60.0


class Connection:
    """A stream that has answered and shown its first picture.

    Attributes:
        picture_s: When the newest picture came, on the monotonic clock.
        came_to_its_end: Whether the sender said that there is no more.
        view: How its pictures are to be seen.
    """

    def __init__(self, url: str, patience: Patience, closing: threading.Event) -> None:
        """Connect, and wait for the first picture.

        Args:
            url: The address, with its password.
            patience: How long to wait for what.
            closing: Set from elsewhere when nobody wants the stream any more.

        Raises:
            SourceError: There is no answer, it is refused, or it is no video.
        """
        self._name, self._patience, self._closing = public_name(url), patience, closing
        self.picture_s = time.monotonic()
        self.came_to_its_end = False
        with ExitStack() as undo:
            try:
                # Errors of PyAV quote the address: none may leave here, not even as a cause.
                self._container = undo.enter_context(
                    open_input(
                        callable_address(url),
                        options=_OPTIONS,
                        timeout=(patience.open_s, patience.stall_s),
                    )
                )
            except (av.FFmpegError, OSError) as error:
                raise SourceError(self._refusal(error)) from None
            self._stream = pick_video(self._container, self._name)
            self._stream.thread_type = "SLICE"  # frame threads hold pictures back
            self._decoder = Decoder(self._container, self._stream, whole=False, watch=self._watch)
            self._decoded = self._decoder.pictures()
            first = self._next_picture()
            if first is None:
                reason = self._decoder.broken or "it ends"
                raise SourceError(f"{self._name} answers but sends no picture: {reason}")
            self._first = first
            self.view = View(pixel_aspect(self._stream))
            undo.pop_all()

    def describe(self) -> SourceInfo:
        """Return what the stream says of itself."""
        duration = self._container.duration
        return SourceInfo(
            name=self._name,
            size_wh=self.view.upright_size(self._first),
            fps=exact(self._stream.average_rate),
            duration_s=duration / av.time_base if duration else None,
            live=True,
        )

    def pictures(self) -> Iterator[tuple[float, av.VideoFrame]]:
        """Yield each picture, with its time in seconds by the stream's own timestamps.

        Ends when the stream does, breaks, or shows nothing for too long.
        """
        rate = exact(self._stream.average_rate)
        origin = file_origin(self._container, self._stream)
        tick = exact(self._stream.time_base) or Fraction(1)
        clock = PresentationClock(tick, origin, float(1 / rate) if rate else 0.0)
        picture: av.VideoFrame | None = self._first
        while picture is not None:
            yield clock.time_s(picture.pts), picture
            picture = self._next_picture()

    def close(self) -> None:
        """Hang up; not while `pictures` runs on another thread."""
        self._decoded = iter(())
        self._container.close()

    def _next_picture(self) -> av.VideoFrame | None:
        """Return the next picture; None when there is none any more."""
        try:
            picture = next(self._decoded, None)
        except TimeoutError:
            return None
        if picture is None:
            self.came_to_its_end = self._decoder.broken is None
        else:
            self.picture_s = time.monotonic()
        return picture

    def _watch(self) -> None:
        """Break off when packets come but no pictures, or when nobody wants them."""
        if self._closing.is_set() or (
            time.monotonic() > self.picture_s + self._patience.open_s + self._patience.stall_s
        ):
            raise TimeoutError

    def _refusal(self, error: av.FFmpegError | OSError) -> str:
        """Return the sentence on why the stream cannot be opened."""
        if isinstance(error, av.ExitError):
            return f"{self._name} does not answer within {self._patience.open_s:g} s"
        if isinstance(error, av.InvalidDataError):
            return f"{self._name} answers, but not with a video of any kind that FFmpeg knows"
        if isinstance(error, (av.HTTPUnauthorizedError, av.HTTPForbiddenError)):
            return f"{self._name} wants another user name or password (user:password@ in front)"
        if isinstance(error, av.HTTPNotFoundError):
            return f"{self._name} is not there, though its sender answers; check the path"
        if error.errno == errno.EIO:  # what FFmpeg makes of a name that nobody knows
            return f"{self._name} is not reached; check its name, and that there is a network"
        reason = error.strerror or type(error).__name__
        return (
            f"{self._name} cannot be opened: {reason}; check the address, and that its sender runs"
        )
