"""Recompute the statistics of batch norms, whose inputs pruning has changed.

One forward pass, as REPAIR does after merging networks (Jordan et al., ICLR 2023).
"""

from collections.abc import Iterable

import torch
from torch import nn


def recalibrate(network: nn.Module, batches: Iterable[torch.Tensor]) -> None:
    """Set every batch norm's running mean and variance to the plain mean over the batches.

    Dropout stays off and nothing else changes; the network's mode is restored. Batches should be
    large (256) and of equal size, because their variances are averaged.
    """
    modes = {module: module.training for module in network.modules()}
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    network.eval()
    momenta = {norm: norm.momentum for norm in norms}
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
        norm.train()
    with torch.no_grad():
        for batch in batches:
            network(batch)
    for norm, momentum in momenta.items():
        norm.momentum = momentum
    for module, training in modes.items():
        module.training = training
