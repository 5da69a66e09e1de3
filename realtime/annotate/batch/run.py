"""Many inputs, one after the other or several at once, with one report."""

import logging
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

from fer_live.bundle import LANDMARKER, read_asset
from fer_live.errors import FerLiveError, SettingsError, SinkError
from fer_live.realtime.annotate.batch.manifest import Manifest, RunFacts
from fer_live.realtime.annotate.batch.progress import Estimate
from fer_live.realtime.annotate.batch.together import Together, write_together
from fer_live.realtime.annotate.batch.workers import Crew, Death, Tell
from fer_live.realtime.annotate.inputs.jobs import Job, find_jobs
from fer_live.realtime.annotate.one_file import Order, annotate_file
from fer_live.realtime.annotate.opened import Opened, opened_here
from fer_live.realtime.annotate.report import Outcome, PassedOver, Report, Watch
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.summary import versions
from fer_live.realtime.annotate.workspace import clear_leftovers
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.measures import chosen_measures
from fer_live.realtime.results import SourceInfo
from fer_live.realtime.send import Sender, open_channel
from fer_live.system_errors import MEMORY_RAN_OUT, ran_out_of_memory

TELL_EVERY_S: Final = 0.1
"""How often one input says how far it is."""
RECEIVERS_PATIENCE_S: Final = 5.0
"""How long a receiver of results may keep the work waiting; then it loses messages."""
NO_SOURCE: Final = SourceInfo("", (0, 0))
"""Before the first input."""
_Task: TypeAlias = tuple[Job, Order]

_log = logging.getLogger(__name__)


