"""Cost of a network at any widths, from its graph alone: channels, parameters, multiply-adds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_live.training.pruning.graph.channels import ChannelGraph, Mask, Side

Counts = NDArray[np.int64]
"""(groups,) number of channels that each group keeps."""


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """The size of a network.

    Attributes:
        maps: Number of remaining channels that may be removed; called `maps` in files and `--of`.
        parameters: Number of learned parameters.
        macs: Multiply-adds of convs and linear layers for one crop.
    """

    maps: int
    parameters: int
    macs: int


class CostModel:
    """The size of a network as a function of how many channels each group keeps."""

    def __init__(self, graph: ChannelGraph) -> None:
        """Count once how many slots of every axis belong to a channel of every group."""
        self._graph = graph
        self.sizes: Counts = np.array([group.size for group in graph.groups])
        self._free = np.array([group.fixed is None for group in graph.groups])
        self._units = np.array([m.positions * m.taps for m in graph.mixers])
        self._taps = np.array([m.taps for m in graph.mixers])
        self._biased = np.array([m.biased for m in graph.mixers])
        full_out = [m.outputs for m in graph.mixers]
        full_in = [m.inputs for m in graph.mixers]
        self._out, self._out_rest = self._slots("out", full_out)
        self._in, self._in_rest = self._slots("in", full_in)
        carried = np.zeros(len(graph.groups), np.int64)
        for name, per_channel in graph.per_channel.items():
            carried += per_channel * self._taken(graph.axes[name, "out"])
        self._carried = carried // self.sizes

    def kept(self, removed: Mask) -> Counts:
        """Return the channels that each group keeps without those in `removed`, (count,) bool."""
        gone = np.bincount(self._graph.group_of()[removed], minlength=len(self.sizes))
        return self.sizes - gone

    def cost(self, kept: Counts) -> NetworkCost:
        """Return the size that the network has at these widths."""
        outputs, inputs = self._widths(kept)
        weights = outputs * inputs * self._taps
        parameters = int(weights.sum() + (outputs * self._biased).sum() + self._carried @ kept)
        macs = int((outputs * inputs * self._units).sum())
        maps = int(kept[self._free].sum())
        return NetworkCost(maps, parameters + self._graph.other_parameters, macs)

    def savings(self, kept: Counts) -> NDArray[np.float64]:
        """Return (groups,) the multiply-adds saved by removing one channel of each group."""
        outputs, inputs = (width[:, None] for width in self._widths(kept))
        after = (outputs - self._out) * (inputs - self._in)
        saved: NDArray[np.float64] = ((outputs * inputs - after) * self._units[:, None]).sum(axis=0)
        return saved.astype(np.float64)

    def _widths(self, kept: Counts) -> tuple[Counts, Counts]:
        return self._out @ kept + self._out_rest, self._in @ kept + self._in_rest

    def _slots(self, side: Side, full: list[int]) -> tuple[Counts, Counts]:
        """Return (mixers, groups) slots per channel, and (mixers,) slots outside any group."""
        axes = [self._graph.axes.get((m.name, side)) for m in self._graph.mixers]
        nothing = np.zeros(len(self.sizes), np.int64)
        taken = np.array([nothing if ids is None else self._taken(ids) for ids in axes])
        return taken // self.sizes, np.array(full) - taken.sum(axis=1)

    def _taken(self, ids: NDArray[np.int64]) -> Counts:
        """Return (groups,) how many slots of an axis belong to each group."""
        owners = self._graph.group_of()[ids[ids >= 0]]
        return np.bincount(owners, minlength=len(self.sizes))
