"""Many prunings from one measuring pass: what each way of choosing and making up for it leaves."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from fer_live.errors import SettingsError
from fer_live.training.evaluate import name_of
from fer_live.training.networks import build
from fer_live.training.pruning.budget import MULTIPLE, BudgetSettings
from fer_live.training.pruning.cost import Cost, CostModel
from fer_live.training.pruning.gram import Normalisation
from fer_live.training.pruning.measure import Measurement
from fer_live.training.pruning.plan import Compensation, Limits
from fer_live.training.pruning.prune import Importance, Pruned, PruneSettings, prune
from fer_live.training.pruning.recover import RecoverySettings, recover
from fer_live.training.pruning.subject import Subject
from fer_live.training.pruning.threshold import Complement, ThresholdSettings
from fer_live.training.pruning.widths import fit_to
from fer_live.training.scores import Figure

SCRATCH: Final = "from scratch"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to choose and to make up for it.

    Attributes:
        name: What tables and plots call it.
        compensation: How the readers make up.
        recalibrated: Whether batch norms learn their statistics anew.
        normalisation: Of a threshold's angles.
        complement: What a threshold does with opposites.
        importance: What a budget goes by.
        drawn: Whether chance is in it, so that several seeds are tried.
    """

    name: str
    compensation: Compensation
    recalibrated: bool = True
    normalisation: Normalisation = "minmax"
    complement: Complement = "both"
    importance: Importance = "damage"
    drawn: bool = False


BY_ANGLE: Final = (
    Way("the papers, zeroed", "neutralise", recalibrated=False),
    Way("the papers, merged", "merge", recalibrated=False),
    Way("the papers' maps, least squares", "ls"),
    Way("centred angle, least squares", "ls", normalisation="centred", complement="one"),
)
"""Ways for thresholds: the papers' own, step by step towards ours."""

BY_BUDGET: Final = (
    Way("damage, least squares", "ls"),
    Way("centred angle, least squares", "ls", importance="angle"),
    Way("batch norm scale, least squares", "ls", importance="bn"),
    Way("L2 norm, least squares", "ls", importance="l2"),
    Way("random, least squares", "ls", importance="random", drawn=True),
    Way("damage, zeroed", "neutralise", recalibrated=False),
    Way("L2 norm, zeroed", "neutralise", recalibrated=False, importance="l2"),
    Way("random, zeroed", "neutralise", recalibrated=False, importance="random", drawn=True),
)
"""Ways for budgets, controls among them."""


@dataclass(frozen=True, slots=True)
class Point:
    """One pruned network, measured.

    Attributes:
        way: Name of the way.
        setting: The threshold angle in degrees, or the share that was to be kept.
        seed: Of chance and of recovery.
        accuracy: On the judged pictures, with its interval.
        recovered: The same after recovery; None where there was none.
        cost: What is left.
        removed: Maps that are not there any more.
    """

    way: str
    setting: float
    seed: int
    accuracy: Figure
    recovered: Figure | None
    cost: Cost
    removed: int


@dataclass(frozen=True)
class Sweep:
    """All points of one network.

    Attributes:
        parent: The unpruned network's name.
        by: "angle" or "budget".
        data: What accuracy was measured on.
        n: How many pictures these were.
        accuracy: The parent's.
        cost: The parent's.
        points: In the order in which they were made.
        recovery: How pruned networks learned again, in words; empty for not at all.
    """

    parent: str
    by: str
    data: str
    n: int
    accuracy: Figure
    cost: Cost
    points: tuple[Point, ...]
    recovery: str = ""

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n", encoding="utf-8")

    def best_first(self, setting: float) -> list[tuple[str, list[Point]]]:
        """Return the points of one setting by way, the best mean accuracy first."""
        ways: dict[str, list[Point]] = {}
        for point in self.points:
            if point.setting == setting:
                ways.setdefault(point.way, []).append(point)
        return sorted(ways.items(), key=lambda entry: -mean_accuracy(entry[1]))


