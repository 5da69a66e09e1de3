"""Write the report on an evaluation: JSON, Markdown and a self-contained HTML page."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path

from fer_live.errors import SinkError
from fer_live.files import write_whole
from fer_live.training.evaluation.evaluate import Evaluation
from fer_live.training.metrics.classification import range_when_named, right_when_named
from fer_live.training.metrics.scores import Figure, Scores
from fer_live.training.reporting import html as page
from fer_live.training.reporting.html import percent
from fer_live.training.reporting.plots import certainty_plot, curves_plot
from fer_live.training.reporting.tables import as_markdown, report_tables


def write_report(
    evaluation: Evaluation,
    folder: Path,
    *,
    name: str = "report",
    prevalence: Mapping[str, float] | None = None,
) -> tuple[Path, Path]:
    """Write `name`.json, `name`.html and `name`.md.

    Args:
        evaluation: The evaluation.
        folder: Output folder; created if missing.
        name: Base name of the files.
        prevalence: Frequencies of the labels where the model is used; those of the evaluated
            pictures by default.

    Returns:
        The paths of the JSON file and of the page; the Markdown is written next to them.

    Raises:
        SinkError: The folder is not writable.
    """
    data, web = folder / f"{name}.json", folder / f"{name}.html"
    text = json.dumps(evaluation.as_table(), indent=1, ensure_ascii=False)
    try:
        write_whole(data, text + "\n")
        write_whole(web, page_of(evaluation, prevalence or {}))
        write_whole(folder / f"{name}.md", markdown_of(evaluation))
    except SinkError as error:
        raise SinkError(f"{folder} cannot be written to: {error}; name --out") from error
    return data, web


def page_of(evaluation: Evaluation, prevalence: Mapping[str, float]) -> str:
    """Return the HTML page."""
    title = f"{evaluation.model} on {evaluation.data}"
    about = (
        f"n = {evaluation.natural.n:,}; {evaluation.split}; temperature "
        f"{evaluation.temperature:.3f}; sha256 {evaluation.sha256 or '-'}. Intervals are 95 %: "
        "Wilson's for accuracy, bootstrap over pictures for the others."
    )
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="about">{escape(about)}</p>',
        *(page.note(one) for one in evaluation.notes),
        _tiles(evaluation),
        _headline(evaluation),
        *_section(evaluation.natural, evaluation.labels, prevalence),
        *_section(evaluation.balanced, evaluation.labels, prevalence),
    ]
    parts += _tables(evaluation)
    if evaluation.training:
        parts += ["<h2>Training</h2>", curves_plot(evaluation.training, name="training")]
    if evaluation.settings:
        settings = escape(json.dumps(evaluation.settings, indent=2))
        parts += [f"<h2>Settings</h2><details><summary>show</summary><pre>{settings}</pre>"]
        parts += ["</details>"]
    return page.page_of(title, parts)


def _tables(evaluation: Evaluation) -> list[str]:
    """Return the tables of the studies: corruptions, slices and others that were requested."""
    parts: list[str] = []
    for table in report_tables(evaluation.as_table())[1:]:  # the page has each label's own figures
        parts += [f"<h2>{escape(table.title)}</h2>", page.table(table.heads, table.rows)]
        parts += [page.note(table.note)] if table.note else []
    return parts


def markdown_of(evaluation: Evaluation) -> str:
    """Return the report as Markdown."""
    natural, balanced, clean = evaluation.natural, evaluation.balanced, evaluation.clean
    figures = [
        f"n = {natural.n:,}; {evaluation.split}; sha256 {evaluation.sha256 or '-'}",
        f"accuracy {natural.accuracy}; macro F1 {natural.macro_f1}; ECE "
        f"{100 * natural.calibration_error:.1f} %; cross entropy {natural.cross_entropy:.4f}",
        f"balanced prior: accuracy {balanced.accuracy}; macro F1 {balanced.macro_f1}",
    ]
    if clean is not None:
        figures.append(
            f"without near-duplicates of training pictures: {clean.accuracy}, n = {clean.n:,}"
        )
    lines = [f"# {evaluation.model} on {evaluation.data}\n", *(f"- {one}" for one in figures), ""]
    lines += [as_markdown(one, level=2) for one in report_tables(evaluation.as_table())]
    return "\n".join(lines)


def _tiles(evaluation: Evaluation) -> str:
    """Return the tiles with the headline figures."""
    natural, balanced, clean = evaluation.natural, evaluation.balanced, evaluation.clean
    shown = natural.shown
    named = [("accuracy", natural.accuracy)]
    if clean is not None:
        named.append((f"without near-duplicates, n = {clean.n:,}", clean.accuracy))
    named += [
        ("macro F1", natural.macro_f1),
        ("balanced accuracy, balanced prior", balanced.balanced_accuracy),
    ]
    figures = [(name, percent(figure.value), _span(figure)) for name, figure in named]
    figures += [
        ("calibration error (ECE)", percent(natural.calibration_error), "15 bins"),
        (
            "not shown as uncertain",
            percent(shown.coverage),
            f"{percent(shown.accuracy)} of those right",
        ),
    ]
    return page.tiles(figures)


def _span(figure: Figure) -> str:
    """Format the confidence interval of a figure."""
    return f"{100 * figure.low:.1f} to {100 * figure.high:.1f} %"


def _headline(evaluation: Evaluation) -> str:
    """Return the table of summary figures at each prior."""
    rows: list[tuple[str, Scores]] = [
        ("natural", evaluation.natural),
        ("balanced", evaluation.balanced),
    ]
    if evaluation.clean is not None:
        rows.append(("natural, without near-duplicates of Training", evaluation.clean))
    figures = ("accuracy", "balanced accuracy", "macro F1", "ECE", "cross entropy")
    heads = ("prior", "n", *figures)
    return page.table(
        heads,
        [
            (
                name,
                f"{scores.n:,}",
                str(scores.accuracy),
                str(scores.balanced_accuracy),
                str(scores.macro_f1),
                percent(scores.calibration_error),
                f"{scores.cross_entropy:.3f}",
            )
            for name, scores in rows
        ],
    )


def _section(
    scores: Scores, labels: tuple[str, ...], prevalence: Mapping[str, float]
) -> tuple[str, ...]:
    """Return the section of the page for one prior."""
    meaning = {
        "natural": "the network's own probabilities, as frequent as labels were in training",
        "balanced": "as if all labels were equally frequent (logit adjustment)",
    }
    return (
        f"<h2>At the {scores.prior} prior</h2>",
        f'<p class="about">{meaning[scores.prior]}</p>',
        _per_class(scores, prevalence),
        "<h3>Confusion</h3>",
        page.heat_table(labels, scores.confusion),
        certainty_plot(scores, name=f"certainty-{scores.prior}"),
    )


def _per_class(scores: Scores, prevalence: Mapping[str, float]) -> str:
    """Return the table of figures per label, with its predictive value at a prevalence."""
    heads = (
        *("label", "precision", "recall", "F1", "support", "named"),
        *("prevalence", "right when named", "which may be"),
    )
    rows = []
    named = [sum(column) for column in zip(*scores.confusion, strict=True)]
    for place, figures in enumerate(scores.per_class):
        frequent = prevalence.get(figures.label, figures.support / scores.n)
        span = range_when_named(figures, scores.n, frequent)
        rows.append(
            (
                figures.label,
                percent(figures.precision),
                percent(figures.recall),
                percent(figures.f1),
                f"{figures.support:,}",
                f"{named[place]:,}",
                f"{100 * frequent:.3g} %",
                percent(right_when_named(figures, frequent)),
                f"{100 * span[0]:.1f} to {100 * span[1]:.1f} %" if span else "-",
            )
        )
    return page.table(heads, rows)
