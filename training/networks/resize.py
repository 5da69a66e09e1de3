"""Select, reorder and add the channels of one layer.

The new channels of a layer are given as indices of its present channels; -1 adds an empty channel,
whose weights are zero, so that it changes nothing.
"""

from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Ids: TypeAlias = NDArray[np.int64]
Side: TypeAlias = Literal["in", "out"]


def resize(module: nn.Module, side: Side, order: Ids) -> None:
    """Replace the channels of a layer, in place.

    Args:
        module: The layer.
        side: Whether its inputs or its outputs are meant.
        order: Indices of present channels, or -1 for an empty one.

    Raises:
        TypeError: Layers of this type have no channels to select.
    """
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
        _resize_mixing(module, side, order)
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        module.num_features = len(order)
        _select(module, "weight", order)
        _select(module, "bias", order)
        _select(module, "running_mean", order)
        _select(module, "running_var", order, empty=1.0)
    elif isinstance(module, nn.PReLU):
        module.num_parameters = len(order)
        _select(module, "weight", order)
    else:
        raise TypeError(f"a {type(module).__name__} cannot be resized")


def _resize_mixing(module: nn.Conv1d | nn.Conv2d | nn.Linear, side: Side, order: Ids) -> None:
    _select(module, "weight", order, axis=0 if side == "out" else 1)
    if side == "out":
        _select(module, "bias", order)
    if isinstance(module, nn.Linear):
        setattr(module, f"{side}_features", len(order))
        return
    setattr(module, f"{side}_channels", len(order))
    if module.groups > 1:  # depthwise: one filter a map, and as many groups
        module.in_channels = module.out_channels = module.groups = len(order)


def _select(
    module: nn.Module, attribute: str, order: Ids, *, axis: int = 0, empty: float = 0.0
) -> None:
    """Index one tensor of a layer along an axis; does nothing if the layer has no such tensor."""
    tensor = getattr(module, attribute, None)
    if not isinstance(tensor, torch.Tensor):
        return
    index = torch.from_numpy(np.maximum(order, 0)).to(tensor.device)
    chosen = tensor.detach().index_select(axis, index)
    shape = [-1 if place == axis else 1 for place in range(tensor.ndim)]
    new = torch.from_numpy(order < 0).to(tensor.device).reshape(shape)
    chosen = torch.where(new, torch.full_like(chosen, empty), chosen).contiguous()
    if isinstance(tensor, nn.Parameter):
        setattr(module, attribute, nn.Parameter(chosen, requires_grad=tensor.requires_grad))
    else:
        setattr(module, attribute, chosen)
