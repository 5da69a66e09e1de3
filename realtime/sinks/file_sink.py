"""The base of all sinks that write a file: its temporary and final name, closing, and errors."""

import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from fer_live.errors import SinkError

UNFINISHED: Final = ".part"
"""Ending of an incomplete file, so that it does not look like a complete one."""

_log = logging.getLogger(__name__)


class FileSink(ABC):
    """A file that is written sequentially and finished by `close` or by leaving a `with` block.

    With `atomic`, everything is written to `<name>.part`, which is renamed to `<name>` only when
    it is complete: `<name>` is always a finished file, even after a power cut. If the block
    raises, nothing is left. Without `atomic`, the file has its name from the start, and what was
    written before an exception is kept, closed and readable.
    """

    def __init__(self, path: Path, *, atomic: bool) -> None:
        """Create the folder of `path` if necessary.

        Raises:
            SinkError: The folder cannot be created, or `path` is a folder.
        """
        self._path = path
        self._atomic = atomic
        self._written = path.with_name(path.name + UNFINISHED) if atomic else path
        self._closed = False
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise SinkError(f"{path} cannot be written: it is a folder")

    @abstractmethod
    def _finish(self) -> None:
        """Write what is still buffered and close the file; close it even if writing fails.

        Raises:
            OSError: The last part could not be written.
        """

    def _is_empty(self) -> bool:
        """Whether the file is useless because nothing was written to it."""
        return False

    def close(self) -> None:
        """Finish the file; a second call does nothing.

        Raises:
            SinkError: The last part cannot be written.
        """
        if self._closed:
            return
        self._closed = True
        try:
            with self._told():
                self._finish()
                self._publish()
        except SinkError:
            self._discard()
            raise

    def _check_open(self) -> None:
        """Refuse to write after the end.

        Raises:
            ValueError: The sink is closed.
        """
        if self._closed:
            raise ValueError(f"{self._path} is closed")

    @contextmanager
    def _told(self) -> Generator[None]:
        """Turn the system's error into a sentence."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            name = "standard output" if self._path == Path("-") else self._path
            raise SinkError(f"{name} cannot be written: {reason.lower()}") from error

    @contextmanager
    def _beginning(self) -> Generator[None]:
        """Start the file; if that fails, leave nothing of it."""
        try:
            with self._told():
                yield
        except SinkError:
            self._discard()
            raise

    def _publish(self) -> None:
        """Give the finished file its name; remove it if it is empty."""
        if self._is_empty():
            self._written.unlink(missing_ok=True)
            return
        if not self._atomic:
            return
        with self._written.open("rb") as file:
            os.fsync(file.fileno())
        self._written.replace(self._path)

    def _discard(self) -> None:
        """Remove an incomplete file, if it has a temporary name."""
        if self._atomic:
            with suppress(OSError):
                self._written.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        elif not self._closed:
            self._closed = True
            self._end_after(error)

    def _end_after(self, error: BaseException) -> None:
        """Close the file without hiding the error that ended the block."""
        try:
            self._finish()
        except OSError as further:
            _log.debug("closing %s after %r: %r", self._path, error, further)
        self._discard()
