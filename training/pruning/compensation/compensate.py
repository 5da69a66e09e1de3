"""How the readers of removed maps make up for them: one matrix and one vector a reader.

A reader computes  W a + b  from the maps a. Without the removed ones it reads  M a + beta  in
place of a, where M has no column for a removed map; so its weights become  W M  and its bias grows
by  W beta  summed over the taps. Every way of making up is a choice of M and beta:

    neutralise   M_rr = 0, beta = 0
    merge        M_rh = 1 for the heir h (-1 if complementary), beta = 0
    affine       M_rh = cov_rh / var_h, beta_r = mean_r - M_rh mean_h
    ls           M_RK = S_RK (S_KK + ridge)^-1, beta_R = mean_R - M_RK mean_K
    refit        as ls; `refit` then goes on from there

with the covariances S and means that one measuring pass kept. Where nothing can carry a bias, the
fits go through the origin (second moments in place of covariances).

A conv that pads with zeros reads beta only inside the picture, but a bias is also felt outside. A
constant channel, zero outside like any map, makes it exact: it takes the slot of a removed map,
and the readers' weight for it is  W beta, tap by tap.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import nn

from fer_live.training.pruning.compensation.constants import responses, speak_one
from fer_live.training.pruning.graph.channels import ChannelGraph, Ids, Mask, Reader
from fer_live.training.pruning.plan import Compensation, Plan, number
from fer_live.training.pruning.statistics.gram import MapStats, Matrix, Vector
from fer_live.training.pruning.statistics.measure import Measurement
from fer_live.training.pruning.statistics.outgoing_weights import (
    energy,
    interplay,
    outgoing,
    weight_of,
)

RIDGE: Final = 1e-6
"""Added to the diagonal of the correlations: enough for kept maps that are copies, and so small
that a removed copy comes back to six digits."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader reads in place of its n maps: mixing @ maps + constants @ responses + offset.

    Attributes:
        mixing: (n, n); the columns of removed maps are zero.
        constants: (n, E) for the E constant channels that it reads.
        offset: (n,) to be carried by the reader's bias; zero where a constant channel does.
    """

    mixing: Matrix
    constants: Matrix
    offset: Vector


@dataclass(frozen=True, slots=True)
class Loss:
    """What one reader loses, by places among its n maps.

    Attributes:
        stats: Of its n maps, and behind them of the responses of its E constant channels.
        lost: (n,) which maps go.
        heirs: (n,) place of each lost map's heir; -1 for none.
        signs: (n,) -1 where the heir says the opposite, else 1.
        ranked: (n,) whether a map was chosen without being compared with another, so that
            anyone may become its heir.
        biased: Whether the reader's output can be shifted.
    """

    stats: MapStats
    lost: Mask
    heirs: Ids
    signs: Ids
    ranked: Mask
    biased: bool


def compensate(
    network: nn.Module, graph: ChannelGraph, plan: Plan, measurement: Measurement
) -> nn.Module:
    """Return a copy in which no reader reads a removed map any more; no layer changes its size.

    With the zero columns physically removed (`surgery.shrink`) it gives the same logits.

    Args:
        network: The unpruned network.
        graph: Its own.
        plan: What goes, and how it is made up for.
        measurement: Of the same network.

    Raises:
        ModelError: The plan was made for another network.
    """
    copied = copy.deepcopy(network)
    removed = plan.removed(graph)
    slots = np.array([number(graph, constant) for constant in plan.constants], np.int64)
    spoken = responses(network, graph, slots, measurement.example)
    for reader in graph.readers:
        loss = loss_at(network, graph, plan, stats_beside(measurement, reader, spoken), reader)
        if loss.lost.any():
            reading = make_up(loss, plan.compensation)
            _rewrite(copied, reader, reading, np.flatnonzero(np.isin(reader.maps, slots)))
    for slot in slots[removed[slots]]:
        speak_one(copied, graph, int(slot))
    return copied


def stats_beside(
    measurement: Measurement, reader: Reader, spoken: Mapping[str, Matrix]
) -> MapStats:
    """Return what is known of a reader's maps, and behind them of its constant channels."""
    seen = measurement.readers[reader.name]
    if reader.name not in spoken:
        return seen.positions
    return seen.positions.beside(seen.mean_maps, spoken[reader.name])


def loss_at(
    network: nn.Module, graph: ChannelGraph, plan: Plan, stats: MapStats, reader: Reader
) -> Loss:
    """Return what a plan takes from one reader.

    Where a reader reads a map several times (x beside x), the k-th heir speaks for the k-th.

    Args:
        network: The unpruned network.
        graph: Its own.
        plan: What goes.
        stats: As `stats_beside` gives them.
        reader: Who loses.
    """
    places: dict[int, list[int]] = {}
    for place, map_number in enumerate(reader.maps):
        places.setdefault(int(map_number), []).append(place)
    count = len(reader.maps)
    lost, ranked = np.zeros(count, bool), np.zeros(count, bool)
    heirs, signs = np.full(count, -1, np.int64), np.ones(count, np.int64)
    for removal in plan.removals:
        speakers = places.get(number(graph, removal.heir), []) if removal.heir else []
        for turn, gone in enumerate(places.get(number(graph, removal.map), [])):
            lost[gone], ranked[gone] = True, removal.reason == "ranked"
            signs[gone] = -1 if removal.reason == "complementary" else 1
            if speakers:
                heirs[gone] = speakers[min(turn, len(speakers) - 1)]
    return Loss(stats, lost, heirs, signs, ranked, carries_bias(network, reader))


