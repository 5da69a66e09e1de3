"""Labelled pictures in memory, the type that every reader returns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError

Part: TypeAlias = Literal["train", "validation", "test"]
PARTS: Final[tuple[Part, ...]] = ("train", "validation", "test")


@dataclass(frozen=True)
class Samples:
    """N labelled pictures.

    Attributes:
        pixels: (N, H, W) uint8 gray, (N, H, W, 3) uint8 RGB, or (N, F) float32 features.
        targets: (N, K) float32, each row a distribution over `labels`: what is learned.
        majority: (N,) int64 index into `labels`, -1 if no label has a majority: used for scoring.
            A picture without a majority may be used for training but is never scored.
        parts: (N,) of `PARTS`, the set's own division; all "train" if it has none.
        names: (N,) the name of each picture, such as its file or row.
        people: (N,) who is shown; an empty string if unknown.
        labels: What column k of `targets` means.
        source: A short description for reports.
    """

    pixels: NDArray[Any]
    targets: NDArray[np.float32]
    majority: NDArray[np.int64]
    parts: NDArray[np.str_]
    names: NDArray[np.str_]
    people: NDArray[np.str_]
    labels: tuple[str, ...]
    source: str

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.pixels)

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64] | Sequence[int]) -> "Samples":
        """Return the pictures that a mask or a list of indices names."""
        return replace(
            self,
            pixels=self.pixels[which],
            targets=self.targets[which],
            majority=self.majority[which],
            parts=self.parts[which],
            names=self.names[which],
            people=self.people[which],
        )

    def part(self, part: Part) -> "Samples":
        """Return one part."""
        return self.take(self.parts == part)

    def scored(self) -> "Samples":
        """Return the pictures that have a majority label."""
        return self.take(self.majority >= 0)

    def counts(self) -> dict[str, int]:
        """Return how many pictures have each label as their majority."""
        found = np.bincount(self.majority[self.majority >= 0], minlength=len(self.labels))
        return dict(zip(self.labels, found.tolist(), strict=True))


def one_hot(majority: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return (N, K) float32 with a 1 at each label; rows of label -1 are all 0."""
    table = np.zeros((len(majority), classes), np.float32)
    known = majority >= 0
    table[np.flatnonzero(known), majority[known]] = 1
    return table


def evenly(samples: Samples, most: int | None) -> Samples:
    """Return at most `most` pictures of each part, evenly spread over their order."""
    if most is None:
        return samples
    kept = []
    for part in PARTS:
        rows = np.flatnonzero(samples.parts == part)
        count = min(most, len(rows))
        kept.append(rows[np.linspace(0, len(rows) - 1, count).astype(int)] if count else rows)
    return samples.take(np.sort(np.concatenate(kept)))


def common_labels(samples: Samples, labels: tuple[str, ...]) -> tuple[Samples, tuple[str, ...]]:
    """Keep the pictures whose label the model has, and report what was left out.

    Raises:
        DataError: The model has none of the labels.
    """
    shared = tuple(label for label in samples.labels if label in labels)
    if not shared:
        raise DataError(f"the model knows none of {', '.join(samples.labels)}")
    notes = []
    if unused := [label for label in labels if label not in samples.labels]:
        notes.append(f"{samples.source} has no {', '.join(unused)}: the model may not answer so.")
    if shared == samples.labels:
        return samples, tuple(notes)
    new = np.array([shared.index(k) if k in shared else -1 for k in samples.labels])
    known = np.isin(samples.majority, np.flatnonzero(new >= 0))
    columns = [samples.labels.index(label) for label in shared]
    notes.append(f"{int((~known).sum()):,} pictures of other labels are left out.")
    kept = samples.take(known)
    targets = kept.targets[:, columns]
    return (
        replace(kept, labels=shared, majority=new[kept.majority], targets=targets),
        tuple(notes),
    )
