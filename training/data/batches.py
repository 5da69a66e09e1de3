"""Batches straight from memory: a set of 48-pixel faces needs no loader processes.

The order depends only on seed and epoch, so a resumed run sees the same as an uninterrupted one.
With several processes each takes every world-th picture.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fer_live.training.data.heads import Lessons
from fer_live.training.data.network_input import Takes, as_batch, fitted_to


class Batches:
    """Batches of (pictures (B, C, H, W) float32 in [0, 1], targets (B, K) float32, rows (B,)).

    Args:
        lessons: The pictures; if they have weights, pictures are drawn with replacement, and if
            they have a second framing, a coin decides which one is used.
        size: Pictures per batch.
        takes: The network's input format; pictures of another size or colour are converted, batch
            by batch. None leaves them as they are.
        seed: Determines the order; None keeps the lessons' own order and yields all of them.
        rank: Number of this process.
        world: Number of processes.
    """

    def __init__(
        self,
        lessons: Lessons,
        size: int,
        *,
        takes: Takes | None = None,
        seed: int | None = None,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self._pixels, self._reframed = lessons.pixels, lessons.reframed
        self._views = lessons.views
        self._targets = torch.from_numpy(lessons.targets)
        self._weights = None if lessons.weights is None else torch.from_numpy(lessons.weights)
        self._size, self._seed, self._takes = size, seed, takes
        self.epoch, self.rank, self.world = 0, rank, world

    def __len__(self) -> int:
        """Return the number of batches; an incomplete last one is left out of training."""
        mine = len(self._pixels) // self.world if self._seed is not None else len(self._pixels)
        full, rest = divmod(mine, self._size)
        return full if self._seed is not None and full else full + bool(rest)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield one epoch's batches."""
        order = self._order()
        for index in range(len(self)):
            rows = order[index * self._size : (index + 1) * self._size]
            if self._views:
                yield *self._viewed(rows), rows
                continue
            pixels = self._pixels[rows.numpy()]
            if self._reframed is not None:
                other = self._coins(index, len(rows))
                pixels[other] = self._reframed[rows.numpy()[other]]
            if self._takes is not None:
                pixels = fitted_to(pixels, self._takes)
            yield as_batch(pixels), self._targets[rows], rows

    def _viewed(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return pictures and targets in this epoch's views.

        Every picture goes through all views before it returns to its first, and each picture starts
        at another view, so that a batch contains many.
        """
        count = len(self._views)
        shown = [((row + self.epoch) % count, row) for row in rows.tolist()]
        pixels = np.stack([self._views[turn].pixels[row] for turn, row in shown])
        targets = np.stack([self._views[turn].targets[row] for turn, row in shown])
        return as_batch(pixels), torch.from_numpy(targets)

    def _coins(self, index: int, count: int) -> NDArray[np.bool_]:
        """Return (count,) which pictures of a batch use the other framing."""
        seed = mixed_seed(self._seed or 0, self.epoch, index, self.rank)
        return np.random.default_rng(seed).random(count) < 0.5  # noqa: PLR2004 (a coin)

    def _order(self) -> Tensor:
        """Return the rows of this epoch, in their order."""
        count = len(self._pixels)
        if self._seed is None:
            return torch.arange(count)
        generator = torch.Generator().manual_seed(mixed_seed(self._seed, self.epoch))
        if self._weights is None:
            order = torch.randperm(count, generator=generator)
        else:
            order = torch.multinomial(self._weights, count, replacement=True, generator=generator)
        return order[self.rank :: self.world]


def mixed_seed(*numbers: int) -> int:
    """Return a seed, in [0, 2^63), from several numbers; close numbers give unrelated seeds."""
    mixed = 0x9E3779B97F4A7C15
    for number in numbers:
        mixed = ((mixed ^ (number + 1)) * 0xBF58476D1CE4E5B9) % 2**64
        mixed ^= mixed >> 31
    return mixed % 2**63
