"""Balancing rare labels: weights in the loss, weighted sampling, or augmented copies.

Everything here applies to the training part only. `with_rare_copies` before the split, as in paper
002, puts copies of training pictures among those that are scored: see `SplitSettings.leak`. The
fourth method, the balanced softmax (Ren et al. 2020), is a line in the learner's loss.
"""

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray

from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.config.experiment import Balance
from fer_live.training.data.augmentation.augment import augment
from fer_live.training.data.batches import mixed_seed
from fer_live.training.data.heads import Heads, Lessons
from fer_live.training.data.network_input import as_batch
from fer_live.training.data.samples import Samples

_AT_ONCE = 512


def heads_of(
    lessons: Lessons, labels: tuple[tuple[str, ...], ...], balance: Balance, most: float
) -> Heads:
    """Return the heads for the loss, with the prior that the network will have learned.

    Weights in the loss shift that prior as if they multiplied the frequencies; the balanced softmax
    removes it from the logits, and weighted sampling from the pictures seen.
    """
    prior = np.array(lessons.prior())
    weights = class_weights(lessons, most) if balance == "class-weights" else ()
    learned = prior
    if weights:
        learned = prior * np.array(weights)
    elif balance == "balanced-softmax":
        learned = np.ones_like(prior)
    elif lessons.weights is not None:
        learned = (lessons.targets * lessons.weights[:, None]).sum(axis=0)
    parts = np.split(learned, np.cumsum(lessons.sizes)[:-1])
    shares = np.concatenate([part / part.sum() for part in parts])
    return Heads(labels, tuple(prior.tolist()), tuple(shares.tolist()), weights)


def class_weights(lessons: Lessons, most: float) -> tuple[float, ...]:
    """Return (K,) weights in the loss with which all labels of a head count equally.

    Args:
        lessons: The training part.
        most: A label's weight is at most this many times the smallest one of its head.
    """
    weights = 1 / np.maximum(np.array(lessons.prior()), 1e-12)
    heads = np.split(weights, np.cumsum(lessons.sizes)[:-1])
    capped = [np.minimum(head, most * head.min()) for head in heads]
    return tuple(np.concatenate([head / head.mean() for head in capped]).tolist())


def drawing_weights(lessons: Lessons) -> NDArray[np.float64]:
    """Return (N,) weights with which every label of the first head is drawn equally often.

    A picture whose target is a distribution counts for each of its labels by their shares; one
    without a label for the first head is drawn as often as the average picture.
    """
    size = lessons.sizes[0]
    shares = lessons.targets[:, :size].astype(np.float64)
    prior = np.maximum(np.array(lessons.prior()[:size]), 1e-12)
    weights: NDArray[np.float64] = (shares / prior).sum(axis=1)
    known = shares.sum(axis=1) > 0
    weights[~known] = weights[known].mean()
    return weights


def with_rare_copies(
    samples: Samples, most: int, augmentation: AugmentSettings, *, seed: int
) -> Samples:
    """Return the samples plus augmented copies of those with rare labels, to balance the labels.

    A label with n pictures, where the most frequent has m, gets (m - n) copies, taking its pictures
    in turn, but at most most - 1 of each picture. A copy's name begins with "copy of ".

    Args:
        samples: The originals; pictures without a majority get no copies.
        most: A picture occurs at most this many times, including the original.
        augmentation: The augmentation of copies.
        seed: Of the augmentation.
    """
    counts = np.array(list(samples.counts().values()))
    rows = []
    for label, count in enumerate(counts):
        own = np.flatnonzero(samples.majority == label)
        wanted = min(int(counts.max() - count), (most - 1) * len(own))
        rows.append(np.resize(own, wanted) if len(own) else own)
    copies = samples.take(np.concatenate(rows))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(mixed_seed(seed, len(copies)))
        pixels = _varied(copies.pixels, augmentation)
    names = np.array([f"copy of {name}" for name in copies.names.tolist()])
    copies = dataclasses.replace(copies, pixels=pixels, names=_unique(names))
    return joined(samples, copies)


def joined(one: Samples, other: Samples) -> Samples:
    """Return the pictures of both, which have the same labels and shape."""
    return dataclasses.replace(
        one,
        pixels=np.concatenate([one.pixels, other.pixels]),
        targets=np.concatenate([one.targets, other.targets]),
        majority=np.concatenate([one.majority, other.majority]),
        parts=np.concatenate([one.parts, other.parts]),
        names=np.concatenate([one.names, other.names]),
        people=np.concatenate([one.people, other.people]),
    )


def _varied(pixels: NDArray[np.uint8], augmentation: AugmentSettings) -> NDArray[np.uint8]:
    """Return augmented copies of pictures; tables of features are not changed."""
    if pixels.ndim == 2 or not len(pixels):  # noqa: PLR2004 (a table of features)
        return pixels
    out = np.empty_like(pixels)
    for start in range(0, len(pixels), _AT_ONCE):
        batch = augment(as_batch(pixels[start : start + _AT_ONCE]), augmentation)
        whole = (batch * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        out[start : start + _AT_ONCE] = whole if pixels.ndim == 4 else whole[..., 0]  # noqa: PLR2004 (colour)
    return out


def _unique(names: NDArray[np.str_]) -> NDArray[np.str_]:
    """Number names that occur more than once."""
    seen: dict[str, int] = {}
    out = []
    for name in names.tolist():
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return np.array(out, dtype=np.str_)
