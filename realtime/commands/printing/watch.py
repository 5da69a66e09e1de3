"""What `fer-live watch` prints."""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from fer_live.realtime.watch import StreamHealth, WatchReport
from fer_live.terminal.console import printable


@contextmanager
def health_table() -> Generator[Callable[[Sequence[StreamHealth]], None]]:
    """Yield a function that updates a table; without a terminal, it prints changes as lines."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if not sys.stderr.isatty():
        yield _Changes(console)
        return
    with Live(console=console, auto_refresh=False) as live:
        yield lambda streams: live.update(_table(streams), refresh=True)


def tell_metrics(address: str) -> None:
    """Print the address for Prometheus."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"figures for Prometheus: {address}", markup=False
    )


def tell_watched(report: WatchReport) -> None:
    """Print how a run went, and what it wrote."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(_table(report.streams))
    begun = f", {report.restarts} processes restarted" if report.restarts else ""
    console.print(f"watched for {report.seconds:.0f} s{begun}", markup=False)
    for one in report.streams:
        if one.table is not None:
            console.print(f"wrote {printable(one.table)}", markup=False)


class _Changes:
    """Prints what changed since it was last called."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._known: dict[str, str] = {}

    def __call__(self, streams: Sequence[StreamHealth]) -> None:
        for one in streams:
            if self._known.get(one.name) != one.state:
                self._known[one.name] = one.state
                why = f": {printable(one.trouble)}" if one.trouble else ""
                self._console.print(f"{one.name}: {one.state}{why}", markup=False)


def _table(streams: Sequence[StreamHealth]) -> Table:
    table = Table("stream", "state")
    for name in ("fps", "faces", "analysed", "dropped", "lost", "p95 ms"):
        table.add_column(name, justify="right")
    for one in streams:
        p95 = "-" if one.latency_p95_ms is None else f"{one.latency_p95_ms:.0f}"
        counts = (f"{one.fps:.1f}", one.faces, one.analysed, one.dropped, one.losses, p95)
        state = printable(one.trouble) if one.trouble else one.state
        table.add_row(one.name, state, *map(str, counts))
    return table
