"""Annotate many inputs, one after the other or in parallel, with one report."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

from fer_live.bundle import LANDMARKER, read_asset
from fer_live.errors import SettingsError
from fer_live.realtime.annotate.batch.attempt import Task, annotated
from fer_live.realtime.annotate.batch.preparing import prepared
from fer_live.realtime.annotate.batch.processes import in_processes
from fer_live.realtime.annotate.batch.recorder import RunRecorder
from fer_live.realtime.annotate.cluster import RayCluster
from fer_live.realtime.annotate.cluster.environment import prepare_environment
from fer_live.realtime.annotate.inputs.jobs import Job, find_jobs
from fer_live.realtime.annotate.one_file import Order, Sent
from fer_live.realtime.annotate.opened import Opened
from fer_live.realtime.annotate.report import Outcome, PassedOver, Report, Watch
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.storage.remote import RemoteStore, is_address
from fer_live.realtime.annotate.storage.store import OutputStore
from fer_live.realtime.results import SourceInfo
from fer_live.realtime.send import Sender, open_channel
from fer_live.realtime.send.channel import Channel

TELL_EVERY_S: Final = 0.1
"""How often one input says how far it is."""
RECEIVERS_PATIENCE_S: Final = 5.0
"""How long a receiver of results may keep the work waiting; then it loses messages."""
NO_SOURCE: Final = SourceInfo("", (0, 0))
"""Before the first input."""
_Work: TypeAlias = Callable[[Sequence[Job], Order, RunRecorder], None]
"""Annotates all inputs."""


def annotate(
    inputs: Sequence[str | Path],
    out: str | Path,
    settings: AnnotateSettings | None = None,
    *,
    jobs: int | RayCluster | None = None,
    overwrite: bool = False,
    watch: Watch | None = None,
) -> Report:
    """Annotate videos and pictures: a table, a summary, an annotated video or picture of each.

    Of all pictures together there is one table, `out`/pictures.csv (or as `settings.table` says),
    one row a face with the picture's path in `source`, and contact sheets.

    What is done already, with the same input, model, settings and version, is skipped. An input
    that fails does not keep the others from being done. When the run is interrupted or told to
    stop, nothing half-made is left. `out`/run.json says what came of every input, while the run
    goes on and afterwards.

    Args:
        inputs: Files, folders (searched through for videos and pictures) and patterns such as
            "clips/*.mp4".
        out: Folder for the outputs: `<out>/<path relative to the given folder>/<file name>` with
            `.faces.csv` (or as `settings.table` says), `.summary.json`, and `.annotated.mp4` or,
            for a picture, `.annotated` and its own ending. Or an address such as
            "s3://bucket/results" (text) that fsspec can write to; the report's paths are then
            relative to it.
        settings: What is wanted.
        jobs: How many inputs are worked on at once, each in a process of its own, so that one that
            crashes or takes all memory costs its own input only (it is tried once more in the
            end). What is written does not depend on it. As always with processes, a script that
            asks for any calls this under `if __name__ == "__main__":`. None does one input after
            the other in this process. A `RayCluster` has Ray decide: inputs, model and `out` are
            then on folders that all its machines share.
        overwrite: Replace outputs that were made of something else.
        watch: Hears of the progress, and may tell the run to stop.

    Raises:
        KeyboardInterrupt: It was told to stop.
        SettingsError: There is nothing to annotate, `out` is a file, or an option makes no sense.
        SinkError: Nothing can be written into `out`, or it is not there any more.
        SourceError: The file of a resting face cannot be read.
        ModelError: The model cannot be used, or a shipped file is missing or damaged.
        DeviceError: The device cannot be had.
    """
    settings, watch = settings or AnnotateSettings(), watch or Watch()
    read_asset(LANDMARKER)  # once, and not for each input
    _refuse(jobs, settings, watch)
    passed_over: list[PassedOver] = []
    with _opened_store(out) as (store, sent):
        found = find_jobs(
            inputs,
            store.folder,
            pass_over=lambda path, why: passed_over.append(PassedOver(path, why)),
        )
        # The machine that begins a run on a cluster may have no GPU.
        here = "cpu" if isinstance(jobs, RayCluster) else settings.device
        plan = prepared(settings, device=here, overwrite=overwrite)
        channels = [open_channel(address, plan.labels) for address in watch.send]
        with (
            _way(jobs, channels, store) as (at_once, work),
            RunRecorder(
                found, store, plan.facts(at_once, _engine(jobs)), watch, passed_over
            ) as recorder,
        ):
            work(found, replace(plan.order, sent=sent), recorder)
            recorder.write_run_outputs(settings)
    return recorder.report()


def _refuse(jobs: int | RayCluster | None, settings: AnnotateSettings, watch: Watch) -> None:
    """Refuse what does not go together.

    Raises:
        SettingsError: Something does not.
    """
    if isinstance(jobs, int) and jobs < 1:
        raise SettingsError(f"{jobs} jobs were asked for; give 1 or more")
    if isinstance(jobs, RayCluster) and settings.device == "cuda" and not jobs.num_gpus:
        raise SettingsError(
            "CUDA was asked for and no share of a GPU; give --num-gpus, such as 0.25"
        )
    if watch.send and jobs is not None:
        raise SettingsError("results can be sent while one input is done after the other; no jobs")


@contextmanager
def _opened_store(out: str | Path) -> Generator[tuple[OutputStore, Sent | None]]:
    """Give the place for the outputs, and where they are sent to if it is an address.

    Raises:
        SettingsError: It is a file, or an address that cannot be used.
    """
    if is_address(out):
        with TemporaryDirectory(prefix="fer-live-") as name:
            yield RemoteStore(str(out), Path(name)), Sent(str(out), Path(name))
        return
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"{folder} is a file; give a folder for the results")
    yield OutputStore(folder), None


def _way(
    jobs: int | RayCluster | None, channels: Sequence[Channel], store: OutputStore
) -> AbstractContextManager[tuple[int, _Work]]:
    """Return how many inputs are worked on at once, and how, for the time of a run."""
    if jobs is None:
        return _alone(channels)
    if isinstance(jobs, RayCluster):
        return _with_ray(jobs, store)
    return nullcontext((jobs, partial(in_processes, count=jobs)))


def _engine(jobs: int | RayCluster | None) -> dict[str, Any]:
    """Return what `run.json` says of what works on the inputs."""
    if not isinstance(jobs, RayCluster):
        return {"name": "local"}
    return {"name": "ray", "version": version("ray"), **asdict(jobs)}


@contextmanager
def _alone(channels: Sequence[Channel]) -> Generator[tuple[int, _Work]]:
    """Give the way that needs no other process."""
    with Sender(channels, NO_SOURCE, patience_s=RECEIVERS_PATIENCE_S) as sender:
        yield 1, partial(_in_this_process, sender=sender if channels else None)


@contextmanager
def _with_ray(cluster: RayCluster, store: OutputStore) -> Generator[tuple[int, _Work]]:
    """Give the way over a cluster, for as long as this process is connected to it.

    Raises:
        SettingsError: Ray is not installed, or the cluster cannot be used.
    """
    prepare_environment(cluster)
    try:
        from fer_live.realtime.annotate.cluster.connection import connected  # noqa: PLC0415
        from fer_live.realtime.annotate.cluster.work import on_cluster  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"a Ray cluster needs the package {error.name}, which is not installed: "
            "pip install 'fer-live[ray]'"
        ) from error
    with connected(cluster) as at_once:
        yield at_once, partial(on_cluster, cluster=cluster, room=at_once, store=store)


def _in_this_process(
    jobs: Sequence[Job], order: Order, recorder: RunRecorder, sender: Sender | None
) -> None:
    """Annotate one input after the other, with the same receivers throughout."""
    with Opened(sender) as opened:
        _one_by_one(jobs, order, opened, recorder)


def _one_by_one(jobs: Sequence[Job], order: Order, opened: Opened, recorder: RunRecorder) -> None:
    """Annotate each input and tell what became of it."""
    for index, job in enumerate(jobs):
        last_s = -TELL_EVERY_S

        def tell(fraction: float, index: int = index) -> None:
            nonlocal last_s
            recorder.check()
            now_s = time.monotonic()
            if now_s - last_s >= TELL_EVERY_S:
                last_s = now_s
                recorder.tell(index, fraction)

        recorder.check()
        outcome = annotated(Task(index, job, order), opened, tell)
        assert isinstance(outcome, Outcome), "an input that may not be cut is done"
        recorder.finish(index, outcome)
