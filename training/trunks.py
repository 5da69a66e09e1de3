"""Heads that were trained together are files of their own; here they are one network again."""

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from fer_live.training.checkpoint import Checkpoint

_ALIKE = ("architecture", "widths", "colour", "crop")


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


def _fit(one: Tensor | None, other: Tensor | None, rows: tuple[int, int]) -> bool:
    """Return whether two tensors are equal, or have a row for each label of their heads."""
    if one is None or other is None:
        return False
    if torch.equal(one, other):
        return True
    if not one.ndim or not other.ndim:
        return False
    return (len(one), len(other)) == rows and one.shape[1:] == other.shape[1:]
