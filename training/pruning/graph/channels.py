"""Which channels have to be removed together, and which layers consume them: the data.

A *channel group* is a set of channels that several layers carry, channel for channel: the conv
that produces them, its batch norm, the other convs of a residual stream. Removing channel c of a
group removes one slot from each of those layers. A *consumer* is a conv (not grouped) or linear
layer that mixes channels: removing one changes its output, and its weights can compensate for it.
Between a group and its consumers there may be activation, pooling, concatenation, a depthwise conv
or a flattening: all of them treat channels one by one.

`trace.channel_graph` finds both in any network.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Side: TypeAlias = Literal["out", "in"]
Axis: TypeAlias = tuple[str, Side]
"""Name of a layer, and one of its two axes: its output channels, or its input channels."""

Ids: TypeAlias = NDArray[np.int64]
"""Numbers of channels, unique in the network; -1 stands for a channel that is never removed."""

Mask: TypeAlias = NDArray[np.bool_]
"""(count,) bool, one per channel of the network."""


@dataclass(frozen=True, slots=True)
class ChannelGroup:
    """Channels shared by a list of layers.

    Attributes:
        name: The first layer, in order of execution, that produces them; `name[a:b]` if that layer
            produces others as well.
        first: Number of its first channel in the network.
        size: Number of channels; they are numbered first .. first + size - 1.
        fixed: Why none of them may be removed; None if they may.
    """

    name: str
    first: int
    size: int
    fixed: str | None = None

    @property
    def channels(self) -> Ids:
        """The numbers of its channels."""
        return np.arange(self.first, self.first + self.size)


@dataclass(frozen=True, slots=True)
class Consumer:
    """A layer that mixes channels.

    Attributes:
        name: The conv or linear layer.
        channels: (n,) number of the channel at each input, -1 for one that is never removed.
        columns: Columns of the weight for each channel: 1, or H*W after a flattening.
        norm: The batch norm that is the only consumer of its output, if there is one.
        padded: Whether it pads its input with zeros.
    """

    name: str
    channels: Ids
    columns: int
    norm: str | None
    padded: bool


@dataclass(frozen=True, slots=True)
class Mixer:
    """The cost of a conv or linear layer: positions * taps * inputs * outputs multiply-adds.

    Attributes:
        name: The layer.
        positions: Output pixels for one crop.
        taps: Kernel height times width.
        inputs: Input channels at full width; 1 for a depthwise conv, each output of which has one.
        outputs: Output channels at full width.
        biased: Whether it has a bias.
        grouped: Whether it is a grouped conv, such as a depthwise one, which mixes no channels.
        norm: The batch norm that is the only consumer of its output, if there is one.
    """

    name: str
    positions: int
    taps: int
    inputs: int
    outputs: int
    biased: bool
    grouped: bool
    norm: str | None


@dataclass(frozen=True)
class ChannelGraph:
    """Groups and consumers of one network, in order of execution.

    Attributes:
        groups: All of them, including fixed ones.
        consumers: Layers with at least one channel of a group as an input.
        axes: For every axis with channels, the number of the channel in each slot.
        mixers: Every conv and linear layer, with its cost.
        per_channel: Parameters per channel of every other layer on an axis (2 for a batch norm).
        other_parameters: Number of parameters that pruning never changes.
    """

    groups: tuple[ChannelGroup, ...]
    consumers: tuple[Consumer, ...]
    axes: Mapping[Axis, Ids]
    mixers: tuple[Mixer, ...]
    per_channel: Mapping[str, int]
    other_parameters: int

    @property
    def count(self) -> int:
        """Number of channels in the network."""
        return sum(group.size for group in self.groups)

    def group(self, name: str) -> ChannelGroup:
        """Return the group of that name.

        Raises:
            KeyError: There is none.
        """
        for group in self.groups:
            if group.name == name:
                return group
        raise KeyError(f"no group {name!r}; there are {', '.join(s.name for s in self.groups)}")

    def group_of(self) -> NDArray[np.int64]:
        """Return (count,) the index into `groups` of every channel."""
        return np.repeat(np.arange(len(self.groups)), [group.size for group in self.groups])

    def prunable(self) -> Mask:
        """Return (count,) whether each channel may be removed."""
        return np.repeat([s.fixed is None for s in self.groups], [s.size for s in self.groups])

    def consumers_of(self) -> list[list[int]]:
        """Return the indices into `consumers` of every channel's consumers."""
        found: list[list[int]] = [[] for _ in range(self.count)]
        for index, consumer in enumerate(self.consumers):
            for number in np.unique(consumer.channels[consumer.channels >= 0]):
                found[number].append(index)
        return found


def kept_slots(ids: Ids, removed: Mask) -> Mask:
    """Return which slots of an axis are kept: fixed ones, and those of channels not removed."""
    return (ids < 0) | ~removed[ids]
