"""`fer-train paper table`: a paper's figures beside ours."""

from pathlib import Path
from typing import Annotated

import typer

from fer_live.terminal.console import plain_errors


def table(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[TABLE]", help="Such as 000-1; by default all are listed."),
    ] = None,
    *,
    runs: Annotated[
        Path, typer.Option("--runs", help="Folder of the runs, whose reports are included.")
    ] = Path("runs"),
    log: Annotated[
        Path, typer.Option(help="Record of the final evaluations, one per line.")
    ] = Path("docs/experiments.jsonl"),
    papers: Annotated[Path, typer.Option(help="Folder of the papers' figures.")] = Path(
        "experiments/papers"
    ),
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")] = False,
) -> None:
    """Print TABLE of a paper with our figures next to it, or list all tables."""
    with plain_errors("fer-train"):
        from fer_live.training.evaluation.finished_runs import finished_in, read_finished
        from fer_live.training.papers.reported import read_papers, table_named
        from fer_live.training.papers.table import as_markdown, as_text, overview

        known = read_papers(papers)
        finished = (*read_finished(log), *finished_in(runs))
        if name is None:
            typer.echo(overview(known, finished))
            return
        shown = as_markdown if markdown else as_text
        typer.echo(shown(table_named(known, name), finished))
