"""The file that a sink writes: under its own name, or under another until it is whole."""

import os
from contextlib import suppress
from pathlib import Path

from fer_live.errors import SinkError


def sink_error(path: Path, error: OSError) -> SinkError:
    """Return what went wrong with writing `path` as one sentence, without errno numbers."""
    reason = error.strerror or str(error) or type(error).__name__
    return SinkError(f"{path} cannot be written: {reason[0].lower()}{reason[1:]}")


class Target:
    """Where an output is written and what it is called in the end.

    With `atomic`, everything goes to `<name>.part` beside it, which becomes `<name>` only in
    `publish`: whoever sees `<name>` sees a finished file, whenever the machine was switched off.
    """

    def __init__(self, path: Path, *, atomic: bool) -> None:
        """Make the folder of `path` if need be.

        Raises:
            SinkError: The folder cannot be made, or `path` is a folder.
        """
        self.path = path
        self.atomic = atomic
        self.written = path.with_name(f"{path.name}.part") if atomic else path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise sink_error(path.parent, error) from error
        if path.is_dir():
            raise SinkError(f"{path} cannot be written: it is a folder")

    def publish(self) -> None:
        """Give the finished, closed file its name.

        Raises:
            SinkError: The disk refuses.
        """
        if self.written == self.path:
            return
        try:
            with self.written.open("rb") as file:
                os.fsync(file.fileno())
            self.written.replace(self.path)
        except OSError as error:
            raise sink_error(self.path, error) from error

    def discard(self) -> None:
        """Remove an unfinished file; one that was written under its own name stays as it is."""
        if self.written != self.path:
            with suppress(FileNotFoundError):
                self.written.unlink()
