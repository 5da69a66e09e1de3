"""Batches straight from memory: a set of 48-pixel faces needs no loader processes.

The order is decided by seed and epoch alone, so a resumed run sees what an unbroken one saw. With
several processes each takes every world-th picture.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from fer_live.training.data.samples import Samples


class Batches:
    """Batches of (pictures (B, C, H, W) float32 in [0, 1], targets (B, K) float32, rows (B,)).

    Args:
        samples: What to give.
        size: Pictures a batch.
        seed: Decides the order; None keeps the samples' own order and gives every one of them.
        weights: (N,) how often each sample is drawn, with replacement; None draws each once.
        rank: Which process this is.
        world: How many there are.
    """

    def __init__(
        self,
        samples: Samples,
        size: int,
        *,
        seed: int | None = None,
        weights: Tensor | None = None,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        pixels = torch.from_numpy(samples.pixels)
        self._pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)  # noqa: PLR2004 (gray)
        self._targets = torch.from_numpy(samples.targets)
        self._size, self._seed, self._weights = size, seed, weights
        self._rank, self._world = rank, world
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of batches; a last one that is not full is left out of training."""
        mine = len(self._pixels) // self._world if self._seed is not None else len(self._pixels)
        full, rest = divmod(mine, self._size)
        return full if self._seed is not None and full else full + bool(rest)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield one epoch's batches."""
        order = self._order()
        for index in range(len(self)):
            rows = order[index * self._size : (index + 1) * self._size]
            yield self._pixels[rows].float().div_(255), self._targets[rows], rows

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
        return order[self._rank :: self._world]


def mixed_seed(*numbers: int) -> int:
    """Return one seed, in [0, 2^63), of several numbers; near numbers give unlike seeds."""
    mixed = 0x9E3779B97F4A7C15
    for number in numbers:
        mixed = ((mixed ^ (number + 1)) * 0xBF58476D1CE4E5B9) % 2**64
        mixed ^= mixed >> 31
    return mixed % 2**63
