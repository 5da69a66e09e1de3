"""A worker process that watches a share of the streams, and its connection to the main process."""

import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Final, TypeAlias

from fer_live.errors import FerLiveError
from fer_live.realtime.annotate.batch.workers import end_with
from fer_live.realtime.memory import return_freed_memory
from fer_live.realtime.watch.health import StreamHealth
from fer_live.realtime.watch.plan import WatchedStream, WatchSettings
from fer_live.realtime.watch.watcher import Watcher

TELL_EVERY_S: Final = 1.0
LOOK_S: Final = 0.1
"""How long to wait for a picture before checking for commands."""
LEAVE_S: Final = 15.0
"""How long a process may take to close its files when told to stop."""
_SPAWN: Final = multiprocessing.get_context("spawn")  # a fork would copy MediaPipe's threads' locks

News: TypeAlias = list[StreamHealth] | FerLiveError


class Worker:
    """A process and the connection to it, in the main process."""

    def __init__(self, streams: Sequence[WatchedStream], settings: WatchSettings) -> None:
        """Start the process.

        Args:
            streams: Its share of the streams.
            settings: The common settings.
        """
        self.streams = tuple(streams)
        self.line, theirs = _SPAWN.Pipe()
        self.process = _SPAWN.Process(
            target=_watch, args=(theirs, self.streams, settings, os.getpid())
        )
        self.process.start()
        theirs.close()  # so that the line ends when the process does

    def news(self) -> News | None:
        """Return its report; None if it is dead."""
        try:
            said: News = self.line.recv()
        except (EOFError, OSError):
            self.process.join()
            return None
        return said

    def dismiss(self) -> None:
        """Tell it to close its files and leave."""
        with suppress(OSError):
            self.line.send(None)

    def close(self, give_up_s: float) -> None:
        """Wait for its end, until a moment on the monotonic clock; then kill it."""
        self.process.join(max(0.0, give_up_s - time.monotonic()))
        self.process.kill()
        self.process.join()
        self.line.close()


def _watch(
    line: "Connection[Any, Any]",
    streams: Sequence[WatchedStream],
    settings: WatchSettings,
    first: int,
) -> None:
    """Watch until told to stop; this is all that a worker process does."""
    # Whoever stops the run sends its signal to all; the first process alone answers it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    end_with(first)
    return_freed_memory()
    with suppress(BrokenPipeError):  # the first process is gone
        try:
            with Watcher(streams, settings) as watcher:
                told_s = float("-inf")
                while not line.poll():
                    watcher.step(LOOK_S)
                    if time.monotonic() - told_s >= TELL_EVERY_S:
                        told_s = time.monotonic()
                        line.send(watcher.health())
            line.send(watcher.health())
        except FerLiveError as error:
            line.send(error)
