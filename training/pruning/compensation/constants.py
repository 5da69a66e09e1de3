"""Channels that say 1 everywhere: what makes a bias exact where a reader pads with zeros.

A bias is added at every output pixel, also where the kernel hangs over the edge and reads zeros; a
map's mean is only read inside. A channel that is constant inside, and zero outside like any other,
carries offsets exactly. It takes the slot of a map that goes anyway.
"""

import copy
import dataclasses

import numpy as np
import torch
from torch import nn

from fer_live.training.pruning.graph.channels import ChannelGraph, Ids, Reader
from fer_live.training.pruning.plan import Plan, number, reference
from fer_live.training.pruning.statistics.gram import MapStats, Matrix
from fer_live.training.pruning.statistics.measure import Measurement, watching


def with_constants(plan: Plan, graph: ChannelGraph) -> Plan:
    """Return the plan with one constant channel for every reader that a border would deceive.

    These are readers that pad with zeros, and those behind a depthwise conv. The slot is that of
    the removal which harms most; a reader that sees a constant channel already needs no other.
    """
    removed = plan.removed(graph)
    behind = np.zeros(graph.count, bool)
    for mixer in graph.mixers:
        if mixer.grouped and (ids := graph.axes.get((mixer.name, "out"))) is not None:
            behind[ids[ids >= 0]] = True
    order = {number(graph, removal.map): place for place, removal in enumerate(plan.removals)}
    slots = {number(graph, constant) for constant in plan.constants}
    for reader in graph.readers:
        own = np.unique(reader.maps[reader.maps >= 0])
        gone = own[removed[own]]
        deceived = reader.padded or behind[gone].any()
        if len(gone) and deceived and not slots & set(own.tolist()):
            slots.add(max(gone.tolist(), key=order.__getitem__))
    constants = tuple(reference(graph, slot) for slot in sorted(slots))
    return dataclasses.replace(plan, constants=constants)


def speak_one(network: nn.Module, graph: ChannelGraph, map_number: int) -> None:
    """Make every layer that makes a map say 1 in place of it; the network is changed.

    Filters become 0 and biases 1, batch norms scale by 0 and add 1. Depthwise filters stay: what
    comes through them is what their own border does to a constant.
    """
    grouped = {mixer.name for mixer in graph.mixers if mixer.grouped}
    for (name, side), ids in graph.axes.items():
        if side == "out" and name not in grouped:
            for slot in np.flatnonzero(ids == map_number):
                _say_one(network.get_submodule(name), int(slot))


@torch.no_grad()
def _say_one(module: nn.Module, slot: int) -> None:
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
    """Return what each reader would see if maps said 1, (E, positions) float64 each.

    Only readers that read some of these maps are in it.

    Args:
        network: The unpruned network.
        graph: Its own.
        slots: Numbers of the maps.
        example: Any input of the right size; constant channels do not depend on it.
    """
    seen: dict[str, Matrix] = {}
    if not len(slots):
        return seen
    spoken = copy.deepcopy(network)
    for slot in slots:
        speak_one(spoken, graph, int(slot))

    def take(reader: Reader, values: torch.Tensor) -> None:
        places = np.flatnonzero(np.isin(reader.maps, slots))
        if len(places):
            seen[reader.name] = values[0, places].double().cpu().numpy()

    with watching(spoken, graph.readers, take):
        spoken(example[:1])
    return seen


def borderless(
    network: nn.Module, graph: ChannelGraph, measurement: Measurement
) -> dict[str, MapStats]:
    """Return every reader's statistics without what zero padding before it added to its maps.

    A depthwise conv that pads turns a map's mean into a frame, brighter inside than at the edge.
    Two maps that differ by a constant before it differ by that frame behind it, which a constant
    channel makes good; so they are judged without it. Elsewhere nothing changes.
    """
    ones = {}
    if any(mixer.grouped for mixer in graph.mixers):
        free = np.flatnonzero(graph.prunable())
        ones = responses(network, graph, free, measurement.example)
    found = {}
    for reader in graph.readers:
        seen = measurement.readers[reader.name]
        frames = np.zeros(seen.mean_maps.shape)
        if reader.name in ones:
            frames[np.isin(reader.maps, free)] = ones[reader.name]
        spread = frames.var(axis=1)
        found[reader.name] = seen.positions
        if (spread > 0).any():
            both = seen.positions.beside(seen.mean_maps, frames)
            shared = np.diagonal(both.covariance, offset=len(spread))
            slope = np.where(spread > 0, shared / np.where(spread > 0, spread, 1), 0)
            found[reader.name] = both.without(slope)
    return found
