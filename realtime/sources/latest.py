"""Always the newest frame of a camera, and files played in real time as if they were one."""

import dataclasses
import logging
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from fer_live.errors import SourceError
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.sources.source import CLOSE_PATIENCE_S, Source, WrappedSource

HELD_PERIOD_S: Final = 0.1
"""How often a paused file checks whether to continue, in seconds."""

_log = logging.getLogger(__name__)


class LatestFrame:
    """Reads a source on a thread of its own and returns only its newest frame.

    A slow reader misses frames; it never falls behind, and never sees a frame twice. Exceptions of
    the source are raised again where frames are requested. The source belongs to this object:
    leaving the `with` block closes it and ends the thread.

        with LatestFrame(open_camera(0)) as frames:
            for frame in frames:
                ...
    """

    def __init__(self, source: Source, *, patience_s: float = CLOSE_PATIENCE_S) -> None:
        """Read nothing yet.

        Args:
            source: Closed together with this.
            patience_s: How long `close` waits for a pending read; beyond that the thread is
                abandoned, and closes the source and ends once the read returns.
        """
        self._source = source
        self._patience_s = patience_s
        self._fresh = threading.Condition()
        self._frame: Frame | None = None
        self._error: BaseException | None = None
        self._error_told = False
        self._over = False
        self._dropped = 0
        self._thread = threading.Thread(
            target=self._read, name=f"frames of {source.info.name}", daemon=True
        )

    @property
    def info(self) -> SourceInfo:
        """What is known of the source."""
        return self._source.info

    @property
    def dropped(self) -> int:
        """Number of frames that were replaced by a newer one before they were taken."""
        return self._dropped

    @property
    def trouble(self) -> str | None:
        """A short reason why no picture arrives right now; None while they arrive."""
        return self._source.trouble

    @property
    def behind_s(self) -> float:
        """How long pictures are held back to be shown evenly, in seconds."""
        return self._source.behind_s

    def hold(self, held: bool) -> None:
        """Pause or continue: a file stops, a camera's pictures are not decoded."""
        self._source.hold(held)

    @property
    def ended(self) -> bool:
        """Whether there will be no further frame: the source has ended, and its last was taken."""
        with self._fresh:
            return self._over and self._frame is None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
        # A lost camera is no news to someone who has turned away; a mistake in the code is.
        untold = self._error if not self._error_told else None
        if untold is not None and exc is None and not isinstance(untold, SourceError):
            raise untold

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        frame = self.wait()
        if frame is None:
            raise StopIteration
        return frame

    def wait(self, timeout_s: float | None = None) -> Frame | None:
        """Return the newest frame as soon as there is one that was not returned before.

        Args:
            timeout_s: How long to wait at most; None waits without limit.

        Returns:
            The frame; None when the time is up or the source has `ended`.

        Raises:
            SourceError: The source's error, after its last frame has been taken; every time.
        """
        with self._fresh:
            self._fresh.wait_for(lambda: self._frame is not None or self._over, timeout_s)
            frame, self._frame = self._frame, None
            if frame is None and self._error is not None:
                self._error_told = True
                raise self._error
        return frame

    def close(self) -> None:
        """Close the source, end the thread and wake waiting callers; may be called repeatedly."""
        with self._fresh:
            self._over = True
            self._fresh.notify_all()
        begun_s = time.monotonic()
        self._source.close(self._patience_s)
        if self._thread.ident is None or self._thread is threading.current_thread():
            return
        self._thread.join(max(0.0, begun_s + self._patience_s - time.monotonic()))
        if self._thread.is_alive():
            _log.debug("the thread that reads %s ends later", self.info.name)

    def _read(self) -> None:
        """Replace each frame by the next; run by the thread."""
        try:
            for frame in self._source:
                if not self._offer(frame):
                    return
        except BaseException as error:  # raised again by `wait` and `__exit__`
            self._error = error
        finally:
            with self._fresh:
                self._over = True
                self._fresh.notify_all()

    def _offer(self, frame: Frame) -> bool:
        """Provide a frame to waiting callers; False if no more are wanted."""
        with self._fresh:
            if self._over:
                return False
            self._dropped += self._frame is not None
            self._frame = frame
            self._fresh.notify_all()
        return True


class Paced(WrappedSource):
    """Plays a file at its own speed, so that it behaves like a camera.

    Every frame arrives when it is due and counts as captured then; inside a `LatestFrame`, a slow
    reader misses some. Indices and times remain those of the file.
    """

    def __init__(self, source: Source) -> None:
        """Take over a source; it is closed together with this one.

        Args:
            source: A file, open and unread.
        """
        super().__init__(source, dataclasses.replace(source.info, live=True))

    def _read(self) -> Iterator[Frame]:
        """Yield each frame when it is due, counted from the first; pauses do not count."""
        start_s: float | None = None
        for frame in self._source:
            if start_s is None:
                start_s = time.monotonic() - frame.time_s
            start_s += self._held_for_s()
            if self._closing.wait(max(0.0, start_s + frame.time_s - time.monotonic())):
                return
            yield dataclasses.replace(frame, captured_s=time.monotonic())

    def _held_for_s(self) -> float:
        """Wait while the file is paused, and return how long it was."""
        if not self.held:
            return 0.0
        begun_s = time.monotonic()
        while self.held and not self._closing.wait(HELD_PERIOD_S):
            pass
        return time.monotonic() - begun_s
