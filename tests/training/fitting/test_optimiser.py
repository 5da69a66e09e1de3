"""What weight decay pulls at."""

import dataclasses

import pytest
import torch
from torch import nn

from fer_live.training.config.experiment import FitSettings
from fer_live.training.fitting.learner import optimiser_of
from fer_live.training.networks import build

_WIDTHS = (4, 4, 4, 8, 8, 8, 8, 8, 8)
_SGD = FitSettings(optimiser="sgd", weight_decay=0.5)
_ADAMW = FitSettings(optimiser="adamw", weight_decay=0.5)


def pulled(fit: FitSettings) -> set[str]:
    """Return the weights that a step without gradients makes smaller, by name."""
    network = build("separable-small", _WIDTHS)
    for parameter in network.parameters():
        nn.init.ones_(parameter)
        parameter.grad = torch.zeros_like(parameter)
    optimiser_of(list(network.parameters()), fit).step()
    return {name for name, p in network.named_parameters() if bool((p < 1).all())}


@pytest.mark.parametrize("fit", [_SGD, _ADAMW])
def test_decay_pulls_at_every_weight_unless_told_otherwise(fit: FitSettings) -> None:
    network = build("separable-small", _WIDTHS)
    assert pulled(fit) == {name for name, _ in network.named_parameters()}


@pytest.mark.parametrize("fit", [_SGD, _ADAMW])
def test_decay_of_what_mixes_leaves_norms_biases_and_depthwise_filters(fit: FitSettings) -> None:
    found = pulled(dataclasses.replace(fit, decayed="mixing"))
    network = build("separable-small", _WIDTHS)
    pointwise = {
        f"{name}.weight"
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1)
    }
    assert found == pointwise | {"out.weight"}
