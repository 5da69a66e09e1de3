"""What the output of a consumer lacks in the pruned network, against the unpruned one."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn

from fer_live.training.pruning.compensation.compensate import can_shift_output
from fer_live.training.pruning.graph.channels import Consumer
from fer_live.training.pruning.graph.residual_sums import sum_with

Look: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From (N, ...) pictures to what a consumer reads, (N, C, ...), and what its output lacks before
its batch norm, (N, K, ...)."""


def mixing_layer(network: nn.Module, consumer: Consumer) -> nn.Conv2d | nn.Linear:
    """Return the layer of a consumer.

    Raises:
        TypeError: It is of another kind.
    """
    module = network.get_submodule(consumer.name)
    if not isinstance(module, nn.Conv2d | nn.Linear):
        raise TypeError(f"{consumer.name} is a {type(module).__name__}, which cannot be refitted")
    return module


def looking_at(pruned: nn.Module, parent: nn.Module, consumer: Consumer, example: Tensor) -> Look:
    """Return how to look at a consumer.

    Where its output goes straight into a sum, it lacks all that the sum lacks: of the other terms
    some have been fitted already, and a stream without a layer of its own never will be.
    """
    module, teacher = mixing_layer(pruned, consumer), mixing_layer(parent, consumer)
    end = consumer.norm or consumer.name
    if sum_with(pruned.get_submodule(end), pruned, example) is None:
        lag = _along(_lag(pruned, parent, consumer), module)

        def alone(batch: Tensor) -> tuple[Tensor, Tensor]:
            features, said = _at(module, pruned, batch)
            return features, _at(teacher, parent, batch)[1] - said + lag

        return alone
    gain = _along(_gain(pruned, consumer), module)
    terms = [(net.get_submodule(end), net) for net in (parent, pruned)]

    def in_sum(batch: Tensor) -> tuple[Tensor, Tensor]:
        wanted, said = (sum_with(*term, batch) for term in terms)
        if wanted is None or said is None:
            raise TypeError(f"{end} writes into a sum on some pictures only")
        return _at(module, pruned, batch)[0], torch.where(gain == 0, 0, (wanted - said) / gain)

    return in_sum


def _along(each: Tensor, module: nn.Conv2d | nn.Linear) -> Tensor:
    """Return (outputs,) as it spreads over a layer's output."""
    return each if isinstance(module, nn.Linear) else each.reshape(-1, 1, 1)


def _gain(network: nn.Module, consumer: Consumer) -> Tensor:
    """Return (outputs,) what the batch norm behind a consumer multiplies by; 1 without."""
    norm = None if consumer.norm is None else network.get_submodule(consumer.norm)
    if not isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d) or norm.running_var is None:
        return torch.ones(len(mixing_layer(network, consumer).weight))
    scale = 1 / torch.sqrt(norm.running_var + norm.eps)
    return scale if norm.weight is None else (scale * norm.weight).detach()


def _lag(pruned: nn.Module, parent: nn.Module, consumer: Consumer) -> Tensor:
    """Return (outputs,) what `compensate` has already moved from the output to its norm's mean."""
    outputs = len(mixing_layer(pruned, consumer).weight)
    if consumer.norm is None or not can_shift_output(pruned, consumer):
        return torch.zeros(outputs)
    now, before = (net.get_submodule(consumer.norm).running_mean for net in (pruned, parent))
    if not isinstance(now, Tensor) or not isinstance(before, Tensor):
        return torch.zeros(outputs)
    return now - before


class _Reached(Exception):  # noqa: N818 (nothing went wrong)
    """Ends a forward pass where nothing behind is needed."""


def _at(layer: nn.Module, network: nn.Module, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Return what a layer reads and says, and run nothing behind it."""
    found: list[Tensor] = []

    def hook(_: nn.Module, given: tuple[Tensor, ...], said: Tensor) -> None:
        found.extend((given[0], said))
        raise _Reached

    handle = layer.register_forward_hook(hook)
    try:
        with torch.no_grad():
            network(batch)
    except _Reached:
        pass
    finally:
        handle.remove()
    features, said = found
    return features, said
