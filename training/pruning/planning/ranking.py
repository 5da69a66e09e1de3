"""How useful each channel still is, given which ones have been removed already.

By default that is the damage that remains when the channel is replaced by its least-squares fit
from all kept channels: with P = (S_KK + ridge)^-1 over the covariance S at a consumer's input, and
W the current weights, removing channel c costs  ||W_c||² / P_cc  of the consumer's output. Then W
and P get a rank-one update (Hassibi & Stork's optimal brain surgeon, on whole channels), so that
the next choice takes the last into account: of two copies, only one is redundant.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from fer_live.training.pruning.compensation.compensate import RIDGE
from fer_live.training.pruning.graph.channels import ChannelGraph
from fer_live.training.pruning.statistics.gram import Matrix, Normalisation, Vector
from fer_live.training.pruning.statistics.measure import Components, Measurement
from fer_live.training.pruning.statistics.outgoing_weights import energy, interplay


class Ranking(Protocol):
    """Scores the usefulness of each channel, given which ones have been removed."""

    def scores(self) -> Vector:
        """Return (count,) usefulness; the least useful goes first."""
        ...

    def remove(self, channel_number: int) -> None:
        """Record that a channel has been removed."""
        ...


class FixedRanking:
    """Usefulness that does not depend on other removals: L2, batch norm, Taylor, random."""

    def __init__(self, importance: Vector) -> None:
        """Rank by (count,) importance."""
        self._importance = importance

    def scores(self) -> Vector:
        """Return the importance."""
        return self._importance

    def remove(self, channel_number: int) -> None:
        """Do nothing: the importance of the others does not change."""


class AngleRanking:
    """The papers' measure as a ranking: by the angle to the nearest kept channel, smallest first.

    With several consumers, the largest of these angles counts.
    """

    def __init__(
        self,
        graph: ChannelGraph,
        measurement: Measurement,
        normalisation: Normalisation,
        components: Components = "positions",
    ) -> None:
        """Rank by the angles of one normalisation."""
        self._graph = graph
        self._angles = []
        for consumer in graph.consumers:
            stats = measurement.consumers[consumer.name].of(components)
            angles = stats.angles_deg(normalisation)
            np.fill_diagonal(angles, np.nan)
            angles = np.where(np.isnan(angles), 180.0, angles)
            angles[stats.constant] = 0.0  # constant channels need no substitute
            self._angles.append(angles)

    def scores(self) -> Vector:
        """Return (count,) the angle to the nearest kept channel, in degrees."""
        scores = np.zeros(self._graph.count)
        for consumer, angles in zip(self._graph.consumers, self._angles, strict=True):
            own = consumer.channels >= 0
            np.maximum.at(scores, consumer.channels[own], angles.min(axis=1)[own])
        return scores

    def remove(self, channel_number: int) -> None:
        """Exclude a removed channel from the nearest-neighbour search."""
        for consumer, angles in zip(self._graph.consumers, self._angles, strict=True):
            angles[:, consumer.channels == channel_number] = 180.0


class DamageRanking:
    """Usefulness as the damage that remains after least squares over all kept channels."""

    def __init__(self, network: nn.Module, graph: ChannelGraph, measurement: Measurement) -> None:
        """Invert every consumer's covariance once."""
        self._graph = graph
        self._states = [
            _Elimination.of(network, graph, measurement, index)
            for index in range(len(graph.consumers))
        ]
        self._consumers_of = graph.consumers_of()
        self._scores = np.zeros(graph.count)
        for state in self._states:
            state.add_to(self._scores)

    def scores(self) -> Vector:
        """Return (count,) damages, relative to the consumers' outputs, summed over consumers."""
        return self._scores

    def remove(self, channel_number: int) -> None:
        """Update the weights and inverses of the channel's consumers."""
        for index in self._consumers_of[channel_number]:
            self._states[index].remove(channel_number)
        self._scores = np.zeros(self._graph.count)
        for state in self._states:
            state.add_to(self._scores)


class _Elimination:
    """One consumer: inverse covariance of its kept channels, and the products of their weights."""

    def __init__(self, channels: NDArray[np.int64], inverse: Matrix, product: Matrix, total: float):
        self._channels, self._inverse, self._product, self._total = (
            channels,
            inverse,
            product,
            total,
        )
        self._kept = np.ones(len(channels), bool)

    @classmethod
    def of(
        cls, network: nn.Module, graph: ChannelGraph, measurement: Measurement, index: int
    ) -> "_Elimination":
        consumer = graph.consumers[index]
        stats = measurement.consumers[consumer.name].positions
        product = interplay(network, consumer)
        covariance = stats.covariance
        size = np.sqrt(np.maximum(np.diagonal(covariance), 0))
        scale = np.where(size > 0, size, 1)
        correlation = covariance / np.outer(scale, scale)
        correlation[np.diag_indices_from(correlation)] += np.where(size > 0, RIDGE, 1)
        # Everything in units of one standard deviation; a constant channel then costs nothing.
        product_scaled = product * np.outer(size, size)
        total = energy(product, stats)
        return cls(consumer.channels, np.linalg.inv(correlation), product_scaled, total)

    def add_to(self, scores: Vector) -> None:
        """Add each kept channel's damage at this consumer to (count,) scores."""
        own = self._kept & (self._channels >= 0)
        costs = np.diagonal(self._product)[own] / np.diagonal(self._inverse)[own] / self._total
        np.add.at(scores, self._channels[own], costs)

    def remove(self, channel_number: int) -> None:
        """Remove a channel; the kept ones compensate by least squares."""
        for place in np.flatnonzero((self._channels == channel_number) & self._kept):
            column = self._inverse[:, place].copy()
            pivot = column[place]
            share = column / pivot  # what W_place takes from each W_k, with the sign turned
            row = self._product[place].copy()
            self._product -= np.outer(share, row) + np.outer(row, share)
            self._product += np.outer(share, share) * row[place]
            self._inverse -= np.outer(column, column) / pivot
            self._kept[place] = False
