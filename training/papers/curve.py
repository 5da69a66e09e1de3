"""Loss, accuracy and importance against channels removed: paper 001's figures 6 to 8, any layer."""

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
"""Paper 001 stops when the loss has risen by more."""


@dataclass(frozen=True, slots=True)
class CurveLine:
    """One way of removing a layer's channels one by one.

    Attributes:
        importance: What they were ordered by, least first.
        compensation: How the consumers made up for them.
        steps: What was left after each; the first is the unpruned network.
        scores: The importance of each channel, in the order in which they went.
        allowed: How many may go before the loss has risen by more than the paper's 0.1.
    """

    importance: str
    compensation: str
    steps: tuple[RemovalStep, ...]
    scores: tuple[float, ...]
    allowed: int

    @property
    def name(self) -> str:
        """What plots call it."""
        return f"{self.importance}, {self.compensation}"


@dataclass(frozen=True, slots=True)
class Curve:
    """All lines of one layer, or of several pruned together.

    Attributes:
        network: Name of the network.
        layers: What was pruned.
        data: What loss and accuracy were measured on.
        n: How many pictures these were.
        lines: One a way.
    """

    network: str
    layers: tuple[str, ...]
    data: str
    n: int
    lines: tuple[CurveLine, ...]


@dataclass(frozen=True, slots=True)
class CurveSettings:
    """What is tried.

    Attributes:
        layers: Their names; empty for the first that may be pruned.
        importance: Orders to try.
        compensation: Ways to make up for it, each with each order.
        every: Channels between two measurements.
        seed: Of random importance.
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
    """Remove channels of some layers one by one, down to a single one each.

    As the papers do it, zeroing leaves batch norms alone; what makes up for channels learns their
    statistics anew.

    Args:
        subject: What is pruned; it stays as it is.
        settings: What is tried.
        told: Called with each line's name and step.

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
    """Return the name of the first layer that may lose channels."""
    return next(group.name for group in subject.graph.groups if group.fixed is None)


def _allowed(steps: Sequence[RemovalStep]) -> int:
    """Return how many channels go before the paper's rule ends it."""
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
    """Draw loss, accuracy and importance, as the paper's figures 6, 7 and 8."""
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
