"""The error of a consumer's output in the pruned network, compared with the unpruned one."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn

from fer_live.training.pruning.compensation.compensate import can_shift_output
from fer_live.training.pruning.graph.channels import Consumer
from fer_live.training.pruning.graph.partial_pass import inputs_and_output, sum_with

Target: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Maps (N, ...) pictures to a consumer's inputs in the pruned network, (N, C, ...), and to the
error that must be added to its output before its batch norm, (N, K, ...)."""


def residual_target(
    pruned: nn.Module, parent: nn.Module, consumer: Consumer, example: Tensor
) -> Target:
    """Return the function that computes a consumer's inputs and the error of its output.

    If the output goes directly into a sum, it is the error of the sum: some of the other terms have
    already been fitted, and a stream without a layer of its own never will be.

    Args:
        pruned: As far as it has been fitted; not changed.
        parent: The unpruned network.
        consumer: The layer to be fitted.
        example: (1, ...) a picture, to find out whether there is a sum.

    Raises:
        TypeError: The consumer is neither a `Conv2d` nor a `Linear`.
    """
    end = consumer.norm or consumer.name
    in_sum = sum_with(pruned.get_submodule(end), pruned, example) is not None
    return partial(_error_of_sum if in_sum else _error_of_output, pruned, parent, consumer)


def mixing_layer(network: nn.Module, consumer: Consumer) -> nn.Conv2d | nn.Linear:
    """Return the layer of a consumer.

    Raises:
        TypeError: It is of another kind.
    """
    module = network.get_submodule(consumer.name)
    if not isinstance(module, nn.Conv2d | nn.Linear):
        raise TypeError(f"{consumer.name} is a {type(module).__name__}, which cannot be refitted")
    return module


def _error_of_output(
    pruned: nn.Module, parent: nn.Module, consumer: Consumer, batch: Tensor
) -> tuple[Tensor, Tensor]:
    layer, teacher = mixing_layer(pruned, consumer), mixing_layer(parent, consumer)
    features, output = inputs_and_output(layer, pruned, batch)
    _, wanted = inputs_and_output(teacher, parent, batch)
    return features, wanted - output + _per_output(_moved_mean(pruned, parent, consumer), layer)


def _error_of_sum(
    pruned: nn.Module, parent: nn.Module, consumer: Consumer, batch: Tensor
) -> tuple[Tensor, Tensor]:
    end = consumer.norm or consumer.name
    wanted, given = (sum_with(net.get_submodule(end), net, batch) for net in (parent, pruned))
    if wanted is None or given is None:
        raise TypeError(f"{end} writes into a sum on some pictures only")
    layer = mixing_layer(pruned, consumer)
    gain = _per_output(_gain(pruned, consumer), layer)
    features, _ = inputs_and_output(layer, pruned, batch)
    return features, torch.where(gain == 0, 0, (wanted - given) / gain)


def _per_output(values: Tensor, layer: nn.Conv2d | nn.Linear) -> Tensor:
    """Return (outputs,) values in the shape that broadcasts over a layer's output."""
    return values if isinstance(layer, nn.Linear) else values.reshape(-1, 1, 1)


def _gain(network: nn.Module, consumer: Consumer) -> Tensor:
    """Return (outputs,) the scale of the batch norm after a consumer; 1 without one."""
    norm = None if consumer.norm is None else network.get_submodule(consumer.norm)
    if not isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d) or norm.running_var is None:
        return torch.ones(len(mixing_layer(network, consumer).weight))
    scale = 1 / torch.sqrt(norm.running_var + norm.eps)
    return scale if norm.weight is None else (scale * norm.weight).detach()


def _moved_mean(pruned: nn.Module, parent: nn.Module, consumer: Consumer) -> Tensor:
    """Return (outputs,) the shift that `compensate` moved from the output to the norm's mean."""
    outputs = len(mixing_layer(pruned, consumer).weight)
    if consumer.norm is None or not can_shift_output(pruned, consumer):
        return torch.zeros(outputs)
    now, before = (net.get_submodule(consumer.norm).running_mean for net in (pruned, parent))
    if not isinstance(now, Tensor) or not isinstance(before, Tensor):
        return torch.zeros(outputs)
    return now - before
