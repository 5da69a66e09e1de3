"""Compare methods of selection and compensation using the same statistics."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from torch import nn

from fer_live.errors import SettingsError
from fer_live.progress import expect, part_of, phase
from fer_live.training.evaluation.evaluate import name_of
from fer_live.training.metrics.scores import Figure
from fer_live.training.pruning.graph.cost import CostModel
from fer_live.training.pruning.plan import Plan, WidthLimits
from fer_live.training.pruning.planning.budget import MULTIPLE, Allocation, BudgetSettings
from fer_live.training.pruning.planning.threshold import ThresholdSettings
from fer_live.training.pruning.prune import PruneSettings, choose, prune
from fer_live.training.pruning.statistics.latency import speeds_of
from fer_live.training.pruning.statistics.measure import Measurement
from fer_live.training.pruning.studies.baselines import (
    AS_MANY,
    BY_ANGLE,
    BY_BUDGET,
    SCRATCH,
    Method,
)
from fer_live.training.pruning.studies.points import Key, Point, Sweep
from fer_live.training.pruning.subject import Subject
from fer_live.training.pruning.surgery.recover import RecoverySettings, recover
from fer_live.training.pruning.surgery.shrink import shrink

_LEARNING: Final = (nn.Conv1d, nn.Conv2d, nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d)


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """What is tried.

    Attributes:
        angles_deg: Threshold angles; empty for a sweep of budgets.
        shares: Shares of the multiply-adds to keep; empty for a sweep of angles.
        limits: What layers keep.
        ways: Only ways whose name begins with one of these; empty for all.
        seeds: Draws of what chance is in.
        multiple: In a sweep of budgets, widths end on multiples of this.
        allocation: In a sweep of budgets, how the widths are found that all ways then have.
        recovery: How pruned networks learn again; then there is one more control, networks of
            the same widths that begin at random.
        scratch_epochs: How long those learn, in turn; empty for as long as the recovery.
        scratch_rate: Their learning rate: from scratch a larger one is better.
        timed: Whether the exported networks are timed.
    """

    angles_deg: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    limits: WidthLimits = field(default_factory=WidthLimits)
    methods: tuple[str, ...] = ()
    seeds: int = 3
    multiple: int = MULTIPLE
    allocation: Allocation = "uniform"
    recovery: RecoverySettings | None = None
    scratch_epochs: tuple[int, ...] = ()
    scratch_rate: float = 0.1
    timed: bool = False

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            SettingsError: Both angles and shares are given, neither is, or no way is left.
        """
        if bool(self.angles_deg) == bool(self.shares):
            raise SettingsError("a sweep goes over angles or over budgets: give one of the two")
        if not self.chosen() and not self.scratch():
            known = ", ".join([*(method.name for method in self._known()), SCRATCH])
            raise SettingsError(f"no way begins with {', '.join(self.methods)}; there are {known}")

    def chosen(self) -> tuple[Method, ...]:
        """Return the ways that are tried."""
        return tuple(
            w for w in self._known() if not self.methods or w.name.startswith(self.methods)
        )

    def scratch(self) -> tuple[int, ...]:
        """Return how many epochs each control from scratch learns; empty for none."""
        if self.recovery is None or (self.methods and not SCRATCH.startswith(self.methods)):
            return ()
        return self.scratch_epochs or (self.recovery.epochs,)

    def count(self) -> int:
        """Return how many points there will be."""
        drawn = [self.seeds if method.drawn or self.recovery else 1 for method in self.chosen()]
        each = sum(drawn) + self.seeds * len(self.scratch())
        return each * len(self.angles_deg or self.shares)

    def _known(self) -> tuple[Method, ...]:
        return (*BY_ANGLE, *AS_MANY) if self.angles_deg else BY_BUDGET


def sweep(
    subject: Subject,
    settings: SweepSettings,
    *,
    told: Callable[[Point], None] | None = None,
    done: Mapping[Key, Point] | None = None,
) -> Sweep:
    """Measure once, then prune to every setting in every way.

    Args:
        subject: What is pruned, again and again.
        settings: What is tried.
        told: Called with each point that was not there before.
        done: Points of the same network that are there already.

    Raises:
        SettingsError: A budget cannot be met.
        ModelError: The limits name a layer that the network does not have, or networks are to be
            timed and cannot be exported.
    """
    known, points = done or {}, []
    due, made = max(1, settings.count() - len(known)), 0
    with phase("points") as to:
        for task in _tasks(subject, settings):
            point = known.get(task.key)
            if point is None:
                begun = time.monotonic()
                with part_of(to, made, due):
                    point = dataclasses.replace(task.run(), seconds=time.monotonic() - begun)
                made += 1
                to(made / due)
                if told is not None:
                    told(point)
            points.append(point)
    costs = CostModel(subject.graph)
    found = Sweep(
        parent=subject.checkpoint.name,
        by="angle" if settings.angles_deg else "budget",
        data=name_of(subject.validation.source, "validation"),
        n=len(subject.validation),
        accuracy=subject.accuracy(subject.network),
        cost=costs.cost(costs.sizes),
        points=tuple(points),
        recovery=str(settings.recovery or ""),
    )
    return _timed(subject, found) if settings.timed else found


@dataclass(frozen=True, slots=True)
class _PointTask:
    """A point to be made: what it will be known by, and how."""

    key: Key
    run: Callable[[], Point]


def _tasks(subject: Subject, settings: SweepSettings) -> Iterator[_PointTask]:
    measured = subject.measured()
    return (_by_angle if settings.angles_deg else _by_budget)(subject, measured, settings)


