"""A hidden folder next to the outputs, in which they are written until they are complete."""

import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from fer_live.errors import SinkError
from fer_live.realtime.annotate.inputs.jobs import SUMMARY, Job, is_crop

PATIENCE_S: Final = 30.0
"""How long to wait for another run: one that was killed is gone within moments."""
LOOK_AGAIN_S: Final = 0.1
ENDING: Final = ".unfinished"
_MARK: Final = ".publishing"
"""A file that exists in the workspace while finished outputs are moved to their places."""

_log = logging.getLogger(__name__)


class Workspace:
    """The folder `.<name>.unfinished` in which one input's outputs are made.

    Leaving the `with` block always removes it. One left behind by a killed run is taken over:
    outputs that it was moving to their places are moved, everything else is removed. If a running
    process uses it, it is waited for, then refused.
    """

    def __init__(
        self,
        job: Job,
        *,
        patience_s: float = PATIENCE_S,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """Store the place; nothing is created before the `with` block.

        Args:
            job: The job whose outputs are made.
            patience_s: How long to wait for another run that is working here, in seconds.
            alive: Called while waiting; may raise to give up.
        """
        self._job = job
        self._folder = job.target.with_name(f".{job.target.name}{ENDING}")
        self._patience_s, self._alive = patience_s, alive
        self._made: list[Path] = []
        self._lock: int | None = None

    def path(self, suffix: str) -> Path:
        """Return where the output with this suffix is made."""
        return self._folder / (self._job.target.name + suffix)

    def publish(
        self, suffixes: Sequence[str], *, replacing: Collection[str] = ()
    ) -> tuple[Path, ...]:
        """Move finished outputs to their places, the last one last; return where they are.

        A run that is killed meanwhile leaves a mark, by which the next one moves the rest.

        Args:
            suffixes: Of the outputs, the summary's last.
            replacing: Of outputs of an earlier run, which are removed where no new ones come.

        Raises:
            SinkError: They cannot be moved.
        """
        with disk_errors(self._job.target):
            for suffix in suffixes:
                flush(self.path(suffix))
            plan = _Plan(tuple(suffixes), tuple(sorted(set(replacing) - set(suffixes))))
            mark = self.path(_MARK)
            half = mark.with_suffix(".half")
            half.write_text(json.dumps(asdict(plan)), encoding="utf-8")
            flush(half)
            half.replace(mark)
        self._go_on_publishing()
        return tuple(map(self._job.output, suffixes))

    def _go_on_publishing(self) -> None:
        """Complete what the mark says; the old summary is removed first."""
        with disk_errors(self._job.target):
            plan = _read_plan(self.path(_MARK))
            if plan.publish and self.path(SUMMARY).exists():
                self._job.output(SUMMARY).unlink(missing_ok=True)
            for suffix in plan.remove:
                _remove_output(self._job.output(suffix))
            for suffix in plan.publish:
                if self.path(suffix).exists():
                    if self.path(suffix).is_dir():
                        _remove_output(self._job.output(suffix))
                    self.path(suffix).replace(self._job.output(suffix))

    def __enter__(self) -> Self:
        with disk_errors(self._folder):
            self._lock = self._claim()
            self._go_on_publishing()
            for leftover in self._folder.iterdir():
                _remove(leftover)
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
        for folder in self._made:
            with suppress(OSError):  # other outputs are in it
                folder.rmdir()

    def _claim(self) -> int | None:
        """Create the folder and lock it; the lock ends with the process, however that ends.

        Raises:
            SinkError: Another run still holds it.
        """
        give_up_s = time.monotonic() + self._patience_s
        while True:
            self._make_folder()
            handle, held = locked(self._folder)
            if held:
                return handle
            if time.monotonic() >= give_up_s:
                raise at_work(self._job)
            self._alive()
            time.sleep(LOOK_AGAIN_S)

    def _make_folder(self) -> None:
        """Create the folder, and remember which parent folders had to be created too."""
        if self._folder.is_symlink():  # what it leads to is not ours
            self._folder.unlink()
        missing = [folder for folder in self._folder.parents if not folder.exists()]
        with suppress(FileNotFoundError):  # one that is removed meanwhile is made the next time
            self._folder.mkdir(parents=True, exist_ok=True)
        self._made += missing


def at_work(job: Job) -> SinkError:
    """Return what is said when another run is at work on an input."""
    return SinkError(
        f"another run is annotating {job.source} into {job.target.parent}; wait for it or choose "
        "another folder with --out"
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What publishing does, by endings of outputs: which are moved, and which old ones removed."""

    publish: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


def _read_plan(mark: Path) -> _Plan:
    """Return the content of a mark; empty if there is no readable one."""
    try:
        told = json.loads(mark.read_text(encoding="utf-8"))
        return _Plan(tuple(map(str, told["publish"])), tuple(map(str, told["remove"])))
    except (FileNotFoundError, ValueError, LookupError, TypeError) as error:
        if mark.exists():
            _log.warning("%s cannot be read and is left aside: %r", mark, error)
        return _Plan()


def clear_leftovers(folders: Iterable[Path]) -> None:
    """Remove what killed runs left in the folders for outputs, whatever their inputs were.

    What a running process uses is left alone, and so is what cannot be removed.
    """
    for folder in folders:
        for left in folder.glob(f".*{ENDING}"):
            name = left.name[1:].removesuffix(ENDING)
            job = Job(folder / name, folder / name)
            try:
                if not all(inside.name.startswith(name) for inside in left.iterdir()):
                    continue  # somebody else's
                with Workspace(job, patience_s=0.0):
                    _log.debug("%s was left by a run that was killed", left)
            except (OSError, SinkError) as error:
                _log.debug("%s stays: %s", left, error)


@contextmanager
def disk_errors(path: Path) -> Generator[None]:
    """Turn a system error in writing to `path` into a sentence."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SinkError(f"{path} cannot be written: {reason}") from error


@contextmanager
def scratch_file(path: Path) -> Generator[BinaryIO]:
    """Open a new temporary file, which is read again before the block ends.

    Raises:
        SinkError: It cannot be opened.
    """
    with disk_errors(path):
        file = path.open("w+b")
    try:
        yield file
    finally:
        with suppress(OSError):  # what a full disk did not take is not needed any more
            file.close()


def locked(folder: Path) -> tuple[int | None, bool]:
    """Try to lock a folder; return the handle of the lock, and whether it was obtained.

    On Windows nothing is locked: there, open files keep others out.
    """
    try:
        import fcntl  # noqa: PLC0415 (not on Windows)
    except ImportError:
        return None, True
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # whoever had it removed it
        return None, False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_still(folder, handle):
            return handle, True
    except BlockingIOError:
        pass
    except OSError as error:  # some network drives cannot lock; they are used without
        _log.debug("no lock on %s: %r", folder, error)
        return handle, True
    os.close(handle)
    return None, False


def _is_still(folder: Path, handle: int) -> bool:
    """Whether a path still leads to the folder that was opened."""
    try:
        return os.path.samestat(folder.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    """Remove whatever is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _remove_output(path: Path) -> None:
    """Remove an output of an earlier run; of a folder, its crops, and itself if it is empty."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    for file in path.iterdir():
        if is_crop(file) and not file.is_dir():
            file.unlink()
    with suppress(OSError):  # somebody put something else into it, which stays
        path.rmdir()


def flush(path: Path) -> None:
    """Flush a file, or all files of a folder, to disk before its name says that it is complete."""
    if path.is_dir():
        for inside in path.iterdir():
            flush(inside)
        return
    with path.open("r+b") as file:
        os.fsync(file.fileno())
