"""The inputs of a run in processes of this machine."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from fer_live.realtime.annotate.batch.attempt import annotated_in_worker, close_in_worker
from fer_live.realtime.annotate.batch.news import News
from fer_live.realtime.annotate.batch.workers import Crew, Death
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.one_file import Order
from fer_live.realtime.annotate.report import Outcome
from fer_live.realtime.annotate.workspace import clear_leftovers


def in_processes(jobs: Sequence[Job], order: Order, news: News, *, count: int) -> None:
    """Annotate several inputs at once.

    An input whose process died is tried once more when all others are done, with nothing beside
    it that would take its memory.
    """
    died = _work_off(range(len(jobs)), jobs, order, min(count, len(jobs)), news)
    again = _work_off(sorted(died), jobs, order, 1, news, attempt=2)
    for index, death in again.items():
        clear_leftovers([jobs[index].target.parent])
        news.finish(index, _lost(jobs[index], death))


def _work_off(
    indices: Iterable[int],
    jobs: Sequence[Job],
    order: Order,
    count: int,
    news: News,
    attempt: int = 1,
) -> dict[int, Death]:
    """Annotate some of the inputs; return those whose process died, by index."""
    chosen = list(indices)
    died: dict[int, Death] = {}
    with Crew(annotated_in_worker, count, at_end=close_in_worker) as crew:
        for place, said in crew.work_off([(jobs[i], order) for i in chosen], watch=news.check):
            match said:
                case Outcome():
                    news.finish(chosen[place], replace(said, attempts=attempt))
                case Death():
                    died[chosen[place]] = said
                case _:
                    news.tell(chosen[place], said)
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
