"""`fer-live summarize`: the results of many files in one table."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fer_live.realtime.commands.cli_options import NAME
from fer_live.terminal.console import plain_errors


def summarize(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The output folder of annotate.")],
    *,
    subjects: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Who is in which file: a column file, and subject, group, condition or others.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Folder for the tables; DIR/study by default."
        ),
    ] = None,
    form: Annotated[
        Literal["csv", "parquet"],
        typer.Option("--format", help="Format of the faces: one CSV, or a partitioned data set."),
    ] = "csv",
) -> None:
    """Combine all results in a folder into one table, with statistics by file, face and group.

    Confidence intervals of groups are over people, not frames or files.
    """
    with plain_errors(NAME):
        from fer_live.realtime.commands.printing.summarize import tell_study
        from fer_live.realtime.study import summarize as summarize_all

        where = out or folder / "study"
        tell_study(summarize_all(folder, where, subjects=subjects, form=form), where)
