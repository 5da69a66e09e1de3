"""Prune a subject: choose channels, compensate, remove them, and record what was removed."""

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import torch
from torch import nn

from fer_live.progress import phase
from fer_live.training.data.network_input import BATCH
from fer_live.training.models.checkpoint import Checkpoint, pruned_widths
from fer_live.training.pruning.compensation.constants import with_constants
from fer_live.training.pruning.graph.cost import CostModel, NetworkCost
from fer_live.training.pruning.graph.trace import channel_graph
from fer_live.training.pruning.plan import Compensation, Plan
from fer_live.training.pruning.planning.allocate import Divergence
from fer_live.training.pruning.planning.budget import (
    MULTIPLE,
    BudgetSettings,
    align,
    plan_by_budget,
)
from fer_live.training.pruning.planning.describe import criterion_in_words
from fer_live.training.pruning.planning.importance import (
    bn_importance,
    l2_importance,
    random_importance,
    taylor_importance,
)
from fer_live.training.pruning.planning.ranking import (
    AngleRanking,
    DamageRanking,
    FixedRanking,
    Ranking,
)
from fer_live.training.pruning.planning.threshold import ThresholdSettings, plan_by_threshold
from fer_live.training.pruning.statistics.gram import Vector
from fer_live.training.pruning.statistics.measure import Measurement
from fer_live.training.pruning.subject import Subject
from fer_live.training.pruning.surgery.apply import apply_plan, apply_plan_without_refit
from fer_live.training.pruning.surgery.shrink import pad
from fer_live.training.pruning.surgery.stopping import (
    StepwiseRemoval,
    StopRule,
    fast_enough,
    stopped,
)

TRIED: Final = 1024
"""Number of pictures on which measured allocation evaluates each trial."""

Importance: TypeAlias = Literal["damage", "angle", "minmax", "l2", "bn", "taylor", "random"]
"""damage: the error that remains after least squares (`ranking`); angle and minmax: the angle to
the nearest kept channel, centred or as in the papers; the others: see `importance`."""


@dataclass(frozen=True, slots=True)
class PruneSettings:
    """How a network is pruned.

    Attributes:
        choice: By threshold angle, or by budget; or a plan to replay unchanged.
        importance: The order in which channels are removed to meet a budget.
        compensation: How the consumers compensate for removed channels.
        constants: Whether to keep slots as constant channels, which make biases exact at borders.
        multiple: Widths end up as multiples of this where possible.
        padded: Whether to reach the multiple with empty, unused channels instead of undoing
            removals. A budget is then met before the padding.
        recalibrated: Whether to recompute batch norm statistics; not needed after a refit.
        seed: Of random importance.
        stop: Ends the removals before the choice would; None for no such rule.
    """

    choice: ThresholdSettings | BudgetSettings | Plan = field(default_factory=BudgetSettings)
    importance: Importance = "damage"
    compensation: Compensation = "refit"
    constants: bool = False
    multiple: int = MULTIPLE
    padded: bool = False
    recalibrated: bool = True
    seed: int = 0
    stop: StopRule | None = None


@dataclass(frozen=True)
class Pruned:
    """A smaller network.

    Attributes:
        plan: What was removed, and why.
        network: The pruned network.
        after: Its size.
        note: A sentence on why nothing was removed; empty if something was.
    """

    plan: Plan
    network: nn.Module
    after: NetworkCost
    note: str = ""

    def checkpoint(self, parent: Subject, *, name: str, recovered: str = "") -> Checkpoint:
        """Return the pruned network as a checkpoint that names its parent.

        Args:
            parent: The unpruned network, before the first of several rounds.
            name: The name of the pruned network.
            recovered: A short description of its recovery training; empty for none.
        """
        weights, whole = self.network.state_dict(), parent.checkpoint
        outputs = sum(whole.sizes)
        return dataclasses.replace(
            whole,
            name=name,
            widths=pruned_widths(whole.architecture, whole.widths, weights, outputs),
            weights=weights,
            heads=tuple(dataclasses.replace(head, metrics=()) for head in whole.heads),
            parent_sha256=whole.weights_sha256(),
            pruning=self.told(parent) | {"recovery": recovered or "none"},
        )

    def told(self, parent: Subject) -> dict[str, Any]:
        """Return how it was pruned, for a model file."""
        costs, left = CostModel(parent.graph), self.plan.widths()
        before = costs.cost(costs.sizes)
        sizes = {group.name: [group.size, left[group.name][1]] for group in parent.graph.groups}
        return {
            "parent": parent.checkpoint.name,
            "criterion": criterion_in_words(self.plan),
            "compensation": self.plan.compensation,
            "widths": {name: pair for name, pair in sizes.items() if pair[0] != pair[1]},
            "maps": [before.maps, self.after.maps],
            "parameters": [before.parameters, self.after.parameters],
            "macs": [before.macs, self.after.macs],
            "plan_sha256": hashlib.sha256(self.plan.to_json().encode()).hexdigest(),
        }