def carries_bias(network: nn.Module, reader: Reader) -> bool:
    """Return whether a reader's output can be shifted: by its bias, or by the norm behind it."""
    if network.get_submodule(reader.name).bias is not None:
        return True
    if reader.norm is None:
        return False
    return network.get_submodule(reader.norm).running_mean is not None


def make_up(loss: Loss, how: Compensation) -> Reading:
    """Return what the reader reads in place of its maps."""
    count, mean = len(loss.lost), loss.stats.mean
    gone = np.flatnonzero(loss.lost)
    full = np.zeros((count, len(mean)))
    full[~loss.lost, np.flatnonzero(~loss.lost)] = 1
    # A constant channel that is the same everywhere can carry the offset, one value for all.
    steady = count + np.flatnonzero(loss.stats.constant[count:] & (mean[count:] != 0))
    shifted = loss.biased or len(steady) > 0
    moments = loss.stats.covariance if shifted else loss.stats.second_moment
    if how in ("ls", "refit"):
        sources = np.r_[np.flatnonzero(~loss.lost), count : len(mean)]
        full[np.ix_(gone, sources)] = least_squares(moments, gone, sources)
    elif how != "neutralise":
        for place in gone:
            heir = _heir(loss, int(place), moments) if how == "affine" else int(loss.heirs[place])
            if heir >= 0:
                slope = moments[place, heir] / moments[heir, heir]
                full[place, heir] = slope if how == "affine" else loss.signs[place]
    offset = np.zeros(count)
    if shifted and how in ("affine", "ls", "refit"):
        offset[gone] = mean[gone] - full[gone] @ mean
    if len(steady):
        full[:, steady[0]] += offset / mean[steady[0]]
        offset[:] = 0
    return Reading(full[:, :count], full[:, count:], offset)


def _heir(loss: Loss, place: int, moments: Matrix) -> int:
    """Return the place of a map's heir, the best single speaker where it has none; -1 for none."""
    if loss.heirs[place] >= 0 or not loss.ranked[place]:
        return int(loss.heirs[place])
    own = moments[: len(loss.lost), : len(loss.lost)]
    spread = np.diagonal(own)
    with np.errstate(divide="ignore", invalid="ignore"):
        told = np.where(~loss.lost & (spread > 0), own[place] ** 2 / spread, -1)
    best = int(np.argmax(told))
    return best if told[best] > 0 else -1


def least_squares(moments: Matrix, gone: Ids, sources: Ids) -> Matrix:
    """Return (gone, sources) the coefficients of the best fit of each map by the sources.

    Solved on correlations, so that a faint map counts as much as a loud one.
    """
    size = np.sqrt(np.maximum(np.diagonal(moments), 0))[sources]
    scale = np.where(size > 0, 1 / np.where(size > 0, size, 1), 0)
    inner = moments[np.ix_(sources, sources)] * np.outer(scale, scale)
    inner[np.diag_indices_from(inner)] += np.where(size > 0, RIDGE, 1)
    outer = moments[np.ix_(gone, sources)] * scale
    fitted: Matrix = np.linalg.solve(inner, outer.T).T * scale
    return fitted


def damage(network: nn.Module, reader: Reader, loss: Loss, reading: Reading) -> float:
    """Return the share of what a reader says that is noise after a loss, as predicted; >= 0.

    tr(W D S Dᵀ Wᵀ) / tr(W S Wᵀ) with D = maps - reading; taps are taken as uncorrelated.
    """
    count = len(reader.maps)
    product = interplay(network, reader)
    difference = np.hstack([np.eye(count) - reading.mixing, -reading.constants])
    mean = difference @ loss.stats.mean - reading.offset
    spread = difference @ loss.stats.covariance @ difference.T + np.outer(mean, mean)
    own = loss.stats.part(np.arange(count))
    return max(0.0, float((product * spread).sum()) / energy(product, own))


def _rewrite(network: nn.Module, reader: Reader, reading: Reading, slots: Ids) -> None:
    """Fold a reading into the reader's weights and bias."""
    weights = outgoing(network, reader)
    mixed = np.einsum("onp,nm->omp", weights, reading.mixing, optimize=True)
    mixed[:, slots] += np.einsum("onp,ne->oep", weights, reading.constants, optimize=True)
    weight = weight_of(network, reader.name)
    with torch.no_grad():
        weight.copy_(torch.from_numpy(mixed).reshape(weight.shape))
        shift_output(network, reader, np.einsum("onp,n->o", weights, reading.offset))


def shift_output(network: nn.Module, reader: Reader, shift: Vector) -> None:
    """Add (outputs,) to what a reader says, by its bias or by the mean that its norm subtracts."""
    bias = network.get_submodule(reader.name).bias
    if isinstance(bias, torch.Tensor):
        bias += torch.from_numpy(shift).to(bias)
    elif reader.norm is not None:
        mean = network.get_submodule(reader.norm).running_mean
        if isinstance(mean, torch.Tensor):
            mean -= torch.from_numpy(shift).to(mean)
