"""What `fer-live annotate` prints: progress and outcomes."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from fer_live.realtime.annotate import Outcome, PassedOver, Report
from fer_live.realtime.annotate import Progress as News
from fer_live.realtime.annotate.storage.remote import without_password
from fer_live.terminal.console import printable
from fer_live.terminal.tables import plain_table, wide_console

STYLES: Final = {"done": "green", "skipped": "dim", "failed": "red"}
SECONDS_A_MINUTE: Final = 60
MOST_PASSED_OVER: Final = 20


@contextmanager
def progress_bar() -> Generator[Callable[[News], None]]:
    """Yield a function that updates a progress bar on stderr; without a terminal it is silent."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.fields[count]}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}"),
        TextColumn("{task.description}", style="dim"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=1.0, count="", left="")

        def update(news: News) -> None:
            bar.update(
                task,
                completed=news.fraction,
                description=escape(printable(news.current.name)),
                count=f"{news.finished} of {news.inputs}",
                left="" if news.left_s is None else f"{duration(news.left_s)} left",
            )

        yield update


def duration(seconds: float) -> str:
    """Return a time in minutes and seconds, and in hours if there are any.

    >>> duration(61.4), duration(3725)
    ('1:01', '1:02:05')
    """
    minutes, seconds_left = divmod(round(seconds), SECONDS_A_MINUTE)
    hours, minutes = divmod(minutes, SECONDS_A_MINUTE)
    if hours:
        return f"{hours}:{minutes:02}:{seconds_left:02}"
    return f"{minutes}:{seconds_left:02}"


def tell_report(report: Report, out: str) -> None:
    """Print how many inputs were processed, and a table of those that failed and why."""
    console = wide_console(stderr=True)  # so that a name can be found in the text as a whole
    count = dict.fromkeys(STYLES, 0)
    for outcome in report.outcomes:
        count[outcome.status] += 1
    told = ", ".join(f"{n} {status}" for status, n in count.items() if n)
    where = (
        f"; results are in {printable(without_password(out))}"
        if count["done"] or count["skipped"]
        else ""
    )
    console.print(f"{told}{where}", markup=False, soft_wrap=True)
    noted = [outcome for outcome in report.outcomes if _notes(outcome)]
    if noted or report.passed_over:
        console.print(_table(noted, report.passed_over))
    if report.fault is not None:
        console.print(f"fer-live: {printable(report.fault)}", style="red", markup=False)


def _notes(outcome: Outcome) -> str:
    """Say what there is to say of an input; nothing where all is well."""
    why = outcome.in_one_piece
    whole = None if why is None else f"processed in one piece, not in slices: {why}"
    return "; ".join(filter(None, (outcome.note, whole)))


def _table(outcomes: Sequence[Outcome], passed_over: Sequence[PassedOver]) -> Table:
    """Return a table of the inputs that need a comment."""
    table = plain_table("input", "", "what happened")
    for outcome in outcomes:
        state = f"[{STYLES[outcome.status]}]{outcome.status}[/]"
        name, note = printable(str(outcome.input)), printable(_notes(outcome))
        table.add_row(escape(name), state, escape(note))
    for one in passed_over[:MOST_PASSED_OVER]:
        name, why = printable(str(one.path)), printable(one.why)
        table.add_row(escape(name), "[dim]passed over[/]", escape(why))
    if len(passed_over) > MOST_PASSED_OVER:
        table.add_row(f"{len(passed_over) - MOST_PASSED_OVER} more", "", "see run.json")
    return table
