"""`fer-train paper table`: a paper's figures next to ours, row by row."""

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
    """The paper's figures of one row, or ours, each cell as text.

    Attributes:
        row: What the row is.
        whose: "paper" or "ours".
        figures: With intervals where they can be had.
        data: What they were measured on.
        split: How it was divided.
        n: Pictures scored.
        epochs: Trained.
        seeds: Of ours which, of the paper's how many runs.
        more: What else there is to say.
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
        """Return the cells in the order of `HEADS`; "-" where there is nothing."""
        named = (self.row, self.whose, self.figures, self.data, self.split)
        return tuple(c or "-" for c in (*named, self.n, self.epochs, self.seeds, self.more))


def beside(table: PaperTable, finished: Sequence[FinishedEvaluation]) -> tuple[TableLine, ...]:
    """Put ours below the paper's, for each row of a table.

    Args:
        table: The paper's.
        finished: All that was scored; of repeated evaluations of the same network on the same data
            the last one counts.
    """
    lines = []
    for row in table.rows:
        lines.append(_of_paper(row, table))
        if row.experiment:
            lines += _ours(row, finished) or [TableLine(row.row, "ours", NOT_RUN)]
    return tuple(lines)


def _of_paper(row: PaperRow, table: PaperTable) -> TableLine:
    """Return the paper's own line; its accuracy with the interval that its n leaves."""
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
    """Return a share in percent, with Wilson's interval where n is known and it is one."""
    text = f"{100 * value:.4g} %"
    if n is None or measure != "accuracy":
        return text
    low, high = wilson(round(value * n), n)
    return f"{text} ({100 * low:.1f} to {100 * high:.1f})"


def _ours(row: PaperRow, finished: Iterable[FinishedEvaluation]) -> list[TableLine]:
    """Return a line for all repeats of a row on the same data."""
    groups: dict[tuple[object, ...], dict[tuple[object, ...], FinishedEvaluation]] = {}
    for one in finished:
        if one.experiment == row.experiment:
            group = groups.setdefault(one.repeated, {})
            before = group.get((one.seed, one.split))
            if before is None or one.date or before.sha256 != one.sha256:
                group[(one.seed, one.split)] = one  # a run's folder repeats what the log dates
    return [_together(row, tuple(group.values())) for group in groups.values()]


def _together(row: PaperRow, runs: tuple[FinishedEvaluation, ...]) -> TableLine:
    """Return one run's figures, or the mean of several."""
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
    """Return one figure with its interval, or mean, standard deviation and interval of several."""
    if len(found) == 1:
        return str(found[0])
    names = tuple(one.model for one in runs)
    return str(together(names, measure, [one.value for one in found]))


def _seeds(seeds: Sequence[int]) -> str:
    """Return which seeds, such as "0" or "0, 1, 2"."""
    return ", ".join(map(str, seeds))


def as_text(table: PaperTable, finished: Sequence[FinishedEvaluation]) -> str:
    """Return the table for a terminal of any width: a block a row, a line each for whose it is."""
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
    """Return what is known of n, epochs and seeds or runs: "n = 3,589, epochs 8, seed 0"."""
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
    """Return what stands below the rows."""
    lines = ["", table.note] if table.note else []
    if table.made_by:
        lines += ["", "Made anew by:", *(f"    {command}" for command in table.made_by)]
    return lines


def _classes(table: PaperTable, finished: Sequence[FinishedEvaluation]) -> list[str]:
    """Return the class report of each row that has one: the paper's and ours, a line a label."""
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
    """Return precision, recall, F1 and support where it is told."""
    if not values:
        return NOT_RUN
    shares = "".join(f"{100 * value:6.1f}" for value in values[:3])
    return f"{shares}{values[3]:7,.0f}" if len(values) > 3 else shares  # noqa: PLR2004 (support)


def overview(papers: Sequence[Paper], finished: Sequence[FinishedEvaluation]) -> str:
    """Return every table and figure, and how many of its rows were run."""
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
