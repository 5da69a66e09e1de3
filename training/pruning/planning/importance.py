"""Channel importance by the measures that distinctiveness is compared with."""

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import nn

from fer_live.errors import SettingsError
from fer_live.training.pruning.graph.channels import ChannelGraph
from fer_live.training.pruning.statistics.gram import Vector
from fer_live.training.pruning.statistics.outgoing_weights import weight_of

Importance: TypeAlias = Literal["l2", "bn", "taylor", "random"]
"""l2: paper 001's sqrt(sum w² / k²) of a channel's filter, batch norm folded in.
bn: the batch norm's scale (Liu et al., Network Slimming, ICCV 2017).
taylor: how much the loss changes, to first order, without it (Molchanov et al., CVPR 2019).
random: no measure, the baseline that every other one has to beat.
"""

Loss: TypeAlias = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def l2_importance(network: nn.Module, graph: ChannelGraph) -> Vector:
    """Return (count,) sqrt(sum of w² / k²) over the filters that make each channel.

    Before a batch norm a filter's own norm is meaningless, because it is divided out; so the filter
    is scaled as by the batch norm, by |gamma| / sigma.
    """
    total = np.zeros(graph.count)
    for mixer in graph.mixers:
        ids = graph.axes.get((mixer.name, "out"))
        if ids is None or mixer.grouped:
            continue
        weight = weight_of(network, mixer.name).detach().cpu().double().numpy()
        squares = (weight.reshape(len(weight), -1) ** 2).sum(axis=1) / mixer.taps
        if mixer.norm is not None:
            squares = squares * _folded_scale(network, mixer.norm) ** 2
        np.add.at(total, ids[ids >= 0], squares[ids >= 0])
    return np.sqrt(total)


def _folded_scale(network: nn.Module, name: str) -> Vector:
    """Return (channels,) |gamma| / sqrt(running variance + eps) of a batch norm."""
    norm = network.get_submodule(name)
    if not isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d) or norm.running_var is None:
        raise TypeError(f"{name} is not a batch norm with running statistics")
    scale = torch.rsqrt(norm.running_var + norm.eps)
    if norm.affine:
        scale = scale * norm.weight.detach().abs()
    return np.asarray(scale.cpu().double().numpy(), np.float64)


def bn_importance(network: nn.Module, graph: ChannelGraph) -> Vector:
    """Return (count,) the sum of |gamma| over the batch norms that carry each channel.

    Raises:
        SettingsError: A layer that may be pruned has no batch norm.
    """
    total, normed = np.zeros(graph.count), np.zeros(graph.count, bool)
    for (name, _), ids in graph.axes.items():
        module = network.get_submodule(name)
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) and module.affine:
            scale = module.weight.detach().abs().cpu().double().numpy()
            np.add.at(total, ids[ids >= 0], scale[ids >= 0])
            normed[ids[ids >= 0]] = True
    if (graph.prunable() & ~normed).any():
        raise SettingsError("this network has layers without batch norm: rank by something else")
    return total


def taylor_importance(
    network: nn.Module,
    graph: ChannelGraph,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    loss: Loss,
) -> Vector:
    """Return (count,) the mean over pictures of |sum over positions of a * dLoss/da|.

    This is the first-order change of the loss if the channel is zeroed at its consumers; several
    consumers of a channel are summed before the absolute value is taken.

    Args:
        network: Runs in eval mode; its mode and gradients are restored.
        graph: The network's own.
        batches: (pictures, targets) for the loss.
        loss: Mean over the batch.
    """
    was_training = network.training
    network.eval()
    total, images = np.zeros(graph.count), 0
    for pictures, targets in batches:
        total += _taylor_of(network, graph, pictures, targets, loss)
        images += len(pictures)
    network.train(was_training)
    return total / max(images, 1)


def _taylor_of(
    network: nn.Module,
    graph: ChannelGraph,
    pictures: torch.Tensor,
    targets: torch.Tensor,
    loss: Loss,
) -> Vector:
    """Return (count,) the sum over one batch's pictures."""
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            seen[name] = inputs[0]

        return hook

    handles = [
        network.get_submodule(consumer.name).register_forward_pre_hook(keep(consumer.name))
        for consumer in graph.consumers
    ]
    with torch.enable_grad():
        # The pictures require gradients, so that frozen layers do not cut the graph.
        value = loss(network(pictures.detach().requires_grad_()), targets) * len(pictures)
        read = [seen[consumer.name] for consumer in graph.consumers]
        slopes = torch.autograd.grad(value, read)
    for handle in handles:
        handle.remove()
    change = np.zeros((graph.count, len(pictures)))
    for consumer, values, slope in zip(graph.consumers, read, slopes, strict=True):
        by_channel = (
            (values * slope).detach().reshape(len(pictures), len(consumer.channels), -1).sum(dim=2)
        )
        own = consumer.channels >= 0
        np.add.at(change, consumer.channels[own], by_channel.double().cpu().numpy().T[own])
    summed: Vector = np.abs(change).sum(axis=1)
    return summed


def random_importance(graph: ChannelGraph, seed: int) -> Vector:
    """Return (count,) random numbers in [0, 1)."""
    return np.random.default_rng(seed).random(graph.count)
