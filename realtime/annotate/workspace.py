"""A hidden folder beside the outputs, where they are made until they are whole."""

import logging
import os
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from fer_live.errors import SinkError
from fer_live.realtime.annotate.inputs import Job

_log = logging.getLogger(__name__)


class Workspace:
    """The folder `.<name>.unfinished` in which one input's outputs are made.

    Leaving the `with` block removes it, whatever happened. One that a killed run left behind is
    emptied and used; one that a living run uses is refused.
    """

    def __init__(self, job: Job) -> None:
        """Remember where; nothing is made before the `with` block."""
        self._job = job
        self._folder = job.target.with_name(f".{job.target.name}.unfinished")
        self._lock: int | None = None

    def path(self, suffix: str) -> Path:
        """Return where the output with this suffix is made."""
        return self._folder / (self._job.target.name + suffix)

    def publish(self, suffixes: Sequence[str]) -> tuple[Path, ...]:
        """Move finished outputs to their places, the last one last.

        Raises:
            SinkError: They cannot be moved.
        """
        outputs = [self._job.output(suffix) for suffix in suffixes]
        with disk_errors(self._job.target):
            for suffix, output in zip(suffixes, outputs, strict=True):
                _flush(self.path(suffix))
                self.path(suffix).replace(output)
        return tuple(outputs)

    def __enter__(self) -> Self:
        with disk_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = self._locked()
            for leftover in self._folder.iterdir():
                leftover.unlink()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)

    def _locked(self) -> int | None:
        """Claim the folder; the claim ends with the process, however that ends."""
        try:
            import fcntl  # noqa: PLC0415 (not on Windows, where open files keep others out)
        except ImportError:
            return None
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            raise SinkError(
                f"another run is annotating {self._job.source} into {self._job.target.parent}; "
                "wait for it or choose another folder with --out"
            ) from error
        except OSError as error:  # some network drives cannot lock; they are used without
            _log.debug("no lock on %s: %r", self._folder, error)
        return handle


@contextmanager
def disk_errors(path: Path) -> Generator[None]:
    """Say in a sentence what the system refused when something was written at `path`."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SinkError(f"{path} cannot be written: {reason}") from error


def _flush(path: Path) -> None:
    """Have a file on the disk before its name says that it is whole."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())
