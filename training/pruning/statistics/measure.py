"""One pass over the data for all layers at once, measured where channels are consumed.

The input of every consumer is measured: after batch norm, activation and pooling, because these
change the vectors, and because one layer's channels may have several consumers.
"""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fer_live.training.pruning.graph.channels import ChannelGraph, Consumer
from fer_live.training.pruning.statistics.gram import (
    ChannelStats,
    GramCollector,
    Matrix,
    Normalisation,
)

Components: TypeAlias = Literal["positions", "pooled"]
"""The components of a channel's vector: one per position of every picture, or one per picture."""


@dataclass(frozen=True, slots=True)
class ConsumerStats:
    """Statistics of the inputs of one consumer.

    Attributes:
        positions: Every position of every picture is a component.
        pooled: The mean over the positions of a picture is a component.
        mean_maps: (n, P) mean of each channel over the pictures, at each of its P positions.
    """

    positions: ChannelStats
    pooled: ChannelStats
    mean_maps: Matrix

    def of(self, components: Components) -> ChannelStats:
        """Return the statistics for these components."""
        return self.positions if components == "positions" else self.pooled


@dataclass(frozen=True, slots=True)
class Measurement:
    """The result of one pass.

    Attributes:
        consumers: For each consumer, by name.
        images: Number of pictures.
        example: (1, ...) the first of them, to run the network again at the same size.
    """

    consumers: Mapping[str, ConsumerStats]
    images: int
    example: torch.Tensor


@dataclass(frozen=True, slots=True)
class ChannelPair:
    """Two channels at one consumer, numbered as the consumer's inputs.

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
    """Run the data through once and keep the statistics of every consumer's input.

    Args:
        network: Runs in eval mode; its mode is restored afterwards.
        batches: Each (N, ...) input of the network, all pictures of the same size.
        graph: The network's own.

    Raises:
        ValueError: There were no batches.
    """
    measuring = Measuring(network, graph)
    for batch in batches:
        measuring.add(batch)
    return measuring.result()


class Measuring:
    """The pass itself, batch by batch, in constant memory.

    Args:
        network: Runs in eval mode; its mode is restored after each batch.
        graph: The network's own.
    """

    def __init__(self, network: nn.Module, graph: ChannelGraph) -> None:
        self._network, self._graph = network, graph
        self._gathered = {r.name: (GramCollector(), GramCollector()) for r in graph.consumers}
        self._totals: dict[str, torch.Tensor] = {}
        self._example = torch.empty(0)
        self.images = 0

    def add(self, batch: torch.Tensor) -> None:
        """Run (N, ...) pictures through and collect every consumer's inputs."""
        with watching(self._network, self._graph.consumers, self._take):
            self._network(batch)
        if not self.images:
            self._example = batch[:1].clone()  # a view would hold the whole batch
        self.images += len(batch)

    def _take(self, consumer: Consumer, values: torch.Tensor) -> None:
        positions, pooled = self._gathered[consumer.name]
        pooled.add(values.mean(dim=2).T)
        positions.add(values.transpose(0, 1).flatten(1))
        total = values.sum(dim=0, dtype=torch.float64)
        before = self._totals.get(consumer.name)
        self._totals[consumer.name] = total if before is None else before + total

    def result(self) -> Measurement:
        """Return the result.

        Raises:
            ValueError: There were no batches.
        """
        stats = {
            name: ConsumerStats(
                positions.stats(),
                pooled.stats(),
                (self._totals[name] / self.images).cpu().numpy(),
            )
            for name, (positions, pooled) in self._gathered.items()
        }
        return Measurement(stats, self.images, self._example)


@contextmanager
def watching(network: nn.Module, consumers: Iterable[Consumer], take: Any) -> Generator[None]:
    """Call `take(consumer, values)` with (N, n, positions) whenever a consumer runs, without grad.

    The network is in eval mode meanwhile.
    """
    was_training = network.training
    handles = []
    for consumer in consumers:

        def hook(module: nn.Module, args: Any, consumer: Consumer = consumer) -> None:
            take(consumer, args[0].detach().reshape(len(args[0]), len(consumer.channels), -1))

        handles.append(network.get_submodule(consumer.name).register_forward_pre_hook(hook))
    try:
        network.eval()
        with torch.no_grad():
            yield
    finally:
        network.train(was_training)
        for handle in handles:
            handle.remove()


def telling_pairs(
    stats: ChannelStats, normalisation: Normalisation, *, top: int = 10
) -> list[ChannelPair]:
    """Return the pairs whose angle is furthest below that of independent channels, in this order.

    Complementary pairs, which are furthest above it, are included in the same way.
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
            pairs.append(ChannelPair(i, j, angles[i, j], nulls[i, j], float(correlation)))
    return pairs


@torch.no_grad()
def logits_of(network: nn.Module, pictures: Iterable[torch.Tensor]) -> NDArray[np.float32]:
    """Return (N, K) logits of all heads for pictures given in batches, in eval mode."""
    network.eval()
    return np.concatenate([network(batch).float().numpy() for batch in pictures])
