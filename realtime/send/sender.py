"""One thread and a short queue per receiver, so that none slows down the camera or another."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from fer_live.realtime.results import Frame, FrameResult, SourceInfo
from fer_live.realtime.send.channel import Channel, UnreachableError
from fer_live.realtime.send.message import Message

QUEUE: Final = 256
"""Messages kept for a slow receiver, some 8 s at 30 a second; then the oldest is dropped."""
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 5.0
"""Pauses between attempts to reach a receiver: doubled from the first up to the longest."""
GOODBYE_S: Final = 2.0
"""How long what is still queued at the end may take."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LineStatus:
    """The status of one receiver.

    Attributes:
        name: Its address, without passwords.
        sent: Number of messages sent.
        dropped: Number of messages dropped because it was too slow or not there.
        reached: Whether it is connected.
        problem: Why it could not be reached; None before the first attempt, and while connected.
    """

    name: str
    sent: int
    dropped: int
    reached: bool
    problem: str | None


class _Line:
    """One receiver: its channel, its queue and its thread."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._queue: deque[Message] = deque()
        self._fresh = threading.Condition()
        self._closing = False
        self._stop = threading.Event()
        self._sent = self._dropped = 0
        self._there = self._slow = False
        self._problem: str | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=f"to {channel.name}", daemon=True)
        self._thread.start()

    def offer(self, message: Message, patience_s: float) -> None:
        """Queue a message; if there is no room, the oldest is dropped.

        Args:
            message: What to send.
            patience_s: How long to wait for room while the receiver is connected.
        """
        with self._fresh:
            if patience_s and not self._slow:
                self._slow = not self._fresh.wait_for(self._needs_no_waiting, patience_s)
            if len(self._queue) >= QUEUE:
                self._queue.popleft()
                self._dropped += 1
            self._queue.append(message)
            self._fresh.notify()

    def _needs_no_waiting(self) -> bool:
        """Whether there is room, or no receiver that would make room."""
        return len(self._queue) < QUEUE or self._problem is not None or not self._thread.is_alive()

    def status(self) -> LineStatus:
        """Return the status."""
        with self._fresh:
            return LineStatus(
                self._channel.name, self._sent, self._dropped, self._there, self._problem
            )

    def finish(self) -> None:
        """Accept no more messages; queued ones are sent if the receiver is connected."""
        with self._fresh:
            self._closing = True
            if self._problem is not None:
                self._stop.set()
            self._fresh.notify()

    def close(self) -> None:
        """Wait a few seconds for the thread, after `finish`."""
        self._thread.join(GOODBYE_S)
        self._stop.set()
        if self._thread.is_alive():
            self._channel.abort()
            self._thread.join(GOODBYE_S)
        if self._thread.is_alive():
            _log.warning("%s did not let go and was left behind", self._channel.name)
        with self._fresh:
            self._dropped += len(self._queue)
            self._queue.clear()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        """Serve the receiver to the end; an unexpected error is kept for `close`."""
        try:
            self._serve()
        except Exception as error:  # raised again where the sender is closed
            self._lost(error)
            self._error = error

    def _serve(self) -> None:
        """Connect, send, and reconnect whenever the receiver is lost."""
        pause_s = FIRST_PAUSE_S
        while not self._done():
            try:
                self._channel.open()
                self._reached()
                pause_s = FIRST_PAUSE_S
                self._send_on()
            except (UnreachableError, OSError) as error:
                self._lost(error)
                self._stop.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            finally:
                self._channel.close()

    def _send_on(self) -> None:
        """Send message after message until the end or the first failure."""
        while (message := self._next()) is not None:
            try:
                self._channel.send(message)
            except (UnreachableError, OSError):
                with self._fresh:
                    self._dropped += 1
                raise
            with self._fresh:
                self._sent += 1
                self._slow = False

    def _next(self) -> Message | None:
        """Wait for the next message; None at the end."""
        with self._fresh:
            self._fresh.wait_for(lambda: self._queue or self._closing)
            if self._stop.is_set() or not self._queue:
                return None
            message = self._queue.popleft()
            self._fresh.notify()
            return message

    def _done(self) -> bool:
        with self._fresh:
            return self._stop.is_set() or (self._closing and not self._queue)

    def _reached(self) -> None:
        """Note that the receiver is connected."""
        with self._fresh:
            back, self._problem = self._problem is not None, None
            self._there = True
        if back:
            _log.warning("%s is there again", self._channel.name)

    def _lost(self, error: Exception) -> None:
        """Note that the receiver is not there, and log it once."""
        if self._stop.is_set():
            return
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        with self._fresh:
            self._there = False
            first = self._problem is None
            self._problem = reason or type(error).__name__
            self._fresh.notify()
        if first:
            _log.warning("%s cannot be reached (%s); trying again", self._channel.name, reason)


class Sender:
    """Sends every result to every receiver, in order; a `FrameSink`.

    A slow receiver loses the oldest messages, one that is not there loses those sent meanwhile;
    both are reported by `status` and once in the log. Neither blocks `write`, unless `patience_s`
    is set.

    Attributes:
        info: Describes the source of what is written from now on.
    """

    def __init__(
        self, channels: Sequence[Channel], info: SourceInfo, *, patience_s: float = 0.0
    ) -> None:
        """Start connecting to every receiver.

        Args:
            channels: Returned by `open_channel`; they belong to the sender.
            info: Describes the source.
            patience_s: How long a connected but slow receiver may delay a message. If it accepts
                none in this time, it is not waited for again until it does. For files, whose
                results come faster than most programs read; a camera does not wait.
        """
        self.info = info
        self._patience_s = patience_s
        self._lines = [_Line(channel) for channel in channels]
        self._closed = False

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Send the result of a frame; returns at once, unless `patience_s` is set."""
        self.send(Message.of(self.info, frame, result))

    def write_result(self, result: FrameResult) -> None:
        """Send the result of a frame of a file whose picture is no longer available."""
        self.send(Message(self.info.name, self.info.size_wh, result))

    def send(self, message: Message) -> None:
        """Send a message to every receiver."""
        for line in self._lines:
            line.offer(message, self._patience_s)

    def status(self) -> tuple[LineStatus, ...]:
        """Return the status of each receiver."""
        return tuple(line.status() for line in self._lines)

    def close(self) -> None:
        """Send what is queued, for at most a few seconds, and close; may be called twice."""
        if self._closed:
            return
        self._closed = True
        for line in self._lines:
            line.finish()
        with ExitStack() as closing:
            for line in self._lines:
                closing.callback(line.close)
        for status in self.status():
            if status.dropped:
                _log.warning(
                    "%s missed %d of %d messages: it was too slow, or not there",
                    status.name,
                    status.dropped,
                    status.dropped + status.sent,
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
