"""Compare a paper's tables with our results, row by row, for `fer-train paper table`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fer_live.terminal.markdown import markdown_table
from fer_live.training.evaluation.compare import together
from fer_live.training.evaluation.finished_runs import FinishedEvaluation
from fer_live.training.metrics.classification import wilson
from fer_live.training.metrics.scores import Figure
from fer_live.training.papers.reported import MEASURES, Paper, PaperRow, PaperTable

NOT_RUN: Final = "not run"
NOT_GIVEN: Final = "not given"
_NAMES: Final = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
}
HEADS: Final = ("row", "whose", "figures", "data", "split", "n", "epochs", "seeds", "more")


@dataclass(frozen=True, slots=True)
class TableLine:
    """The paper's figures or ours for one row, formatted as text.

    Attributes:
        row: Name of the row.
        whose: "paper" or "ours".
        figures: Figures, with intervals where they can be computed.
        data: The test data.
        split: How the data were split.
        n: Number of test pictures.
        epochs: Number of epochs of training.
        seeds: Our seeds, or the paper's number of runs.
        more: Further remarks.
    """

    row: str
    whose: str
    figures: str
    data: str = ""
    split: str = ""
    n: str = ""
    epochs: str = ""
    seeds: str = ""
    more: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the cells in the order of `HEADS`; "-" for empty ones."""
        named = (self.row, self.whose, self.figures, self.data, self.split)
        return tuple(c or "-" for c in (*named, self.n, self.epochs, self.seeds, self.more))


def beside(table: PaperTable, finished: Sequence[FinishedEvaluation]) -> tuple[TableLine, ...]:
    """Return the lines of a table: for each row the paper's, then ours.

    Args:
        table: The paper's table.
        finished: All finished evaluations; of repeated evaluations of the same network on the same
            data only the last one counts.
    """
    lines = []
    for row in table.rows:
        lines.append(_of_paper(row, table))
        if row.experiment:
            lines += _ours(row, finished) or [TableLine(row.row, "ours", NOT_RUN)]
    return tuple(lines)


def _of_paper(row: PaperRow, table: PaperTable) -> TableLine:
    """Return the paper's line; its accuracy with the Wilson interval, if n is stated."""
    n = row.n or table.n
    said = [f"{_NAMES[m]} {_percent(row.figures[m], n, m)}" for m in MEASURES if m in row.figures]
    epochs, runs = row.epochs or table.epochs, row.runs or table.runs
    return TableLine(
        row.row,
        "paper",
        ", ".join([*said, *([row.says] if row.says else [])]) or "no figure given",
        row.data or table.data,
        row.split or table.split,
        f"{n:,}" if n else NOT_GIVEN,
        f"{epochs:,}" if epochs else NOT_GIVEN,
        f"mean of {runs}" if runs and runs > 1 else "one run" if runs else NOT_GIVEN,
    )


def _percent(value: float, n: int | None, measure: str) -> str:
    """Format a percentage, with the Wilson interval if it is a proportion and n is known."""
    text = f"{100 * value:.4g} %"
    if n is None or measure != "accuracy":
        return text
    low, high = wilson(round(value * n), n)
    return f"{text} ({100 * low:.1f} to {100 * high:.1f})"


def _ours(row: PaperRow, finished: Iterable[FinishedEvaluation]) -> list[TableLine]:
    """Return our lines for a row: one for all runs on the same data."""
    groups: dict[tuple[object, ...], dict[tuple[object, ...], FinishedEvaluation]] = {}
    for one in finished:
        if one.experiment == row.experiment:
            group = groups.setdefault(one.repeated, {})
            before = group.get((one.seed, one.split))
            if before is None or one.date or before.sha256 != one.sha256:
                group[(one.seed, one.split)] = one  # a run's folder repeats what the log dates
    return [_together(row, tuple(group.values())) for group in groups.values()]


def _together(row: PaperRow, runs: tuple[FinishedEvaluation, ...]) -> TableLine:
    """Return the line for one run, or with the mean of several."""
    first = runs[0]
    wanted = [m for m in MEASURES if m in row.figures] or ["accuracy", "macro_f1"]
    told = [(m, [f for one in runs if (f := getattr(one, m)) is not None]) for m in wanted]
    figures = [f"{_NAMES[m]} {_figure(m, found, runs)}" for m, found in told if found]
    seeds = sorted({one.seed for one in runs if one.seed is not None})
    spent = [one.seconds for one in runs if one.seconds]
    dates = sorted({one.date for one in runs if one.date})
    more = (
        *(["pruned"] if first.pruned else []),
        *([f"at most {first.most_images:,} pictures a part"] if first.most_images else []),
        *([f"{sum(spent) / len(spent) / 60:.0f} min a run"] if spent else []),
        *(dates[-1:]),
    )
    return TableLine(
        row.row,
        "ours",
        ", ".join(figures),
        first.data,
        first.split if len(runs) == 1 else str(first.repeated[2]),
        f"{first.n:,}",
        f"{first.epochs:,}" if first.epochs else "",
        _seeds(seeds) if seeds else "",
        ", ".join(more),
    )


