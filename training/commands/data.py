"""`fer-train data inspect`: what a set holds, on the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_live.terminal.console import plain_errors
from fer_live.terminal.progress_bar import bar

if TYPE_CHECKING:
    from rich.table import Table

    from fer_live.training.data.inspect import Inspection

MOST_SIZES = 5

app = typer.Typer(help="Inspect labelled pictures.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """Inspect labelled pictures."""


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A folder or table.")],
    *,
    votes: Annotated[
        bool, typer.Option("--votes/--labels", help="FER+'s votes, or FER2013's labels.")
    ] = False,
    table: Annotated[Path | None, typer.Option(help="Label table of a folder.")] = None,
    label_map: Annotated[
        list[str] | None,
        typer.Option("--map", help="Translate a class name of the data set: 1=surprise."),
    ] = None,
) -> None:
    """Report what PATH contains: classes, unreadable files, near-duplicates in and across parts.

    The first time, comparing all pictures of FER2013 takes a few minutes.
    """
    with plain_errors("fer-train"):
        import dataclasses

        from rich.console import Console

        from fer_live.training.data.inspect import inspect as look_through
        from fer_live.training.data.label_names import read_map
        from fer_live.training.data.near_duplicates import COMPARING
        from fer_live.training.data.readers.detect import detected

        found = detected(path, votes=votes, table=table)
        settings = dataclasses.replace(found, label_map=read_map(label_map or []))
        with bar("inspect") as meter:
            meter.expect("reading pictures", 1)
            meter.expect(COMPARING, 1)
            inspection = look_through(settings, root=Path())
        console = Console()
        console.print(_counts(inspection))
        for line in lines_of(inspection):
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def _counts(found: "Inspection") -> "Table":
    """Return class counts as a table, a column a part."""
    from rich.table import Table

    table = Table(title=f"{found.source} (kind = {found.kind!r})", title_justify="left")
    table.add_column("label")
    for part in found.counts:
        table.add_column(part, justify="right")
    labels = {label: None for counts in found.counts.values() for label in counts}
    for label in labels:
        numbers = [counts.get(label, 0) for counts in found.counts.values()]
        if any(numbers):
            table.add_row(label, *(f"{number:,}" for number in numbers))
    table.add_section()
    totals = [f"{sum(counts.values()):,}" for counts in found.counts.values()]
    table.add_row("all", *totals)
    return table


def lines_of(found: "Inspection") -> list[str]:
    """Return everything but the counts, a sentence each."""
    sizes = [f"{count:,} of {size}" for size, count in found.sizes.items()]
    more = f" and {len(sizes) - MOST_SIZES} other sizes" if len(sizes) > MOST_SIZES else ""
    lines = [f"pixels: {', '.join(sizes[:MOST_SIZES])}{more}"]
    if found.unlabelled:
        lines.append(f"without a majority label: {found.unlabelled:,}")
    lines.append(f"people told apart: {found.people or 'the set does not tell'}")
    lines.append(
        f"near-identical pictures: {found.groups:,} groups, {found.contradictory:,} of them "
        "with contradictory labels"
    )
    for (first, second), count in found.shared.items():
        lines.append(f"{second} pictures with a twin in {first}: {count:,}")
    lines.append(f"unreadable files: {len(found.unreadable):,}")
    lines += [f"  {sentence}" for sentence in found.unreadable]
    return lines
