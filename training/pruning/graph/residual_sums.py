"""Layers whose output is added to something else, such as the writers of a residual stream.

What counts there is what the sum says: one writer can make up for what another, or the stream
before it, has lost.
"""

from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

ADDS: Final = frozenset({"add", "add_", "__add__", "__radd__", "__iadd__"})


class _Reached(Exception):  # noqa: N818 (nothing went wrong)
    """Ends a forward pass where nothing behind is needed.

    Args:
        said: The sum.
    """

    def __init__(self, said: Tensor) -> None:
        super().__init__("reached")
        self.said = said


class _Adding(TorchFunctionMode):
    """Watches for the addition of what a layer says, as it says it, to another tensor."""

    def __init__(self) -> None:
        super().__init__()
        self._said: Tensor | None = None
        self._version = 0

    def hear(self, _: nn.Module, __: tuple[Tensor, ...], said: Tensor) -> None:
        """Remember what the layer says; a forward hook."""
        self._said, self._version = said, said._version

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation, and end the pass if it is the addition."""
        said = self._said
        heard = said is not None and any(arg is said for arg in args)
        # An activation in place leaves the same tensor with other values: no writer any more.
        as_said = said is not None and said._version == self._version
        result = func(*args, **(kwargs or {}))
        if heard and as_said and func.__name__ in ADDS and _alike(args[:2]):
            raise _Reached(result)
        return result


def _alike(terms: tuple[Any, ...]) -> bool:
    """Return whether two tensors of one shape are added, none of them spread out."""
    first, second = terms
    tensors = isinstance(first, Tensor) and isinstance(second, Tensor)
    return tensors and first.shape == second.shape and first is not second


@torch.no_grad()
def sum_with(layer: nn.Module, network: nn.Module, batch: Tensor) -> Tensor | None:
    """Return the sum that a layer's output goes into at once; None where it goes elsewhere.

    Args:
        layer: Of the network; a conv, a linear layer or the batch norm behind it.
        network: In eval mode; nothing behind the sum is run.
        batch: (N, ...) as the network takes it.
    """
    adding = _Adding()
    handle = layer.register_forward_hook(adding.hear)
    try:
        with adding:
            network(batch)
    except _Reached as end:
        return end.said
    finally:
        handle.remove()
    return None
