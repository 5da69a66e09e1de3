"""A sweep as a table and as the plot of papers 000 and 001."""

import statistics
from pathlib import Path

from matplotlib.figure import Figure as Plot

from fer_live.files import write_whole
from fer_live.terminal.markdown import markdown_table
from fer_live.training.metrics.scores import Figure
from fer_live.training.pruning.studies.points import Point, Sweep, mean_accuracy


def write_sweep(sweep: Sweep, folder: Path) -> str:
    """Write sweep.json, sweep.md and sweep.png, and return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    sweep.save(folder / "sweep.json")
    text = table_of(sweep)
    write_whole(folder / "sweep.md", text)
    plot_sweep(sweep, folder / "sweep.png")
    return text


def table_of(sweep: Sweep) -> str:
    """Return a Markdown table: a row a setting and way, the best way of each setting first.

    Several seeds are one row: the mean, the standard deviation and the range of their accuracies.
    A single one has its 95 % interval.
    """
    named = "angle" if sweep.by == "angle" else "kept"
    about = (
        f"{sweep.parent} on {sweep.data}, n = {sweep.n:,}: {sweep.accuracy}, "
        f"{sweep.cost.maps} channels, {sweep.cost.parameters:,} parameters, "
        f"{sweep.cost.macs:,} multiply-adds"
        + (f", {sweep.parent_us:.0f} us in ONNX Runtime" if sweep.speeds else "")
        + f". Recovery: {sweep.recovery or 'none'}."
    )
    heads = (
        *(named, "method", "channels removed", "parameters", "multiply-adds", "ONNX latency"),
        *("before", "after pruning", "recovered"),
    )
    rows = []
    for setting in dict.fromkeys(point.setting for point in sweep.points):
        for method, points in sweep.best_first(setting):
            share = sum(p.cost.macs for p in points) / len(points) / sweep.cost.macs
            recovered = [p.recovered for p in points if p.recovered is not None]
            cells = (
                f"{setting:g}" + (" degrees" if sweep.by == "angle" else ""),
                method,
                _range([p.removed for p in points]),
                _range([p.cost.parameters for p in points]),
                f"{100 * share:.1f} %",
                _latency(sweep, points),
                f"{100 * sweep.accuracy.value:.2f} %",
                _figures([p.accuracy for p in points]),
                _figures(recovered) if recovered else "-",
            )
            rows.append(cells)
    return f"{about}\n\n{markdown_table(heads, rows)}\n"


def _range(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _latency(sweep: Sweep, points: list[Point]) -> str:
    """Return the time of the slowest of some points, and how many times as fast that is."""
    speeds = [speed for point in points if (speed := sweep.speed(point)) is not None]
    if not speeds:
        return "-"
    slowest = max(speeds, key=lambda speed: speed.us)
    return f"{slowest.us:.0f} us, {slowest.ratio:.2f} x as fast"


def _figures(figures: list[Figure]) -> str:
    """Return one figure with its interval, or the mean of several with their range."""
    if len(figures) == 1:
        return str(figures[0])
    values = [100 * figure.value for figure in figures]
    mean, spread = statistics.fmean(values), statistics.stdev(values)
    return (
        f"{mean:.2f} % +- {spread:.2f} ({len(values)} seeds: {min(values):.1f} to "
        f"{max(values):.1f})"
    )


def plot_sweep(sweep: Sweep, path: Path) -> None:
    """Draw accuracy, and channels removed or multiply-adds left, against the setting."""
    plot = Plot(figsize=(11, 4.2), layout="constrained")
    left, right = plot.subplots(1, 2)
    for method in dict.fromkeys(point.method for point in sweep.points):
        of_method: dict[float, list[Point]] = {}
        for point in sweep.points:
            if point.method == method:
                of_method.setdefault(point.setting, []).append(point)
        settings = sorted(of_method)
        means = [100 * mean_accuracy(of_method[s]) for s in settings]
        left.plot(settings, means, marker="o", markersize=3, label=method)
        sizes = [sum(p.removed for p in of_method[s]) / len(of_method[s]) for s in settings]
        right.plot(settings, sizes, marker="o", markersize=3, label=method)
    left.axhline(100 * sweep.accuracy.value, color="0.6", linestyle="--", label="unpruned")
    named = "threshold angle, degrees" if sweep.by == "angle" else "share of multiply-adds kept"
    for axes, what in ((left, f"accuracy on {sweep.data}, %"), (right, "channels removed")):
        axes.set_xlabel(named)
        axes.set_ylabel(what)
        if sweep.by == "budget":
            axes.invert_xaxis()
    left.legend(fontsize="small")
    plot.suptitle(f"{sweep.parent}, n = {sweep.n:,}")
    plot.savefig(path, dpi=110)
