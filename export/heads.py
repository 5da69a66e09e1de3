"""Two checkpoints of one training, each with one head, become one network again."""

import dataclasses
from pathlib import Path

import torch
from torch import nn

from fer_live.contract import OF_SECOND
from fer_live.errors import ModelError
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.models.joined_heads import BEST, SECOND, differing_in, joined


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

    A mixture gives its own labels alone, and both by `Mixed.both`.

    Args:
        first: What users read.
        second: What the same training made of its second head; None for one head.

    Raises:
        ModelError: The two do not share all but their last layer, so one graph cannot hold both.
    """
    if second is None:
        return first.network()
    first.network(), second.network()  # complain about either alone first
    if first.mixed is not None:
        _require_part(first, second)
        return first.network()
    if differing := differing_in(first, second):
        raise ModelError(
            f"{first.name} and {second.name} cannot share one graph: they differ in "
            f"{', '.join(differing[:3])}; give best.ckpt and second.ckpt of one training, pruned "
            "and recovered together if at all"
        )
    return joined((first, second)).network()


def _require_part(mixture: Checkpoint, second: Checkpoint) -> None:
    """Refuse a second head that is not the one in a mixture.

    Raises:
        ModelError: It is another one.
    """
    rows = len(mixture.labels)
    for key, value in mixture.weights.items():
        other = second.weights.get(key)
        if other is None or not (torch.equal(value, other) or torch.equal(value[rows:], other)):
            raise ModelError(
                f"{second.name} is not the second head that is mixed into {mixture.name}: they "
                f"differ in {key}"
            )


def told_by(first: Checkpoint, second: Checkpoint) -> Checkpoint:
    """Return `first` with the figures of both heads, its own first; each says what it is of."""
    theirs = tuple(dataclasses.replace(m, data=f"{m.data}{OF_SECOND}") for m in second.metrics)
    return dataclasses.replace(first, metrics=first.metrics + theirs)
