"""Apply a plan channel by channel, the least important first, until a stopping rule applies.

Paper 001 removes the kernels of a layer one by one, until the loss has risen by more than 0.1.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import nn

from fer_live.errors import SettingsError
from fer_live.training.metrics.classification import wilson
from fer_live.training.metrics.scores import Figure
from fer_live.training.pruning.plan import Plan, plain
from fer_live.training.pruning.planning.budget import align
from fer_live.training.pruning.statistics.latency import speeds_of
from fer_live.training.pruning.statistics.measure import Measurement
from fer_live.training.pruning.subject import Subject
from fer_live.training.pruning.surgery.apply import apply_plan_without_refit
from fer_live.training.pruning.surgery.shrink import shrink

STRIDES: Final = 32
"""How many steps a walk takes by itself through a long plan, before it looks more closely."""


@dataclass(frozen=True, slots=True)
class RemovalStep:
    """A network with so many channels removed.

    Attributes:
        removed: How many.
        loss: Cross entropy on the judged pictures, in nats.
        accuracy: On the same.
    """

    removed: int
    loss: float
    accuracy: Figure


@dataclass(frozen=True, slots=True)
class StopRule:
    """When removal ends; the first rule that says so counts.

    Attributes:
        loss_rise: The loss may rise by so much, in nats; paper 001's is 0.1. None for any.
        accuracy_fall: Accuracy may fall by this share, such as 0.01 for one point. None for any.
        latency: Enough is removed once the exported network takes this share of its parent's time.
            None for going on.
        every: Channels at a time until a rule is broken; the last of these are then tried one by
            one. 0 takes a thirty-second of the plan, 1 tries every channel.
    """

    loss_rise: float | None = None
    accuracy_fall: float | None = None
    latency: float | None = None
    every: int = 0

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            SettingsError: A value makes no sense.
        """
        for name, value in (("loss", self.loss_rise), ("accuracy", self.accuracy_fall)):
            if value is not None and value < 0:
                raise SettingsError(f"the {name} may change by {value}; give 0 or more")
        if self.latency is not None and not 0 < self.latency < 1:
            raise SettingsError(f"the share of the time is {self.latency}; give one in (0, 1)")
        if self.every < 0:
            raise SettingsError(f"removal cannot take {self.every} channels at a time")

    @property
    def uses_scores(self) -> bool:
        """Whether loss or accuracy decide."""
        return self.loss_rise is not None or self.accuracy_fall is not None

    def allows(self, first: RemovalStep, step: RemovalStep) -> bool:
        """Return whether a step is still within the rules on loss and accuracy.

        Args:
            first: The unpruned network.
            step: Where removal has come to.
        """
        if self.loss_rise is not None and step.loss - first.loss > self.loss_rise:
            return False
        fall = first.accuracy.value - step.accuracy.value
        return self.accuracy_fall is None or fall <= self.accuracy_fall


class StepwiseRemoval:
    """A plan, and what is left of the network after any number of its removals.

    Args:
        subject: What is pruned.
        measured: Of it.
        plan: The removals, in the order in which they are made.
        recalibrated: Whether batch norms learn their statistics anew each time.
    """

    def __init__(
        self, subject: Subject, measured: Measurement, plan: Plan, *, recalibrated: bool
    ) -> None:
        self.plan = plan
        self._subject, self._measured, self._recalibrated = subject, measured, recalibrated

    def network(self, removed: int) -> nn.Module:
        """Return the network without the first so many channels."""
        seen = self._subject.seen if self._recalibrated and removed else None
        plan = self.plan.first(removed)
        return apply_plan_without_refit(self._subject, self._measured, plan, seen)

    def step(self, removed: int) -> RemovalStep:
        """Return what the judged pictures say of it."""
        logits = torch.from_numpy(self._subject.logits(self.network(removed)))
        truth = torch.from_numpy(self._subject.truth())
        loss = float(nn.functional.cross_entropy(logits, truth))
        right = int((logits.argmax(dim=1) == truth).sum())
        return RemovalStep(removed, loss, Figure(right / len(truth), *wilson(right, len(truth))))

    def steps(self, every: int = 1) -> Iterator[RemovalStep]:
        """Yield the unpruned network, and each so many removals on, the last one too."""
        last = len(self.plan.removals)
        for removed in [*range(0, last, every), last]:
            yield self.step(removed)


def stopped(stepwise: StepwiseRemoval, rule: StopRule) -> Plan:
    """Return as much of a walk's plan as the rules on loss and accuracy allow.

    The removal that breaks a rule is not made, nor any after it.
    """
    last = len(stepwise.plan.removals)
    every = rule.every or max(1, last // STRIDES)
    first, good = stepwise.step(0), 0
    for removed in [*range(every, last, every), last]:
        if not rule.allows(first, stepwise.step(removed)):
            break
        good = removed
    for removed in range(good + 1, min(good + every, last)):
        if not rule.allows(first, stepwise.step(removed)):
            break
        good = removed
    return _noted(stepwise.plan.first(good), rule)


def fast_enough(subject: Subject, plan: Plan, rule: StopRule, *, multiple: int) -> Plan:
    """Return as little of a plan as makes the exported network as fast as the rule asks.

    Found by halving, as fewer channels take less time once widths are multiples.

    Raises:
        SettingsError: The whole plan does not make it as fast.
        ModelError: The network cannot be exported.
    """
    example = next(iter(subject.seen))[:1]

    def share(removed: int) -> float:
        part = align(subject.graph, plan.first(removed), multiple=multiple)
        small = shrink(subject.network, subject.graph, part.absent(subject.graph))
        return 1 / speeds_of([subject.network, small], example)[1].ratio

    goal, least = rule.latency or 1.0, 0
    enough, whole = len(plan.removals), share(len(plan.removals))
    if whole > goal:
        raise SettingsError(
            f"with all that may go the network takes {whole:.0%} of its parent's time, not "
            f"{goal:.0%}; lower the layers' limits or ask for less"
        )
    while enough - least > max(1, multiple // 2):
        middle = (least + enough) // 2
        least, enough = (least, middle) if share(middle) <= goal else (middle, enough)
    return _noted(plan.first(enough), rule)


def _noted(plan: Plan, rule: StopRule) -> Plan:
    """Return a plan that says by which rules it ends."""
    told = {f"stop_{key}": value for key, value in plain(rule).items() if value}
    return dataclasses.replace(plan, criterion={**plan.criterion, **told})


def importances(plan: Plan) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return (removals,) what each was ordered by."""
    scores = [removal.score for removal in plan.removals]
    return np.array([np.nan if score is None else score for score in scores])
