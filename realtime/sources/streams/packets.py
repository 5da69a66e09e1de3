"""Read the packets of a stream on a thread that can be abandoned.

The only file that reaches the network, and only the address that a person gave.
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
"""How long is waited before it is looked whether anybody still wants the stream."""
MOST_AHEAD: Final = 32
"""Packets read ahead of a stream that is shown as it comes."""
MOST_AHEAD_BYTES: Final = 64_000_000
"""And of one that is played evenly, which has to be read ahead by a segment or two."""

GOES_ON: Final = frozenset({"mpjpeg"})
"""Formats in which FFmpeg takes an empty picture for the end. Cheap cameras send them now and then;
there is no more only when nothing else comes behind."""


class Arrival(NamedTuple):
    """A packet and when it came, on the monotonic clock; None drains the decoder."""

    packet: Any
    at_s: float


class PacketReader:
    """Opens a stream and reads it until it ends or is left.

    The thread serves two ends: nobody who waits for a picture has to wait for a read to come back
    once the wait is over, and one segment can be read while another plays. FFmpeg's reads cannot
    be broken off. After `leave` the thread ends when its read does, within `timeout_s`; whoever is
    last, thread or reader, closes the stream.

    Attributes:
        far_ahead: Whether to read ahead by bytes and not by packets.
        broken: FFmpeg's own words when it could not go on; None at a proper end.
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
        """Begin to connect.

        Args:
            url: The address, with its password.
            name: The address as it may be said.
            options: FFmpeg's own.
            timeout_s: For the first answer, and for any read.
            unwanted: Set from elsewhere when nobody wants the stream any more.
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
        """Wait for the first answer, and return the stream.

        Raises:
            SourceError: There is no answer, it is refused, or it is no video.
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
        """Return what was read next; None at the end, or when nothing came for so long."""
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
        """Want no more; a second call does nothing."""
        with self._news:
            if self._left:
                return
            self._left = True
            self._ahead.clear()
            self._news.notify_all()
        self._let_go()

    def _run(self) -> None:
        """Open, read to the end, and let go; run by the thread."""
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
            SourceError: There is no answer, it is refused, or it is no video.
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
        """Put packets where they are taken from, and wait where nobody takes them."""
        while self._read_on(container) and container.format.name in GOES_ON:
            pass
        self._put(Arrival(None, time.monotonic()))

    def _read_on(self, container: InputContainer) -> bool:
        """Read until FFmpeg says that there is no more; return whether there was anything."""
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
        """Close the stream if the other has let go as well."""
        with self._news:
            self._holders -= 1
            last = self._holders == 0
        if last and self._opened is not None:
            self._opened[0].close()

    def _refusal(self, error: av.FFmpegError | OSError) -> str:
        """Return the sentence on why the stream cannot be opened."""
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
