"""Removing channels physically, and adding empty ones.

Every layer is given the list of the slots that it keeps; -1 stands for a new, empty one, with zero
weights in and out, so that it changes nothing. What is left is an ordinary network that
`fer_live.training.networks.build` makes from its name and its widths.
"""

import copy
import math

import numpy as np
from torch import nn

from fer_live.training.networks.resize import resize
from fer_live.training.pruning.graph.channels import ChannelGraph, Ids, Mask, kept_slots


def shrink(network: nn.Module, graph: ChannelGraph, absent: Mask) -> nn.Module:
    """Return a copy without the channels of `absent`, (count,) bool; their columns should be zero.

    Raises:
        ValueError: A layer would be left without channels, or a channel may not be removed.
    """
    if (absent & ~graph.prunable()).any():
        raise ValueError("the plan removes a channel that has to stay")
    copied = copy.deepcopy(network)
    for (name, side), ids in graph.axes.items():
        kept = np.flatnonzero(kept_slots(ids, absent))
        if not len(kept):
            raise ValueError(f"nothing would be left of {name}")
        if len(kept) < len(ids):
            resize(copied.get_submodule(name), side, kept)
    return copied


def pad(network: nn.Module, graph: ChannelGraph, *, multiple: int = 8) -> nn.Module:
    """Return a copy in which every layer that may change has a width that is a multiple.

    The channels that are added are zero and read with zero weights: the logits stay as they were.
    """
    copied = copy.deepcopy(network)
    for (name, side), ids in graph.axes.items():
        order = _padded(graph, ids, multiple)
        if len(order) > len(ids):
            resize(copied.get_submodule(name), side, order)
    return copied


def _padded(graph: ChannelGraph, ids: Ids, multiple: int) -> Ids:
    """Return the slots of an axis with -1 for each new one, behind those of its channel group."""
    if not (ids >= 0).any():
        return np.arange(len(ids))
    group_of = np.where(ids >= 0, graph.group_of()[ids], -1)
    slots = []
    for run in _runs(group_of, ids):
        slots.append(run)
        index = int(group_of[run[0]])
        if index >= 0 and graph.groups[index].fixed is None:
            size = graph.groups[index].size
            missing = math.ceil(size / multiple) * multiple - size
            columns = len(run) // size  # several for each channel behind a flattening
            slots.append(np.full(missing * columns, -1))
    return np.concatenate(slots)


def _runs(group_of: Ids, ids: Ids) -> list[Ids]:
    """Cut the slots of an axis into runs that go once through a group.

    A concatenation of x with x makes two runs of the same group: the channels start again.
    """
    another = group_of[1:] != group_of[:-1]
    again = ids[1:] < ids[:-1]
    return np.split(np.arange(len(ids)), np.flatnonzero(another | again) + 1)
