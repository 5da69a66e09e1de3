"""The interface of sources: frames in temporal order, and closing."""

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Protocol, Self

from fer_live.errors import SourceError
from fer_live.realtime.results import Frame, SourceInfo

CLOSE_PATIENCE_S: Final = 20.0
"""How long `close` waits for a pending read. Every read of this package gives up sooner; only a
camera driver that never returns can take longer, and nothing can interrupt it."""

SILENCE_S: Final = 1.5
"""A live source that delivers no picture for this long counts as silent."""

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Anything that provides pictures: one pass over its frames, closed by `with`.

    Frames have increasing indices, times that never decrease, and contiguous read-only pixels of
    `info.size_wh`. Add any new kind of source to tests/realtime/sources/test_contract.py.
    """

    @property
    def info(self) -> SourceInfo:
        """What is known before the first frame."""
        ...

    @property
    def fault(self) -> str | None:
        """A sentence on what was wrong with the pictures so far; None when all was well."""
        ...

    @property
    def trouble(self) -> str | None:
        """A few words on why no picture comes right now; None while they come."""
        ...

    @property
    def behind_s(self) -> float:
        """How long pictures are held back to be shown evenly, in seconds."""
        ...

    def hold(self, held: bool) -> None:
        """Have nobody look for a while: a film stands still, a camera is not unpacked."""
        ...

    def __iter__(self) -> Iterator[Frame]:
        """Yield the remaining frames; a second loop continues where the first stopped."""
        ...

    def __enter__(self) -> Self:
        """Return the source, which has been open since it was created."""
        ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        ...

    def stop(self) -> None:
        """Have a read under way come back soon, and give no more; from any thread."""
        ...

    def close(self, patience_s: float = ...) -> None:
        """Let go of file or device; from any thread, as often as one likes."""
        ...


class BaseSource(ABC):
    """The common part of sources: one pass, and a `close` that any thread may call at any time.

    A subclass implements `_read`, which is only ever run by one thread at a time and never while
    `_release` runs. Long waits inside `_read` wait on `_closing`.
    """

    def __init__(self) -> None:
        self._closing = threading.Event()
        self.held = False
        self._busy = threading.Lock()
        self._frames: Iterator[Frame] | None = None
        self._released = False

    @property
    @abstractmethod
    def info(self) -> SourceInfo:
        """What is known before the first frame."""

    @property
    def fault(self) -> str | None:
        """A sentence on what was wrong with the pictures so far; None when all was well."""
        return None

    @property
    def trouble(self) -> str | None:
        """A few words on why no picture comes right now; None while they come."""
        return None

    @property
    def behind_s(self) -> float:
        """How long pictures are held back to be shown evenly, in seconds."""
        return 0.0

    def hold(self, held: bool) -> None:
        """Have nobody look for a while: a film stands still, a camera is not unpacked."""
        self.held = held

    def stop(self) -> None:
        """Have a read under way come back soon, and give no more; from any thread."""
        self._closing.set()

    @abstractmethod
    def _read(self) -> Iterator[Frame]:
        """Yield every frame."""

    @abstractmethod
    def _release(self) -> None:
        """Close the file or device; called once."""

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        try:
            return self._next()
        finally:
            if self._closing.is_set():  # whoever closed it may have waited in vain
                self.close(0)

    def _next(self) -> Frame:
        with self._busy:
            if self._closing.is_set():
                raise StopIteration
            if self._frames is None:
                self._frames = self._read()
            try:
                return next(self._frames)
            except SourceError:
                if self._closing.is_set():  # whoever closes a source does not want its last words
                    raise StopIteration from None
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self, patience_s: float = CLOSE_PATIENCE_S) -> None:
        """Let go of file or device; from any thread, as often as one likes.

        Args:
            patience_s: How long to wait for a pending read. Beyond that, the reading thread closes
                the source when the read returns.
        """
        self.stop()
        if not self._busy.acquire(timeout=patience_s):
            _log.debug("%s did not return from a read yet", self.info.name)
            return
        try:
            if not self._released:
                self._released = True
                self._frames = None
                self._release()
        finally:
            self._busy.release()


class WrappedSource(BaseSource):
    """Wraps another source and changes its frames; a subclass says how in `_read`."""

    def __init__(self, source: Source, info: SourceInfo) -> None:
        """Take over a source; it is closed together with this one.

        Args:
            source: Open and unread.
            info: The information about the frames of this one.
        """
        super().__init__()
        self._source, self._info = source, info

    @property
    def info(self) -> SourceInfo:
        """What is known before the first frame."""
        return self._info

    @property
    def fault(self) -> str | None:
        """The wrapped source's."""
        return self._source.fault

    @property
    def trouble(self) -> str | None:
        """The wrapped source's."""
        return self._source.trouble

    @property
    def behind_s(self) -> float:
        """The wrapped source's."""
        return self._source.behind_s

    def stop(self) -> None:
        """Stop both."""
        super().stop()
        self._source.stop()

    def _release(self) -> None:
        """Close the wrapped source."""
        self._source.close()


def silence(waiting_s: float | None) -> str | None:
    """Return a message for a source that delivers no picture; None if not for long.

    Args:
        waiting_s: Since when, on the monotonic clock; None while nobody waits.
    """
    if waiting_s is None or (silent_s := time.monotonic() - waiting_s) < SILENCE_S:
        return None
    return f"no picture for {silent_s:.0f} s"
