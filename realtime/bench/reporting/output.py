"""Write benchmark results to files: JSON, Markdown, and a plot of accuracy against latency."""

from pathlib import Path

from fer_live.errors import SettingsError, SinkError
from fer_live.realtime.bench.figures import BenchReport
from fer_live.realtime.bench.reporting.report import to_markdown


def publish(
    report: BenchReport,
    *,
    json_file: Path | None = None,
    markdown: Path | None = None,
    plot: Path | None = None,
) -> None:
    """Write the report to each of the given files, replacing existing ones.

    Raises:
        SinkError: A file could not be written.
        SettingsError: A plot was requested, but matplotlib is missing or no model states an
            accuracy.
    """
    beside = plot is not None and markdown is not None and plot.parent == markdown.parent
    picture = f"\n![latency against accuracy]({plot.name})\n" if plot and beside else ""
    for path, text in ((json_file, report.as_json()), (markdown, to_markdown(report) + picture)):
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
    """Plot the accuracy that each model file states against its latency at batch 1.

    The error bars are 95 % intervals (normal approximation). Models whose accuracy was measured
    on other data than the first one's are left out.

    Raises:
        SettingsError: matplotlib is missing, or no model states an accuracy.
        SinkError: The file could not be written.
    """
    stated = [(model, model.contract.accuracy) for model in report.models]
    known = [(model, metric) for model, metric in stated if metric is not None]
    if not known:
        raise SettingsError("no model states its accuracy, so there is nothing to plot")
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 (extra `plot`)
    except ImportError as error:
        raise SettingsError("a plot needs matplotlib: pip install 'fer-live[plot]'") from error
    basis = known[0][1]
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot()
    for model, metric in known:
        if (metric.data, metric.n) != (basis.data, basis.n):
            continue
        micros = 1000 * model.batches[0].latency.min_ms
        half = 196 * (metric.value * (1 - metric.value) / metric.n) ** 0.5
        axes.errorbar(
            micros, 100 * metric.value, half, fmt="o", capsize=3, alpha=0.8, label=model.name
        )
    axes.set_xlabel("latency at batch 1, one core, best call (microseconds)")
    axes.set_ylabel(f"accuracy and 95 % interval, % ({basis.data}, n = {basis.n:,})", fontsize=8)
    axes.margins(x=0.2)
    axes.set_xlim(left=0)
    axes.legend()
    axes.grid(alpha=0.3)
    axes.set_title(report.machine.processor, fontsize="medium")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=150)
    except (OSError, ValueError) as error:  # ValueError: an unknown image format
        raise SinkError(f"{path} could not be written: {error}") from error
