"""A run as tasks of a Ray cluster, from handing them out to the outcomes of its inputs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

import ray

from fer_live.errors import FerLiveError
from fer_live.realtime.annotate.batch.attempt import Done, Task
from fer_live.realtime.annotate.batch.recorder import RunRecorder
from fer_live.realtime.annotate.batch.scheduler import Scheduler
from fer_live.realtime.annotate.batch.workers import LEAVE_S
from fer_live.realtime.annotate.cluster.progress_actor import start_progress_actor
from fer_live.realtime.annotate.cluster.settings import RayCluster
from fer_live.realtime.annotate.cluster.worker import annotated_on_cluster, home_of
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.one_file import Order
from fer_live.realtime.annotate.report import Outcome
from fer_live.realtime.annotate.storage.store import OutputStore

PATIENCE_S: Final = 300.0
"""How long an input waits that another process has: a shared folder's server notices only after
minutes that a lost machine does not hold its locks any more."""
LOOK_EVERY_S: Final = 0.2
"""How often outcomes and progress are asked for."""
_Waiting: TypeAlias = "dict[ray.ObjectRef[tuple[Done, int]], Task]"


def on_cluster(
    jobs: Sequence[Job],
    order: Order,
    recorder: RunRecorder,
    *,
    cluster: RayCluster,
    room: int,
    store: OutputStore,
) -> None:
    """Annotate all inputs on the cluster that this process is connected to.

    Ray decides where and when, and tries again what was lost with a process or a machine. What is
    seen in slices goes through the place for the outputs.

    Raises:
        FerLiveError: A machine cannot take part.
    """
    actor = start_progress_actor()
    order = replace(order, patience_s=PATIENCE_S)
    if order.sent is not None:
        order = replace(order, sent=replace(order.sent, slices_too=True))
    work = ray.remote(annotated_on_cluster).options(
        num_cpus=cluster.num_cpus, num_gpus=cluster.num_gpus, max_retries=cluster.retries
    )
    home = home_of(store.folder if order.sent is None else None, gpu=cluster.num_gpus > 0)
    waiting: _Waiting = {}
    with Scheduler(
        jobs, order, recorder, at_once=room, cut=True, clear=store.clear_slices
    ) as scheduler:
        try:
            while True:
                waiting |= {work.remote(task, home, actor): task for task in scheduler.more()}
                if not waiting:
                    return
                _hear(waiting, scheduler, actor, recorder)
        except BaseException:  # Ctrl-C too: otherwise the cluster would go on with it unwanted
            _give_up(list(waiting))
            raise


def _hear(waiting: _Waiting, scheduler: Scheduler, actor: Any, recorder: RunRecorder) -> None:
    """Pass on what became of tasks within a moment, and how far the others are."""
    recorder.check()
    ready, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=LOOK_EVERY_S)
    for ref in ready:
        task = waiting.pop(ref)
        done, attempt = _done(ref, task.job)
        scheduler.count_attempt(task, attempt)
        scheduler.take(task, done)
    at_work = {task.name: task for task in waiting.values()}
    for name, fraction in _read(actor).items():
        if name in at_work:
            scheduler.tell(at_work[name], fraction)


def _read(actor: Any) -> dict[str, float]:
    """Return the latest progress by task; empty while the actor cannot be reached."""
    try:
        progress: dict[str, float] = ray.get(actor.read.remote())
    except ray.exceptions.RayActorError:
        return {}
    return progress


def _done(ref: "ray.ObjectRef[tuple[Done, int]]", job: Job) -> tuple[Done, int]:
    """Return what became of a task, and at which try, also when Ray gave it up.

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
        lost = Outcome(
            job.source,
            "failed",
            f"{job.source} was given up: the process or machine that worked on it was lost each "
            f"time, perhaps because memory ran out ({type(error).__name__}: {why}); see Ray's logs",
        )
        return lost, 1


def _give_up(refs: "Sequence[ray.ObjectRef[tuple[Done, int]]]") -> None:
    """Interrupt what runs, so that it closes its files, and end what does not listen."""
    for ref in refs:
        ray.cancel(ref)
    _, deaf = ray.wait(list(refs), num_returns=len(refs), timeout=LEAVE_S) if refs else ([], [])
    for ref in deaf:
        ray.cancel(ref, force=True)
