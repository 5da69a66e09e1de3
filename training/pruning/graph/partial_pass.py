"""Forward passes that end early: at a layer, or at the sum that its output goes into.

A sum is, for example, a residual stream. What counts there is the value of the sum: a layer that
writes into it can compensate for the error of another one, or of the stream before it.

An exception is the only way to end a forward pass in PyTorch; it does not leave this module.
"""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

ADDS: Final = frozenset({"add", "add_", "__add__", "__radd__", "__iadd__"})


class _PassEnded(Exception):  # noqa: N818 (nothing went wrong)
    """Ends a forward pass.

    Args:
        values: The result of the pass.
    """

    def __init__(self, *values: Tensor) -> None:
        super().__init__("the forward pass has come far enough")
        self.values = values


@torch.no_grad()
def inputs_and_output(layer: nn.Module, network: nn.Module, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first input and the output of a layer; later layers are not run.

    Args:
        layer: Of the network; reached by every forward pass.
        network: In eval mode.
        batch: (N, ...) input of the network.

    Raises:
        ValueError: The pass does not reach the layer.
    """

    def end(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        raise _PassEnded(inputs[0], output)

    handle = layer.register_forward_hook(end)
    try:
        network(batch)
    except _PassEnded as ended:
        first, output = ended.values
        return first, output
    finally:
        handle.remove()
    raise ValueError("the forward pass does not reach the layer")


@torch.no_grad()
def sum_with(layer: nn.Module, network: nn.Module, batch: Tensor) -> Tensor | None:
    """Return the sum to which a layer's output is directly added; None if there is none.

    Args:
        layer: Of the network; a conv, a linear layer or the batch norm after it.
        network: In eval mode; nothing after the sum is run.
        batch: (N, ...) input of the network.
    """
    addition = _AdditionOf()
    handle = layer.register_forward_hook(addition.take_output)
    try:
        with addition:
            network(batch)
    except _PassEnded as ended:
        return ended.values[0]
    finally:
        handle.remove()
    return None


class _AdditionOf(TorchFunctionMode):
    """Ends the pass when the output of a layer is added, unchanged, to another tensor."""

    def __init__(self) -> None:
        super().__init__()
        self._output: Tensor | None = None
        self._version = 0

    def take_output(self, _: nn.Module, __: tuple[Tensor, ...], output: Tensor) -> None:
        """Remember the layer's output; a forward hook."""
        self._output, self._version = output, output._version

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation, and end the pass if it is the addition."""
        output = self._output
        takes_it = output is not None and any(arg is output for arg in args)
        # An in-place activation leaves the same tensor with other values: no longer the output.
        unchanged = output is not None and output._version == self._version
        result = func(*args, **(kwargs or {}))
        if takes_it and unchanged and func.__name__ in ADDS and _same_shape(args[:2]):
            raise _PassEnded(result)
        return result


def _same_shape(terms: tuple[Any, ...]) -> bool:
    """Return whether two tensors of the same shape are added, without broadcasting."""
    first, second = terms
    tensors = isinstance(first, Tensor) and isinstance(second, Tensor)
    return tensors and first.shape == second.shape and first is not second
