"""The newest frame of each of several streams: one thread per stream, one condition to wait on."""

import dataclasses
import logging
import threading
import time
from collections import Counter
from typing import Final

from fer_live.errors import SourceError
from fer_live.realtime.results import Frame
from fer_live.realtime.sources import Patience, open_source
from fer_live.realtime.sources.latest import Paced
from fer_live.realtime.sources.source import Source
from fer_live.realtime.sources.streams.addresses import public_name
from fer_live.realtime.watch.health import State
from fer_live.realtime.watch.plan import WatchedStream

LEAVE_S: Final = 1.0
"""How long to wait for a pending read at the end; then it is abandoned."""
EARLY: Final = 0.5
"""A picture that arrives early by this share of a period counts as due, because networks jitter."""

_log = logging.getLogger(__name__)


class Inbox:
    """The newest picture of each stream; a slow reader skips older ones."""

    def __init__(self) -> None:
        self._fresh = threading.Condition()
        self._frames: dict[str, Frame] = {}
        self._dropped: Counter[str] = Counter()

    def put(self, name: str, frame: Frame) -> None:
        """Replace the stream's previous picture; from any thread."""
        with self._fresh:
            self._dropped[name] += self._frames.pop(name, None) is not None
            self._frames[name] = frame
            self._fresh.notify()

    def take(self, timeout_s: float) -> dict[str, Frame]:
        """Return all new pictures, the longest waiting first; empty when the time is up."""
        with self._fresh:
            self._fresh.wait_for(lambda: bool(self._frames), timeout_s)
            frames, self._frames = self._frames, {}
        return frames

    def dropped(self, name: str) -> int:
        """How many of a stream's pictures were replaced before they were taken."""
        return self._dropped[name]


class Feed:
    """Reads one stream into an inbox, and reopens it whenever it is lost, without limit.

    Frame numbers and times continue from the first picture, by this machine's clock, however often
    the stream is reopened.
    """

    def __init__(self, stream: WatchedStream, inbox: Inbox, *, fps: float) -> None:
        """Read nothing yet.

        Args:
            stream: The stream.
            inbox: Where pictures go.
            fps: Pictures in excess of this rate are skipped.
        """
        self._stream, self._inbox = stream, inbox
        self._period_s = 1 / fps
        self._patience = Patience()
        self._stop = threading.Event()
        self._source: Source | None = None
        self._problem: str | None = None
        self._count = 0
        self._first_s: float | None = None
        self._due_s = float("-inf")
        self._losses = 0
        self._away = False
        self._over = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"frames of {stream.name}", daemon=True
        )

    @property
    def place(self) -> str:
        """The stream's address without secrets."""
        return public_name(self._stream.address)

    @property
    def trouble(self) -> str | None:
        """Why no picture arrives right now; None while they arrive."""
        source = self._source
        return self._problem if source is None else source.trouble

    @property
    def state(self) -> State:
        """How it is doing."""
        if self._over:
            return "ended"
        if not self._count:
            return "opening"
        return "watching" if self.trouble is None else "lost"

    def losses(self) -> int:
        """Return how often it was lost so far; to be called about once a second."""
        away = self.state == "lost"
        self._losses += away and not self._away
        self._away = away
        return self._losses

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def check(self) -> None:
        """Raise an unexpected error of the reading thread."""
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Tell the thread to end; returns at once."""
        self._stop.set()
        source = self._source
        if source is not None:
            source.stop()

    def close(self) -> None:
        """Wait briefly for the thread, after `stop`."""
        self.stop()
        if self._thread.ident is not None:
            self._thread.join(LEAVE_S)

    def _run(self) -> None:
        """Open and read, again and again."""
        pause_s = self._patience.pause_s
        try:
            while not self._stop.is_set():
                if self._read():
                    pause_s = self._patience.pause_s
                if self._over or self._stop.wait(pause_s):
                    return
                pause_s = min(2 * pause_s, self._patience.longest_pause_s)
        except BaseException as error:  # raised again by `check`
            self._error = error

    def _read(self) -> bool:
        """Read until the stream ends or fails; return whether it gave a picture."""
        before = self._count
        try:
            source = open_source(
                self._stream.address, transport=self._stream.transport, patience=self._patience
            )
            self._source = source = source if source.info.live else Paced(source)
            with source:
                for frame in source:
                    if self._stop.is_set():
                        break
                    self._offer(frame)
            self._over = not self._stop.is_set()
        except SourceError as error:
            if str(error) != self._problem:
                _log.warning("%s: %s", self._stream.name, error)
            self._problem = str(error)
        finally:
            self._source = None
        return self._count > before

    def _offer(self, frame: Frame) -> None:
        """Pass a picture on, unless it arrives before one is due."""
        captured_s = time.monotonic() if frame.captured_s is None else frame.captured_s
        if captured_s < self._due_s - EARLY * self._period_s:
            return
        self._due_s = max(self._due_s, captured_s - self._period_s) + self._period_s
        self._first_s = captured_s if self._first_s is None else self._first_s
        self._inbox.put(
            self._stream.name,
            dataclasses.replace(
                frame,
                index=self._count,
                time_s=captured_s - self._first_s,
                captured_s=captured_s,
            ),
        )
        self._count += 1
