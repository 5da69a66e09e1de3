"""Worker processes with one task at a time; a worker that dies costs only its task.

Every process has a line of its own to the first one and shares nothing with the others: no queue
and no lock that a killed process could take with it.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeAlias, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
Tell: TypeAlias = Callable[[float], None]
"""Takes how much is done, in [0, 1]; raises KeyboardInterrupt when the work is to be given up."""

STALLED_S: Final = 600.0
"""A process that says nothing for so long is ended: its work will not come to an end."""
TELL_EVERY_S: Final = 0.1
LEAVE_S: Final = 20.0
"""How long a process that was told to stop has for closing its files, in seconds."""
_PR_SET_PDEATHSIG: Final = 1
_SPAWN: Final = multiprocessing.get_context("spawn")  # a fork would copy MediaPipe's threads' locks


@dataclass(frozen=True, slots=True)
class Death:
    """How a process ended before its work was done.

    Attributes:
        exit_code: As the system tells it: minus the number of a signal, or a status.
        stalled: Whether it was ended because it had said nothing for too long.
    """

    exit_code: int | None
    stalled: bool = False

    @property
    def signal(self) -> signal.Signals | None:
        """The signal that ended it; None when it ended by itself."""
        if self.exit_code is None or self.exit_code >= 0:
            return None
        return signal.Signals(-self.exit_code)


def _nothing() -> None:
    """Do nothing; other than a lambda, it can be sent to a process."""


class Crew(Generic[Task, Result]):
    """Processes at work; leaving the `with` block ends them all."""

    def __init__(
        self,
        do: Callable[[Task, Tell], Result],
        count: int,
        *,
        at_end: Callable[[], None] = _nothing,
        stalled_s: float = STALLED_S,
        leave_s: float = LEAVE_S,
    ) -> None:
        """Start nothing yet.

        Args:
            do: What a process does with a task; a function at the top of a module.
            count: How many processes there are at most.
            at_end: What a process does before it ends by itself, such as closing what it has opened
                for all its tasks; another function at the top of a module.
            stalled_s: After so many seconds without a sign of life a process is ended.
            leave_s: How long a process that was told to stop has for closing its files.
        """
        self._do, self._count, self._at_end = do, count, at_end
        self._stalled_s, self._leave_s = stalled_s, leave_s
        self._workers: list[_Worker] = []

    def work_off(
        self, tasks: Sequence[Task], *, watch: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[int, float | Result | Death]]:
        """Yield messages of the tasks as they come, each with the task's index.

        Args:
            tasks: What is to be done, begun in this order; a list may grow meanwhile.
            watch: Called ten times a second and more; may raise to give up.

        Yields:
            How much of a task is done (a float), in the end what `do` returned, or how the process
            died that worked on it.
        """
        waiting = iter(enumerate(tasks))
        begun = finished = 0
        while finished < len(tasks):
            watch()
            while begun < len(tasks) and (worker := self._free()) is not None:
                begun += worker.take(*next(waiting))
            for index, message in self._messages():
                finished += not isinstance(message, float)
                yield index, message

    def _free(self) -> "_Worker | None":
        """Return a process that has nothing to do, a new one if need be.

        One that died at work stays listed until its death was heard.
        """
        self._workers = [w for w in self._workers if w.index is not None or w.process.is_alive()]
        for worker in self._workers:
            if worker.index is None:
                return worker
        if len(self._workers) == self._count:
            return None
        self._workers.append(_Worker(self._do, self._at_end))
        return self._workers[-1]

    def _messages(self) -> Iterator[tuple[int, Any]]:
        """Yield what the processes say within a moment."""
        busy = {worker.line: worker for worker in self._workers if worker.index is not None}
        ready = wait(list(busy), timeout=TELL_EVERY_S)
        now_s = time.monotonic()
        for line, worker in busy.items():
            if line in ready:
                worker.heard_s = now_s
                yield worker.hear()
            elif now_s - worker.heard_s > self._stalled_s:
                yield worker.end_stalled()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Tell every process to stop, and end those that do not."""
        try:
            for worker in self._workers:
                worker.dismiss()
            give_up_s = time.monotonic() + self._leave_s
            for worker in self._workers:
                worker.process.join(max(0.0, give_up_s - time.monotonic()))
        finally:
            for worker in self._workers:
                worker.process.kill()
                worker.process.join()
                worker.line.close()


class _Worker:
    """One process and the line to it."""

    def __init__(self, do: Callable[[Any, Tell], Any], at_end: Callable[[], None]) -> None:
        self.line, theirs = _SPAWN.Pipe()
        self.process = _SPAWN.Process(target=_serve, args=(theirs, do, at_end, os.getpid()))
        self.process.start()
        theirs.close()  # so that the line ends when the process does
        self.index: int | None = None
        self.heard_s = time.monotonic()

    def take(self, index: int, task: object) -> bool:
        """Begin with a task; return True, also when the process died: that is heard later."""
        self.index, self.heard_s = index, time.monotonic()
        with suppress(OSError):
            self.line.send(task)
        return True

    def hear(self) -> tuple[int, Any]:
        """Return the index of the task and what is said of it."""
        index = self._busy_with()
        try:
            message = self.line.recv()
        except (EOFError, OSError):
            self.process.join()
            message = Death(self.process.exitcode)
        if not isinstance(message, float):
            self.index = None
        return index, message

    def end_stalled(self) -> tuple[int, Death]:
        """Kill the process, which says nothing any more."""
        index, self.index = self._busy_with(), None
        self.process.kill()
        self.process.join()
        return index, Death(self.process.exitcode, stalled=True)

    def dismiss(self) -> None:
        """Tell it to give up what it does and leave."""
        with suppress(OSError):
            self.line.send(None)

    def _busy_with(self) -> int:
        assert self.index is not None
        return self.index


def _serve(
    line: "Connection[Any, Any]",
    do: Callable[[Any, Tell], Any],
    at_end: Callable[[], None],
    first: int,
) -> None:
    """Do what comes down the line until nothing more does: the life of a process."""
    # Whoever stops the run sends its signal to all; the first process alone answers it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    end_with(first)
    tell = _teller(line)
    with ExitStack() as end, suppress(EOFError, OSError):  # nobody is there any more
        end.callback(at_end)
        while (task := line.recv()) is not None:
            try:
                result = do(task, tell)
            except KeyboardInterrupt:
                return
            line.send(result)


def _teller(line: "Connection[Any, Any]") -> Tell:
    """Return a callback that passes progress on, seldom, and asks for orders each time.

    Raises:
        KeyboardInterrupt: From what is returned, when the first process says stop or is gone.
    """
    told_s = -TELL_EVERY_S

    def tell(fraction: float) -> None:
        nonlocal told_s
        if line.poll():
            raise KeyboardInterrupt
        now_s = time.monotonic()
        if now_s - told_s >= TELL_EVERY_S:
            told_s = now_s
            line.send(float(fraction))

    return tell


def end_with(first: int) -> None:
    """Have this process killed as soon as the process `first`, which began it, is gone.

    On Linux the system does it, whatever this process is doing; elsewhere a thread does, which
    has to wait for a library that holds Python's lock.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != first:  # it was gone before
            os._exit(1)
        return
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.join,), daemon=True).start()


def _end_after(gone: Callable[[], None]) -> None:
    gone()
    os._exit(1)
