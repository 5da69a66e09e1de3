"""Recover the widths of a pruned network from its weights."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from fer_live.training.networks import build
from fer_live.training.networks.resize import resize


def widths_of(
    architecture: str, parent: Sequence[int], weights: Mapping[str, Tensor], classes: int
) -> tuple[int, ...]:
    """Return the widths with which `build` makes a network that takes these weights.

    Each width is read off a tensor that has one row for each of its channels. Where one width
    stands for layers that are no longer equally wide, or where the architecture takes none, no
    widths say it all: the parent's are returned, and `fit_to` does the rest.
    """

    def shapes(widths: Sequence[int]) -> dict[str, torch.Size]:
        with torch.device("meta"):
            made = build(architecture, widths, classes)
        return {key: value.shape for key, value in made.state_dict().items()}

    base = shapes(parent)
    found = list(parent)
    for index, width in enumerate(parent):
        wider = shapes([*parent[:index], width + 1, *parent[index + 1 :]])
        for key, shape in base.items():
            grown = [
                axis for axis, (a, b) in enumerate(zip(shape, wider[key], strict=True)) if a != b
            ]
            if grown == [0] and wider[key][0] == shape[0] + 1:
                found[index] = width + weights[key].shape[0] - shape[0]
                break
    own = {key: value.shape for key, value in weights.items()}
    return tuple(found) if shapes(found) == own else tuple(parent)


def fit_to(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give every layer of a network the number of channels that its weights have, in place."""
    for name, module in network.named_modules():
        own = getattr(module, "weight", getattr(module, "running_mean", None))
        key = f"{name}.weight" if f"{name}.weight" in weights else f"{name}.running_mean"
        if not isinstance(own, Tensor) or key not in weights or list(module.children()):
            continue
        there = weights[key].shape
        if own.shape[0] != there[0]:
            resize(module, "out", np.arange(there[0]) % own.shape[0])
        if own.ndim > 1 and own.shape[1] != there[1]:
            resize(module, "in", np.arange(there[1]) % own.shape[1])
