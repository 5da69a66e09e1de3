"""One evaluation as a JSON file and as one self-contained HTML page."""

import io
import json
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure as Plot

from fer_live.training.evaluate import Evaluation
from fer_live.training.metrics import right_when_named
from fer_live.training.scores import Scores

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #222; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; }
.leaks { background: #fde8e8; padding: .5rem 1rem; border-left: 4px solid #c00; }
svg { max-width: 100%; height: auto; }
"""


def write_report(
    evaluation: Evaluation,
    folder: Path,
    *,
    name: str = "report",
    prevalence: Mapping[str, float] | None = None,
) -> tuple[Path, Path]:
    """Write `name`.json and `name`.html.

    Args:
        evaluation: What to tell.
        folder: Where; made if need be.
        name: Of both files.
        prevalence: How frequent labels are where the model is used; by default as in the pictures
            that were scored.

    Returns:
        The paths of the JSON file and of the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, page = folder / f"{name}.json", folder / f"{name}.html"
    text = json.dumps(evaluation.as_table(), indent=2, ensure_ascii=False)
    data.write_text(text + "\n", encoding="utf-8")
    page.write_text(page_of(evaluation, prevalence or {}), encoding="utf-8")
    return data, page


def page_of(evaluation: Evaluation, prevalence: Mapping[str, float]) -> str:
    """Return the whole page; nothing in it is loaded from elsewhere."""
    title = f"{evaluation.model} on {evaluation.data}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>n = {evaluation.natural.n:,}; sha256 {escape(evaluation.sha256 or '-')}; intervals "
        "are 95 %: Wilson's for accuracy, bootstrap for the others.</p>",
        *(_note(note) for note in evaluation.notes),
        _headline(evaluation),
    ]
    for scores in (evaluation.natural, evaluation.balanced):
        parts += [
            f"<h2>At the {scores.prior} prior</h2>",
            _per_class(scores, prevalence),
            _svg(_confusion_plot(scores, evaluation.labels)),
            _svg(_reliability_plot(scores)),
        ]
    if evaluation.training:
        parts += ["<h2>Training</h2>", _svg(_curves_plot(evaluation.training))]
    if evaluation.settings:
        settings = escape(json.dumps(evaluation.settings, indent=2))
        parts += ["<h2>Settings</h2>", f"<pre>{settings}</pre>"]
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        f"</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _note(note: str) -> str:
    """Return a note; one that warns of leaking stands out."""
    kind = ' class="leaks"' if "leak" in note else ""
    return f"<p{kind}>{escape(note)}</p>"


def _headline(evaluation: Evaluation) -> str:
    """Return the table of summary figures at each prior."""
    rows = []
    named: list[tuple[str, Scores]] = [
        (s.prior, s) for s in (evaluation.natural, evaluation.balanced)
    ]
    if evaluation.clean is not None:
        named.append(("natural, without twins of Training", evaluation.clean))
    for name, scores in named:
        rows.append(
            (
                name,
                f"{scores.n:,}",
                str(scores.accuracy),
                str(scores.balanced_accuracy),
                str(scores.macro_f1),
                f"{100 * scores.calibration_error:.2f} %",
            )
        )
    heads = ("prior", "n", "accuracy", "balanced accuracy", "macro F1", "calibration error")
    return table_of(heads, rows)


def _per_class(scores: Scores, prevalence: Mapping[str, float]) -> str:
    """Return each class's figures, and how far its name can be trusted."""
    heads = ("label", "precision", "recall", "F1", "support", "prevalence", "right when named")
    rows = []
    for figures in scores.per_class:
        frequent = prevalence.get(figures.label, figures.support / scores.n)
        rows.append(
            (
                figures.label,
                percent(figures.precision),
                percent(figures.recall),
                percent(figures.f1),
                f"{figures.support:,}",
                percent(frequent),
                percent(right_when_named(figures, frequent)),
            )
        )
    return table_of(heads, rows)


def percent(share: float | None) -> str:
    """Return a share in percent, or a dash where there was nothing to divide by."""
    return "-" if share is None else f"{100 * share:.1f} %"


def table_of(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return an HTML table."""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>\n{body}</tbody></table>"


def _svg(plot: Plot) -> str:
    """Return a plot as inline SVG, the same bytes each time."""
    out = io.StringIO()
    plot.savefig(out, format="svg", metadata={"Date": None}, bbox_inches="tight")
    text = out.getvalue()
    return text[text.index("<svg") :]


def _confusion_plot(scores: Scores, labels: tuple[str, ...]) -> Plot:
    """Draw the confusion table: rows are true labels, shaded by their share of the row."""
    plot = Plot(figsize=(6, 5))
    axes = plot.subplots()
    totals = [max(1, sum(row)) for row in scores.confusion]
    shares = [[n / total for n in row] for row, total in zip(scores.confusion, totals, strict=True)]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("named")
    axes.set_ylabel("true")
    for i, row in enumerate(scores.confusion):
        for j, count in enumerate(row):
            dark = shares[i][j] > 0.5  # noqa: PLR2004 (half)
            axes.text(j, i, str(count), ha="center", va="center", color="w" if dark else "k")
    return plot


def _reliability_plot(scores: Scores) -> Plot:
    """Draw how often the network was right against how confident it was."""
    plot = Plot(figsize=(4.5, 4))
    axes = plot.subplots()
    axes.plot([0, 1], [0, 1], color="0.7")
    axes.plot(
        [one.confidence for one in scores.reliability],
        [one.accuracy for one in scores.reliability],
        marker="o",
    )
    axes.set_xlabel("confidence")
    axes.set_ylabel("share right")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    return plot


def _curves_plot(training: tuple[Mapping[str, float], ...]) -> Plot:
    """Draw each epoch's losses and figures."""
    plot = Plot(figsize=(9, 3.5))
    left, right = plot.subplots(1, 2)
    for key in sorted({key for row in training for key in row} - {"epoch", "step"}):
        points = [(row["epoch"], row[key]) for row in training if key in row and "epoch" in row]
        axes = left if "loss" in key else right
        axes.plot([x for x, _ in points], [y for _, y in points], label=key)
    for axes, name in ((left, "loss"), (right, "share")):
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        if axes.lines:
            axes.legend(fontsize="small")
    return plot
