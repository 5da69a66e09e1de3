"""Refit the consumers, one after the other, on their inputs in the pruned network.

The least squares of `compensate` treats each consumer separately, as if its inputs were still those
of the unpruned network, and channel by channel, without neighbouring pixels. Here the consumers are
fitted in order of execution, each on the outputs of those already fitted, with every tap of its
kernel as a separate input and with its zero padding:

    minimise over D   sum |E - D u|^2 + ridge * sum_j D_j^2 sum u_j^2

u is a patch of the input in the pruned network (and 1, if the output can be shifted), E the output
of the unpruned network minus that of the pruned one, before batch norm; D is added to the weights.
If a consumer's output goes directly into a sum, such as a residual stream, E is the error of the
sum, so that the layer also compensates for earlier losses of the stream. It needs no labels, only
the pictures of the measuring pass. After Zhang et al. 2016, "Accelerating Very Deep
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
"""Share of each input's own energy; more if there are fewer than `ROWS_EACH` patches per input. If
nothing was lost, E is 0 and so is D, whatever the value."""
ROWS: Final = 50_000
"""Patches on which a consumer is fitted; more if necessary for `ROWS_EACH`."""
ROWS_EACH: Final = 40
MOST_INPUTS: Final = 8_192
"""Maximum number of inputs times taps of a fitted consumer: the size of the linear system."""


@dataclass(frozen=True)
class FitPictures:
    """Pictures to fit on.

    Attributes:
        batches: (N, ...) inputs of the network; read once for each consumer.
        images: Total number of pictures.
    """

    batches: Iterable[Tensor]
    images: int


def refit(
    pruned: nn.Module, parent: nn.Module, graph: ChannelGraph, plan: Plan, seen: FitPictures
) -> None:
    """Fit every consumer of a compensated network in place; removed channels remain unused.

    Consumers that are neither `Conv2d` nor `Linear` are not changed, nor are those with more than
    `MOST_INPUTS`, such as a linear layer after large flattened channels.

    Args:
        pruned: As returned by `compensate`, so still of the parent's shape.
        parent: The unpruned network.
        graph: The parent's channel graph.
        plan: What was removed.
        seen: The pictures on which the parent was measured.
    """
    absent, removed = plan.absent(graph), plan.removed(graph)
    for network in (pruned, parent):
        network.eval()
    for consumer in counted("fitting what reads", graph.consumers):
        module, inputs = pruned.get_submodule(consumer.name), _columns(consumer, absent)
        if not isinstance(module, nn.Conv2d | nn.Linear):
            continue
        if len(inputs) * module.weight[0, 0].numel() <= MOST_INPUTS:
            # The layer that produces a constant channel must keep the output 1 in that slot.
            made = graph.axes.get((consumer.name, "out"))
            outputs = None if made is None else np.flatnonzero((made < 0) | ~removed[made])
            _fit(pruned, parent, consumer, inputs=inputs, outputs=outputs, seen=seen)


def _columns(consumer: Consumer, absent: Mask) -> Ids:
    """Return the remaining input channels of a consumer, flattened ones one by one."""
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
    """Return float64 (outputs, inputs * taps) to add, and (outputs,) shifts where possible."""
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
    """Return (rows, inputs * taps) patches and their (rows, outputs) errors.

    Args:
        layer: The consumer's layer.
        features: (N, C, H, W) or (N, C) input of the layer.
        error: (N, K, H', W') or (N, K) error of its output.
        inputs: Channels to use.
        each: Number of positions drawn per picture, the same for a whole batch.
        draw: Random generator.
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
    """Return the zero padding left, right, top and bottom, as for `torch.nn.functional.pad`."""
    if layer.padding == "valid":
        return [0, 0, 0, 0]
    down, right = reach
    if layer.padding == "same":
        return [right // 2, right - right // 2, down // 2, down - down // 2]
    above, left = (int(side) for side in layer.padding)
    return [left, left, above, above]
