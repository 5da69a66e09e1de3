"""What `fer-live summarize` prints."""

from pathlib import Path

from rich.console import Console

from fer_live.realtime.study import Study
from fer_live.terminal.console import printable
from fer_live.terminal.tables import plain_table


def tell_study(study: Study, out: Path) -> None:
    """Print the figures of the groups, and where the tables are."""
    console = Console(highlight=False, soft_wrap=True)
    figures = ("share", "95 %", "seconds", "subjects")
    table = plain_table("group", "label", *figures, right=figures)
    for each in study.figures:
        ends = "-"
        if each.low is not None and each.high is not None:
            ends = f"{100 * each.low:.1f} to {100 * each.high:.1f}"
        cells = (f"{100 * each.share:.1f} %", ends, f"{each.seconds:.1f}", str(each.subjects))
        table.add_row(printable(each.group), each.label, *cells)
    console.print(table)
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    if study.unnamed:
        err.print(
            f"{len(study.unnamed)} files are not in the table of subjects, "
            f"{printable(study.unnamed[0])} among them: each counts as a subject of its own",
            markup=False,
        )
    faults = [result for result in study.results if result.fault]
    if faults:
        err.print(
            f"{len(faults)} files had a fault, {printable(faults[0].source)} among them: see "
            "files.csv",
            markup=False,
        )
    err.print(f"wrote {', '.join(path.name for path in study.written)} to {out}", markup=False)
