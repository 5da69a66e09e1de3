"""Compensation for removed channels: a matrix and a vector for each consumer.

A consumer computes  W a + b  from the channels a. Without the removed ones it gets  M a + beta
instead of a, where the columns of M for removed channels are zero; so its weights become  W M  and
its bias grows by  W beta  summed over the taps. The kinds of compensation differ in M and beta:

    neutralise   M_rr = 0, beta = 0
    merge        M_rh = 1 for the substitute h (-1 if complementary), beta = 0
    affine       M_rh = cov_rh / var_h, beta_r = mean_r - M_rh mean_h
    ls           M_RK = S_RK (S_KK + ridge)^-1, beta_R = mean_R - M_RK mean_K
    refit        as ls, the starting point of `refit`

with the covariances S and means from one measuring pass. If the consumer has no bias and no batch
norm, the fits go through the origin (second moments instead of covariances).

A conv that pads with zeros gets beta only inside the picture, but its bias applies at the border as
well. A constant channel, zero outside like any other, makes this exact: it takes the slot of a
removed channel, and the consumers' weight for it is  W beta, tap by tap.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import nn

from fer_live.training.pruning.compensation.constants import make_constant, responses
from fer_live.training.pruning.graph.channels import ChannelGraph, Consumer, Ids, Mask
from fer_live.training.pruning.plan import Compensation, Plan, number
from fer_live.training.pruning.statistics.gram import ChannelStats, Matrix, Vector
from fer_live.training.pruning.statistics.measure import Measurement
from fer_live.training.pruning.statistics.outgoing_weights import (
    outgoing,
    weight_of,
)

RIDGE: Final = 1e-6
"""Added to the diagonal of the correlations: large enough if kept channels are copies, and small
enough that a removed copy is restored to six digits."""
_FITTED: Final = ("affine", "ls", "refit")
"""Compensations with an offset."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a consumer gets instead of its n channels.

    That is  mixing @ channels + constants @ responses + offset.

    Attributes:
        mixing: (n, n); the columns of removed channels are zero.
        constants: (n, E) for its E constant channels.
        offset: (n,) to be carried by the consumer's bias; zero if a constant channel carries it.
    """

    mixing: Matrix
    constants: Matrix
    offset: Vector


@dataclass(frozen=True, slots=True)
class ConsumerLoss:
    """What one consumer loses, by positions among its n channels.

    Attributes:
        stats: Of its n channels, followed by the responses of its E constant channels.
        lost: (n,) which channels are removed.
        substitutes: (n,) position of each lost channel's substitute; -1 for none.
        signs: (n,) -1 if the substitute is complementary, else 1.
        ranked: (n,) whether a channel was chosen without being compared with another, so that any
            channel may become its substitute.
        biased: Whether the consumer's output can be shifted.
    """

    stats: ChannelStats
    lost: Mask
    substitutes: Ids
    signs: Ids
    ranked: Mask
    biased: bool


def compensate(
    network: nn.Module, graph: ChannelGraph, plan: Plan, measurement: Measurement
) -> nn.Module:
    """Return a copy in which no consumer uses a removed channel; every layer keeps its size.

    After physically removing the zero columns (`surgery.shrink`), the logits are the same.

    Args:
        network: The unpruned network.
        graph: Its channel graph.
        plan: What to remove, and how to compensate.
        measurement: Of the same network.

    Raises:
        ModelError: The plan was made for another network.
    """
    copied = copy.deepcopy(network)
    removed = plan.removed(graph)
    slots = np.array([number(graph, constant) for constant in plan.constants], np.int64)
    constants = responses(network, graph, slots, measurement.example)
    for consumer in graph.consumers:
        stats = stats_beside(measurement, consumer, constants)
        loss = loss_at(network, graph, plan, stats, consumer)
        if loss.lost.any():
            replacement = replacement_at(loss, plan.compensation)
            _rewrite(
                copied, consumer, replacement, np.flatnonzero(np.isin(consumer.channels, slots))
            )
    for slot in slots[removed[slots]]:
        make_constant(copied, graph, int(slot))
    return copied


def stats_beside(
    measurement: Measurement, consumer: Consumer, constants: Mapping[str, Matrix]
) -> ChannelStats:
    """Return the statistics of a consumer's channels, then those of its constant channels."""
    seen = measurement.consumers[consumer.name]
    if consumer.name not in constants:
        return seen.positions
    return seen.positions.beside(seen.mean_maps, constants[consumer.name])


def loss_at(
    network: nn.Module, graph: ChannelGraph, plan: Plan, stats: ChannelStats, consumer: Consumer
) -> ConsumerLoss:
    """Return what one consumer loses by a plan.

    If a channel occurs several times in a consumer's input (a concatenation of x with x), the k-th
    copy is replaced by the k-th copy of the substitute.

    Args:
        network: The unpruned network.
        graph: Its channel graph.
        plan: What to remove.
        stats: As returned by `stats_beside`.
        consumer: The consumer.
    """
    places: dict[int, list[int]] = {}
    for place, channel_number in enumerate(consumer.channels):
        places.setdefault(int(channel_number), []).append(place)
    count = len(consumer.channels)
    lost, ranked = np.zeros(count, bool), np.zeros(count, bool)
    substitutes, signs = np.full(count, -1, np.int64), np.ones(count, np.int64)
    for removal in plan.removals:
        copies = places.get(number(graph, removal.substitute), []) if removal.substitute else []
        for turn, gone in enumerate(places.get(number(graph, removal.channel), [])):
            lost[gone], ranked[gone] = True, removal.reason == "ranked"
            signs[gone] = -1 if removal.reason == "complementary" else 1
            if copies:
                substitutes[gone] = copies[min(turn, len(copies) - 1)]
    return ConsumerLoss(
        stats, lost, substitutes, signs, ranked, can_shift_output(network, consumer)
    )


