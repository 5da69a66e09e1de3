"""One task of a run, in whatever process it is worked on: its failure becomes an outcome."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from fer_live.errors import FerLiveError, SourceError
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.one_file import Order, annotate_file, model_of
from fer_live.realtime.annotate.opened import Opened, opened_here
from fer_live.realtime.annotate.passes.first import Tell
from fer_live.realtime.annotate.report import Outcome
from fer_live.realtime.annotate.slices.planning import NOT_THE_SAME, Entry, SlicePlan
from fer_live.realtime.annotate.slices.task import analyse_slice
from fer_live.realtime.annotate.storage.upload import analyse_and_upload, annotate_and_upload
from fer_live.system_errors import MEMORY_RAN_OUT, ran_out_of_memory

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """An input, or one slice of it.

    Attributes:
        index: Of the input in the run.
        job: The input.
        order: What is wanted for every input.
        slices: The slices of the input; or a folder for them, if it may be cut into some; None to
            process it in one piece.
        entry: The slice to process; None for the whole input.
    """

    index: int
    job: Job
    order: Order
    slices: SlicePlan | Path | None = None
    entry: Entry | None = None

    @property
    def name(self) -> str:
        """A name that no other task of the run has."""
        if self.entry is not None:
            return f"{self.index} slice {self.entry.number}"
        if isinstance(self.slices, SlicePlan):
            return f"{self.index} from slices"
        return f"{self.index} whole" if self.slices is None else f"{self.index} perhaps in slices"


@dataclass(frozen=True, slots=True)
class SliceDone:
    """The outcome of a slice.

    Attributes:
        fault: Why it has no results; None if it has.
    """

    fault: str | None = None


Done: TypeAlias = Outcome | SlicePlan | SliceDone
"""The outcome of a task; a plan if slices have to be processed first."""


def annotated_in_worker(task: Task, tell: Tell) -> Done:
    """Work on a task with what this process keeps open."""
    return annotated(task, opened_here(), tell)


def close_in_worker() -> None:
    """Close what this process keeps open; MediaPipe 0.10.30 cannot once Python's threads are."""
    opened_here().close()


def annotated(task: Task, opened: Opened, tell: Tell) -> Done:
    """Work on a task; a failure becomes an outcome, so that the others are done.

    An error that nobody foresaw is logged with its traceback and told as what it is.
    """
    job = task.job
    try:
        return _done(task, opened, tell)
    except FerLiveError as error:
        damaged = isinstance(error, SourceError) and task.entry is not None
        said = NOT_THE_SAME if damaged else str(error)
    except Exception as error:
        if ran_out_of_memory(error):
            said = f"{job.source} was not finished: {MEMORY_RAN_OUT}"
        else:
            _log.exception("%s failed in an unforeseen way", job.source)
            said = (
                f"{job.source} failed in an unforeseen way ({type(error).__name__}: {error}); "
                "please report this"
            )
    return Outcome(job.source, "failed", said) if task.entry is None else SliceDone(said)


def _done(task: Task, opened: Opened, tell: Tell) -> Done:
    """Work on a task.

    Raises:
        FerLiveError: As from `annotate_file`.
    """
    job, order, slices = task.job, task.order, task.slices
    if task.entry is not None and isinstance(slices, SlicePlan):
        model_of(order, opened)
        if order.sent is not None and order.sent.slices_too:
            analyse_and_upload(job, order, slices, task.entry, opened, tell)
        else:
            analyse_slice(job, order.settings, slices, task.entry, opened, tell)
        return SliceDone()
    if order.sent is not None:
        return annotate_and_upload(job, order, opened, tell, slices)
    return annotate_file(job, order, opened, tell, slices=slices)
