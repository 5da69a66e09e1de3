"""What every source is: frames in order of time, and a way to let go of the device."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Protocol, Self

from fer_live.errors import SourceError
from fer_live.realtime.results import Frame, SourceInfo

CLOSE_PATIENCE_S: Final = 20.0
"""How long `close` waits for a read that is under way. Every read of this package gives up sooner;
only a camera driver that never returns can take longer, and cannot be stopped by anyone."""

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Anything that pictures come from: one pass over its frames, closed by `with`.

    Frames have rising indices, times that never decrease, and contiguous read-only pixels of
    `info.size_wh`. A new kind of source joins tests/realtime/sources/test_contract.py.
    """

    @property
    def info(self) -> SourceInfo:
        """What is known before the first frame."""
        ...

    @property
    def fault(self) -> str | None:
        """A sentence on what was wrong with the pictures so far; None when all was well."""
        ...

    def __iter__(self) -> Iterator[Frame]:
        """Hand out the frames that are left; a second loop goes on where the first stopped."""
        ...

    def __enter__(self) -> Self:
        """Return the source, open since it was made."""
        ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        ...

    def close(self) -> None:
        """Let go of file or device; from any thread, as often as one likes."""
        ...


class BaseSource(ABC):
    """What the sources share: one pass, and a `close` that any thread may call at any time.

    A subclass gives `_read`, which is only ever run by one thread at a time and never while
    `_release` runs. Long waits inside `_read` wait on `_closing`.
    """

    def __init__(self) -> None:
        self._closing = threading.Event()
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

    @abstractmethod
    def _read(self) -> Iterator[Frame]:
        """Yield every frame."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of file or device; called once."""

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
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

    def close(self) -> None:
        """Let go of file or device; from any thread, as often as one likes.

        A read under way is waited for: until its timeout at the latest.
        """
        self._closing.set()
        if not self._busy.acquire(timeout=CLOSE_PATIENCE_S):
            _log.warning("%s did not return from a read and was left behind", self.info.name)
            return
        try:
            if not self._released:
                self._released = True
                self._frames = None
                self._release()
        finally:
            self._busy.release()
