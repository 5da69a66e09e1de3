"""Choosing channels until a budget is met: the least useful first, one at a time."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np

from fer_live.errors import SettingsError
from fer_live.progress import phase
from fer_live.training.pruning.graph.channels import ChannelGraph, Mask
from fer_live.training.pruning.graph.cost import CostModel, Counts
from fer_live.training.pruning.plan import (
    Compensation,
    Plan,
    Removal,
    WidthLimits,
    plain,
    reference,
    sizes,
)
from fer_live.training.pruning.planning.allocate import WidthLoss, plan_of_widths, widths_by_loss
from fer_live.training.pruning.planning.ranking import Ranking

MULTIPLE: Final = 16
"""ONNX Runtime's convolutions on AVX2 compute up to four blocks of 8 output channels at a time, and
half-filled blocks cost as much as full ones: odd multiples of 8 save arithmetic, not time."""

Allocation: TypeAlias = Literal["global", "uniform", "measured"]
"""global: the whole network competes, damage per multiply-add saved. uniform: every layer keeps
the same share of its channels. measured: the layer whose next block costs the least loss gives it
(`allocate`)."""


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """How much may be kept.

    Attributes:
        keep: Share of the cost to keep, in (0, 1]; 0 removes everything that the limits allow, in
            order, for a stop rule to end it.
        of: The kind of cost.
        allocation: Whether layers compete or all keep the same share.
        multiple: Widths end up as multiples of this where possible (1 for any width); the removals
            undone for this are those of the most useful channels.
        limits: What every layer must keep.
        widths: (layer, channels) to keep instead, if they have been chosen already.
    """

    keep: float = 0.5
    of: Literal["macs", "maps", "parameters"] = "macs"
    allocation: Allocation = "global"
    multiple: int = MULTIPLE
    limits: WidthLimits = field(default_factory=WidthLimits)
    widths: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            SettingsError: The share or the multiple makes no sense.
        """
        if not 0 <= self.keep <= 1:
            raise SettingsError(f"the share to keep is {self.keep}; give one in (0, 1]")
        if self.multiple < 1:
            raise SettingsError(f"widths cannot be multiples of {self.multiple}")


def plan_by_budget(
    graph: ChannelGraph,
    ranking: Ranking,
    settings: BudgetSettings,
    *,
    by: str,
    compensation: Compensation = "ls",
    loss: Callable[[Plan], float] | None = None,
) -> Plan:
    """Return the plan that removes the least useful channels until the budget is met.

    Args:
        graph: The network's own.
        ranking: Determines which channel is the least useful; it is modified.
        settings: How much may be kept.
        by: The ranking's name, for the record.
        compensation: How the consumers compensate.
        loss: The loss of a plan when applied; used by "measured".

    Raises:
        SettingsError: The limits forbid the budget.
        ValueError: "measured" without a loss.
    """
    model = CostModel(graph)
    greedy = _Greedy(graph, ranking, settings, model)
    if settings.widths:
        chosen = dict(settings.widths)
        greedy.quota = np.array([chosen.get(s.name, s.size) for s in graph.groups])
    elif settings.allocation == "uniform" and settings.keep:
        greedy.quota = _uniform_quota(graph, settings, model)
    order = greedy.run()
    kept = greedy.aligned(greedy.kept) if settings.keep else greedy.kept
    if settings.allocation == "measured" and settings.keep:
        kept = _measured_widths(graph, order, settings, model, compensation, loss)
        greedy.require(kept)
    removals = tuple(
        Removal(reference(graph, number), "ranked", score=score)
        for number, score in take_back(graph, order, kept, model)
    )
    criterion = plain(settings, by=by)
    return Plan(removals, sizes(graph), compensation, criterion=criterion)


