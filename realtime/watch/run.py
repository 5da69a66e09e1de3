"""Run `fer-live watch`: start worker processes, collect their health, restart those that die."""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Final

from fer_live.errors import FerLiveError
from fer_live.realtime.send import open_channel
from fer_live.realtime.sinks.encoders import check_parquet
from fer_live.realtime.watch.health import StreamHealth, write_health
from fer_live.realtime.watch.metrics import Figures, served
from fer_live.realtime.watch.plan import WatchSettings
from fer_live.realtime.watch.worker import LEAVE_S, Worker

PATIENCE_S: Final = 0.25
HEALTH_EVERY_S: Final = 5.0
RESTART_S: Final = 2.0
"""Pause before a process that died is restarted; doubled each time it dies without reporting."""
LONGEST_RESTART_S: Final = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WatchReport:
    """How a run went.

    Attributes:
        streams: The final status of each stream.
        restarts: How often a process was restarted.
        seconds: How long the run lasted.
    """

    streams: tuple[StreamHealth, ...]
    restarts: int
    seconds: float


def run_watch(
    settings: WatchSettings,
    *,
    seconds: float | None = None,
    on_health: Callable[[Sequence[StreamHealth]], None] = lambda streams: None,
    on_metrics: Callable[[str], None] = lambda address: None,
    told_to_stop: Callable[[], bool] = lambda: False,
) -> WatchReport:
    """Watch until told to stop, the time is up, or every stream has ended.

    An unavailable stream is tried again without limit; a process that dies is restarted with its
    streams. Files are closed however the run ends.

    Args:
        settings: What to watch.
        seconds: Stop after this many seconds; None for never.
        on_health: Called about once a second with the status of the streams, in the plan's order.
        on_metrics: Called with the address for Prometheus, if there is one.
        told_to_stop: Called four times a second.

    Raises:
        SettingsError: An address of `send` is not one of a receiver, a package is missing, or the
            port for metrics is not available.
        SinkError: A table cannot be written.
        ModelError: A model is missing or damaged.
        DeviceError: The device is not available.
    """
    for address in settings.send:
        open_channel(address, ())
    if settings.form == "parquet":
        check_parquet()
    settings.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        figures = Figures()
        if settings.metrics_port is not None:
            on_metrics(stack.enter_context(served(figures, settings.metrics_port)))
        run = _Run(settings, figures, on_health)
        stack.callback(run.close)
        begun_s = time.monotonic()
        while not (told_to_stop() or run.over):
            if seconds is not None and time.monotonic() - begun_s >= seconds:
                break
            run.listen()
        run.leave()
        return WatchReport(run.streams, run.restarts, time.monotonic() - begun_s)


class _Run:
    """The processes, and their last reports."""

    def __init__(
        self,
        settings: WatchSettings,
        figures: Figures,
        on_health: Callable[[Sequence[StreamHealth]], None],
    ) -> None:
        self._settings, self._figures, self._on_health = settings, figures, on_health
        self._known = {one.name: StreamHealth(one.name, "") for one in settings.streams}
        count = settings.processes
        self._workers = [Worker(settings.streams[k::count], settings) for k in range(count)]
        self._waiting: dict[int, float] = {}  # when each is due to be restarted
        self._pauses_s = [RESTART_S] * count
        self._written_s = float("-inf")
        self.restarts = 0

    @property
    def streams(self) -> tuple[StreamHealth, ...]:
        """The last known status of every stream."""
        return tuple(self._known.values())

    @property
    def over(self) -> bool:
        """Whether every stream has ended."""
        return all(one.state == "ended" for one in self.streams)

    def listen(self) -> None:
        """Wait briefly for reports of the processes, and pass them on."""
        for place, due_s in list(self._waiting.items()):
            if time.monotonic() >= due_s:
                del self._waiting[place]
                self._workers[place] = Worker(self._workers[place].streams, self._settings)
        alive = {
            worker.line: place
            for place, worker in enumerate(self._workers)
            if place not in self._waiting
        }
        if not alive:
            time.sleep(PATIENCE_S)
        for line in wait(list(alive), timeout=PATIENCE_S) if alive else ():
            self._hear(alive[line])  # type: ignore[index]  # what was given to `wait`
        if time.monotonic() - self._written_s >= HEALTH_EVERY_S:
            self._written_s = time.monotonic()
            write_health(self._settings.out, self.streams, restarts=self.restarts)

    def leave(self) -> None:
        """Make every process close its files, and collect the last reports."""
        for worker in self._workers:
            worker.dismiss()
        give_up_s = time.monotonic() + LEAVE_S
        open_lines = {
            worker.line: place
            for place, worker in enumerate(self._workers)
            if place not in self._waiting
        }
        while open_lines and (left_s := give_up_s - time.monotonic()) > 0:
            for line in wait(list(open_lines), timeout=left_s):
                news = self._workers[open_lines[line]].news()  # type: ignore[index]
                if news is None:
                    del open_lines[line]  # type: ignore[arg-type]
                else:
                    self._take(news)
        write_health(self._settings.out, self.streams, restarts=self.restarts, running=False)

    def close(self) -> None:
        """End every process."""
        for worker in self._workers:
            worker.dismiss()
        give_up_s = time.monotonic() + LEAVE_S
        for worker in self._workers:
            worker.close(give_up_s)

    def _hear(self, place: int) -> None:
        """Receive a report of one process, or note that it is dead."""
        worker = self._workers[place]
        news = worker.news()
        if news is not None:
            self._pauses_s[place] = RESTART_S
            self._take(news)
            return
        pause_s = self._pauses_s[place]
        self._pauses_s[place] = min(2 * pause_s, LONGEST_RESTART_S)
        self._waiting[place] = time.monotonic() + pause_s
        self.restarts += 1
        names = ", ".join(one.name for one in worker.streams)
        _log.warning(
            "the process that watched %s died (%s); restarting it in %g s",
            names,
            worker.process.exitcode,
            pause_s,
        )
        worker.line.close()

    def _take(self, news: list[StreamHealth] | FerLiveError) -> None:
        """Store the report of a process, and pass it on.

        Raises:
            FerLiveError: The error that the process encountered.
        """
        if isinstance(news, FerLiveError):
            raise news
        self._known.update({one.name: one for one in news})
        self._figures.streams, self._figures.restarts = self.streams, self.restarts
        self._on_health(self.streams)