def prune(
    subject: Subject, settings: PruneSettings, *, measurement: Measurement | None = None
) -> Pruned:
    """Choose, compensate, remove and recalibrate.

    Args:
        subject: The network to prune; it is not changed.
        settings: How to prune it.
        measurement: Of the subject, if it was measured already.

    Raises:
        SettingsError: The limits forbid the budget, or the network lacks what the importance needs.
        ModelError: A replayed plan was made for another network.
    """
    measured = measurement or subject.measured()
    wanted, plan = _chosen(subject, measured, settings)
    network = apply_plan(subject, measured, plan, recalibrated=settings.recalibrated)
    costs = CostModel(subject.graph)
    kept = costs.kept(plan.absent(subject.graph))
    if settings.padded:
        traced = channel_graph(network, measured.example)
        network = pad(network, traced, multiple=settings.multiple).eval()
        free = np.array([group.fixed is None for group in subject.graph.groups])
        full = -(-kept // settings.multiple) * settings.multiple
        kept = np.where(free, full, kept)
    return Pruned(plan, network, costs.cost(kept), _why_nothing(wanted, plan, settings))


def choose(subject: Subject, measured: Measurement, settings: PruneSettings) -> Plan:
    """Return the plan that results from the settings, or the one in them."""
    return _chosen(subject, measured, settings)[1]


def _chosen(subject: Subject, measured: Measurement, settings: PruneSettings) -> tuple[Plan, Plan]:
    """Return the plan before and after removals are undone to reach a multiple."""
    choice, graph = settings.choice, subject.graph
    if isinstance(choice, Plan) and settings.stop is None:
        return choice, choice
    multiple = 1 if settings.padded else settings.multiple
    if isinstance(choice, Plan):
        plan = choice
    elif isinstance(choice, ThresholdSettings):
        plan = plan_by_threshold(subject.network, graph, measured, choice)
    else:
        ranking = ranking_of(subject, measured, settings.importance, seed=settings.seed)
        aligned = dataclasses.replace(choice, multiple=multiple)
        plan = plan_by_budget(
            graph,
            ranking,
            aligned,
            by=settings.importance,
            compensation=settings.compensation,
            loss=_loss_of(subject, measured, settings) if choice.allocation == "measured" else None,
        )
    if not isinstance(choice, Plan):
        plan = dataclasses.replace(plan, compensation=settings.compensation)
    plan = _ended(subject, measured, plan, settings) if settings.stop else plan
    left = align(graph, plan, multiple=multiple)
    left = with_constants(left, graph) if settings.constants else left
    return plan, dataclasses.replace(left, parent=subject.checkpoint.weights_sha256())


def _why_nothing(wanted: Plan, plan: Plan, settings: PruneSettings) -> str:
    """Return why no channel was removed; an empty string if one was."""
    if plan.removals:
        return ""
    if wanted.removals:
        lost = [before - after for before, after in wanted.widths().values()]
        return (
            f"nothing was removed: {len(wanted.removals)} channels were chosen, at most "
            f"{max(lost)} of a layer, but widths end on multiples of {settings.multiple} and no "
            "layer loses as many; take a smaller --multiple, or --pad, or choose more"
        )
    if settings.stop is not None:
        return "nothing was removed: the stop rules already refused the first channels; loosen them"
    if isinstance(settings.choice, ThresholdSettings):
        angle = settings.choice.angle_deg
        return (
            f"nothing was removed: no two channels that may go are nearer than {angle:g} degrees "
            f"({settings.choice.normalisation}); take a larger --angle"
        )
    if isinstance(settings.choice, Plan):
        return "nothing was removed: the plan that was replayed removes nothing"
    keep = settings.choice.keep
    return (
        f"nothing was removed: the limits and multiples of {settings.multiple} leave the network "
        f"within {keep:.0%} of its {settings.choice.of} as it is; take a smaller --budget"
    )


def _ended(subject: Subject, measured: Measurement, plan: Plan, settings: PruneSettings) -> Plan:
    """Return the part of a plan that its stop rules allow."""
    rule = settings.stop or StopRule()
    if rule.latency is not None:
        plan = fast_enough(subject, plan, rule, multiple=settings.multiple)
    if rule.uses_scores:
        stepwise = StepwiseRemoval(subject, measured, plan, recalibrated=settings.recalibrated)
        with phase("removing until a rule says no"):
            plan = stopped(stepwise, rule)
    return plan


def _loss_of(
    subject: Subject, measured: Measurement, settings: PruneSettings
) -> Callable[[Plan], float]:
    """Return the loss of a plan on the first of the pictures that the subject is measured on."""
    few = subject.seen.first(TRIED)
    divergence = Divergence(subject.network, few, subject.checkpoint.sizes)

    def loss(plan: Plan) -> float:
        seen = few if settings.recalibrated else None
        return divergence.of(apply_plan_without_refit(subject, measured, plan, seen))

    return loss


def ranking_of(
    subject: Subject, measured: Measurement, importance: Importance, *, seed: int = 0
) -> Ranking:
    """Return a fresh ranking of the subject's channels."""
    network, graph = subject.network, subject.graph
    if importance == "damage":
        return DamageRanking(network, graph, measured)
    if importance in ("angle", "minmax"):
        return AngleRanking(graph, measured, "centred" if importance == "angle" else "minmax")
    if importance == "l2":
        return FixedRanking(l2_importance(network, graph))
    if importance == "bn":
        return FixedRanking(bn_importance(network, graph))
    if importance == "random":
        return FixedRanking(random_importance(graph, seed))
    return FixedRanking(_taylor(subject))


def _taylor(subject: Subject) -> Vector:
    """Return the Taylor importance for the first head on the measured pictures."""
    parts = torch.split(torch.from_numpy(subject.targets), BATCH)
    labelled = zip(subject.seen, parts, strict=True)
    columns = subject.checkpoint.columns(0)

    def loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(logits[:, columns], targets)

    return taylor_importance(subject.network, subject.graph, labelled, loss)
