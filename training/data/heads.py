"""Several heads on one network: each learns labels of its own from the same pictures.

A network with heads of K1 and K2 labels has K1 + K2 outputs, and a picture's target is the
concatenation of both targets. A head without a label for a picture has zeros there, and learns
nothing from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.training.data.samples import Samples


@dataclass(frozen=True, slots=True)
class Heads:
    """What a loss needs to know about the heads, with K labels in total.

    Attributes:
        labels: Of each head; K in total.
        prior: (K,) how frequent each label is among its head's targets; each head sums to 1.
        learned: (K,) the prior that the logits will contain, after any treatment of rare labels;
            each head sums to 1.
        weights: (K,) of each label in the loss, mean 1 within a head; empty for equal ones.
    """

    labels: tuple[tuple[str, ...], ...]
    prior: tuple[float, ...]
    learned: tuple[float, ...]
    weights: tuple[float, ...] = ()

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of labels of each head."""
        return tuple(map(len, self.labels))


@dataclass(frozen=True)
class AugmentedView:
    """One augmented view of every picture.

    Attributes:
        pixels: Like those of the lessons.
        targets: Likewise: the targets for exactly these pixels.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.float32]


@dataclass(frozen=True)
class Lessons:
    """Pictures, and the targets of each head.

    Attributes:
        pixels: (N, H, W) uint8 gray or (N, H, W, 3) uint8 RGB.
        targets: (N, K) float32, the heads' distributions side by side; zeros where a head has no
            label for the picture.
        sizes: Number of labels of each head, summing to K.
        names: (N,) the name of each picture.
        weights: (N,) float64 how often each picture is drawn, or None for once each.
        reframed: Like `pixels`, in another framing; None if there is only one.
        views: Already augmented, and used in turn instead of `pixels`; () for none.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.float32]
    sizes: tuple[int, ...]
    names: NDArray[np.str_]
    weights: NDArray[np.float64] | None = None
    reframed: NDArray[np.uint8] | None = None
    views: tuple[AugmentedView, ...] = ()

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.pixels)

    def prior(self) -> tuple[float, ...]:
        """Return how frequent each label is among its head's targets; each head sums to 1."""
        total = self.targets.sum(axis=0, dtype=np.float64)
        parts = np.split(total, np.cumsum(self.sizes)[:-1])
        return tuple(float(v) for part in parts for v in part / max(part.sum(), 1e-12))


def lessons_of(heads: Sequence[Samples]) -> Lessons:
    """Combine the pictures of all heads; the same name means the same picture.

    Raises:
        DataError: The heads' pictures differ in size or colour.
    """
    first, *others = heads
    row_of = {name: row for row, name in enumerate(first.names.tolist())}
    pixels = [first.pixels]
    for other in others:
        if other.pixels.shape[1:] != first.pixels.shape[1:]:
            raise DataError(
                f"the pictures of {other.source} are of shape {other.pixels.shape[1:]}, those of "
                f"{first.source} {first.pixels.shape[1:]}; heads trained together share pictures"
            )
        fresh = [row for row, name in enumerate(other.names.tolist()) if name not in row_of]
        row_of |= {str(other.names[row]): len(row_of) + i for i, row in enumerate(fresh)}
        pixels.append(other.pixels[fresh])
    targets = []
    for head in heads:
        own = np.zeros((len(row_of), len(head.labels)), np.float32)
        own[[row_of[name] for name in head.names.tolist()]] = head.targets
        targets.append(own)
    sizes = tuple(len(head.labels) for head in heads)
    names = np.array(list(row_of))
    return Lessons(np.concatenate(pixels), np.concatenate(targets, axis=1), sizes, names)
