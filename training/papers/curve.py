"""Loss, accuracy and importance by channels removed: paper 001's figures 6 to 8, for any layer."""

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, cast, get_args

from matplotlib.figure import Figure as Plot

from fer_live.errors import SettingsError
from fer_live.files import write_whole
from fer_live.terminal.markdown import markdown_table
from fer_live.training.evaluation.evaluate import name_of
from fer_live.training.pruning.plan import Compensation, WidthLimits
from fer_live.training.pruning.planning.budget import BudgetSettings
from fer_live.training.pruning.prune import Importance, PruneSettings, choose
from fer_live.training.pruning.subject import Subject
from fer_live.training.pruning.surgery.stopping import (
    RemovalStep,
    StepwiseRemoval,
    StopRule,
    importances,
)

PAPER_RISE: Final = 0.1
"""Paper 001 stops when the loss has risen by more than this."""


@dataclass(frozen=True, slots=True)
class CurveLine:
    """One order and compensation by which a layer's channels are removed one by one.

    Attributes:
        importance: Criterion that channels are ordered by, least important first.
        compensation: How the weights of the following layers are adjusted.
        steps: The network after each removal; the first is the unpruned network.
        scores: Importance of each channel, in the order of removal.
        allowed: Number of channels that can go before the loss rises by more than the paper's 0.1.
    """

    importance: str
    compensation: str
    steps: tuple[RemovalStep, ...]
    scores: tuple[float, ...]
    allowed: int

    @property
    def name(self) -> str:
        """Label in plots."""
        return f"{self.importance}, {self.compensation}"


@dataclass(frozen=True, slots=True)
class Curve:
    """All curves of one layer, or of several layers pruned together.

    Attributes:
        network: Name of the network.
        layers: Names of the pruned layers.
        data: Data that loss and accuracy were measured on.
        n: Number of pictures in `data`.
        lines: One for each pair of importance and compensation.
    """

    network: str
    layers: tuple[str, ...]
    data: str
    n: int
    lines: tuple[CurveLine, ...]


@dataclass(frozen=True, slots=True)
class CurveSettings:
    """Settings of a pruning curve.

    Attributes:
        layers: Names of the layers to prune; empty for the first layer that can be pruned.
        importance: Criteria to try.
        compensation: Compensations to try, each with every criterion.
        every: Number of channels between two measurements.
        seed: Seed of random importance.
    """

    layers: tuple[str, ...] = ()
    importance: tuple[str, ...] = ("l2", "damage")
    compensation: tuple[str, ...] = ("neutralise", "ls")
    every: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            SettingsError: Fewer than one channel a step, or an unknown importance or compensation.
        """
        if self.every < 1:
            raise SettingsError(f"a curve cannot take {self.every} channels a step; give 1 or more")
        for what, given, known in (
            ("importance", self.importance, get_args(Importance)),
            ("compensation", self.compensation, get_args(Compensation)),
        ):
            if not given or not set(given) <= set(known):
                raise SettingsError(f"no {what} {', '.join(given)}; there are {', '.join(known)}")


def curve_of(
    subject: Subject,
    settings: CurveSettings,
    *,
    told: Callable[[str, RemovalStep], None] | None = None,
) -> Curve:
    """Remove channels of some layers one by one, until each has a single one left.

    Plain zeroing keeps the batch norm statistics, as in the papers; any compensation recomputes
    them.

    Args:
        subject: The network and its data; not changed.
        settings: Layers, criteria and compensations.
        told: Called with the name of the curve and each step.

    Raises:
        ModelError: The network has no such layer.
    """
    names = settings.layers or (first_layer(subject),)
    budget = BudgetSettings(0.0, limits=WidthLimits(min_channels=1, min_share=0, only=names))
    measured, lines = subject.measured(), []
    for order, how in itertools.product(settings.importance, settings.compensation):
        chosen = PruneSettings(
            budget,
            cast("Importance", order),
            cast("Compensation", how),
            multiple=1,
            seed=settings.seed,
        )
        plan = choose(subject, measured, chosen)
        stepwise = StepwiseRemoval(subject, measured, plan, recalibrated=how != "neutralise")
        steps = []
        for step in stepwise.steps(settings.every):
            steps.append(step)
            if told is not None:
                told(f"{order}, {how}", step)
        scores = tuple(float(score) for score in importances(plan))
        lines.append(CurveLine(order, how, tuple(steps), scores, _allowed(steps)))
    data = name_of(subject.validation.source, "validation")
    return Curve(subject.checkpoint.name, names, data, len(subject.validation), tuple(lines))


def first_layer(subject: Subject) -> str:
    """Return the name of the first layer that can be pruned."""
    return next(group.name for group in subject.graph.groups if group.fixed is None)


def _allowed(steps: Sequence[RemovalStep]) -> int:
    """Return the number of channels removed before the paper's rule stops."""
    rule, good = StopRule(loss_rise=PAPER_RISE), 0
    for step in steps:
        if not rule.allows(steps[0], step):
            break
        good = step.removed
    return good


