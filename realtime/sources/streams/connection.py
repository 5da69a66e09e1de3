"""One connection to a stream, from its first frame until it ends or breaks."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, TypeAlias

import av
from av.format import Flags as FormatFlags

from fer_live.errors import SourceError
from fer_live.realtime.ffmpeg import exact
from fer_live.realtime.results import SourceInfo
from fer_live.realtime.sources.pixels import View, pixel_aspect
from fer_live.realtime.sources.streams.addresses import public_name
from fer_live.realtime.sources.streams.packets import Arrival, PacketReader
from fer_live.realtime.sources.streams.playout import Playout
from fer_live.realtime.sources.timing import PresentationClock
from fer_live.realtime.sources.videos.containers import file_origin, has_flag

Transport: TypeAlias = Literal["auto", "tcp", "udp"]
"""Transport of RTSP; "auto" tries TCP first, and UDP if the camera offers nothing else."""

_OPTIONS: Final = {
    "flags": "low_delay",
    "analyzeduration": "1000000",  # microseconds of stream looked at before the first picture
    "live_start_index": "-2",  # HLS: from the last segment but one, so that it never runs dry
    "protocol_whitelist": "crypto,data,http,https,rtmp,rtmps,rtp,rtsp,rtsps,srt,srtp,tcp,tls,udp",
}
"""Low delay; and protocols restricted, so that no remote playlist can refer to a local file."""
_TRANSPORTS: Final[dict[Transport, dict[str, str]]] = {
    # Lost UDP packets tear pictures; TCP is what cameras do well.
    "auto": {"rtsp_transport": "tcp+udp", "rtsp_flags": "prefer_tcp"},
    "tcp": {"rtsp_transport": "tcp"},
    "udp": {"rtsp_transport": "udp"},
}
SEGMENTED: Final = frozenset({"hls", "dash"})
"""Formats that are delivered in segments of several seconds."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Timeouts of a live source, in seconds.

    Attributes:
        open_s: Timeout for connecting.
        stall_s: Time without a frame after which the connection counts as lost.
        segment_s: The same for streams in segments; must exceed the length of a segment.
        pause_s: Pause before the first attempt to reconnect; doubled before each further attempt.
        longest_pause_s: Upper limit of the pauses.
        give_up_s: Time without a frame after which the source counts as lost for good.
    """

    open_s: float = 10.0
    stall_s: float = 5.0
    segment_s: float = 30.0
    pause_s: float = 0.5
    longest_pause_s: float = 8.0
    give_up_s: float = float("inf")


class Connection:
    """A connected stream whose first frame has been decoded.

    Attributes:
        picture_s: When the newest frame was handed out, on the monotonic clock.
        waiting_s: Since when the reader has been waiting for a frame; None while it is not.
        behind_s: How long the newest frame was held back after its arrival, in seconds.
        ended: Whether the sender ended the stream properly.
        view: Rotation and pixel aspect ratio to display its frames with.
        damaged: Number of packets that could not be decoded.
    """

    def __init__(
        self,
        url: str,
        patience: Patience,
        closing: threading.Event,
        *,
        transport: Transport = "auto",
    ) -> None:
        """Connect and wait for the first frame.

        Args:
            url: The address, including its password.
            patience: Timeouts.
            closing: Set by another thread to abort.
            transport: Transport of RTSP.

        Raises:
            SourceError: The server does not answer or refuses, or the stream is not a video.
        """
        self._patience, self._closing = patience, closing
        self.picture_s, self.behind_s = time.monotonic(), 0.0
        self.waiting_s: float | None = None
        self.ended, self.damaged = False, 0
        self._name = public_name(url)
        self._reader = PacketReader(
            url,
            self._name,
            options={**_OPTIONS, **_TRANSPORTS[transport]},
            timeout_s=(patience.open_s, max(patience.stall_s, patience.segment_s)),
            unwanted=closing,
        )
        try:
            self._container, self._stream = self._reader.opened()
            self._even = self._container.format.name in SEGMENTED
            self._reader.far_ahead = self._even
            self._decoded = self._decode()
            self._first = self._first_picture()
            self.view = View(pixel_aspect(self._stream))
        except BaseException:
            self._reader.leave()
            raise
        self.picture_s = time.monotonic()

    def describe(self) -> SourceInfo:
        """Return the properties that the stream announces."""
        duration = self._container.duration
        return SourceInfo(
            name=self._name,
            size_wh=self.view.upright_size(self._first[0]),
            fps=exact(self._stream.average_rate),
            duration_s=duration / av.time_base if duration else None,
            live=True,
        )

    def pictures(self, *, live: bool) -> Iterator[tuple[float, av.VideoFrame]]:
        """Yield each frame when it is due, with its timestamp in seconds.

        Ends when the stream ends, breaks, or delivers nothing for too long.

        Args:
            live: Whether to hold the frames of a segmented stream back until they are due. The
                frames of a recording are yielded as they arrive.
        """
        clock = self._clock()
        made_up = has_flag(self._container, FormatFlags.no_timestamps)
        playout = Playout(even=self._even, timestamps=live and not made_up)
        shown: tuple[av.VideoFrame, float] | None = self._first
        while shown is not None:
            picture, came_s = shown
            time_s = clock.time_s(picture.pts)
            due_s = playout.due_s(time_s, came_s)
            self._even = self._reader.far_ahead = self._even or playout.even
            if self._closing.wait(max(0.0, due_s - time.monotonic())):
                return
            self.picture_s = time.monotonic()
            self.behind_s = max(0.0, due_s - came_s)
            yield time_s, picture
            self.waiting_s = time.monotonic()
            shown = next(self._decoded, None)
            self.waiting_s = None

    def close(self) -> None:
        """Disconnect; must not be called while `pictures` runs on another thread."""
        self._decoded = iter(())
        self._reader.leave()

    def _first_picture(self) -> tuple[av.VideoFrame, float]:
        """Return the first frame and its arrival time.

        Raises:
            SourceError: No frame arrived.
        """
        first = next(self._decoded, None)
        if first is None:
            reason = self._reader.broken or "it ends"
            raise SourceError(f"{self._name} answers but sends no picture: {reason}")
        return first

    def _clock(self) -> PresentationClock:
        rate = exact(self._stream.average_rate)
        origin = file_origin(self._container, self._stream)
        tick = exact(self._stream.time_base) or Fraction(1)
        return PresentationClock(tick, origin, float(1 / rate) if rate else 0.0)

    def _decode(self) -> Iterator[tuple[av.VideoFrame, float]]:
        """Yield each frame with its arrival time until the stream ends or stalls."""
        seen_s = time.monotonic()
        while (arrival := self._reader.next(self._stall_s)) is not None:
            for picture in self._decoded_from(arrival):
                yield picture, arrival.at_s
                seen_s = time.monotonic()
            if time.monotonic() - seen_s > self._patience.open_s + self._stall_s:
                self._reader.broken = "packets come, but no picture can be decoded"
                return
        self.ended = self._reader.broken is None and not self._closing.is_set()

    def _decoded_from(self, arrival: Arrival) -> list[av.VideoFrame]:
        """Return the frames decoded from a packet; none if the packet is damaged."""
        try:
            return self._stream.decode(arrival.packet)
        except av.FFmpegError:
            self.damaged += 1
            return []

    @property
    def _stall_s(self) -> float:
        return self._patience.segment_s if self._even else self._patience.stall_s