def can_shift_output(network: nn.Module, consumer: Consumer) -> bool:
    """Return whether a consumer's output can be shifted: by its bias, or by the norm after it."""
    if network.get_submodule(consumer.name).bias is not None:
        return True
    if consumer.norm is None:
        return False
    return network.get_submodule(consumer.norm).running_mean is not None


def replacement_at(loss: ConsumerLoss, how: Compensation) -> Replacement:
    """Return what the consumer gets instead of its channels."""
    count, mean = len(loss.lost), loss.stats.mean
    gone, kept = np.flatnonzero(loss.lost), np.flatnonzero(~loss.lost)
    # A constant channel that is the same everywhere can carry the offset, one value for all.
    steady = count + np.flatnonzero(loss.stats.constant[count:] & (mean[count:] != 0))
    shifted = loss.biased or len(steady) > 0
    moments = loss.stats.covariance if shifted else loss.stats.second_moment
    mixing = np.zeros((count, len(mean)))  # of the channels, and behind them of the constant ones
    mixing[kept, kept] = 1
    mixing[gone] = _fit_of(loss, how, moments, gone)
    offset = np.zeros(count)
    if shifted and how in _FITTED:
        offset[gone] = mean[gone] - mixing[gone] @ mean
    if len(steady):
        mixing[:, steady[0]] += offset / mean[steady[0]]
        offset[:] = 0
    return Replacement(mixing[:, :count], mixing[:, count:], offset)


def _fit_of(loss: ConsumerLoss, how: Compensation, moments: Matrix, gone: Ids) -> Matrix:
    """Return (removed, n + E) the mixture of kept channels that replaces each removed one."""
    count, width = len(loss.lost), len(moments)
    fit = np.zeros((len(gone), width))
    if how in ("ls", "refit"):
        sources = np.r_[np.flatnonzero(~loss.lost), count:width]
        fit[:, sources] = least_squares(moments, gone, sources)
    elif how == "merge":
        told = np.flatnonzero(loss.substitutes[gone] >= 0)
        fit[told, loss.substitutes[gone[told]]] = loss.signs[gone[told]]
    elif how == "affine":
        for row, place in enumerate(gone):
            substitute = _best_substitute(loss, int(place), moments)
            if substitute >= 0:
                slope = moments[place, substitute] / moments[substitute, substitute]
                fit[row, substitute] = slope
    return fit


def _best_substitute(loss: ConsumerLoss, place: int, moments: Matrix) -> int:
    """Return the position of a channel's substitute, or of its best single predictor, or -1."""
    if loss.substitutes[place] >= 0 or not loss.ranked[place]:
        return int(loss.substitutes[place])
    own = moments[: len(loss.lost), : len(loss.lost)]
    spread = np.diagonal(own)
    with np.errstate(divide="ignore", invalid="ignore"):
        told = np.where(~loss.lost & (spread > 0), own[place] ** 2 / spread, -1)
    best = int(np.argmax(told))
    return best if told[best] > 0 else -1


def least_squares(moments: Matrix, gone: Ids, sources: Ids) -> Matrix:
    """Return (removed, sources) the coefficients of the best fit of each channel by the sources.

    Solved on correlations, so that channels of small and large variance count equally.
    """
    size = np.sqrt(np.maximum(np.diagonal(moments), 0))[sources]
    scale = np.where(size > 0, 1 / np.where(size > 0, size, 1), 0)
    inner = moments[np.ix_(sources, sources)] * np.outer(scale, scale)
    inner[np.diag_indices_from(inner)] += np.where(size > 0, RIDGE, 1)
    outer = moments[np.ix_(gone, sources)] * scale
    fitted: Matrix = np.linalg.solve(inner, outer.T).T * scale
    return fitted


def _rewrite(network: nn.Module, consumer: Consumer, replacement: Replacement, slots: Ids) -> None:
    """Fold a replacement into the consumer's weights and bias."""
    weights = outgoing(network, consumer)
    mixed = np.einsum("onp,nm->omp", weights, replacement.mixing, optimize=True)
    mixed[:, slots] += np.einsum("onp,ne->oep", weights, replacement.constants, optimize=True)
    weight = weight_of(network, consumer.name)
    with torch.no_grad():
        weight.copy_(torch.from_numpy(mixed).reshape(weight.shape))
        shift_output(network, consumer, np.einsum("onp,n->o", weights, replacement.offset))


def shift_output(network: nn.Module, consumer: Consumer, shift: Vector) -> None:
    """Add (outputs,) to a consumer's output, by its bias or by the mean that its norm subtracts."""
    bias = network.get_submodule(consumer.name).bias
    if isinstance(bias, torch.Tensor):
        bias += torch.from_numpy(shift).to(bias)
    elif consumer.norm is not None:
        mean = network.get_submodule(consumer.norm).running_mean
        if isinstance(mean, torch.Tensor):
            mean -= torch.from_numpy(shift).to(mean)
