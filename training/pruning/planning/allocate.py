"""Measured allocation: remove the block of channels whose removal increases the loss least.

Damages at different consumers affect the output differently, so they cannot be compared across
layers; the loss can. Within a layer the ranking determines the order of removal. Which layer loses
its next block is decided by trial, with compensation and batch norms: the block that changes the
outputs least, relative to the unpruned network, for each multiply-add saved. Only training pictures
are used.
"""

import heapq
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from fer_live.progress import phase
from fer_live.training.data.network_input import Pictures
from fer_live.training.pruning.graph.channels import ChannelGraph
from fer_live.training.pruning.graph.cost import CostModel, Counts
from fer_live.training.pruning.plan import Compensation, Plan, Removal, reference, sizes
from fer_live.training.pruning.statistics.measure import logits_of

Loss = Callable[[Plan], float]
"""Returns the loss of a plan when it is applied."""


class Divergence:
    """Distance of a network's outputs from its parent's: the mean cross entropy, in nats.

    Summed over heads.
    """

    def __init__(self, parent: nn.Module, pictures: Pictures, sizes: Sequence[int]) -> None:
        """Run the parent once.

        Args:
            parent: The unpruned network.
            pictures: The pictures for both networks.
            sizes: Number of labels of each head.
        """
        self._pictures, self._sizes = pictures, list(sizes)
        self._answers = [logits.softmax(dim=1) for logits in self._logits(parent)]

    def of(self, network: nn.Module) -> float:
        """Return the cross entropy with the parent's outputs as targets; lowest for the parent."""
        pairs = zip(self._logits(network), self._answers, strict=True)
        return sum(float(nn.functional.cross_entropy(*pair)) for pair in pairs)

    def _logits(self, network: nn.Module) -> tuple[torch.Tensor, ...]:
        """Return (N, K) logits of each head."""
        logits = torch.from_numpy(logits_of(network, self._pictures))
        return torch.split(logits, self._sizes, dim=1)


def plan_of_widths(
    graph: ChannelGraph,
    order: Sequence[tuple[int, float]],
    kept: Counts,
    compensation: Compensation,
) -> Plan:
    """Return the plan that takes the first channels of an order until each group has its width.

    Args:
        graph: The network's own.
        order: (channel, score), least useful first.
        kept: (groups,) target widths.
        compensation: How the consumers compensate.
    """
    room = np.array([group.size for group in graph.groups]) - kept
    group_of, removals = graph.group_of(), []
    for number, score in order:
        if room[group_of[number]] > 0:
            room[group_of[number]] -= 1
            removals.append(Removal(reference(graph, number), "ranked", score=score))
    return Plan(tuple(removals), sizes(graph), compensation)


def widths_by_loss(
    model: CostModel, least: Counts, *, target: float, of: str, multiple: int, loss: "WidthLoss"
) -> Counts:
    """Return (groups,) the widths within a target cost with the least loss, found greedily.

    Args:
        model: The cost of widths.
        least: (groups,) minimum widths.
        target: The cost to stay within, in the unit of `of`.
        of: "macs", "maps" or "parameters".
        multiple: Widths decrease from multiple to multiple.
        loss: The loss at given widths.
    """

    def size(kept: Counts) -> int:
        return int(getattr(model.cost(kept), of))

    def narrower(kept: Counts, group: int) -> Counts | None:
        step = max(multiple, int(model.sizes[group]) // 16 // multiple * multiple)
        after = kept.copy()
        after[group] = max(least[group], (kept[group] - 1) // step * step)
        return None if after[group] >= kept[group] else after

    kept, now = model.sizes.copy(), loss(model.sizes)
    whole = size(kept)
    # Losses of an earlier turn are only re-evaluated when they come up: they hardly ever fall.
    queue = [(-np.inf, group, -1) for group in range(len(kept))]
    turn = 0
    with phase("trying widths") as to:
        while size(kept) > target and queue:
            _, group, asked = heapq.heappop(queue)
            after = narrower(kept, group)
            if after is None:
                continue
            if asked < turn:
                price = (loss(after) - now) / max(1, size(kept) - size(after))
                heapq.heappush(queue, (price, group, turn))
                continue
            kept, now, turn = after, loss(after), turn + 1
            to((whole - size(kept)) / max(1, whole - target))
            heapq.heappush(queue, (-np.inf, group, -1))
    return _given_back(model, kept, size=size, target=target, multiple=multiple, loss=loss)


def _given_back(
    model: CostModel,
    kept: Counts,
    *,
    size: Callable[[Counts], int],
    target: float,
    multiple: int,
    loss: "WidthLoss",
) -> Counts:
    """Widen layers again, the most useful block first, as long as the target is met."""
    if size(kept) > target:
        return kept
    while True:
        wider = []
        for group in np.flatnonzero(kept < model.sizes):
            more = kept.copy()
            more[group] = min(model.sizes[group], (kept[group] // multiple + 1) * multiple)
            if size(more) <= target:
                wider.append(more)
        if not wider:
            return kept
        best = min(wider, key=loss)
        if loss(best) >= loss(kept):
            return kept
        kept = best


class WidthLoss:
    """The loss at given widths, each evaluated once."""

    def __init__(self, ask: Callable[[Counts], float]) -> None:
        """Store `ask`, which applies a plan for given widths and returns its loss."""
        self._ask = ask
        self._known: dict[tuple[int, ...], float] = {}

    def __call__(self, kept: Counts) -> float:
        """Return the loss at (groups,) widths."""
        key = tuple(int(width) for width in kept)
        if key not in self._known:
            self._known[key] = self._ask(kept)
        return self._known[key]