def annotate(
    inputs: Sequence[str | Path],
    out: str | Path,
    settings: AnnotateSettings | None = None,
    *,
    jobs: int | None = None,
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
            for a picture, `.annotated` and its own ending.
        settings: What is wanted.
        jobs: How many inputs are worked on at once, each in a process of its own, so that one that
            crashes or takes all memory costs its own input only (it is tried once more in the
            end). What is written does not depend on it. As always with processes, a script that
            asks for any calls this under `if __name__ == "__main__":`. None does one input after
            the other in this process.
        overwrite: Replace outputs that were made of something else.
        watch: Hears of the progress, and may tell the run to stop.

    Raises:
        KeyboardInterrupt: It was told to stop.
        SettingsError: There is nothing to annotate, `out` is a file, or an option makes no sense.
        SinkError: Nothing can be written into `out`, or it is not there any more.
        ModelError: The model cannot be used, or a shipped file is missing or damaged.
        DeviceError: The device cannot be had.
    """
    settings, out = settings or AnnotateSettings(), Path(out)
    read_asset(LANDMARKER)  # once, and not for each input
    if jobs is not None and jobs < 1:
        raise SettingsError(f"{jobs} jobs were asked for; give 1 or more")
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file; give a folder for the results")
    passed_over: list[PassedOver] = []
    found = find_jobs(
        inputs, out, pass_over=lambda path, why: passed_over.append(PassedOver(path, why))
    )
    classifier = OnnxClassifier(settings.model, device=settings.device)
    chosen_measures(settings.columns, classifier.contract.labels)  # a misspelt one is told at once
    order = Order(settings, classifier.sha256, overwrite=overwrite)
    model = {"name": classifier.contract.name, "sha256": classifier.sha256}
    facts = RunFacts(model, settings.as_json(), versions(), jobs or 1)
    watch = watch or Watch()
    if watch.send and jobs is not None:
        raise SettingsError("results can be sent while one input is done after the other; no jobs")
    channels = [open_channel(address, classifier.contract.labels) for address in watch.send]
    with _News(found, out, facts, watch, passed_over) as news:
        if jobs is None:
            with Sender(channels, NO_SOURCE, patience_s=RECEIVERS_PATIENCE_S) as sender:
                _in_this_process(found, order, sender if channels else None, news)
        else:
            _in_processes(found, order, min(jobs, len(found)), news)
        news.show_together(settings)
    return news.report()


class _News:
    """What came of the inputs so far, written down and passed on to whoever listens."""

    def __init__(
        self,
        jobs: Sequence[Job],
        out: Path,
        facts: RunFacts,
        watch: Watch,
        passed_over: Sequence[PassedOver],
    ) -> None:
        self._watch = watch
        self._passed_over = tuple(passed_over)
        self._estimate = Estimate(jobs)
        self._jobs = jobs
        self._outcomes: dict[int, Outcome] = {}
        self._together = Together((), None)
        self._begun_s = time.monotonic()
        self._manifest = Manifest(out, facts, jobs)
        self._manifest.pass_over(passed_over)
        self._out, self._is_out = out, out.stat()
        self._folders = {job.target.parent for job in jobs}

    def tell(self, index: int, fraction: float) -> None:
        """Take in how much of an input is done."""
        self._watch.progress(self._estimate.tell(index, fraction, self._elapsed_s()))

    def finish(self, index: int, outcome: Outcome) -> None:
        """Take in what became of an input."""
        self._outcomes[index] = outcome
        self._manifest.finish(index, outcome)
        self._watch.progress(self._estimate.finish(index, outcome, self._elapsed_s()))

    def check(self) -> None:
        """See whether there is a reason not to go on.

        Raises:
            KeyboardInterrupt: The run was told to stop.
            SinkError: The folder for the outputs is gone, or another one lies in its place, as
                when a disk was taken away.
        """
        if self._watch.told_to_stop():
            raise KeyboardInterrupt
        if not self._is_there():
            raise SinkError(
                f"the folder {self._out} is gone; run again when it is back, to go on from there"
            )

    def report(self) -> Report:
        """Return what became of all inputs, in their order."""
        outcomes = tuple(self._outcomes[index] for index in sorted(self._outcomes))
        fault = self._together.fault or self._manifest.fault
        return Report(outcomes, self._passed_over, fault, self._together.files)

    def show_together(self, settings: AnnotateSettings) -> None:
        """Write what shows all inputs together."""
        outcomes = {job: self._outcomes[index] for index, job in enumerate(self._jobs)}
        self._together = write_together(self._out, outcomes, self._passed_over, settings)
        self._manifest.show_together(self._together.files)

    def __enter__(self) -> Self:
        clear_leftovers(self._folders)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_there():
            clear_leftovers(self._folders)  # of processes that had to be killed
            self._manifest.close("finished" if kind is None else "stopped")

    def _is_there(self) -> bool:
        """Whether the folder for the outputs is the one that it was."""
        try:
            return os.path.samestat(self._out.stat(), self._is_out)
        except OSError:
            return False

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._begun_s


def _annotated_in_worker(task: _Task, tell: Tell) -> Outcome:
    """Annotate one input with what this process keeps open."""
    return _annotated(task, opened_here(), tell)


def _annotated(task: _Task, opened: Opened, tell: Tell) -> Outcome:
    """Annotate one input; a failure becomes an outcome, so that the others are done.

    An error that nobody foresaw is logged with its traceback and told as what it is.
    """
    job, order = task
    try:
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


def _in_this_process(jobs: Sequence[Job], order: Order, sender: Sender | None, news: _News) -> None:
    """Annotate one input after the other, with the same receivers throughout."""
    with Opened(sender) as opened:
        _one_by_one(jobs, order, opened, news)


def _one_by_one(jobs: Sequence[Job], order: Order, opened: Opened, news: _News) -> None:
    """Annotate each input and tell what became of it."""
    for index, job in enumerate(jobs):
        last_s = -TELL_EVERY_S

        def tell(fraction: float, index: int = index) -> None:
            nonlocal last_s
            news.check()
            now_s = time.monotonic()
            if now_s - last_s >= TELL_EVERY_S:
                last_s = now_s
                news.tell(index, fraction)

        news.check()
        news.finish(index, _annotated((job, order), opened, tell))


def _in_processes(jobs: Sequence[Job], order: Order, count: int, news: _News) -> None:
    """Annotate several inputs at once.

    An input whose process died is tried once more when all others are done, with nothing beside
    it that would take its memory.
    """
    died = _work_off(range(len(jobs)), jobs, order, count, news)
    again = _work_off(sorted(died), jobs, order, 1, news, attempt=2)
    for index, death in again.items():
        clear_leftovers([jobs[index].target.parent])
        news.finish(index, _lost(jobs[index], death))


def _work_off(
    indices: Iterable[int],
    jobs: Sequence[Job],
    order: Order,
    count: int,
    news: _News,
    attempt: int = 1,
) -> dict[int, Death]:
    """Annotate some of the inputs; return those whose process died, by index."""
    chosen = list(indices)
    died: dict[int, Death] = {}
    with Crew(_annotated_in_worker, count) as crew:
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
