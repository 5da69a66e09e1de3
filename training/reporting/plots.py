"""Plots for the report as inline SVG: small, with selectable text, reproducible to the byte."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Plot

from fer_live.training.metrics.scores import Scores

COLOURS: Final = ("#1f5fa8", "#d1601f", "#2e8b57", "#8a4fa8", "#b8860b", "#666666")
_LOOK: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
}


def certainty_plot(scores: Scores, *, name: str) -> str:
    """Draw the reliability diagram and the risk-coverage curve side by side.

    Args:
        scores: The figures to draw.
        name: Unique name of the plot within its page.
    """
    with rc_context(_LOOK):
        plot = Plot(figsize=(9, 3.6), layout="constrained")
        left, right = plot.subplots(1, 2)
        _reliability(left, scores)
        _coverage(right, scores)
        return as_svg(plot, name)


def _reliability(axes: Axes, scores: Scores) -> None:
    """Draw accuracy against confidence; the area of a marker is the number of pictures."""
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    there = scores.reliability
    x, y = [one.confidence for one in there], [one.accuracy for one in there]
    axes.plot(x, y, color=COLOURS[0], linewidth=1.5)
    sizes = [12 + 400 * one.count / scores.n for one in there]
    axes.scatter(x, y, s=sizes, color=COLOURS[0], alpha=0.6, linewidths=0)
    axes.set(xlabel="confidence", ylabel="share right", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.set_title("Reliability (area: number of pictures)", loc="left", fontsize=10)


def _coverage(axes: Axes, scores: Scores) -> None:
    """Draw the risk-coverage curve: error rate among shown labels against their share."""
    errors = scores.selective.curve
    shares = [(k + 1) / len(errors) for k in range(len(errors))]
    axes.plot(shares, errors, color=COLOURS[0], linewidth=1.5)
    chosen = scores.shown
    if chosen.accuracy is not None:
        axes.scatter([chosen.coverage], [1 - chosen.accuracy], s=40, color=COLOURS[1], zorder=3)
        axes.annotate(
            f"uncertain below {chosen.threshold:.2f}",
            (chosen.coverage, 1 - chosen.accuracy),
            xytext=(-8, 10),
            textcoords="offset points",
            ha="right",
            color=COLOURS[1],
        )
    axes.set(xlabel="share shown (coverage)", ylabel="share wrong of those", xlim=(0, 1.02))
    area = f"AURC {100 * scores.selective.aurc:.1f} %"
    axes.set_title(f"What not answering buys ({area})", loc="left", fontsize=10)


def curves_plot(training: Sequence[Mapping[str, float]], *, name: str) -> str:
    """Draw the training curves: losses and accuracies by epoch."""
    with rc_context(_LOOK):
        plot = Plot(figsize=(9, 3.6), layout="constrained")
        left, right = plot.subplots(1, 2)
        keys = sorted({key for row in training for key in row} - {"epoch", "step"})
        losses = [key for key in keys if "loss" in key]
        shares = [key for key in keys if key not in losses]
        for axes, chosen, title in ((left, losses, "Loss"), (right, shares, "Share")):
            _lines(axes, training, chosen)
            axes.set(xlabel="epoch")
            axes.set_title(title, loc="left", fontsize=10)
        return as_svg(plot, name)


def _lines(axes: Axes, training: Sequence[Mapping[str, float]], keys: Sequence[str]) -> None:
    """Draw one line per key."""
    for place, key in enumerate(keys):
        points = [(row["epoch"], row[key]) for row in training if key in row]
        axes.plot(
            [x for x, _ in points],
            [y for _, y in points],
            label=key.replace("_", " "),
            color=COLOURS[place % len(COLOURS)],
            linewidth=1.5,
            marker="o" if len(points) == 1 else None,
        )
    if keys:
        axes.legend(fontsize=9)


def as_svg(plot: Plot, name: str) -> str:
    """Return a plot as inline SVG, with ids that are unique within the page."""
    out = io.StringIO()
    with rc_context({"svg.hashsalt": name, "svg.id": name}):
        plot.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
