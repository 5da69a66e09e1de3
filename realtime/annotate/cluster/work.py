"""The inputs of a run as tasks of a Ray cluster, from handing them out to their outcomes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import ray

from fer_live.errors import FerLiveError
from fer_live.realtime.annotate.batch.news import News
from fer_live.realtime.annotate.batch.workers import LEAVE_S
from fer_live.realtime.annotate.cluster.board import put_up_board
from fer_live.realtime.annotate.cluster.settings import RayCluster
from fer_live.realtime.annotate.cluster.worker import annotated_on_cluster, home_of
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.one_file import Order
from fer_live.realtime.annotate.report import Outcome

PATIENCE_S: Final = 300.0
"""How long an input waits that another process has: a shared folder's server notices only after
minutes that a lost machine does not hold its locks any more."""
LOOK_EVERY_S: Final = 0.2
"""How often outcomes and news are asked for."""
_Waiting: TypeAlias = "dict[ray.ObjectRef[Outcome], int]"


def on_cluster(
    jobs: Sequence[Job], order: Order, news: News, *, cluster: RayCluster, out: Path | None
) -> None:
    """Annotate all inputs on the cluster that this process is connected to.

    Ray decides where and when, and tries again what was lost with a process or a machine.

    Raises:
        FerLiveError: A machine cannot take part.
    """
    board = put_up_board()
    order = replace(order, patience_s=PATIENCE_S)
    task = ray.remote(annotated_on_cluster).options(
        num_cpus=cluster.num_cpus, num_gpus=cluster.num_gpus, max_retries=cluster.retries
    )
    home = home_of(out, gpu=cluster.num_gpus > 0)
    waiting: _Waiting = {
        task.remote(index, (job, order), home, board): index for index, job in enumerate(jobs)
    }
    try:
        for index, outcome in _finished(waiting, jobs, board, news):
            news.finish(index, outcome)
    except BaseException:  # Ctrl-C too: otherwise the cluster would go on with what nobody wants
        _give_up(list(waiting))
        raise


def _finished(
    waiting: _Waiting, jobs: Sequence[Job], board: Any, news: News
) -> Iterator[tuple[int, Outcome]]:
    """Yield each outcome with its input's index as it comes, and pass on how far the others are."""
    while waiting:
        news.check()
        ready, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=LOOK_EVERY_S)
        for ref in ready:
            index = waiting.pop(ref)
            yield index, _outcome(ref, jobs[index])
        at_work = set(waiting.values())
        for index, fraction in _read(board).items():
            if index in at_work:
                news.tell(index, fraction)


def _read(board: Any) -> dict[int, float]:
    """Return the newest of the inputs; nothing while the board cannot be read."""
    try:
        news: dict[int, float] = ray.get(board.read.remote())
    except ray.exceptions.RayActorError:
        return {}
    return news


def _outcome(ref: "ray.ObjectRef[Outcome]", job: Job) -> Outcome:
    """Return what became of an input, also when Ray gave it up.

    Raises:
        FerLiveError: The machine cannot take part.
    """
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, FerLiveError):
            raise error.cause from error
        raise
    except ray.exceptions.RayError as error:
        why = str(error).strip().splitlines()[0]
        return Outcome(
            job.source,
            "failed",
            f"{job.source} was given up: the process or machine that worked on it was lost each "
            f"time, perhaps because memory ran out ({type(error).__name__}: {why}); see Ray's logs",
        )


def _give_up(refs: "Sequence[ray.ObjectRef[Outcome]]") -> None:
    """Interrupt what runs, so that it closes its files, and end what does not listen."""
    for ref in refs:
        ray.cancel(ref)
    _, deaf = ray.wait(list(refs), num_returns=len(refs), timeout=LEAVE_S) if refs else ([], [])
    for ref in deaf:
        ray.cancel(ref, force=True)
