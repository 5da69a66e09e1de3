"""The tasks of a run: every input; for a long one its slices first, then the whole."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from fer_live.errors import SinkError
from fer_live.realtime.annotate.batch.attempt import Done, SliceDone, Task
from fer_live.realtime.annotate.batch.recorder import RunRecorder
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.one_file import Order
from fer_live.realtime.annotate.passes.passes import FIRST_PASS_SHARE
from fer_live.realtime.annotate.report import Outcome
from fer_live.realtime.annotate.slices.folders import SliceFolder
from fer_live.realtime.annotate.slices.planning import SlicePlan, folder_of_slices

WAITING: Final = 2
"""Tasks that are kept waiting for each process. The slices of further files are started only when
fewer wait, because the results of slices take space on disk."""


@dataclass(slots=True)
class _InSlices:
    """A file whose slices are being processed.

    Attributes:
        task: Puts the file together when they are finished.
        folder: For their results.
        done: Share of each slice that is done, in [0, 1], by its number.
        left: Number of slices that are not finished.
        fault: Why they cannot be used; None while they can.
    """

    task: Task
    folder: SliceFolder
    done: dict[int, float] = field(default_factory=dict)
    left: int = 0
    fault: str | None = None


class Scheduler:
    """Hands out the tasks of a run and collects their outcomes.

    Leaving the `with` block removes the slices that are left.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        order: Order,
        recorder: RunRecorder,
        *,
        at_once: int,
        cut: bool,
        clear: Callable[[Path], None] = lambda _: None,
    ) -> None:
        """Prepare a task for each input.

        Args:
            jobs: The inputs.
            order: What is wanted for each.
            recorder: Receives the outcomes.
            at_once: Number of tasks processed at once.
            cut: Whether long files may be cut into slices; the settings give their length.
            clear: Called with the folder of a file's slices when nobody needs them any more.
        """
        self._clear = clear
        self._recorder, self._at_once = recorder, at_once
        cut = cut and order.settings.slice_s is not None
        self._ready = deque(
            Task(index, job, order, folder_of_slices(job) if cut else None)
            for index, job in enumerate(jobs)
        )
        self._backlog: deque[tuple[Task, SlicePlan]] = deque()
        self._in_slices: dict[int, _InSlices] = {}
        self._attempts = [1] * len(jobs)
        self._finished: set[int] = set()
        self._handed_out = 0

    def more(self) -> list[Task]:
        """Return the tasks that can be started now."""
        tasks = list(self._ready)
        self._ready.clear()
        while self._backlog and self._handed_out + len(tasks) < WAITING * self._at_once:
            task, plan = self._backlog.popleft()
            tasks += [replace(task, slices=plan, entry=entry) for entry in plan.entries]
        self._handed_out += len(tasks)
        return tasks

    def again(self, task: Task) -> None:
        """Record that a task is tried again."""
        self._handed_out += 1
        self.count_attempt(task, 2)

    def count_attempt(self, task: Task, attempt: int) -> None:
        """Record the number of the attempt at a task, from 1."""
        self._attempts[task.index] = max(self._attempts[task.index], attempt)

    def tell(self, task: Task, fraction: float) -> None:
        """Record the fraction of a task that is done, in [0, 1]."""
        file = self._in_slices.get(task.index)
        if task.entry is None:
            self._recorder.tell(task.index, fraction)
        elif file is not None:
            file.done[task.entry.number] = fraction
            share = sum(file.done.values()) / len(file.done)
            self._recorder.tell(task.index, FIRST_PASS_SHARE * share)

    def take(self, task: Task, done: Done) -> None:
        """Record the outcome of a task."""
        self._handed_out -= 1
        if task.index in self._finished:
            return  # another slice of it was given up
        if isinstance(done, Outcome):
            self._finish(task, done)
        elif isinstance(done, SlicePlan):
            self._begin_slices(task, done)
        else:
            self._take_slice(task, done)

    def set_aside(self) -> None:
        """Record that a task has to wait because its process died."""
        self._handed_out -= 1

    def _begin_slices(self, task: Task, plan: SlicePlan) -> None:
        """Schedule the slices of a file, before it is merged."""
        try:
            folder = SliceFolder(task.job, plan.folder)
        except SinkError as error:
            self._finish(task, Outcome(task.job.source, "failed", str(error)))
            return
        done = dict.fromkeys((entry.number for entry in plan.entries), 0.0)
        self._in_slices[task.index] = _InSlices(
            replace(task, slices=plan), folder, done, len(plan.entries)
        )
        self._backlog.append((task, plan))

    def _take_slice(self, task: Task, done: SliceDone) -> None:
        """Record the outcome of a slice; after the last one the file is merged."""
        self.tell(task, 1.0)
        file = self._in_slices[task.index]
        file.left -= 1
        file.fault = file.fault or done.fault
        if file.left == 0:  # one piece is tried where a slice failed, and says why it cannot be
            self._ready.append(
                file.task if file.fault is None else replace(task, slices=None, entry=None)
            )

    def _finish(self, task: Task, outcome: Outcome) -> None:
        """Record the outcome of an input."""
        self._finished.add(task.index)
        file = self._in_slices.pop(task.index, None)
        if file is not None:
            self._remove(file)
            if outcome.in_one_piece is None and outcome.status == "done":
                outcome = replace(outcome, in_one_piece=file.fault)
        self.count_attempt(task, outcome.attempts)
        self._recorder.finish(task.index, replace(outcome, attempts=self._attempts[task.index]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._in_slices.values():
            self._remove(file)

    def _remove(self, file: _InSlices) -> None:
        """Remove the slices of a file."""
        file.folder.remove()
        if isinstance(file.task.slices, SlicePlan):
            self._clear(file.task.slices.folder)
