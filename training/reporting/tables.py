"""The tables of a report as text cells, for terminals, HTML pages and model cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from fer_live.terminal.markdown import markdown_table
from fer_live.training.metrics.classification import mean_recall, wilson

Table: TypeAlias = Mapping[str, Any]

MUCH: Final = -0.10
"""Changes of accuracy below this, losses of more than 10 points, are highlighted."""
MARK: Final = "**"
_CONFUSIONS: Final = 6
_CHANGED: Final = ("accuracy", "change, paired", "macro F1", "macro F1, balanced prior")


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table.

    Attributes:
        title: Title of the table.
        heads: Column headers.
        rows: Cells of text, one per header.
        note: An explanation for the reader; may be empty.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def report_tables(report: Table) -> tuple[ReportTable, ...]:
    """Return the tables of a report, given its JSON or an evaluation's `as_table`.

    Tables without any data are left out.
    """
    studies = report.get("studies") or {}
    made = [_classes(report), _confusions(report), _coverage(report)]
    if cells := studies.get("framings"):
        made.append(_cells("Framing", cells))
    if cells := studies.get("robustness"):
        made.append(_cells("Spoiled pictures", cells, marked=True))
    if cells := studies.get("regions"):
        made.append(_cells("Parts of the face covered", cells))
    if cells := studies.get("slices"):
        made.append(_cells("By what the pictures are like", cells))
    return tuple(table for table in made if table.rows)


def shared_recall(report: Table, prior: str) -> float | None:
    """Return the mean recall of all labels except contempt; None if none of them occurs."""
    return mean_recall({one["label"]: one["recall"] for one in report[prior]["per_class"]})


def _classes(report: Table) -> ReportTable:
    """Return recall at both priors and precision, per label."""
    rows = []
    pairs = zip(report["natural"]["per_class"], report["balanced"]["per_class"], strict=True)
    for natural, balanced in pairs:
        n = natural["support"]
        cells = (_recall(one["recall"], n) for one in (natural, balanced))
        precision = (_percent(one["precision"]) for one in (natural, balanced))
        rows.append((natural["label"], f"{n:,}", *cells, *precision))
    means = [shared_recall(report, prior) for prior in ("natural", "balanced")]
    rows.append(("mean beside contempt", "", *map(_percent, means), "", ""))
    recalls = ("recall, natural prior", "recall, balanced prior")
    precisions = ("precision, natural prior", "precision, balanced prior")
    return ReportTable("Each label", ("label", "n", *recalls, *precisions), tuple(rows))


def _confusions(report: Table) -> ReportTable:
    """Return the most frequent confusions, at the default prior of the runtime."""
    labels, counts = report["labels"], report["balanced"]["confusion"]
    found = [
        (counts[row][column], row, column)
        for row in range(len(labels))
        for column in range(len(labels))
        if row != column and counts[row][column]
    ]
    found.sort(key=lambda one: (-one[0], one[1:]))
    rows = [
        (labels[row], labels[column], f"{count:,} of {sum(counts[row]):,}", _percent(share))
        for count, row, column in found[:_CONFUSIONS]
        for share in (count / sum(counts[row]),)
    ]
    heads = ("what it is", "what it is called", "how often", "share")
    return ReportTable("Most frequent mistakes, balanced prior", heads, tuple(rows))


def _coverage(report: Table) -> ReportTable:
    """Return the error rates if only the most confident predictions are shown."""
    curves = [report[prior].get("selective") for prior in ("natural", "balanced")]
    if None in curves:
        return ReportTable("", (), ())
    heads = ("shown", *(f"{what}, {p}" for p in ("natural", "balanced") for what in _ERROR))
    rows = []
    for points in zip(*(curve["points"] for curve in curves), strict=True):
        cells = [c for p in points for c in (_percent(p["error"]), f"{p['threshold']:.2f}")]
        rows.append((f"{100 * points[0]['coverage']:.0f} %", *cells))
    for name, key in (("mean (AURC)", "aurc"), ("the least it could be", "best_aurc")):
        rows.append((name, *(c for curve in curves for c in (f"{100 * curve[key]:.2f} %", ""))))
    shown = [report[prior]["shown"] for prior in ("natural", "balanced")]
    told = (
        f"{_percent(one['coverage'])} are shown and {_percent(one['accuracy'])} of those right at "
        f"the {prior} prior"
        for one, prior in zip(shown, ("natural", "balanced"), strict=True)
    )
    note = f"Below {shown[0]['threshold']:.2f} an answer is uncertain: {'; '.join(told)}."
    return ReportTable("Wrong among the surest answers", heads, tuple(rows), note)


_ERROR: Final = ("wrong", "least confidence")


def _cells(title: str, cells: Sequence[Table], *, marked: bool = False) -> ReportTable:
    """Return one row per condition; columns without data are left out."""
    changed = any(one["change"] for one in cells)
    heads = [head for head in _CHANGED if changed or not head.startswith("change")]
    rows = []
    for one in cells:
        figures = [_figure(one["accuracy"])]
        if changed:
            figures.append(_change(one["change"], marked=marked))
        figures += [f"{one['macro_f1']:.3f}", f"{one['balanced_macro_f1']:.3f}"]
        rows.append((one["group"], one["name"], f"{one['n']:,}", *figures))
    worst = [c for c in cells if c["change"] and c["change"]["points"] < MUCH]
    note = ""
    if marked:
        note = f"{len(worst)} of {len(cells) - 1} lose more than 10 points ({MARK})."
    return ReportTable(title, ("", "which", "n", *heads), tuple(rows), note)


def _change(change: Table | None, *, marked: bool) -> str:
    """Format a change in points with its interval; large losses are highlighted."""
    if not change:
        return ""
    points, low, high = (100 * change[key] for key in ("points", "low", "high"))
    mark = f" {MARK}" if marked and change["points"] < MUCH else ""
    return f"{points:+.1f} ({low:+.1f} to {high:+.1f}){mark}"


def _recall(recall: float | None, n: int) -> str:
    """Format a recall with its Wilson interval."""
    if recall is None:
        return "-"
    low, high = wilson(round(recall * n), n)
    return f"{100 * recall:.1f} % ({100 * low:.0f} to {100 * high:.0f})"


def _figure(figure: Table) -> str:
    """Return a figure with its interval."""
    value, low, high = (100 * figure[key] for key in ("value", "low", "high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def _percent(share: float | None) -> str:
    """Return a share in percent, or a dash where there was nothing to divide by."""
    return "-" if share is None else f"{100 * share:.1f} %"


def as_markdown(table: ReportTable, *, level: int = 3) -> str:
    """Return a table in Markdown, under its title."""
    text = markdown_table(table.heads, table.rows)
    note = f"\n\n{table.note}" if table.note else ""
    return f"{'#' * level} {table.title}\n\n" + (text + note).replace(MARK, r"\*\*") + "\n"


def as_text(table: ReportTable) -> str:
    """Return a table in columns of one width each, for a terminal."""
    rows = [table.heads, *table.rows]
    widths = [max(len(row[k]) for row in rows) for k in range(len(table.heads))]
    lines = [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([table.title, *lines, *([f"  {table.note}"] if table.note else [])])
