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
"""Ending of a file that is not whole yet and shall not look as if it were."""

_log = logging.getLogger(__name__)


class FileSink(ABC):
    """A file that is written from its beginning and ended by `close` or by leaving a `with` block.

    With `atomic`, all is written to `<name>.part`, which becomes `<name>` only when it is whole:
    whoever sees `<name>` sees a finished file, even if the machine was switched off. When an
    exception leaves the block, nothing is left. Without, the file has its name from the start, and
    what was written until an exception stays, closed and readable.
    """

    def __init__(self, path: Path, *, atomic: bool) -> None:
        """Make the folder of `path` if need be.

        Raises:
            SinkError: The folder cannot be made, or `path` is a folder.
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
        """Write what is still held and let go of the file, of which the latter in any case.

        Raises:
            OSError: The last of it could not be written.
        """

    def _is_empty(self) -> bool:
        """Whether the file makes no sense because nothing was written to it."""
        return False

    def close(self) -> None:
        """Finish the file; a second call does nothing.

        Raises:
            SinkError: The last of it cannot be written.
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
        """Say in a sentence what the system refused."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            name = "standard output" if self._path == Path("-") else self._path
            raise SinkError(f"{name} cannot be written: {reason.lower()}") from error

    @contextmanager
    def _beginning(self) -> Generator[None]:
        """Begin the file, or leave nothing of it."""
        try:
            with self._told():
                yield
        except SinkError:
            self._discard()
            raise

    def _publish(self) -> None:
        """Give the finished file its name; take one away in which nothing is."""
        if self._is_empty():
            self._written.unlink(missing_ok=True)
            return
        if not self._atomic:
            return
        with self._written.open("rb") as file:
            os.fsync(file.fileno())
        self._written.replace(self._path)

    def _discard(self) -> None:
        """Remove what is not whole, if it has a name of its own."""
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
        """Let go of the file without hiding the error that ends the block."""
        try:
            self._finish()
        except OSError as further:
            _log.debug("closing %s after %r: %r", self._path, error, further)
        self._discard()
