"""The inputs of a run in processes of this machine."""

from collections.abc import Sequence

from fer_live.realtime.annotate.batch.agenda import Agenda
from fer_live.realtime.annotate.batch.attempt import Task, annotated_in_worker, close_in_worker
from fer_live.realtime.annotate.batch.news import News
from fer_live.realtime.annotate.batch.workers import Crew, Death
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.one_file import Order
from fer_live.realtime.annotate.report import Outcome
from fer_live.realtime.annotate.workspace import clear_leftovers


def in_processes(jobs: Sequence[Job], order: Order, news: News, *, count: int) -> None:
    """Annotate several inputs at once, and slices of long ones where the settings want them.

    A task whose process died is tried once more when all others are done, with nothing beside it
    that would take its memory.
    """
    with Agenda(jobs, order, news, at_once=count, cut=count > 1) as agenda:
        died = _work_off(agenda.more(), agenda, news, count)
        for task, _ in died:
            agenda.again(task)
        for task, death in _work_off([task for task, _ in died], agenda, news, 1):
            clear_leftovers([task.job.target.parent])
            agenda.take(task, _lost(task.job, death))


def _work_off(
    tasks: list[Task], agenda: Agenda, news: News, count: int
) -> list[tuple[Task, Death]]:
    """Work on some tasks and what follows from them; return those whose process died."""
    died: list[tuple[Task, Death]] = []
    with Crew(annotated_in_worker, count, at_end=close_in_worker) as crew:
        for place, said in crew.work_off(tasks, watch=news.check):
            match said:
                case float():
                    agenda.tell(tasks[place], said)
                case Death():
                    agenda.set_aside()
                    died.append((tasks[place], said))
                case _:
                    agenda.take(tasks[place], said)
            tasks += agenda.more()
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