def mean_accuracy(points: Sequence[Point]) -> float:
    """Return the mean over seeds of the accuracy that a way ends at."""
    return sum((p.recovered or p.accuracy).value for p in points) / len(points)


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """What is tried.

    Attributes:
        angles_deg: Threshold angles; empty for a sweep of budgets.
        shares: Shares of the multiply-adds to keep; empty for a sweep of angles.
        limits: What layers keep in a sweep of angles.
        ways: Only ways whose name begins with one of these; empty for all.
        seeds: Draws of what chance is in.
        multiple: In a sweep of budgets, widths end on multiples of this.
        recovery: How pruned networks learn again; then there is one more control, a network of
            the same widths that begins at random and learns as long.
    """

    angles_deg: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    limits: Limits = field(default_factory=Limits)
    ways: tuple[str, ...] = ()
    seeds: int = 3
    multiple: int = MULTIPLE
    recovery: RecoverySettings | None = None

    def __post_init__(self) -> None:
        """Check what the types do not say.

        Raises:
            SettingsError: Both angles and shares are given, neither is, or no way is left.
        """
        if bool(self.angles_deg) == bool(self.shares):
            raise SettingsError("a sweep goes over angles or over budgets: give one of the two")
        if not self.chosen():
            known = ", ".join(way.name for way in self._known())
            raise SettingsError(f"no way begins with {', '.join(self.ways)}; there are {known}")

    def chosen(self) -> tuple[Way, ...]:
        """Return the ways that are tried."""
        return tuple(w for w in self._known() if not self.ways or w.name.startswith(self.ways))

    def _known(self) -> tuple[Way, ...]:
        return BY_ANGLE if self.angles_deg else BY_BUDGET


def sweep(
    subject: Subject, settings: SweepSettings, *, told: Callable[[Point], None] | None = None
) -> Sweep:
    """Measure once, then prune to every setting in every way.

    Args:
        subject: What is pruned, again and again.
        settings: What is tried.
        told: Called with each point when it is there.

    Raises:
        SettingsError: A budget cannot be met.
        ModelError: The limits name a layer that the network does not have.
    """
    made = _by_angle if settings.angles_deg else _by_budget
    points = []
    for point in made(subject, settings):
        points.append(point)
        if told is not None:
            told(point)
    costs = CostModel(subject.graph)
    return Sweep(
        parent=subject.checkpoint.name,
        by="angle" if settings.angles_deg else "budget",
        data=name_of(subject.judged.source, "validation"),
        n=len(subject.judged),
        accuracy=subject.accuracy(subject.network),
        cost=costs.cost(costs.sizes),
        points=tuple(points),
        recovery=str(settings.recovery or ""),
    )


def _by_angle(subject: Subject, settings: SweepSettings) -> Iterator[Point]:
    measured = subject.measured()
    for angle in settings.angles_deg:
        for way in settings.chosen():
            choice = ThresholdSettings(
                angle, way.normalisation, complement=way.complement, limits=settings.limits
            )
            yield _point(subject, measured, way.name, angle, _settings(way, choice, multiple=1))


def _by_budget(subject: Subject, settings: SweepSettings) -> Iterator[Point]:
    measured, recovery = subject.measured(), settings.recovery
    for share in settings.shares:
        choice = BudgetSettings(share, allocation="uniform")
        for way in settings.chosen():
            for seed in range(settings.seeds if way.drawn or recovery else 1):
                how = _settings(way, choice, multiple=settings.multiple, seed=seed)
                yield _point(subject, measured, way.name, share, how, recovery=recovery)
        if recovery is not None:
            how = PruneSettings(choice, multiple=settings.multiple, recalibrated=False)
            widths = prune(subject, how, measurement=measured)
            for seed in range(settings.seeds):
                again = dataclasses.replace(recovery, seed=seed)
                yield _scratch(subject, widths, share, again)


def _settings(way: Way, choice: Any, *, multiple: int, seed: int = 0) -> PruneSettings:
    return PruneSettings(
        choice,
        importance=way.importance,
        compensation=way.compensation,
        multiple=multiple,
        recalibrated=way.recalibrated,
        seed=seed,
    )


def _point(
    subject: Subject,
    measured: Measurement,
    way: str,
    setting: float,
    settings: PruneSettings,
    *,
    recovery: RecoverySettings | None = None,
) -> Point:
    pruned = prune(subject, settings, measurement=measured)
    found, again = subject.accuracy(pruned.network), None
    if recovery is not None:
        recover(pruned.network, subject, dataclasses.replace(recovery, seed=settings.seed))
        again = subject.accuracy(pruned.network)
    removed = int(pruned.plan.absent(subject.graph).sum())
    return Point(way, setting, settings.seed, found, again, pruned.after, removed)


def _scratch(subject: Subject, pruned: Pruned, share: float, recovery: RecoverySettings) -> Point:
    """Return the control that was never pruned: the same widths, random weights, as much time."""
    own, classes = subject.checkpoint, len(subject.checkpoint.labels)
    state = pruned.network.state_dict()
    torch.manual_seed(recovery.seed)
    fresh = build(own.architecture, own.widths, classes)
    fit_to(fresh, state)
    for module in fresh.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
            module.reset_parameters()
    before = subject.accuracy(fresh)
    recover(fresh, subject, recovery)
    costs = CostModel(subject.graph)
    removed = costs.cost(costs.sizes).maps - pruned.after.maps
    after = subject.accuracy(fresh)
    return Point(SCRATCH, share, recovery.seed, before, after, pruned.after, removed)
