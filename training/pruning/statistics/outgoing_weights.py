"""The outgoing weights of channels, and how they combine in a consumer."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fer_live.training.pruning.graph.channels import Consumer
from fer_live.training.pruning.statistics.gram import ChannelStats, Matrix, Vector


def outgoing(network: nn.Module, consumer: Consumer) -> NDArray[np.float64]:
    """Return (outputs, n, columns * taps) float64: a consumer's weights, channel by channel."""
    weight = weight_of(network, consumer.name).detach().cpu().double().numpy()
    return np.asarray(weight.reshape(len(weight), len(consumer.channels), -1), np.float64)


def weight_of(network: nn.Module, name: str) -> torch.Tensor:
    """Return the weight of a conv, linear or norm layer.

    Raises:
        TypeError: The layer has none.
    """
    weight = network.get_submodule(name).weight
    if not isinstance(weight, torch.Tensor):
        raise TypeError(f"{name} has no weight")
    return weight


def interplay(network: nn.Module, consumer: Consumer) -> Matrix:
    """Return (n, n) sums over outputs and taps of w_i w_j: how channels combine in the output."""
    weights = outgoing(network, consumer).transpose(1, 0, 2).reshape(len(consumer.channels), -1)
    product: Matrix = weights @ weights.T
    return product


def energy(weights_product: Matrix, stats: ChannelStats) -> float:
    """Return the total variance of a consumer's outputs, treating taps as uncorrelated.

    Predicted damages are divided by it: a damage of 0.01 means that a hundredth of the consumer's
    output variance has become noise. Never 0.
    """
    total = float((weights_product * stats.covariance).sum())
    floor = float(np.diagonal(weights_product) @ np.diagonal(stats.covariance))
    return max(total, 1e-9 * floor, np.finfo(float).tiny)


def variances(stats: ChannelStats) -> Vector:
    """Return (n,) the variance of each channel, never negative."""
    return np.maximum(np.diagonal(stats.covariance), 0)
