"""`fer-train compare`: runs side by side on the terminal, and as a page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_live.terminal.console import may_colour, plain_errors

if TYPE_CHECKING:
    from fer_live.training.evaluation.compare import Comparison


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of runs, or report files.")
    ],
    *,
    final: Annotated[
        bool,
        typer.Option("--final", help="Compare on the test part instead of the validation part."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Also write a JSON file and an HTML page of this name.")
    ] = None,
) -> None:
    """Compare RUN... on the validation part, as evaluated by `fer-train evaluate`."""
    with plain_errors("fer-train"):
        from fer_live.training.evaluation.compare import compare as put_together
        from fer_live.training.evaluation.compare import load_run
        from fer_live.training.reporting.compare_page import write_comparison

        found = put_together([load_run(run, "test" if final else "validation") for run in runs])
        _tell(found)
        if out is not None:
            files = write_comparison(found, out)
            typer.echo(f"written: {', '.join(map(str, files))}", err=True)


def _tell(found: "Comparison") -> None:
    """Say each run's figures, a block a run, so that no terminal is too narrow."""
    for row in found.rows:
        typer.secho(row[0], bold=True, color=None if may_colour() else False)
        for head, cell in zip(found.heads[1:], row[1:], strict=True):
            if cell:
                typer.echo(f"  {head:<25} {cell}")
    for repeats in found.repeats:
        typer.echo(f"{repeats.measure} of {', '.join(repeats.names)}: {repeats}")
    for note in found.notes:
        typer.echo(note)
