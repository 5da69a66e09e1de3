"""Robust standard streams, which may be closed, full, or without colours."""

import errno
import inspect
import io
import os
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

import typer

from fer_live.errors import FerLiveError, SinkError
from fer_live.terminal.console import tell_error

_Function = TypeVar("_Function", bound=Callable[..., Any])
STREAMS: Final = {"stdin": (0, "r"), "stdout": (1, "w"), "stderr": (2, "w")}


class Command(typer.Typer):
    """A typer application that ends with an error message if standard output cannot be written.

    A closed stream is treated as one that nobody reads. Help is filled to the terminal's width:
    typer keeps the line breaks that a docstring has after its first paragraph.
    """

    def command(self, *args: Any, **kwargs: Any) -> Callable[[_Function], _Function]:
        """Register a command; see `typer.Typer`."""

        def register(function: _Function) -> _Function:
            written = inspect.cleandoc(function.__doc__ or "")
            unbroken = "\n\n".join(part.replace("\n", " ") for part in written.split("\n\n"))
            own = {"help": unbroken, **kwargs}
            return super(Command, self).command(*args, **own)(function)

        return register

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command; see `typer.Typer`."""
        open_closed_streams()
        watch_standard_output()
        try:
            try:
                return super().__call__(*args, **kwargs)
            finally:
                sys.stdout.flush()
        except FerLiveError as error:  # from --help and --version, and from the last flush
            tell_error(kwargs.get("prog_name") or self.info.name or "fer-live", str(error))
            raise SystemExit(1) from None


def open_closed_streams() -> None:
    """Connect closed standard streams to the null device.

    Otherwise the first file to be opened would get the number of such a stream, and a library's
    messages would go into that file.
    """
    for name, (number, mode) in STREAMS.items():
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def watch_standard_output() -> None:
    """Make a file or pipe on standard output raise SinkError if it cannot be written."""
    given = sys.stdout
    if not isinstance(given, io.TextIOWrapper) or given is not sys.__stdout__ or given.isatty():
        return
    given.flush()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_CheckedOutput(given.fileno(), "w", closefd=False)),
        encoding=given.encoding,
        errors=given.errors,
        line_buffering=given.line_buffering,
        write_through=given.write_through,
    )


class _CheckedOutput(io.FileIO):
    """Standard output; after the first failure it discards everything, so the process can end."""

    _lost = False

    def write(self, data: Any, /) -> int:
        """Write bytes; raise SinkError on failure, unless the reader has gone away."""
        if self._lost:
            return len(data)
        try:
            return super().write(data)
        except OSError as error:
            self._lost = True
            if error.errno == errno.EPIPE:  # `| head`: typer ends the command silently
                raise
            raise SinkError(f"standard output cannot be written ({error.strerror})") from error
