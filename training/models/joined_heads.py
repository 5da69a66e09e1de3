"""Heads that were trained together are files of their own; here they are one network again."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from fer_live.errors import ModelError
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.models.mixed_heads import Mixing

BEST: Final = "best.ckpt"
SECOND: Final = "second.ckpt"
FIRST: Final = "first.ckpt"
"""In a run's folder: what answers, the second head, and the first one where both are mixed."""
_ALIKE = ("architecture", "widths", "colour", "crop", "mirrored")


def differing_in(one: Checkpoint, other: Checkpoint) -> tuple[str, ...]:
    """Return in what two checkpoints differ beside the outputs of their last layer; () in nothing.

    Settings and layers are named; an output layer may differ in that it has a row for each of its
    own labels.
    """
    found = [name for name in _ALIKE if getattr(one, name) != getattr(other, name)]
    rows = len(one.labels), len(other.labels)
    keys = {**one.weights, **other.weights}
    found += [k for k in keys if not _fit(one.weights.get(k), other.weights.get(k), rows)]
    return tuple(found)


def with_one_trunk(checkpoints: Sequence[Checkpoint]) -> list[list[Checkpoint]]:
    """Return the checkpoints in groups that differ in nothing but labels and their outputs."""
    groups: list[list[Checkpoint]] = []
    for one in checkpoints:
        for group in groups:
            fresh = all(one.labels != member.labels for member in group)
            if fresh and not differing_in(group[0], one):
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def joined(group: Sequence[Checkpoint]) -> Checkpoint:
    """Return one checkpoint with the outputs of all, side by side, on the trunk that they share.

    Args:
        group: At least one, each with labels of its own; they must not differ (`differing_in`).
    """
    first, *others = group
    weights = {
        key: value
        if all(torch.equal(value, other.weights[key]) for other in others)
        else torch.cat([one.weights[key] for one in group])
        for key, value in first.weights.items()
    }
    labels = tuple(label for one in group for label in one.labels)
    return dataclasses.replace(first, labels=labels, weights=weights)


def both_heads(path: Path, labels: Sequence[tuple[str, ...]]) -> Checkpoint | None:
    """Return the whole network of a run's `BEST`, where its heads have just these labels.

    Args:
        path: A file with weights.
        labels: Of each head that is wanted, in order.

    Returns:
        None where the file is no run's `BEST`, or has no second head beside it, or other labels.
    """
    beside = path.parent / SECOND
    if path.name != BEST or not beside.is_file():
        return None
    heads = Checkpoint.load(path), Checkpoint.load(beside)
    wanted = tuple(head.labels for head in heads) == tuple(labels)
    if not wanted or heads[0].mixed or differing_in(*heads):
        return None
    return joined(heads)


def _fit(one: Tensor | None, other: Tensor | None, rows: tuple[int, int]) -> bool:
    """Return whether two tensors are equal, or have a row for each label of their heads."""
    if one is None or other is None:
        return False
    if torch.equal(one, other):
        return True
    if not one.ndim or not other.ndim:
        return False
    return (len(one), len(other)) == rows and one.shape[1:] == other.shape[1:]


def mixture(first: Checkpoint, second: Checkpoint, weight: float) -> Checkpoint:
    """Return both heads of one training as one whose answers mix theirs, as `mixed` has it.

    Its temperature is 1 and its figures are gone: it has to be calibrated and scored anew.

    Args:
        first: The head whose labels and prior it has.
        second: The other one.
        weight: The second one's share, in (0, 1).

    Raises:
        ModelError: They are not two heads of one training, or cannot be mixed.
    """
    if first.mixed or second.mixed:
        raise ModelError(f"{first.name} is a mixture already; give the heads that it was made of")
    if differing := differing_in(first, second):
        raise ModelError(
            f"{first.name} and {second.name} are not two heads of one training: they differ in "
            f"{', '.join(differing[:3])}"
        )
    temperatures = first.temperature, second.temperature
    mixing = Mixing(second.labels, second.prior, temperatures, weight)
    mixing.check(first.labels)
    weights = joined((first, second)).weights
    return dataclasses.replace(
        first,
        weights=weights,
        mixed=mixing,
        temperature=1.0,
        metrics=(),
        data=f"{first.data}; {weight:.0%} of the answer is of {second.data}",
    )


def mix_heads(run: Path, weight: float) -> Path:
    """Let a run's folder answer by both heads, and return the file that does.

    Mixed again, it is made of the same heads.

    Args:
        run: Folder with `BEST` and `SECOND`; `BEST` is kept as `FIRST`.
        weight: The second head's share, in (0, 1).

    Raises:
        ModelError: A head is missing, or see `mixture`.
    """
    kept, best = run / FIRST, run / BEST
    if best.is_file() and not (run / SECOND).is_file():
        raise ModelError(
            f"{run} has one head, nothing to mix it with; train with a [second] table for two"
        )
    first = Checkpoint.load(kept if kept.is_file() else best)
    mixed = mixture(first, Checkpoint.load(run / SECOND), weight)
    if not kept.is_file():
        first.save(kept)
    mixed.save(best)
    return best


def mirror_heads(run: Path, *, mirrored: bool = True) -> tuple[Path, ...]:
    """Let all heads of a run's folder answer for a picture and its mirror image, or for it alone.

    Temperatures are 1 and figures are gone afterwards: they belong to the former answer.

    Args:
        run: Folder with `BEST`, and perhaps `SECOND`.
        mirrored: False for the picture alone.

    Returns:
        The files that were written; none where all answer so already.

    Raises:
        ModelError: A file is no checkpoint, or `BEST` mixes both heads, which would have to be
            mixed anew.
    """
    paths = [run / BEST, *(path for path in (run / SECOND,) if path.is_file())]
    heads = [Checkpoint.load(path) for path in paths]
    if any(head.mixed for head in heads):
        raise ModelError(f"{run / BEST} mixes both heads; mirror them first and mix them then")
    found = zip(paths, heads, strict=True)
    changed = {path: one for path, one in found if one.mirrored != mirrored}
    for path, one in changed.items():
        dataclasses.replace(one, mirrored=mirrored, temperature=1.0, metrics=()).save(path)
    return tuple(changed)
