"""Which feature maps live and die together, and who reads them: the data.

A *space* is a set of channels that every layer of a list carries, channel for channel: the conv
that makes them, its batch norm, the other convs of a residual stream. Removing channel c of a
space removes one slot from each of those layers. A *reader* is a conv (not grouped) or linear
layer that mixes channels; it is where the loss of a map is felt, and where it can be made good.
Between a space and its readers there may be activation, pooling, concatenation, a depthwise conv
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
"""Name of a layer, and which of its two axes: the maps it makes, or the maps it reads."""

Ids: TypeAlias = NDArray[np.int64]
"""Numbers of maps, unique in the network; -1 stands for a channel that is never removed."""

Mask: TypeAlias = NDArray[np.bool_]
"""(count,) one truth a map of the network."""


@dataclass(frozen=True, slots=True)
class Space:
    """Channels that a list of layers carries together.

    Attributes:
        name: The first layer, in order of execution, that makes them; `name[a:b]` when that
            layer makes others as well.
        first: Number of its first map in the network.
        size: How many maps there are; their numbers are first .. first + size - 1.
        fixed: Why none of them may be removed; None when they may.
    """

    name: str
    first: int
    size: int
    fixed: str | None = None

    @property
    def maps(self) -> Ids:
        """The numbers of its maps."""
        return np.arange(self.first, self.first + self.size)


@dataclass(frozen=True, slots=True)
class Reader:
    """A layer that mixes maps.

    Attributes:
        name: The conv or linear layer.
        maps: (n,) number of the map that each input channel carries, -1 for one never removed.
        columns: Columns of the weight for each map: 1, or H*W after a flattening.
        norm: The batch norm that alone reads its output, where there is one.
        padded: Whether it pads its input with zeros.
    """

    name: str
    maps: Ids
    columns: int
    norm: str | None
    padded: bool


@dataclass(frozen=True, slots=True)
class Mixer:
    """What a conv or linear layer costs: positions * taps * inputs * outputs multiply-adds.

    Attributes:
        name: The layer.
        positions: Output pixels for one crop.
        taps: Kernel height times width.
        inputs: Channels it reads, at full width; 1 for a depthwise conv, whose outputs read one.
        outputs: Channels it makes, at full width.
        biased: Whether it has a bias.
        grouped: Whether it is a grouped conv, which mixes nothing when each output reads one map.
        norm: The batch norm that alone reads its output, where there is one.
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
    """Spaces and readers of one network, in order of execution.

    Attributes:
        spaces: All of them, also the fixed ones.
        readers: Layers that read at least one map of a space.
        axes: For every axis that carries maps, the number of the map in each slot.
        mixers: Every conv and linear layer, with what it costs.
        per_map: Learned numbers a map of every other layer on an axis (a batch norm has 2).
        other_parameters: Learned numbers that no pruning changes.
    """

    spaces: tuple[Space, ...]
    readers: tuple[Reader, ...]
    axes: Mapping[Axis, Ids]
    mixers: tuple[Mixer, ...]
    per_map: Mapping[str, int]
    other_parameters: int

    @property
    def count(self) -> int:
        """How many maps there are in the network."""
        return sum(space.size for space in self.spaces)

    def space(self, name: str) -> Space:
        """Return the space of that name.

        Raises:
            KeyError: There is none.
        """
        for space in self.spaces:
            if space.name == name:
                return space
        raise KeyError(f"no space {name!r}; there are {', '.join(s.name for s in self.spaces)}")

    def space_of(self) -> NDArray[np.int64]:
        """Return (count,) the index into `spaces` of every map."""
        return np.repeat(np.arange(len(self.spaces)), [space.size for space in self.spaces])

    def prunable(self) -> Mask:
        """Return (count,) whether a map may be removed at all."""
        return np.repeat([s.fixed is None for s in self.spaces], [s.size for s in self.spaces])

    def readers_of(self) -> list[list[int]]:
        """Return, for every map, the indices into `readers` of the layers that read it."""
        found: list[list[int]] = [[] for _ in range(self.count)]
        for index, reader in enumerate(self.readers):
            for number in np.unique(reader.maps[reader.maps >= 0]):
                found[number].append(index)
        return found


def kept_slots(ids: Ids, removed: Mask) -> Mask:
    """Return which slots of an axis stay: those whose map is not removed, and the fixed ones."""
    return (ids < 0) | ~removed[ids]
