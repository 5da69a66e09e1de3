"""One pass over the data for all layers at once, taken where the maps are read.

Measured is the input of every reader: after batch norm, activation and pooling, because these
change the vectors, and because one layer's maps may be read in several places.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from torch import nn

from fer_live.training.pruning.graph.channels import ChannelGraph, Reader
from fer_live.training.pruning.statistics.gram import GramCollector, MapStats, Matrix, Normalisation

Components: TypeAlias = Literal["positions", "pooled"]
"""What a component of a map's vector is: one a position of every picture, or one a picture."""


@dataclass(frozen=True, slots=True)
class ReaderStats:
    """What was seen at the input of one reader.

    Attributes:
        positions: Every position of every picture is a component.
        pooled: The mean over the positions of a picture is a component.
        mean_maps: (n, P) mean of each map over the pictures, at each of its P positions.
    """

    positions: MapStats
    pooled: MapStats
    mean_maps: Matrix

    def of(self, components: Components) -> MapStats:
        """Return the one that was asked for."""
        return self.positions if components == "positions" else self.pooled


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one pass kept.

    Attributes:
        readers: For each reader, by name.
        images: How many pictures went through.
        example: (1, ...) the first of them, to run the network once more at the same size.
    """

    readers: Mapping[str, ReaderStats]
    images: int
    example: torch.Tensor


@dataclass(frozen=True, slots=True)
class Pair:
    """Two maps at one reader, numbered as the reader's inputs.

    Attributes:
        first: Index of one.
        second: Index of the other; larger.
        angle_deg: Between them.
        null_deg: What it would be if they were independent.
        correlation: Pearson's, -1 to 1.
    """

    first: int
    second: int
    angle_deg: float
    null_deg: float
    correlation: float


def measure(
    network: nn.Module, batches: Iterable[torch.Tensor], graph: ChannelGraph
) -> Measurement:
    """Run the data through once and keep the statistics of every reader's input.

    Args:
        network: Runs in eval mode; its mode is put back afterwards.
        batches: Each (N, ...) as the network takes it, all pictures of one size.
        graph: The network's own.

    Raises:
        ValueError: There were no batches.
    """
    measuring = Measuring(network, graph)
    for batch in batches:
        measuring.add(batch)
    return measuring.result()


class Measuring:
    """The pass itself, batch by batch; what it holds does not grow.

    Args:
        network: Runs in eval mode; its mode is put back after each batch.
        graph: The network's own.
    """

    def __init__(self, network: nn.Module, graph: ChannelGraph) -> None:
        self._network, self._graph = network, graph
        self._gathered = {r.name: (GramCollector(), GramCollector()) for r in graph.readers}
        self._totals: dict[str, torch.Tensor] = {}
        self._example = torch.empty(0)
        self.images = 0

    def add(self, batch: torch.Tensor) -> None:
        """Run (N, ...) pictures through and take note of what every reader reads."""
        with watching(self._network, self._graph.readers, self._take):
            self._network(batch)
        if not self.images:
            self._example = batch[:1].clone()  # a view would hold the whole batch
        self.images += len(batch)

    def _take(self, reader: Reader, values: torch.Tensor) -> None:
        positions, pooled = self._gathered[reader.name]
        pooled.add(values.mean(dim=2).T)
        positions.add(values.transpose(0, 1).flatten(1))
        total = values.sum(dim=0, dtype=torch.float64)
        before = self._totals.get(reader.name)
        self._totals[reader.name] = total if before is None else before + total

    def result(self) -> Measurement:
        """Return what was seen.

        Raises:
            ValueError: Nothing was.
        """
        stats = {
            name: ReaderStats(
                positions.stats(),
                pooled.stats(),
                (self._totals[name] / self.images).cpu().numpy(),
            )
            for name, (positions, pooled) in self._gathered.items()
        }
        return Measurement(stats, self.images, self._example)


@contextmanager
def watching(network: nn.Module, readers: Iterable[Reader], take: Any) -> Generator[None]:
    """Call `take(reader, values)` with (N, n, positions) whenever a reader runs, without grad.

    The network is in eval mode meanwhile.
    """
    was_training = network.training
    handles = []
    for reader in readers:

        def hook(module: nn.Module, args: Any, reader: Reader = reader) -> None:
            take(reader, args[0].detach().reshape(len(args[0]), len(reader.maps), -1))

        handles.append(network.get_submodule(reader.name).register_forward_pre_hook(hook))
    try:
        network.eval()
        with torch.no_grad():
            yield
    finally:
        network.train(was_training)
        for handle in handles:
            handle.remove()


def telling_pairs(stats: MapStats, normalisation: Normalisation, *, top: int = 10) -> list[Pair]:
    """Return the pairs that lie furthest under their independence null, most telling first.

    Complementary pairs lie furthest above it; they count alike.
    """
    angles, nulls = stats.angles_deg(normalisation), stats.null_deg(normalisation)
    deviation = np.sqrt(np.diagonal(stats.covariance))
    rows, columns = np.triu_indices(len(angles), k=1)
    gap = np.abs(nulls - angles)[rows, columns]
    order = np.argsort(np.where(np.isnan(gap), -1, gap))[::-1]
    pairs = []
    for index in order[:top]:
        i, j = int(rows[index]), int(columns[index])
        if not np.isnan(angles[i, j]):
            correlation = stats.covariance[i, j] / (deviation[i] * deviation[j])
            pairs.append(Pair(i, j, angles[i, j], nulls[i, j], float(correlation)))
    return pairs
