"""Read the packets of a stream on a thread that can be abandoned.

Only here are streams opened over the network, and only at the address that the user gave.
"""

import errno
import threading
import time
from collections import deque
from typing import Any, Final, NamedTuple

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from fer_live.errors import SourceError
from fer_live.realtime.ffmpeg import open_input
from fer_live.realtime.sources.streams.addresses import callable_address
from fer_live.realtime.sources.videos.containers import pick_video

LOOK_AGAIN_S: Final = 0.05
"""How often a waiting thread checks whether the stream is still wanted."""
MOST_AHEAD: Final = 32
"""Read-ahead, in packets, of a stream that is shown as it arrives."""
MOST_AHEAD_BYTES: Final = 64_000_000
"""Read-ahead, in bytes, of a stream that is played smoothly: a segment or two."""

GOES_ON: Final = frozenset({"mpjpeg"})
"""Formats in which FFmpeg reports an empty JPEG as the end of the stream. Cheap cameras send one
now and then; the stream has ended only if nothing follows."""


class Arrival(NamedTuple):
    """A packet and its arrival time on the monotonic clock; None flushes the decoder."""

    packet: Any
    at_s: float


class PacketReader:
    """Opens a stream and reads it on a thread of its own until it ends or is abandoned.

    The thread has two purposes: a reader need not wait for a blocked read when its own timeout has
    passed, and one segment can be downloaded while another is played. FFmpeg's reads cannot be
    interrupted, so after `leave` the thread ends when its read returns, within `timeout_s`;
    whichever of thread and reader finishes last closes the stream.

    Attributes:
        far_ahead: Whether the read-ahead is limited by bytes instead of packets.
        broken: FFmpeg's error message if reading failed; None after a proper end.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        options: dict[str, str],
        timeout_s: tuple[float, float],
        unwanted: threading.Event,
    ) -> None:
        """Start connecting.

        Args:
            url: The address, including its password.
            name: The address without secrets, for messages.
            options: Options for FFmpeg.
            timeout_s: Timeouts for connecting and for each read, in seconds.
            unwanted: Set by another thread to abort.
        """
        self.far_ahead = False
        self.broken: str | None = None
        self._url, self._name, self._options = url, name, options
        self._timeout_s, self._unwanted = timeout_s, unwanted
        self._news = threading.Condition()
        self._ahead: deque[Arrival] = deque()
        self._ahead_bytes = 0
        self._opened: tuple[InputContainer, VideoStream] | None = None
        self._failure: SourceError | None = None
        self._over = self._left = False
        self._holders = 2  # the thread and whoever reads
        threading.Thread(target=self._run, name=f"packets of {name}", daemon=True).start()

    def opened(self) -> tuple[InputContainer, VideoStream]:
        """Wait until connected; return the container and its video stream.

        Raises:
            SourceError: The server does not answer or refuses, or the stream is not a video.
        """
        give_up_s = time.monotonic() + sum(self._timeout_s)
        with self._news:
            while self._opened is None and self._failure is None:
                if self._unwanted.is_set() or time.monotonic() > give_up_s:
                    raise SourceError(f"{self._name} does not answer")
                self._news.wait(LOOK_AGAIN_S)
            if self._failure is not None:
                raise self._failure
            assert self._opened is not None
            return self._opened

    def next(self, stall_s: float) -> Arrival | None:
        """Return the next packet; None at the end, or if none arrives within `stall_s` seconds."""
        begun_s = time.monotonic()
        with self._news:
            while not self._ahead:
                if self._over or self._unwanted.is_set():
                    return None
                if time.monotonic() - begun_s > stall_s:
                    self.broken = f"nothing came for {stall_s:g} s"
                    return None
                self._news.wait(LOOK_AGAIN_S)
            arrival = self._ahead.popleft()
            self._ahead_bytes -= _size(arrival)
            self._news.notify_all()
            return arrival

    def leave(self) -> None:
        """Abandon the stream; may be called more than once."""
        with self._news:
            if self._left:
                return
            self._left = True
            self._ahead.clear()
            self._news.notify_all()
        self._let_go()

    def _run(self) -> None:
        """Open the stream, read to its end, and release it; runs on the thread."""
        try:
            self._read(self._open())
        except SourceError as error:
            self._failure = error
        except (av.FFmpegError, OSError) as error:
            self.broken = error.strerror or str(error)
        finally:
            with self._news:
                self._over = True
                self._news.notify_all()
            self._let_go()

    def _open(self) -> InputContainer:
        """Open the stream.

        Raises:
            SourceError: The server does not answer or refuses, or the stream is not a video.
        """
        try:
            # Errors of PyAV quote the address: none may leave here, not even as a cause.
            container = open_input(
                callable_address(self._url), options=self._options, timeout=self._timeout_s
            )
        except (av.FFmpegError, OSError) as error:
            raise SourceError(self._refusal(error)) from None
        try:
            stream = pick_video(container, self._name)
        except SourceError:
            container.close()
            raise
        stream.thread_type = "SLICE"  # frame threads hold pictures back
        with self._news:
            self._opened = container, stream
            self._news.notify_all()
        return container

    def _read(self, container: InputContainer) -> None:
        """Read packets into the queue; blocks while the queue is full."""
        while self._read_on(container) and container.format.name in GOES_ON:
            pass
        self._put(Arrival(None, time.monotonic()))

    def _read_on(self, container: InputContainer) -> bool:
        """Read until FFmpeg reports the end; return whether there were any packets."""
        assert self._opened is not None
        stream, found = self._opened[1], False
        for packet in container.demux():
            if self._left:
                return False
            if packet.stream is stream and packet.size:
                found = True
                self._put(Arrival(packet, time.monotonic()))
        return found

    def _put(self, arrival: Arrival) -> None:
        with self._news:
            while not self._left and self._is_full():
                self._news.wait()
            self._ahead.append(arrival)
            self._ahead_bytes += _size(arrival)
            self._news.notify_all()

    def _is_full(self) -> bool:
        if self.far_ahead:
            return self._ahead_bytes >= MOST_AHEAD_BYTES
        return len(self._ahead) >= MOST_AHEAD

    def _let_go(self) -> None:
        """Release the stream; closes it once thread and reader have both released it."""
        with self._news:
            self._holders -= 1
            last = self._holders == 0
        if last and self._opened is not None:
            self._opened[0].close()

    def _refusal(self, error: av.FFmpegError | OSError) -> str:
        """Return a sentence that explains why the stream cannot be opened."""
        if isinstance(error, av.ExitError):
            return f"{self._name} does not answer within {self._timeout_s[0]:g} s"
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


def _size(arrival: Arrival) -> int:
    return 0 if arrival.packet is None else int(arrival.packet.size)
