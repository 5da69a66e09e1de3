"""How useful each map still is, given which ones have gone already.

The default usefulness is the damage that a map's loss does after least squares over all kept maps:
with P = (S_KK + ridge)^-1 over the covariance S at a reader's input, and W the weights as they
have become, losing map c costs  ||W_c||² / P_cc  of the reader's output. Then W and P are brought
up to date by rank one (Hassibi & Stork's optimal brain surgeon, on whole maps), so that the next
choice knows of the last: two copies are not both called useless.
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
    """Says how useful each map still is, and learns which ones have gone."""

    def scores(self) -> Vector:
        """Return (count,) usefulness; the least useful goes first."""
        ...

    def remove(self, map_number: int) -> None:
        """Take note that a map has gone."""
        ...


class FixedRanking:
    """Usefulness that does not depend on what has gone: L2, batch norm, Taylor, random."""

    def __init__(self, importance: Vector) -> None:
        """Rank by (count,) importance."""
        self._importance = importance

    def scores(self) -> Vector:
        """Return the importance."""
        return self._importance

    def remove(self, map_number: int) -> None:
        """Do nothing: the others are as important as before."""


class AngleRanking:
    """The papers' measure as a ranking: a map is the less useful, the nearer its nearest kept one.

    At several readers the reader at which it is most distinct decides.
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
        for reader in graph.readers:
            stats = measurement.readers[reader.name].of(components)
            angles = stats.angles_deg(normalisation)
            np.fill_diagonal(angles, np.nan)
            angles = np.where(np.isnan(angles), 180.0, angles)
            angles[stats.constant] = 0.0  # nobody is needed to say what never changes
            self._angles.append(angles)

    def scores(self) -> Vector:
        """Return (count,) the angle to the nearest kept map, in degrees."""
        scores = np.zeros(self._graph.count)
        for reader, angles in zip(self._graph.readers, self._angles, strict=True):
            own = reader.maps >= 0
            np.maximum.at(scores, reader.maps[own], angles.min(axis=1)[own])
        return scores

    def remove(self, map_number: int) -> None:
        """Let nobody be near a map that has gone."""
        for reader, angles in zip(self._graph.readers, self._angles, strict=True):
            angles[:, reader.maps == map_number] = 180.0


class DamageRanking:
    """Usefulness as the damage that is left after least squares over all kept maps."""

    def __init__(self, network: nn.Module, graph: ChannelGraph, measurement: Measurement) -> None:
        """Invert every reader's covariance once."""
        self._graph = graph
        self._states = [
            _Elimination.of(network, graph, measurement, index)
            for index in range(len(graph.readers))
        ]
        self._readers_of = graph.readers_of()
        self._scores = np.zeros(graph.count)
        for state in self._states:
            state.add_to(self._scores)

    def scores(self) -> Vector:
        """Return (count,) damages, as shares of what the readers say, summed over readers."""
        return self._scores

    def remove(self, map_number: int) -> None:
        """Bring the weights and inverses of the map's readers up to date."""
        for index in self._readers_of[map_number]:
            self._states[index].remove(map_number)
        self._scores = np.zeros(self._graph.count)
        for state in self._states:
            state.add_to(self._scores)


class _Elimination:
    """One reader: the inverse covariance of the kept maps, and the products of their weights."""

    def __init__(self, maps: NDArray[np.int64], inverse: Matrix, product: Matrix, total: float):
        self._maps, self._inverse, self._product, self._total = maps, inverse, product, total
        self._kept = np.ones(len(maps), bool)

    @classmethod
    def of(
        cls, network: nn.Module, graph: ChannelGraph, measurement: Measurement, index: int
    ) -> "_Elimination":
        reader = graph.readers[index]
        stats = measurement.readers[reader.name].positions
        product = interplay(network, reader)
        covariance = stats.covariance
        size = np.sqrt(np.maximum(np.diagonal(covariance), 0))
        scale = np.where(size > 0, size, 1)
        correlation = covariance / np.outer(scale, scale)
        correlation[np.diag_indices_from(correlation)] += np.where(size > 0, RIDGE, 1)
        # Everything in units of one standard deviation; a constant map then costs nothing.
        product_scaled = product * np.outer(size, size)
        total = energy(product, stats)
        return cls(reader.maps, np.linalg.inv(correlation), product_scaled, total)

    def add_to(self, scores: Vector) -> None:
        """Add each kept map's damage at this reader to (count,) scores."""
        own = self._kept & (self._maps >= 0)
        costs = np.diagonal(self._product)[own] / np.diagonal(self._inverse)[own] / self._total
        np.add.at(scores, self._maps[own], costs)

    def remove(self, map_number: int) -> None:
        """Let a map go; the kept ones take over what they can say of it."""
        for place in np.flatnonzero((self._maps == map_number) & self._kept):
            column = self._inverse[:, place].copy()
            pivot = column[place]
            share = column / pivot  # what W_place takes from each W_k, with the sign turned
            row = self._product[place].copy()
            self._product -= np.outer(share, row) + np.outer(row, share)
            self._product += np.outer(share, share) * row[place]
            self._inverse -= np.outer(column, column) / pivot
            self._kept[place] = False
