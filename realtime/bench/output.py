"""Writing a benchmark's figures: JSON, Markdown, and a plot of latency against accuracy."""

from pathlib import Path

from fer_live.errors import SettingsError, SinkError
from fer_live.realtime.bench.models import ModelFigures
from fer_live.realtime.bench.report import BenchReport, to_markdown


def publish(
    report: BenchReport,
    *,
    json_file: Path | None = None,
    markdown: Path | None = None,
    plot: Path | None = None,
) -> None:
    """Write the report to each file that is named; a file that is there is replaced.

    Raises:
        SinkError: A file could not be written.
        SettingsError: A plot was asked for without matplotlib, or without any accuracy to show.
    """
    for path, text in ((json_file, report.as_json()), (markdown, to_markdown(report))):
        if path is None:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise SinkError(f"{path} could not be written: {error.strerror}") from error
    if plot is not None:
        plot_models(report, plot)


def plot_models(report: BenchReport, path: Path) -> None:
    """Draw each model's latency at batch 1 against the accuracy that its file states.

    Raises:
        SettingsError: matplotlib is missing, or no model states an accuracy.
        SinkError: The file could not be written.
    """
    shown = [(model, found) for model in report.models if (found := _accuracy(model)) is not None]
    if not shown:
        raise SettingsError("no model states its accuracy, so there is nothing to plot")
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 (extra `plot`)
    except ImportError as error:
        raise SettingsError("a plot needs matplotlib: pip install 'fer-live[plot]'") from error
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for model, (value, _) in shown:
        micros = 1000 * model.batches[0].latency.min_ms
        axes.scatter(micros, 100 * value, s=40)
        axes.annotate(model.name, (micros, 100 * value), xytext=(6, 4), textcoords="offset points")
    axes.set_xlabel("latency at batch 1, one core, best call (microseconds)")
    axes.set_ylabel(f"accuracy, % ({shown[0][1][1]})")
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.set_title(report.machine.processor, fontsize="medium")
    try:
        figure.savefig(path, dpi=150)
    except OSError as error:
        raise SinkError(f"{path} could not be written: {error.strerror}") from error


def _accuracy(model: ModelFigures) -> tuple[float, str] | None:
    """Return the first accuracy that a model states, with its data and n."""
    for metric in model.contract.metrics:
        if metric.measure == "accuracy":
            return metric.value, f"{metric.data}, n = {metric.n:,}"
    return None
