"""Refitting the consumers, one after the other, on the inputs that they get in the pruned network.

The least squares of `compensate` treats each consumer alone, as if its inputs were still those of
the unpruned network, and channel by channel, without its neighbouring pixels. Here the consumers
are fitted in order of execution, each on the outputs of those already fitted, with every tap of its
kernel as an input of its own and with its zero padding:

    minimise over D   sum |E - D u|^2 + ridge * sum_j D_j^2 sum u_j^2

u is a patch of what the pruned network gives (and 1, where the output can be shifted), E what the
unpruned network outputs there less what the pruned one does, before batch norm; D is added to the
weights. Where a consumer's output goes straight into a sum, such as a residual stream, E is the
error of the sum, so that the layer also makes up for what the stream has lost before it. It takes
no labels, only the pictures of the measuring pass. After Zhang et al. 2016, "Accelerating Very Deep
Convolutional Networks" (the asymmetric reconstruction), and He et al. 2017, "Channel Pruning for
Accelerating Very Deep Neural Networks".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from fer_live.progress import counted
from fer_live.training.pruning.compensation.compensate import can_shift_output, shift_output
from fer_live.training.pruning.compensation.residual_target import mixing_layer, residual_target
from fer_live.training.pruning.graph.channels import ChannelGraph, Consumer, Ids, Mask
from fer_live.training.pruning.plan import Plan
from fer_live.training.pruning.statistics.gram import Matrix

RIDGE: Final = 1e-4
"""Share of each input's own energy; more where there are fewer than `ROWS_EACH` patches for each
input. Where nothing was lost E is 0 and so is D, whatever this is."""
ROWS: Final = 50_000
"""Patches that a consumer is fitted on; more if need be for `ROWS_EACH`."""
ROWS_EACH: Final = 40
MOST_INPUTS: Final = 8_192
"""Inputs, times taps, of a consumer that is fitted: the size of the matrix that is solved."""


@dataclass(frozen=True)
class FitPictures:
    """Pictures to fit on.

    Attributes:
        batches: (N, ...) each, as the network takes them; read once for each consumer.
        images: How many there are in all.
    """

    batches: Iterable[Tensor]
    images: int


def refit(
    pruned: nn.Module, parent: nn.Module, graph: ChannelGraph, plan: Plan, seen: FitPictures
) -> None:
    """Fit every consumer of a compensated network in place; removed channels stay unread.

    Consumers that are neither `Conv2d` nor `Linear` stay as they are, and so do those of more than
    `MOST_INPUTS`, such as a linear layer behind large flattened channels.

    Args:
        pruned: As `compensate` leaves it, so still of the parent's shape.
        parent: The unpruned network.
        graph: The parent's.
        plan: What went.
        seen: The pictures that the parent was measured on.
    """
    absent, removed = plan.absent(graph), plan.removed(graph)
    for network in (pruned, parent):
        network.eval()
    for consumer in counted("fitting what reads", graph.consumers):
        module, inputs = pruned.get_submodule(consumer.name), _columns(consumer, absent)
        if not isinstance(module, nn.Conv2d | nn.Linear):
            continue
        if len(inputs) * module.weight[0, 0].numel() <= MOST_INPUTS:
            # The slot of a constant channel is made by a layer whose output has to stay 1.
            made = graph.axes.get((consumer.name, "out"))
            outputs = None if made is None else np.flatnonzero((made < 0) | ~removed[made])
            _fit(pruned, parent, consumer, inputs=inputs, outputs=outputs, seen=seen)


def _columns(consumer: Consumer, absent: Mask) -> Ids:
    """Return the input channels of a consumer that are still there, flattened ones one by one."""
    there = (consumer.channels < 0) | ~absent[consumer.channels]
    return np.flatnonzero(np.repeat(there, consumer.columns))


def _fit(
    pruned: nn.Module,
    parent: nn.Module,
    consumer: Consumer,
    *,
    inputs: Ids,
    outputs: Ids | None,
    seen: FitPictures,
) -> None:
    """Fit the weights of one consumer for some inputs and outputs; None stands for all outputs."""
    module = mixing_layer(pruned, consumer)
    rows = torch.arange(len(module.weight)) if outputs is None else torch.from_numpy(outputs)
    columns = torch.from_numpy(inputs)
    taps, shift = _change(pruned, parent, consumer, columns, rows, seen)
    with torch.no_grad():
        added = taps.reshape(len(rows), len(columns), *module.weight.shape[2:])
        module.weight[rows.unsqueeze(1), columns] += added.to(module.weight)
        if shift is not None:
            whole = np.zeros(len(module.weight))
            whole[rows.numpy()] = shift.numpy()
            shift_output(pruned, consumer, whole)


def _change(
    pruned: nn.Module,
    parent: nn.Module,
    consumer: Consumer,
    inputs: Tensor,
    outputs: Tensor,
    seen: FitPictures,
) -> tuple[Tensor, Tensor | None]:
    """Return float64 (outputs, inputs * taps) to add, and (outputs,) where it can be shifted."""
    module, biased = mixing_layer(pruned, consumer), can_shift_output(pruned, consumer)
    target = residual_target(pruned, parent, consumer, next(iter(seen.batches))[:1])
    rows = max(ROWS, ROWS_EACH * len(inputs) * module.weight[0, 0].numel())
    each = -(-rows // seen.images)
    draw = torch.Generator().manual_seed(0)
    normal, against, taken = torch.zeros(()), torch.zeros(()), 0
    for batch in seen.batches:
        features, error = target(batch)
        given, missed = _patches(module, features, error, inputs, each=each, draw=draw)
        if biased:
            given = torch.cat([given, given.new_ones(len(given), 1)], dim=1)
        given, missed = given.double(), missed[:, outputs].double()
        normal = normal + given.T @ given
        against = against + given.T @ missed
        taken += len(given)
    ridge = RIDGE * max(1.0, ROWS_EACH * len(normal) / taken)
    change = torch.from_numpy(_solved(normal.numpy(), against.numpy(), ridge)).T
    return (change[:, :-1], change[:, -1]) if biased else (change, None)


def _solved(normal: Matrix, against: Matrix, ridge: float) -> Matrix:
    """Return (inputs, outputs) the coefficients of the fit; an input that is always 0 gets 0."""
    size = np.diagonal(normal).copy()
    scale = np.where(size > 0, 1 / np.sqrt(np.where(size > 0, size, 1)), 0)
    inner = normal * np.outer(scale, scale)
    inner[np.diag_indices_from(inner)] += np.where(size > 0, ridge, 1)
    fitted: Matrix = np.linalg.solve(inner, against * scale[:, None]) * scale[:, None]
    return fitted


def _patches(
    layer: nn.Conv2d | nn.Linear,
    features: Tensor,
    error: Tensor,
    inputs: Tensor,
    *,
    each: int,
    draw: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Return (rows, inputs * taps) patches and the (rows, outputs) errors that belong to them.

    Args:
        layer: Who reads.
        features: (N, C, H, W) or (N, C) what it reads.
        error: (N, K, H', W') or (N, K) of what it says.
        inputs: Channels that are looked at.
        each: Places of a picture that are drawn, the same ones for all of a batch.
        draw: Chance.
    """
    if isinstance(layer, nn.Linear):
        return features[..., inputs].flatten(0, -2), error.flatten(0, -2)
    (high, wide), (down, right) = layer.kernel_size, layer.stride
    down_step, right_step = layer.dilation
    reach = (high - 1) * down_step, (wide - 1) * right_step
    padded = nnf.pad(features[:, inputs], _pads(layer, reach))
    windows = padded.unfold(2, reach[0] + 1, down).unfold(3, reach[1] + 1, right)
    windows = windows[..., ::down_step, ::right_step]
    rows, columns = error.shape[2:]
    places = torch.randperm(rows * columns, generator=draw)[:each]
    chosen = windows[:, :, places // columns, places % columns]  # (N, C, places, kh, kw)
    patches = chosen.permute(0, 2, 1, 3, 4).reshape(-1, len(inputs) * high * wide)
    return patches, error.flatten(2)[:, :, places].permute(0, 2, 1).reshape(-1, error.shape[1])


def _pads(layer: nn.Conv2d, reach: tuple[int, int]) -> list[int]:
    """Return zeros left, right, above and below, as `torch.nn.functional.pad` wants them."""
    if layer.padding == "valid":
        return [0, 0, 0, 0]
    down, right = reach
    if layer.padding == "same":
        return [right // 2, right - right // 2, down // 2, down - down // 2]
    above, left = (int(side) for side in layer.padding)
    return [left, left, above, above]