def write_curve(curve: Curve, folder: Path) -> str:
    """Write curve.json, curve.md and curve.png, and return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    table = json.dumps(asdict(curve), indent=1)
    write_whole(folder / "curve.json", table + "\n")
    text = table_of(curve)
    write_whole(folder / "curve.md", text)
    plot_curve(curve).savefig(folder / "curve.png", dpi=110)
    return text


def table_of(curve: Curve) -> str:
    """Return a Markdown table: loss and accuracy of each line after every number of removals."""
    named = ", ".join(curve.layers)
    rules = "; ".join(f"{line.name}: {line.allowed}" for line in curve.lines)
    about = (
        f"{curve.network}, {named}, on {curve.data}, n = {curve.n:,}. Channels that go before the "
        f"loss has risen by more than {PAPER_RISE}: {rules}."
    )
    heads = ("removed", *(f"{line.name}: loss, accuracy" for line in curve.lines))
    rows = []
    for steps in zip(*(line.steps for line in curve.lines), strict=True):
        cells = [f"{step.loss:.4f}, {100 * step.accuracy.value:.2f} %" for step in steps]
        rows.append((steps[0].removed, *cells))
    return f"{about}\n\n{markdown_table(heads, rows)}\n"


def plot_curve(curve: Curve) -> Plot:
    """Plot loss, accuracy and importance like the paper's figures 6, 7 and 8."""
    plot = Plot(figsize=(13, 4), layout="constrained")
    loss, accuracy, importance = plot.subplots(1, 3)
    drawn = set()
    for line in curve.lines:
        removed = [step.removed for step in line.steps]
        loss.plot(removed, [step.loss for step in line.steps], marker="o", markersize=3)
        values = [100 * step.accuracy.value for step in line.steps]
        accuracy.plot(removed, values, marker="o", markersize=3, label=line.name)
        if line.importance not in drawn:
            drawn.add(line.importance)
            largest = max(map(abs, line.scores), default=0.0) or 1.0
            share = [score / largest for score in line.scores]
            importance.plot(
                range(1, len(share) + 1), share, marker="o", markersize=3, label=line.importance
            )
    first = curve.lines[0].steps[0].loss
    loss.axhline(first + PAPER_RISE, color="0.6", linestyle="--")
    loss.set_ylabel(f"cross entropy; dashed: {PAPER_RISE} more")
    accuracy.set_ylabel(f"accuracy on {curve.data}, %")
    importance.set_ylabel("importance, of the largest")
    for axes in (loss, accuracy):
        axes.set_xlabel("channels removed")
    importance.set_xlabel("channel, in the order of removal")
    accuracy.legend(fontsize="small")
    importance.legend(fontsize="small")
    plot.suptitle(f"{curve.network}, {', '.join(curve.layers)}, n = {curve.n:,}")
    return plot
