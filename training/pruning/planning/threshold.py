"""The papers' rule: channels at a small angle are similar, channels near 180 degrees complementary.

Similarity is not transitive, and a removed channel cannot substitute for another. So the removals
form a star forest: each removed channel has a kept substitute, within the threshold at every
consumer. The cheapest go first, by the damage that is left after the linear regression on the
substitute; ties are broken by angle, then by number, so that the plan is deterministic.
"""

import dataclasses
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from torch import nn

from fer_live.training.pruning.compensation.constants import borderless
from fer_live.training.pruning.graph.channels import ChannelGraph, Consumer
from fer_live.training.pruning.plan import (
    ChannelRef,
    Compensation,
    Plan,
    Reason,
    Removal,
    WidthLimits,
    plain,
    reference,
    sizes,
)
from fer_live.training.pruning.statistics.gram import ChannelStats, Matrix, Normalisation
from fer_live.training.pruning.statistics.measure import Components, Measurement
from fer_live.training.pruning.statistics.outgoing_weights import energy, interplay, variances

Complement: TypeAlias = Literal["both", "one", "neither"]
"""Which channels of a complementary pair are removed."""


@dataclass(frozen=True, slots=True)
class ThresholdSettings:
    """When two channels count as redundant.

    Attributes:
        angle_deg: Similar below this, complementary above 180 minus this.
        normalisation: How channels become vectors; "minmax" is the papers'.
        components: One component per position, or one per picture.
        complement: Of a complementary pair, remove "both", as in paper 000, "one", as in paper 001,
            or "neither".
        constants: Whether to remove constant channels, too.
        limits: What every layer must keep.
    """

    angle_deg: float = 10.0
    normalisation: Normalisation = "centred"
    components: Components = "positions"
    complement: Complement = "one"
    constants: bool = True
    limits: WidthLimits = field(default_factory=WidthLimits)


def plan_by_threshold(
    network: nn.Module,
    graph: ChannelGraph,
    measurement: Measurement,
    settings: ThresholdSettings,
    *,
    compensation: Compensation = "ls",
) -> Plan:
    """Return the plan for a threshold angle.

    Raises:
        ModelError: The limits name a layer that the network does not have.
    """
    forest = _Forest(graph, settings.limits)
    unframed = borderless(network, graph, measurement)
    if settings.constants:
        for channel_number in _constant_everywhere(graph, unframed):
            forest.remove(channel_number, Removal(reference(graph, channel_number), "constant"))
    stats = unframed
    if settings.normalisation != "centred" or settings.components != "positions":
        stats = {name: seen.of(settings.components) for name, seen in measurement.consumers.items()}
    for pair in sorted(_pairs(network, graph, stats, settings)):
        if pair.reason == "complementary" and settings.complement == "both":
            forest.remove_both(pair)
        else:
            forest.remove_one(pair)
    criterion = plain(settings, by="threshold")
    return Plan(tuple(forest.removals), sizes(graph), compensation, criterion=criterion)


def _constant_everywhere(graph: ChannelGraph, seen: Mapping[str, ChannelStats]) -> Iterator[int]:
    """Yield the numbers of channels that are constant at every consumer."""
    varies = np.zeros(graph.count, bool)
    read = np.zeros(graph.count, bool)
    for consumer in graph.consumers:
        own = consumer.channels >= 0
        varies[consumer.channels[own]] |= ~seen[consumer.name].constant[own]
        read[consumer.channels[own]] = True
    yield from (int(number) for number in np.flatnonzero(read & ~varies))


@dataclass(frozen=True, slots=True, order=True)
class _Candidate:
    """A channel and a possible substitute; sorted in the order of trial."""

    damage: float
    angle_deg: float
    gone: int
    kept: int
    reason: Reason