class _Greedy:
    """Removes the least useful channel, one by one, until the budget is met at aligned widths."""

    def __init__(
        self, graph: ChannelGraph, ranking: Ranking, settings: BudgetSettings, model: CostModel
    ) -> None:
        self._graph, self._ranking, self._settings, self._model = graph, ranking, settings, model
        self._group_of = graph.group_of()
        self.kept = model.sizes.copy()
        self.quota = model.sizes - settings.limits.rooms(graph)

    def run(self) -> list[tuple[int, float]]:
        """Return (channel, score) in the order of removal; `kept` holds the remaining widths."""
        gone = np.zeros(self._graph.count, bool)
        order: list[tuple[int, float]] = []
        target = self._settings.keep * self._size(self._model.sizes)
        to_the_end = self._settings.allocation != "global" or not self._settings.keep
        spare = max(1, int((self.kept - self.quota).sum()))
        with phase("choosing channels") as to:
            while to_the_end or self._size(self.aligned(self.kept)) > target:
                choice = self._choose(gone)
                if choice is None:
                    break
                gone[choice] = True
                order.append((choice, float(self._ranking.scores()[choice])))
                self.kept[self._group_of[choice]] -= 1
                self._ranking.remove(choice)
                to(len(order) / spare)
        self.require(self.aligned(self.kept))
        return order

    def require(self, kept: Counts) -> None:
        """Check that widths meet the budget.

        Raises:
            SettingsError: They do not.
        """
        keep = self._settings.keep
        if keep and self._size(kept) > keep * self._size(self._model.sizes):
            raise SettingsError(
                f"the layers' limits and widths in multiples of {self._settings.multiple} do not "
                f"allow {self._settings.keep:.0%} of the {self._settings.of}; lower them or keep "
                "more"
            )

    def aligned(self, kept: Counts) -> Counts:
        """Return the widths after undoing the removals that are needed to reach a multiple."""
        multiple = self._settings.multiple
        full = np.minimum(-(-kept // multiple) * multiple, self._model.sizes)
        return np.where(kept < self._model.sizes, full, kept)

    def _size(self, kept: Counts) -> int:
        return int(getattr(self._model.cost(kept), self._settings.of))

    def _choose(self, gone: Mask) -> int | None:
        """Return the least useful channel of the layers that may still lose some."""
        spare = (self.kept > self.quota)[self._group_of]
        usefulness = self._ranking.scores()
        if self._settings.allocation == "global" and self._settings.of == "macs":
            usefulness = usefulness / np.maximum(self._model.savings(self.kept), 1)[self._group_of]
        candidates = np.flatnonzero(spare & ~gone)
        return int(candidates[np.argmin(usefulness[candidates])]) if len(candidates) else None


def _measured_widths(
    graph: ChannelGraph,
    order: list[tuple[int, float]],
    settings: BudgetSettings,
    model: CostModel,
    compensation: Compensation,
    loss: Callable[[Plan], float] | None,
) -> Counts:
    """Return the widths found by trial."""
    if loss is None:
        raise ValueError("measured allocation needs a loss to ask")
    least = model.sizes - settings.limits.rooms(graph)
    least = np.minimum(-(-least // settings.multiple) * settings.multiple, model.sizes)
    target = settings.keep * getattr(model.cost(model.sizes), settings.of)
    return widths_by_loss(
        model,
        least,
        target=target,
        of=settings.of,
        multiple=settings.multiple,
        loss=WidthLoss(lambda kept: loss(plan_of_widths(graph, order, kept, compensation))),
    )


def _uniform_quota(graph: ChannelGraph, settings: BudgetSettings, model: CostModel) -> Counts:
    """Return the widths at which every layer keeps the same share, the largest possible."""
    least: Counts = model.sizes - settings.limits.rooms(graph)
    # Nothing is gained below the multiple to which a width is rounded up.
    least = np.minimum(-(-least // settings.multiple) * settings.multiple, model.sizes)
    target = settings.keep * getattr(model.cost(model.sizes), settings.of)
    free = np.array([group.fixed is None for group in graph.groups]) & (least < model.sizes)
    for share in np.linspace(1, 0, 1001):
        wanted = np.round(share * model.sizes / settings.multiple) * settings.multiple
        kept = np.clip(wanted.astype(np.int64), least, model.sizes)
        kept = np.where(free, kept, model.sizes)
        if getattr(model.cost(kept), settings.of) <= target:
            return kept
    return least


def take_back(
    graph: ChannelGraph, order: list[tuple[int, float]], kept: Counts, model: CostModel
) -> list[tuple[int, float]]:
    """Return an order of removal without the last ones of each layer that has lost too many."""
    room = model.sizes - kept
    group_of = graph.group_of()
    left = []
    for number, score in order:
        if room[group_of[number]] > 0:
            room[group_of[number]] -= 1
            left.append((number, score))
    return left


def align(graph: ChannelGraph, plan: Plan, *, multiple: int = MULTIPLE) -> Plan:
    """Return the plan without the removals that would leave a width between multiples.

    In each layer the last removals, which are the most harmful, are undone; of a complementary pair
    that was removed together, one may be kept. No substitute is affected.
    """
    keep = {
        name: before if before == after else min(before, math.ceil(after / multiple) * multiple)
        for name, (before, after) in plan.widths().items()
    }
    room = {name: size - keep[name] for name, size in plan.groups}
    left = []
    for removal in plan.removals:
        if removal.channel not in plan.constants and room[removal.channel[0]] > 0:
            room[removal.channel[0]] -= 1
            left.append(removal)
        elif removal.channel in plan.constants:
            left.append(removal)
    return dataclasses.replace(plan, removals=tuple(left))
