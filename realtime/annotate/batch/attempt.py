"""One input of a run, in whatever process it is worked on: its failure becomes an outcome."""

import logging
from typing import TypeAlias

from fer_live.errors import FerLiveError
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.one_file import Order, annotate_file
from fer_live.realtime.annotate.opened import Opened, opened_here
from fer_live.realtime.annotate.passes.first import Tell
from fer_live.realtime.annotate.report import Outcome
from fer_live.realtime.annotate.shelf.sending import annotate_and_send
from fer_live.system_errors import MEMORY_RAN_OUT, ran_out_of_memory

Task: TypeAlias = tuple[Job, Order]

_log = logging.getLogger(__name__)


def annotated_in_worker(task: Task, tell: Tell) -> Outcome:
    """Annotate one input with what this process keeps open."""
    return annotated(task, opened_here(), tell)


def close_in_worker() -> None:
    """Close what this process keeps open; MediaPipe 0.10.30 cannot once Python's threads are."""
    opened_here().close()


def annotated(task: Task, opened: Opened, tell: Tell) -> Outcome:
    """Annotate one input; a failure becomes an outcome, so that the others are done.

    An error that nobody foresaw is logged with its traceback and told as what it is.
    """
    job, order = task
    try:
        if order.sent is not None:
            return annotate_and_send(job, order, opened, tell)
        return annotate_file(job, order, opened, tell)
    except FerLiveError as error:
        return Outcome(job.source, "failed", str(error))
    except Exception as error:
        if ran_out_of_memory(error):
            note = f"{job.source} was not finished: {MEMORY_RAN_OUT}"
            return Outcome(job.source, "failed", note)
        _log.exception("%s failed in an unforeseen way", job.source)
        return Outcome(
            job.source,
            "failed",
            f"{job.source} failed in an unforeseen way ({type(error).__name__}: {error}); "
            "please report this",
        )
