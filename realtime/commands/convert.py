"""`fer-live convert`: results as files for other tools."""

from pathlib import Path
from typing import Annotated

import typer

from fer_live.realtime.commands.cli_options import NAME
from fer_live.terminal.console import plain_errors

NAMES = "some of elan, boris, vtt, srt, with commas between"


def convert(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The output folder of annotate.")],
    *,
    to: Annotated[
        str,
        typer.Option(metavar="NAMES", help="Comma-separated: elan, boris, vtt, srt."),
    ],
) -> None:
    """Convert the results in a folder to other formats, next to their tables.

    Labels are taken from the tables, times from the annotated video. Photographs are left out.
    """
    with plain_errors(NAME):
        from fer_live.realtime.study.conversion import TARGETS
        from fer_live.realtime.study.conversion import convert as convert_all

        words = [word.strip() for word in to.split(",")]
        targets = [target for target in TARGETS if target in words]
        if unknown := set(words) - set(targets):
            raise typer.BadParameter(f"--to {', '.join(sorted(unknown))}: write {NAMES}")
        written = convert_all(folder, targets)
        typer.echo(f"wrote {len(written)} files into {folder}", err=True)
