"""The papers' rule: maps at a small angle say the same, maps near 180 degrees say the opposite.

Similarity is not transitive, and what is removed cannot speak for others. So the removals form a
star forest: every map that goes points straight at one that stays, within the threshold at every
reader of it. Cheap ones first, by the damage that the best straight line from heir to removed map
would leave; ties by angle, then by number, so that the plan never depends on chance.
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
from fer_live.training.pruning.graph.channels import ChannelGraph, Reader
from fer_live.training.pruning.plan import (
    Compensation,
    Limits,
    MapRef,
    Plan,
    Reason,
    Removal,
    plain,
    reference,
    sizes,
)
from fer_live.training.pruning.statistics.gram import MapStats, Matrix, Normalisation
from fer_live.training.pruning.statistics.measure import Components, Measurement
from fer_live.training.pruning.statistics.outgoing_weights import energy, interplay, variances

Complement: TypeAlias = Literal["both", "one", "neither"]
"""Who goes of a complementary pair."""


@dataclass(frozen=True, slots=True)
class ThresholdSettings:
    """When two maps are taken for one.

    Attributes:
        angle_deg: Similar below this, complementary above 180 less this.
        normalisation: How maps become vectors; "minmax" is the papers'.
        components: One component a position, or one a picture.
        complement: Of a complementary pair "both" go, as in paper 000, "one", as in paper 001,
            or "neither".
        constants: Whether maps that always say the same go, too.
        limits: What every layer keeps.
    """

    angle_deg: float = 10.0
    normalisation: Normalisation = "centred"
    components: Components = "positions"
    complement: Complement = "one"
    constants: bool = True
    limits: Limits = field(default_factory=Limits)


def plan_by_threshold(
    network: nn.Module,
    graph: ChannelGraph,
    measurement: Measurement,
    settings: ThresholdSettings,
    *,
    compensation: Compensation = "ls",
) -> Plan:
    """Return the plan that the threshold angle makes.

    Raises:
        ModelError: The limits name a layer that the network does not have.
    """
    forest = _Forest(graph, settings.limits)
    unframed = borderless(network, graph, measurement)
    if settings.constants:
        for map_number in _constant_everywhere(graph, unframed):
            forest.remove(map_number, Removal(reference(graph, map_number), "constant"))
    stats = unframed
    if settings.normalisation != "centred" or settings.components != "positions":
        stats = {name: seen.of(settings.components) for name, seen in measurement.readers.items()}
    for pair in sorted(_pairs(network, graph, stats, settings)):
        if pair.reason == "complementary" and settings.complement == "both":
            forest.remove_both(pair)
        else:
            forest.remove_one(pair)
    criterion = plain(settings, by="threshold")
    return Plan(tuple(forest.removals), sizes(graph), compensation, criterion=criterion)


def _constant_everywhere(graph: ChannelGraph, seen: Mapping[str, MapStats]) -> Iterator[int]:
    """Yield the numbers of maps that every reader sees constant."""
    varies = np.zeros(graph.count, bool)
    read = np.zeros(graph.count, bool)
    for reader in graph.readers:
        own = reader.maps >= 0
        varies[reader.maps[own]] |= ~seen[reader.name].constant[own]
        read[reader.maps[own]] = True
    yield from (int(number) for number in np.flatnonzero(read & ~varies))


@dataclass(frozen=True, slots=True, order=True)
class _Pair:
    """A map that another could speak for; ordered as they are tried."""

    damage: float
    angle_deg: float
    gone: int
    kept: int
    reason: Reason


def _pairs(
    network: nn.Module,
    graph: ChannelGraph,
    seen: Mapping[str, MapStats],
    settings: ThresholdSettings,
) -> Iterator[_Pair]:
    """Yield every (gone, kept) whose angle is telling at each reader of the map that goes."""
    told: dict[tuple[int, int, Reason], dict[str, tuple[float, float]]] = defaultdict(dict)
    for reader in graph.readers:
        stats = seen[reader.name]
        angles = stats.angles_deg(settings.normalisation)
        damage = _damages(network, reader, stats)
        near: list[tuple[Reason, Matrix]] = [("similar", angles)]
        if settings.complement != "neither":
            near.append(("complementary", 180 - angles))
        for reason, distance in near:
            for j, i in np.argwhere(distance < settings.angle_deg):
                gone, kept = int(reader.maps[j]), int(reader.maps[i])
                if gone >= 0 and gone != kept:
                    found = told[gone, kept, reason]
                    worst = max(found.get(reader.name, (0.0, 0.0))[0], float(distance[j, i]))
                    found[reader.name] = (worst, float(damage[j, i]))
    readers_of = graph.readers_of()
    for (gone, kept, reason), found in told.items():
        if kept >= 0 and len(found) == len(readers_of[gone]):
            worst = max(angle for angle, _ in found.values())
            angle = worst if reason == "similar" else 180 - worst
            yield _Pair(math.fsum(d for _, d in found.values()), angle, gone, kept, reason)


def _damages(network: nn.Module, reader: Reader, stats: MapStats) -> Matrix:
    """Return (n, n) for j, i: what is lost at the reader when j is read off i by a line.

    ||W_j||² var_j (1 - rho²), as a share of the variance of all that the reader says.
    """
    product, spread = interplay(network, reader), variances(stats)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = spread[:, None] - stats.covariance**2 / spread[None, :]
    left = np.where(np.isfinite(left), np.maximum(left, 0), spread[:, None])
    lost: Matrix = np.diagonal(product)[:, None] * left / energy(product, stats)
    return lost


class _Forest:
    """The removals so far: who goes, who is an heir, and how much room each layer has left."""

    def __init__(self, graph: ChannelGraph, limits: Limits) -> None:
        self.removals: list[Removal] = []
        self._graph = graph
        self._room = limits.rooms(graph)
        self._space_of = graph.space_of()
        self._gone: set[int] = set()
        self._heirs: set[int] = set()

    def remove(self, map_number: int, removal: Removal) -> None:
        """Let a map go if its layer has room."""
        if self._may_go(map_number):
            self._gone.add(map_number)
            self._room[self._space_of[map_number]] -= 1
            self.removals.append(removal)

    def remove_one(self, pair: _Pair) -> None:
        """Let `gone` go, with `kept` as its heir, if both may be what that makes them."""
        if self._may_go(pair.gone) and pair.kept not in self._gone:
            heir = self._ref(pair.kept)
            self._heirs.add(pair.kept)
            self.remove(pair.gone, self._removal(pair, heir=heir))

    def remove_both(self, pair: _Pair) -> None:
        """Let both of a pair go, if both layers have room; neither has an heir."""
        needed = [self._space_of[pair.gone], self._space_of[pair.kept]]
        room = all(self._room[space] >= needed.count(space) for space in needed)
        if room and self._may_go(pair.gone) and self._may_go(pair.kept):
            self.remove(pair.gone, self._removal(pair, heir=None))
            back = dataclasses.replace(pair, gone=pair.kept, kept=pair.gone)
            self.remove(pair.kept, self._removal(back, heir=None))

    def _may_go(self, map_number: int) -> bool:
        free = map_number not in self._gone and map_number not in self._heirs
        return bool(free and self._room[self._space_of[map_number]] > 0)

    def _removal(self, pair: _Pair, *, heir: MapRef | None) -> Removal:
        return Removal(
            self._ref(pair.gone),
            pair.reason,
            self._ref(pair.kept),
            heir,
            pair.angle_deg,
            pair.damage,
        )

    def _ref(self, map_number: int) -> MapRef:
        return reference(self._graph, map_number)
