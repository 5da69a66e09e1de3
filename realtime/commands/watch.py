"""`fer-live watch`: many streams at once, each with its own table."""

from pathlib import Path
from typing import Annotated

import typer

from fer_live.realtime.commands import live_options as options
from fer_live.realtime.commands.cli_options import NAME
from fer_live.terminal.console import plain_errors, stop_signals


def watch(
    streams: Annotated[
        Path,
        typer.Argument(metavar="STREAMS.toml", help="What to watch; see docs/guide/watch.md."),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the tables; overrides the one in the file."),
    ] = None,
    seconds: options.Seconds = None,
) -> None:
    """Watch many cameras and streams at once: one table each, health, and Prometheus metrics."""
    with plain_errors(NAME):
        from fer_live.realtime.commands.printing.watch import (
            health_table,
            tell_metrics,
            tell_watched,
        )
        from fer_live.realtime.watch import read_plan, run_watch

        settings = read_plan(streams, out=out)
        with stop_signals() as told_to_stop, health_table() as on_health:
            report = run_watch(
                settings,
                seconds=seconds,
                on_health=on_health,
                on_metrics=tell_metrics,
                told_to_stop=told_to_stop,
            )
        tell_watched(report)
        raise typer.Exit(0 if any(one.analysed for one in report.streams) else 1)
