"""Progress on the terminal: a bar with the time left, or an occasional line."""

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import typer

from fer_live.progress import Meter, metered

EVERY_S: Final = 30.0
"""Without a terminal, this much time passes between two lines."""
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600


@contextmanager
def bar(title: str) -> Generator[Meter]:
    """Show the progress of what runs inside, and the time left, on standard error."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        with metered(Meter(_Lines(title).tell)) as meter:
            yield meter
        return
    from rich.console import Console  # noqa: PLC0415 (heavy)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    console = Console(stderr=True)
    both = sys.stdout.isatty()  # output to a file or a pipe is left alone
    with Progress(*columns, console=console, redirect_stdout=both, transient=True) as shown:
        task = shown.add_task(title, total=1.0, left="")

        def show(meter: Meter) -> None:
            name = f"{title}: {meter.name}" if meter.name else title
            left = in_words(meter.seconds_left)
            shown.update(task, completed=meter.share, description=name, left=left)

        with metered(Meter(show)) as meter:
            yield meter


class _Lines:
    """Writes a line if enough time has passed since the last one."""

    def __init__(self, title: str) -> None:
        self._title, self._told_s = title, time.monotonic()

    def tell(self, meter: Meter) -> None:
        """Write a line if it is time for one."""
        now_s = time.monotonic()
        if meter.name and now_s - self._told_s >= EVERY_S:
            self._told_s = now_s
            left = in_words(meter.seconds_left)
            typer.echo(f"{self._title}: {meter.name}, {meter.share:.0%} done, {left}", err=True)


def in_words(seconds: float | None) -> str:
    """Return a duration in words, no more precisely than it is known.

    >>> in_words(None), in_words(7), in_words(130), in_words(4000)
    ('time left not known yet', '7 s left', '3 min left', '1 h 7 min left')
    """
    if seconds is None:
        return "time left not known yet"
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s left"
    minutes = -(-round(seconds) // _MINUTE_S)
    if seconds < _HOUR_S:
        return f"{minutes} min left"
    return f"{minutes // 60} h {minutes % 60} min left"