def _figure(measure: str, found: Sequence[Figure], runs: Sequence[FinishedEvaluation]) -> str:
    """Format one figure with its interval, or mean, standard deviation and interval of several."""
    if len(found) == 1:
        return str(found[0])
    names = tuple(one.model for one in runs)
    return str(together(names, measure, [one.value for one in found]))


def _seeds(seeds: Sequence[int]) -> str:
    """Format seeds, such as "0" or "0, 1, 2"."""
    return ", ".join(map(str, seeds))


def as_text(table: PaperTable, finished: Sequence[FinishedEvaluation]) -> str:
    """Format the table for a terminal of any width: a block per row, with a line for each side."""
    parts = [f"{table.id}: {table.title}"]
    shown = ""
    for line in beside(table, finished):
        if line.row != shown:
            shown = line.row
            parts += ["", shown]
        where = ", ".join(filter(None, (line.data, line.split)))
        told = (line.figures, where, _counted(line), line.more)
        parts.append(f"  {line.whose:<5}  {' | '.join(filter(None, told))}")
    return "\n".join([*parts, *_after(table), *_classes(table, finished)])


def _counted(line: TableLine) -> str:
    """Format n, epochs and seeds or runs, if known: "n = 3,589, epochs 8, seed 0"."""
    seeds = line.seeds
    if line.whose == "ours" and seeds:
        seeds = f"seeds {seeds}" if "," in seeds else f"seed {seeds}"
    counts = (("n = ", line.n), ("epochs ", line.epochs), ("", seeds))
    return ", ".join(name + value for name, value in counts if value not in ("", NOT_GIVEN))


def as_markdown(table: PaperTable, finished: Sequence[FinishedEvaluation]) -> str:
    """Return the table as Markdown."""
    rows = [line.cells() for line in beside(table, finished)]
    lines = [markdown_table(HEADS, rows)] if rows else []
    title = f"**{table.id}: {table.title}**"
    return "\n".join([title, "", *lines, *_after(table), *_classes(table, finished)])


def _after(table: PaperTable) -> list[str]:
    """Return the lines below the table: commands and notes."""
    lines = ["", table.note] if table.note else []
    if table.made_by:
        lines += ["", "Made anew by:", *(f"    {command}" for command in table.made_by)]
    return lines


def _classes(table: PaperTable, finished: Sequence[FinishedEvaluation]) -> list[str]:
    """Return the per-class results of each row that has them: the paper's and ours by label."""
    lines: list[str] = []
    for row in table.rows:
        if not row.per_class:
            continue
        ours = [o for o in finished if o.experiment == row.experiment and o.per_class]
        mine: Mapping[str, tuple[float, ...]] = ours[-1].per_class if ours else {}
        lines += ["", f"{row.row}: precision, recall, F1 and support of each label, in percent"]
        lines += [
            f"  {label:<9} paper {_shares(theirs)}   ours {_shares(mine.get(label, ()))}"
            for label, theirs in row.per_class.items()
        ]
    return lines


def _shares(values: tuple[float, ...]) -> str:
    """Format precision, recall, F1 and, if stated, support."""
    if not values:
        return NOT_RUN
    shares = "".join(f"{100 * value:6.1f}" for value in values[:3])
    return f"{shares}{values[3]:7,.0f}" if len(values) > 3 else shares  # noqa: PLR2004 (support)


def overview(papers: Sequence[Paper], finished: Sequence[FinishedEvaluation]) -> str:
    """List every table and figure, and how many of its rows have been reproduced."""
    done = {one.experiment for one in finished}
    lines = []
    for paper in papers:
        lines += [paper.paper]
        for table in paper.tables:
            rows = [row.experiment for row in table.rows if row.experiment]
            state = f"{sum(one in done for one in rows)} of {len(rows)} rows run" if rows else ""
            state = state or ("by a command" if table.made_by else "nothing to train")
            lines.append(f"  {table.id:<9} {state:<19} {table.title}")
    return "\n".join(lines)
