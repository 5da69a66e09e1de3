"""Two checkpoints of one training, each with one head, become one network again."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from fer_live.contract import OF_SECOND
from fer_live.errors import ModelError
from fer_live.training.checkpoint import Checkpoint
from fer_live.training.networks import build
from fer_live.training.pruning.widths import fit_to

BEST: Final = "best.ckpt"
SECOND: Final = "second.ckpt"


def load_heads(path: Path, second: Path | None = None) -> tuple[Checkpoint, Checkpoint | None]:
    """Read a checkpoint, or a run's folder with the second head that may lie in it.

    Args:
        path: A file, or a folder with `BEST` and perhaps `SECOND`.
        second: The second head's file; None takes what lies in the folder.

    Raises:
        ModelError: A file is missing or no checkpoint.
    """
    if path.is_dir():
        beside = path / SECOND
        second = beside if second is None and beside.is_file() else second
        path = path / BEST
    return Checkpoint.load(path), None if second is None else Checkpoint.load(second)


def network_of(first: Checkpoint, second: Checkpoint | None = None) -> nn.Module:
    """Return a network whose outputs are the labels of `first`, then those of `second`.

    Args:
        first: What users read.
        second: What the same training made of its second head; None for one head.

    Raises:
        ModelError: The two do not share all but their last layer, so one graph cannot hold both.
    """
    if second is None:
        return first.network()
    first.network(), second.network()  # complain about either alone first
    weights = joined(first, second)
    network = build(first.architecture, first.widths, len(first.labels) + len(second.labels))
    if first.pruning is not None:
        fit_to(network, weights)
    network.load_state_dict({key: _full(value) for key, value in weights.items()}, strict=True)
    return network.eval()


def joined(first: Checkpoint, second: Checkpoint) -> Mapping[str, Tensor]:
    """Return the weights of both: what they share once, and the rows of their last layers.

    Raises:
        ModelError: They share too little.
    """
    alike = ("architecture", "widths", "colour", "crop")
    differing = [name for name in alike if getattr(first, name) != getattr(second, name)]
    rows = len(first.labels), len(second.labels)
    weights = {}
    for key, value in first.weights.items():
        other = second.weights.get(key)
        if other is not None and torch.equal(value, other):
            weights[key] = value
        elif other is not None and _are_rows(value, other, rows):
            weights[key] = torch.cat((value, other))
        else:
            differing.append(key)
    if differing or set(second.weights) - set(first.weights):
        named = ", ".join(differing[:3]) or "their layers"
        raise ModelError(
            f"{first.name} and {second.name} cannot share one graph: they differ in {named}; give "
            "best.ckpt and second.ckpt of one training, pruned and recovered together if at all"
        )
    return weights


def told_by(first: Checkpoint, second: Checkpoint) -> Checkpoint:
    """Return `first` with the figures of both heads, its own first; each says what it is of."""
    theirs = tuple(dataclasses.replace(m, data=f"{m.data}{OF_SECOND}") for m in second.metrics)
    return dataclasses.replace(first, metrics=first.metrics + theirs)


def _are_rows(one: Tensor, other: Tensor, rows: tuple[int, int]) -> bool:
    """Return whether two tensors have a row for each label of their heads, and are else alike."""
    if not one.ndim or not other.ndim:
        return False
    return (len(one), len(other)) == rows and one.shape[1:] == other.shape[1:]


def _full(value: Tensor) -> Tensor:
    """Return floating point values as float32, others as they are."""
    return value.float() if value.is_floating_point() else value
