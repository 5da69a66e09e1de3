"""Removing channels for good, adding empty ones, and reading the widths that remain.

Every layer keeps the slots that it is told to keep, in a new order if need be; a slot of -1 is new
and empty: zero weights in and out, so that it changes nothing. What is left is an ordinary network
that `fer_live.training.networks.build` makes from its name and its widths.
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
    """Return the slots of an axis with -1 for each new one, behind those of its group."""
    if not (ids >= 0).any():
        return np.arange(len(ids))
    owner = np.where(ids >= 0, graph.group_of()[ids], -1)
    # A run of slots that goes once through a group; x beside x makes two of them.
    fresh = np.r_[True, (owner[1:] != owner[:-1]) | (ids[1:] < ids[:-1])]
    parts = []
    for run in np.split(np.arange(len(ids)), np.flatnonzero(fresh)[1:]):
        parts.append(run)
        group = graph.groups[owner[run[0]]]
        if owner[run[0]] >= 0 and group.fixed is None:
            missing = math.ceil(group.size / multiple) * multiple - group.size
            parts.append(np.full(missing * (len(run) // group.size), -1))
    return np.concatenate(parts)
