"""Constant channels, 1 everywhere: they make a bias exact where a consumer pads with zeros.

A bias is added at every output pixel, also where the kernel overlaps the zero padding; a channel's
mean only has an effect inside the picture. A channel that is constant inside, and zero outside like
any other, carries offsets exactly. It takes the slot of a channel that is removed anyway.
"""

import copy
import dataclasses

import numpy as np
import torch
from torch import nn

from fer_live.training.pruning.graph.channels import ChannelGraph, Consumer, Ids
from fer_live.training.pruning.plan import Plan, number, reference
from fer_live.training.pruning.statistics.gram import ChannelStats, Matrix
from fer_live.training.pruning.statistics.measure import Measurement, watching


def with_constants(plan: Plan, graph: ChannelGraph) -> Plan:
    """Return the plan with one constant channel for every consumer whose bias is wrong at borders.

    These are consumers that pad with zeros, and those after a depthwise conv. The slot is that of
    the most harmful removal; a consumer that already has a constant channel needs no other.
    """
    removed = plan.removed(graph)
    behind = np.zeros(graph.count, bool)
    for mixer in graph.mixers:
        if mixer.grouped and (ids := graph.axes.get((mixer.name, "out"))) is not None:
            behind[ids[ids >= 0]] = True
    order = {number(graph, removal.channel): place for place, removal in enumerate(plan.removals)}
    slots = {number(graph, constant) for constant in plan.constants}
    for consumer in graph.consumers:
        own = np.unique(consumer.channels[consumer.channels >= 0])
        gone = own[removed[own]]
        bordered = consumer.padded or behind[gone].any()
        if len(gone) and bordered and not slots & set(own.tolist()):
            slots.add(max(gone.tolist(), key=order.__getitem__))
    constants = tuple(reference(graph, slot) for slot in sorted(slots))
    return dataclasses.replace(plan, constants=constants)


def make_constant(network: nn.Module, graph: ChannelGraph, channel_number: int) -> None:
    """Replace a channel by the constant 1 in every layer that produces it, in place.

    Filters become 0 and biases 1, batch norms scale by 0 and add 1. Depthwise filters are kept:
    their own zero padding shapes the constant.
    """
    grouped = {mixer.name for mixer in graph.mixers if mixer.grouped}
    for (name, side), ids in graph.axes.items():
        if side == "out" and name not in grouped:
            for slot in np.flatnonzero(ids == channel_number):
                _make_slot_constant(network.get_submodule(name), int(slot))


@torch.no_grad()
def _make_slot_constant(module: nn.Module, slot: int) -> None:
    if isinstance(module, nn.PReLU):
        return  # 1 is positive: it passes
    for tensor, value in ((module.weight, 0.0), (module.bias, 1.0)):
        if isinstance(tensor, torch.Tensor):
            tensor[slot] = value
    if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) and module.running_mean is not None:
        module.running_mean[slot] = 0.0


def responses(
    network: nn.Module, graph: ChannelGraph, slots: Ids, example: torch.Tensor
) -> dict[str, Matrix]:
    """Return each consumer's inputs if some channels were 1, (E, positions) float64 each.

    Only consumers of at least one of these channels are included.

    Args:
        network: The unpruned network.
        graph: Its channel graph.
        slots: Numbers of the channels.
        example: Any input of the right size; constant channels do not depend on it.
    """
    seen: dict[str, Matrix] = {}
    if not len(slots):
        return seen
    probe = copy.deepcopy(network)
    for slot in slots:
        make_constant(probe, graph, int(slot))

    def take(consumer: Consumer, values: torch.Tensor) -> None:
        places = np.flatnonzero(np.isin(consumer.channels, slots))
        if len(places):
            seen[consumer.name] = values[0, places].double().cpu().numpy()

    with watching(probe, graph.consumers, take):
        probe(example[:1])
    return seen


def borderless(
    network: nn.Module, graph: ChannelGraph, measurement: Measurement
) -> dict[str, ChannelStats]:
    """Return every consumer's statistics without the effect of earlier zero padding.

    A padded depthwise conv turns a channel's mean into a frame, brighter inside than at the edge.
    Two channels that differ by a constant before it differ by that frame after it, which a constant
    channel compensates; so they are compared without it. Elsewhere nothing changes.
    """
    ones = {}
    if any(mixer.grouped for mixer in graph.mixers):
        free = np.flatnonzero(graph.prunable())
        ones = responses(network, graph, free, measurement.example)
    found = {}
    for consumer in graph.consumers:
        seen = measurement.consumers[consumer.name]
        frames = np.zeros(seen.mean_maps.shape)
        if consumer.name in ones:
            frames[np.isin(consumer.channels, free)] = ones[consumer.name]
        spread = frames.var(axis=1)
        found[consumer.name] = seen.positions
        if (spread > 0).any():
            both = seen.positions.beside(seen.mean_maps, frames)
            shared = np.diagonal(both.covariance, offset=len(spread))
            slope = np.where(spread > 0, shared / np.where(spread > 0, spread, 1), 0)
            found[consumer.name] = both.without(slope)
    return found