def _pairs(
    network: nn.Module,
    graph: ChannelGraph,
    seen: Mapping[str, ChannelStats],
    settings: ThresholdSettings,
) -> Iterator[_Candidate]:
    """Yield every (gone, kept) whose angle is below the threshold at each consumer of `gone`."""
    told: dict[tuple[int, int, Reason], dict[str, tuple[float, float]]] = defaultdict(dict)
    for consumer in graph.consumers:
        stats = seen[consumer.name]
        angles = stats.angles_deg(settings.normalisation)
        damage = _damages(network, consumer, stats)
        near: list[tuple[Reason, Matrix]] = [("similar", angles)]
        if settings.complement != "neither":
            near.append(("complementary", 180 - angles))
        for reason, distance in near:
            for j, i in np.argwhere(distance < settings.angle_deg):
                gone, kept = int(consumer.channels[j]), int(consumer.channels[i])
                if gone >= 0 and gone != kept:
                    found = told[gone, kept, reason]
                    worst = max(found.get(consumer.name, (0.0, 0.0))[0], float(distance[j, i]))
                    found[consumer.name] = (worst, float(damage[j, i]))
    consumers_of = graph.consumers_of()
    for (gone, kept, reason), found in told.items():
        if kept >= 0 and len(found) == len(consumers_of[gone]):
            worst = max(angle for angle, _ in found.values())
            angle = worst if reason == "similar" else 180 - worst
            yield _Candidate(math.fsum(d for _, d in found.values()), angle, gone, kept, reason)


def _damages(network: nn.Module, consumer: Consumer, stats: ChannelStats) -> Matrix:
    """Return (n, n) for j, i: the error at the consumer when j is predicted linearly from i.

    ||W_j||² var_j (1 - rho²), as a share of the variance of the consumer's output.
    """
    product, spread = interplay(network, consumer), variances(stats)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = spread[:, None] - stats.covariance**2 / spread[None, :]
    left = np.where(np.isfinite(left), np.maximum(left, 0), spread[:, None])
    lost: Matrix = np.diagonal(product)[:, None] * left / energy(product, stats)
    return lost


class _Forest:
    """The removals so far, the substitutes, and how many more channels each layer may lose."""

    def __init__(self, graph: ChannelGraph, limits: WidthLimits) -> None:
        self.removals: list[Removal] = []
        self._graph = graph
        self._room = limits.rooms(graph)
        self._group_of = graph.group_of()
        self._gone: set[int] = set()
        self._substitutes: set[int] = set()

    def remove(self, channel_number: int, removal: Removal) -> None:
        """Remove a channel if its layer may lose one more."""
        if self._may_go(channel_number):
            self._gone.add(channel_number)
            self._room[self._group_of[channel_number]] -= 1
            self.removals.append(removal)

    def remove_one(self, pair: _Candidate) -> None:
        """Remove `gone`, with `kept` as its substitute, if neither has another role already."""
        if self._may_go(pair.gone) and pair.kept not in self._gone:
            substitute = self._ref(pair.kept)
            self._substitutes.add(pair.kept)
            self.remove(pair.gone, self._removal(pair, substitute=substitute))

    def remove_both(self, pair: _Candidate) -> None:
        """Remove both of a pair, without substitutes, if their layers may lose as many."""
        needed = [self._group_of[pair.gone], self._group_of[pair.kept]]
        room = all(self._room[group] >= needed.count(group) for group in needed)
        if room and self._may_go(pair.gone) and self._may_go(pair.kept):
            self.remove(pair.gone, self._removal(pair, substitute=None))
            back = dataclasses.replace(pair, gone=pair.kept, kept=pair.gone)
            self.remove(pair.kept, self._removal(back, substitute=None))

    def _may_go(self, channel_number: int) -> bool:
        free = channel_number not in self._gone and channel_number not in self._substitutes
        return bool(free and self._room[self._group_of[channel_number]] > 0)

    def _removal(self, pair: _Candidate, *, substitute: ChannelRef | None) -> Removal:
        return Removal(
            self._ref(pair.gone),
            pair.reason,
            self._ref(pair.kept),
            substitute,
            pair.angle_deg,
            pair.damage,
        )

    def _ref(self, channel_number: int) -> ChannelRef:
        return reference(self._graph, channel_number)
