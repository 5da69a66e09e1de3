"""The inputs of a run in processes of this machine."""

from collections.abc import Sequence

from fer_live.realtime.annotate.batch.attempt import Task, annotated_in_worker, close_in_worker
from fer_live.realtime.annotate.batch.recorder import RunRecorder
from fer_live.realtime.annotate.batch.scheduler import Scheduler
from fer_live.realtime.annotate.batch.workers import Crew, Death
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.one_file import Order
from fer_live.realtime.annotate.report import Outcome
from fer_live.realtime.annotate.workspace import clear_leftovers


def in_processes(jobs: Sequence[Job], order: Order, recorder: RunRecorder, *, count: int) -> None:
    """Annotate several inputs at once, and slices of long ones where the settings want them.

    A task whose process died is tried once more when all others are done, with nothing beside it
    that would take its memory.
    """
    with Scheduler(jobs, order, recorder, at_once=count, cut=count > 1) as scheduler:
        died = _work_off(scheduler.more(), scheduler, recorder, count)
        for task, _ in died:
            scheduler.again(task)
        for task, death in _work_off([task for task, _ in died], scheduler, recorder, 1):
            clear_leftovers([task.job.target.parent])
            scheduler.take(task, _lost(task.job, death))


def _work_off(
    tasks: list[Task], scheduler: Scheduler, recorder: RunRecorder, count: int
) -> list[tuple[Task, Death]]:
    """Work on some tasks and what follows from them; return those whose process died."""
    died: list[tuple[Task, Death]] = []
    with Crew(annotated_in_worker, count, at_end=close_in_worker) as crew:
        for place, said in crew.work_off(tasks, watch=recorder.check):
            match said:
                case float():
                    scheduler.tell(tasks[place], said)
                case Death():
                    scheduler.set_aside()
                    died.append((tasks[place], said))
                case _:
                    scheduler.take(tasks[place], said)
            tasks += scheduler.more()
    return died


def _lost(job: Job, death: Death) -> Outcome:
    """Say what became of an input whose process died twice."""
    how = death.signal.name if death.signal else f"status {death.exit_code}"
    if death.stalled:
        how = "it made no progress any more, twice; please report this"
    elif death.signal is not None and death.signal.name == "SIGKILL":
        how = (
            f"the process that worked on it was killed, twice ({how}), perhaps because memory "
            "ran out; close other programs and run again"
        )
    else:
        how = (
            f"the process that worked on it crashed, twice ({how}); close other programs, for "
            "memory may have run out, and run again; if it stays so, please report this"
        )
    return Outcome(job.source, "failed", f"{job.source} was given up: {how}", attempts=2)