def _by_angle(
    subject: Subject, measured: Measurement, settings: SweepSettings
) -> Iterator[_PointTask]:
    for angle in settings.angles_deg:
        for method in settings.chosen():
            if method in BY_ANGLE:
                choice = ThresholdSettings(
                    angle,
                    method.normalisation,
                    complement=method.complement,
                    limits=settings.limits,
                )
                yield from _by_methods(subject, measured, settings, (method,), angle, choice)
        papers = ThresholdSettings(angle, "minmax", complement="both", limits=settings.limits)
        first = choose(subject, measured, PruneSettings(papers, multiple=1))
        controls = tuple(method for method in settings.chosen() if method in AS_MANY)
        same = _as_wide(first, 0.0, settings)
        yield from _by_methods(subject, measured, settings, controls, angle, same)
        yield from _scratches(subject, settings, first, angle)


def _by_budget(
    subject: Subject, measured: Measurement, settings: SweepSettings
) -> Iterator[_PointTask]:
    for share in settings.shares:
        budget = BudgetSettings(share, allocation=settings.allocation, limits=settings.limits)
        first = choose(subject, measured, PruneSettings(budget, multiple=settings.multiple))
        same = _as_wide(first, share, settings)
        yield from _by_methods(subject, measured, settings, settings.chosen(), share, same)
        yield from _scratches(subject, settings, first, share)


def _as_wide(plan: Plan, share: float, settings: SweepSettings) -> BudgetSettings:
    """Return a choice that leaves every layer as wide as a plan does."""
    widths = tuple((name, after) for name, (_, after) in plan.widths().items())
    return BudgetSettings(share, allocation="uniform", widths=widths, limits=settings.limits)


def _by_methods(
    subject: Subject,
    measured: Measurement,
    settings: SweepSettings,
    methods: tuple[Method, ...],
    setting: float,
    choice: ThresholdSettings | BudgetSettings,
) -> Iterator[_PointTask]:
    """Yield every way, and every seed where chance is in it."""
    recovery = settings.recovery
    multiple = settings.multiple if settings.shares else 1
    for method in methods:
        for seed in range(settings.seeds if method.drawn or recovery else 1):
            how = PruneSettings(
                choice,
                importance=method.importance,
                compensation=method.compensation,
                multiple=multiple,
                recalibrated=method.recalibrated,
                seed=seed,
            )
            yield _task(subject, measured, method.name, setting, how, recovery=recovery)


def _scratches(
    subject: Subject, settings: SweepSettings, plan: Plan, setting: float
) -> Iterator[_PointTask]:
    for epochs in settings.scratch():
        for seed in range(settings.seeds):
            again = _scratch_recovery(settings, epochs, seed)
            yield _scratch_task(subject, plan, setting, again)


def _scratch_recovery(settings: SweepSettings, epochs: int, seed: int) -> RecoverySettings:
    again = settings.recovery or RecoverySettings()
    rate = settings.scratch_rate
    return dataclasses.replace(again, epochs=epochs, learning_rate=rate, seed=seed)


def _task(
    subject: Subject,
    measured: Measurement,
    method: str,
    setting: float,
    settings: PruneSettings,
    *,
    recovery: RecoverySettings | None = None,
) -> _PointTask:
    again = None if recovery is None else dataclasses.replace(recovery, seed=settings.seed)
    key = (method, setting, settings.seed, str(again or ""))

    def run() -> Point:
        if again is not None:
            expect("fitting what reads", 2 * len(subject.seen) * len(subject.graph.consumers))
            expect("learning again", 4 * again.epochs * len(subject.train))
        pruned = prune(subject, settings, measurement=measured)
        before, after = subject.accuracy(pruned.network), None
        if again is not None:
            recover(pruned.network, subject, again)
            after = subject.accuracy(pruned.network)
        return _point(subject, key, pruned.plan, before, after)

    return _PointTask(key, run)


def _scratch_task(
    subject: Subject, plan: Plan, share: float, recovery: RecoverySettings
) -> _PointTask:
    """Make the control that was never pruned: the same widths, random weights."""
    key = (f"{SCRATCH}, {recovery.epochs} epochs", share, recovery.seed, str(recovery))

    def run() -> Point:
        torch.manual_seed(recovery.seed)
        fresh = shrink(subject.network, subject.graph, plan.absent(subject.graph))
        for module in fresh.modules():
            if isinstance(module, _LEARNING):
                module.reset_parameters()
        before = subject.accuracy(fresh)
        recover(fresh, subject, recovery)
        return _point(subject, key, plan, before, subject.accuracy(fresh))

    return _PointTask(key, run)


def _point(subject: Subject, key: Key, plan: Plan, before: Figure, after: Figure | None) -> Point:
    method, setting, seed, recovery = key
    absent = plan.absent(subject.graph)
    costs = CostModel(subject.graph)
    kept = costs.kept(absent)
    return Point(
        method,
        setting,
        seed,
        before,
        after,
        costs.cost(kept),
        int(absent.sum()),
        tuple(int(width) for width in kept),
        recovery,
    )


def _timed(subject: Subject, found: Sweep) -> Sweep:
    """Return the sweep with the time of every width that is in it, all in one run."""
    distinct = list(dict.fromkeys(point.widths for point in found.points))
    networks = [subject.network]
    for widths in distinct:
        absent = np.zeros(subject.graph.count, bool)
        for group, width in zip(subject.graph.groups, widths, strict=True):
            absent[group.channels[width:]] = True
        networks.append(shrink(subject.network, subject.graph, absent))
    parent, *others = speeds_of(networks, next(iter(subject.seen))[:1])
    speeds = dict(zip(distinct, others, strict=True))
    return dataclasses.replace(found, speeds=speeds, parent_us=parent.us)
