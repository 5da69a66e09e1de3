"""What is to be done in a run: every input; of a long one its slices first, then all of it."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self

from fer_live.errors import SinkError
from fer_live.realtime.annotate.batch.attempt import Done, SliceDone, Task
from fer_live.realtime.annotate.batch.news import News
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.one_file import Order
from fer_live.realtime.annotate.passes.passes import FIRST_PASS_SHARE
from fer_live.realtime.annotate.report import Outcome
from fer_live.realtime.annotate.slices.folders import SliceFolder
from fer_live.realtime.annotate.slices.planning import SlicePlan, folder_of_slices

WAITING: Final = 2
"""So many tasks wait for each process at least, where there are so many: the slices of further
files are not begun before they are needed, for what is seen in them lies on the disk meanwhile."""


@dataclass(slots=True)
class _InSlices:
    """A file whose slices are looked at.

    Attributes:
        task: What is done with it when they are.
        folder: Where they are kept.
        done: How much of each slice is done, in [0, 1], by its number.
        left: How many are not.
        fault: Why they are of no use; None while they are.
    """

    task: Task
    folder: SliceFolder
    done: dict[int, float] = field(default_factory=dict)
    left: int = 0
    fault: str | None = None


class Agenda:
    """Hands out the tasks of a run and takes in what became of them.

    Leaving the `with` block removes what is left of slices.
    """

    def __init__(
        self, jobs: Sequence[Job], order: Order, news: News, *, at_once: int, cut: bool
    ) -> None:
        """Hand out nothing yet.

        Args:
            jobs: The inputs.
            order: What is wanted of each.
            news: Hears what came of them.
            at_once: How many tasks are worked on at once.
            cut: Whether long files are looked at in slices, where the settings say how long they
                are.
        """
        self._news, self._at_once = news, at_once
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
        """Return the tasks that can be worked on from now on."""
        tasks = list(self._ready)
        self._ready.clear()
        while self._backlog and self._handed_out + len(tasks) < WAITING * self._at_once:
            task, plan = self._backlog.popleft()
            tasks += [replace(task, slices=plan, entry=entry) for entry in plan.entries]
        self._handed_out += len(tasks)
        return tasks

    def again(self, task: Task) -> None:
        """Take in that a task is begun once more."""
        self._handed_out += 1
        self.count_attempt(task, 2)

    def count_attempt(self, task: Task, attempt: int) -> None:
        """Take in that a task is begun for the n-th time."""
        self._attempts[task.index] = max(self._attempts[task.index], attempt)

    def tell(self, task: Task, fraction: float) -> None:
        """Take in how much of a task is done."""
        file = self._in_slices.get(task.index)
        if task.entry is None:
            self._news.tell(task.index, fraction)
        elif file is not None:
            file.done[task.entry.number] = fraction
            share = sum(file.done.values()) / len(file.done)
            self._news.tell(task.index, FIRST_PASS_SHARE * share)

    def take(self, task: Task, done: Done) -> None:
        """Take in what became of a task."""
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
        """Take in that a task has to wait: its process died."""
        self._handed_out -= 1

    def _begin_slices(self, task: Task, plan: SlicePlan) -> None:
        """Have the slices of a file looked at before it is put together."""
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
        """Take in what became of a slice; the last one has the file put together."""
        self.tell(task, 1.0)
        file = self._in_slices[task.index]
        file.left -= 1
        file.fault = file.fault or done.fault
        if file.left == 0:  # one piece is tried where a slice failed, and says why it cannot be
            self._ready.append(
                file.task if file.fault is None else replace(task, slices=None, entry=None)
            )

    def _finish(self, task: Task, outcome: Outcome) -> None:
        """Take in what became of an input."""
        self._finished.add(task.index)
        file = self._in_slices.pop(task.index, None)
        if file is not None:
            file.folder.remove()
            if outcome.in_one_piece is None and outcome.status == "done":
                outcome = replace(outcome, in_one_piece=file.fault)
        self.count_attempt(task, outcome.attempts)
        self._news.finish(task.index, replace(outcome, attempts=self._attempts[task.index]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._in_slices.values():
            file.folder.remove()
