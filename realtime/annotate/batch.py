"""Many inputs, one after the other or several at once, with one report."""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Final

from fer_live.errors import FerLiveError, SettingsError
from fer_live.realtime.annotate.inputs import Job, find_jobs
from fer_live.realtime.annotate.one_file import Order, annotate_file
from fer_live.realtime.annotate.passes import Tell
from fer_live.realtime.annotate.progress import Estimate
from fer_live.realtime.annotate.report import Outcome, Report, Watch
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.inference.classifier import OnnxClassifier

LISTEN_EVERY_S: Final = 0.1
"""How often the news of the worker processes are passed on."""
TELL_EVERY_S: Final = 0.1
"""How often one input says how far it is."""

_log = logging.getLogger(__name__)


def annotate(
    inputs: Sequence[str | Path],
    out: Path,
    settings: AnnotateSettings | None = None,
    *,
    jobs: int = 1,
    overwrite: bool = False,
    watch: Watch | None = None,
) -> Report:
    """Annotate videos: a table, a summary and an annotated video of each.

    What is done already, with the same input, model, settings and version, is skipped. An input
    that fails does not keep the others from being done. When the run is interrupted or told to
    stop, nothing half-made is left.

    Args:
        inputs: Files, folders (searched through for videos) and patterns such as "clips/*.mp4".
        out: Folder for the outputs: `<out>/<path relative to the given folder>/<file name>` with
            `.faces.csv` (or as `settings.table` says), `.summary.json` and `.annotated.mp4`.
        settings: What is wanted.
        jobs: How many inputs are worked on at once, each in a process of its own when more than
            one; what is written does not depend on it. As always with processes, a script that
            asks for more than one calls this under `if __name__ == "__main__":`.
        overwrite: Replace outputs that were made of something else.
        watch: Hears of the progress, and may tell the run to stop.

    Raises:
        KeyboardInterrupt: It was told to stop.
        SettingsError: There is nothing to annotate, `out` is a file, or an option makes no sense.
        ModelError: The model cannot be used.
        DeviceError: The device cannot be had.
    """
    settings = settings or AnnotateSettings()
    if jobs < 1:
        raise SettingsError(f"{jobs} jobs were asked for; give 1 or more")
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file; give a folder for the results")
    found = find_jobs(inputs, out)
    classifier = OnnxClassifier(settings.model, device=settings.device)
    order = Order(settings, classifier.sha256, overwrite=overwrite)
    news = _News(found, watch or Watch())
    if jobs == 1 or len(found) == 1:
        _in_this_process(found, order, news)
    else:
        _in_processes(found, order, min(jobs, len(found)), news)
    return news.report()


class _News:
    """What came of the inputs so far, passed on to whoever listens."""

    def __init__(self, jobs: Sequence[Job], watch: Watch) -> None:
        self.watch = watch
        self._estimate = Estimate(jobs)
        self._outcomes: dict[int, Outcome] = {}
        self._begun_s = time.monotonic()

    def tell(self, index: int, fraction: float) -> None:
        """Take in how much of an input is done."""
        self.watch.progress(self._estimate.tell(index, fraction, self._elapsed_s()))

    def finish(self, index: int, outcome: Outcome) -> None:
        """Take in what became of an input."""
        self._outcomes[index] = outcome
        self.watch.progress(self._estimate.finish(index, outcome, self._elapsed_s()))

    def report(self) -> Report:
        """Return what became of all inputs, in their order."""
        return Report(tuple(self._outcomes[index] for index in sorted(self._outcomes)))

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._begun_s


def _outcome(job: Job, order: Order, tell: Tell) -> Outcome:
    """Annotate one input; a failure becomes an outcome, so that the others are done.

    An error that nobody foresaw is logged with its traceback and told as what it is.
    """
    try:
        return annotate_file(job, order, tell)
    except FerLiveError as error:
        return Outcome(job.source, "failed", str(error))
    except Exception as error:
        _log.exception("%s failed in an unforeseen way", job.source)
        return Outcome(
            job.source,
            "failed",
            f"{job.source} failed in an unforeseen way ({type(error).__name__}: {error}); "
            "please report this",
        )


def _seldom(tell: Tell) -> Tell:
    """Return `tell`, called through at most every `TELL_EVERY_S`, so that it costs nothing."""
    last_s = -TELL_EVERY_S

    def told(fraction: float) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s >= TELL_EVERY_S:
            last_s = now_s
            tell(fraction)

    return told


def _unless(told_to_stop: Callable[[], bool], tell: Tell) -> Tell:
    """Return `tell`, called seldom; but each time it is asked whether to stop.

    Raises:
        KeyboardInterrupt: From what is returned, when the answer is yes.
    """
    news = _seldom(tell)

    def told(fraction: float) -> None:
        if told_to_stop():
            raise KeyboardInterrupt
        news(fraction)

    return told


def _in_this_process(jobs: Sequence[Job], order: Order, news: _News) -> None:
    """Annotate one input after the other."""
    for index, job in enumerate(jobs):

        def tell(fraction: float, index: int = index) -> None:
            news.tell(index, fraction)

        news.finish(index, _outcome(job, order, _unless(news.watch.told_to_stop, tell)))


def _in_processes(jobs: Sequence[Job], order: Order, count: int, news: _News) -> None:
    """Annotate several inputs at once."""
    context = multiprocessing.get_context("spawn")  # a fork would copy MediaPipe's threads' locks
    line: SimpleQueue[tuple[int, float]] = context.SimpleQueue()
    stop = context.Event()
    pool = ProcessPoolExecutor(count, context, _begin_worker, (line, stop))
    try:
        running = {pool.submit(_work, index, job, order): index for index, job in enumerate(jobs)}
        while running:
            done, _ = wait(running, timeout=LISTEN_EVERY_S)
            if news.watch.told_to_stop():
                raise KeyboardInterrupt
            for index, fraction in _heard(line):
                news.tell(index, fraction)
            for future in done:
                index = running.pop(future)
                news.finish(index, _outcome_of(future, jobs[index]))
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _heard(line: "SimpleQueue[tuple[int, float]]") -> Iterator[tuple[int, float]]:
    """Yield what the workers told since the last time."""
    while not line.empty():
        yield line.get()


def _outcome_of(future: "Future[Outcome]", job: Job) -> Outcome:
    """Return what a worker made of its input."""
    try:
        return future.result()
    except BrokenProcessPool:
        return Outcome(
            job.source,
            "failed",
            f"{job.source} was not finished: a worker process was ended from outside, perhaps "
            "because memory ran out; run again to go on, with fewer --jobs",
        )


class _Worker:
    """What a worker process was given when it began."""

    line: "SimpleQueue[tuple[int, float]]"
    stop: Event


def _begin_worker(line: "SimpleQueue[tuple[int, float]]", stop: Event) -> None:
    """Prepare a worker process: an interrupt is the first process's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Worker.line, _Worker.stop = line, stop
    threading.Thread(target=_end_with_the_first, daemon=True).start()


def _end_with_the_first() -> None:
    """End this process when the first one was killed: nobody would take what it makes.

    What is half-made stays in its hidden folder, which the next run empties.
    """
    first = multiprocessing.parent_process()
    if first is not None:
        first.join()
        os._exit(1)


def _work(index: int, job: Job, order: Order) -> Outcome:
    """Annotate one input in a worker process."""
    tell = _unless(_Worker.stop.is_set, lambda fraction: _Worker.line.put((index, fraction)))
    return _outcome(job, order, tell)
