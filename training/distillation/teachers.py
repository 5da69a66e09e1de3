"""Learning from teachers: their soft answers, made on the spot or stored beforehand.

Hinton et al. 2015, "Distilling the Knowledge in a Neural Network". Teachers on the spot see the
very picture that the student sees, augmentation included, which Beyer et al. 2022 ("A good teacher
is patient and consistent") found to matter; stored answers cost nothing to use again.
"""

import dataclasses
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fer_live.errors import DataError, ModelError
from fer_live.files import write_whole
from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.data.augmentation.augment import augment
from fer_live.training.data.network_input import as_batch, as_pixels
from fer_live.training.data.samples import Samples
from fer_live.training.metrics.classification import softmax
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.models.joined_heads import joined, with_one_trunk
from fer_live.training.models.predictors import Judge

_VIEWED: Final = 256
"""Pictures that are moved at a time."""


@dataclass(frozen=True)
class SoftLabels:
    """What teachers said of named pictures.

    Attributes:
        names: (N,) of the pictures.
        shares: (N, K) float32 probabilities, the teachers' mean.
        labels: Of the columns.
    """

    names: NDArray[np.str_]
    shares: NDArray[np.float32]
    labels: tuple[str, ...]

    def save(self, path: Path) -> None:
        """Write them in half precision: a tenth of a megabyte for 6,000 pictures.

        Raises:
            SinkError: The file cannot be written.
        """
        shares, labels = self.shares.astype(np.float16), np.array(self.labels)
        content = io.BytesIO()
        np.savez_compressed(content, names=self.names, shares=shares, labels=labels)
        if path.suffix != ".npz":  # numpy adds it too
            path = path.with_name(f"{path.name}.npz")
        write_whole(path, content.getvalue())

    @classmethod
    def load(cls, path: Path) -> "SoftLabels":
        """Read what `save` wrote.

        Raises:
            DataError: It is missing or something else.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                shares = stored["shares"].astype(np.float32)
                return cls(stored["names"], shares, tuple(stored["labels"].tolist()))
        except (OSError, ValueError, KeyError) as error:
            raise DataError(
                f"{path} holds no soft labels ({error}); make them with fer-train soften"
            ) from error


def soften(
    teachers: Sequence[Judge],
    samples: Samples,
    *,
    views: int = 0,
    moved: AugmentSettings | None = None,
    seed: int = 0,
) -> SoftLabels:
    """Return the mean of what teachers say of pictures, at the prior they learned from.

    Args:
        teachers: Of the same labels.
        samples: The pictures.
        views: How often each picture is shown besides as it is, each time moved by chance: what
            teachers say of several views is steadier than what they say of one.
        moved: How the views may vary.
        seed: Of the views.

    Raises:
        ModelError: The teachers do not know the same labels.
        DataError: Views are asked for of features.
    """
    if views and samples.pixels.ndim == 2:  # noqa: PLR2004 (a table)
        raise DataError(
            f"{samples.source} holds features, which cannot be moved; leave out --views"
        )
    labels = teachers[0].card.labels
    for teacher in teachers:
        if teacher.card.labels != labels:
            raise ModelError(f"{teacher.card.name} and {teachers[0].card.name} differ in labels")
    shares = np.zeros((len(samples), len(labels)))
    for pixels in chain([samples.pixels], _views(samples.pixels, moved, count=views, seed=seed)):
        shares += sum(softmax(teacher.logits(pixels)) for teacher in teachers)
    shares /= len(teachers) * (1 + views)
    return SoftLabels(samples.names, shares.astype(np.float32), labels)


def _views(
    pixels: NDArray[np.uint8], moved: AugmentSettings | None, *, count: int, seed: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield all pictures so many times, each moved anew."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(count):
            view = np.empty_like(pixels)
            for start in range(0, len(pixels), _VIEWED):
                part = slice(start, start + _VIEWED)
                varied = augment(as_batch(pixels[part]), moved or AugmentSettings())
                view[part] = as_pixels(varied)
            yield view


def blended(samples: Samples, soft: SoftLabels, *, share: float, temperature: float) -> Samples:
    """Return the samples with soft labels mixed into their targets.

    Args:
        samples: A head's training part; one of other labels is returned as it is.
        soft: Must know every picture of it.
        share: Of the soft label, in [0, 1].
        temperature: Above 1 flattens the soft labels: p^(1/T), summing to 1 again.

    Raises:
        DataError: A picture has no soft label.
    """
    if soft.labels != samples.labels:
        return samples
    row_of = {name: row for row, name in enumerate(soft.names.tolist())}
    missing = [name for name in samples.names.tolist() if name not in row_of]
    if missing:
        raise DataError(
            f"{len(missing):,} pictures of {samples.source} have no soft label, such as "
            f"{missing[0]}; make them with fer-train soften on the same data"
        )
    flat = soft.shares[[row_of[name] for name in samples.names.tolist()]] ** (1 / temperature)
    flat /= flat.sum(axis=1, keepdims=True)
    mixed = (1 - share) * samples.targets + share * flat
    return dataclasses.replace(samples, targets=mixed.astype(np.float32))


class Teachers:
    """Networks that answer for the pictures of a batch.

    Args:
        checkpoints: Each teaches the head that has its labels. Two heads that were trained together
            are one network again, so that their trunk is run once.
        labels: Of each head of the student.
        temperature: Both sides' logits are divided by it before the softmax.

    Raises:
        ModelError: A teacher's labels are no head's.
    """

    def __init__(
        self,
        checkpoints: Sequence[Checkpoint],
        labels: Sequence[tuple[str, ...]],
        temperature: float,
    ) -> None:
        self._temperature = temperature
        self._count = len(labels)
        self._groups: list[tuple[nn.Module, tuple[int, ...], tuple[int, ...]]] = []
        for one in checkpoints:
            if one.labels not in labels:
                raise ModelError(
                    f"{one.name} teaches {', '.join(one.labels)}: no head learns these"
                )
        for group in with_one_trunk(checkpoints):
            heads = tuple(list(labels).index(one.labels) for one in group)
            sizes = tuple(len(one.labels) for one in group)
            network = joined(group).network().to(memory_format=torch.channels_last)
            self._groups.append((network, heads, sizes))

    def loss(self, pictures: Tensor, logits: Sequence[Tensor]) -> Tensor:
        """Return the heads' divergence from their teachers' mean, times T squared, summed.

        Args:
            pictures: (N, C, H, W) as the student saw them.
            logits: (N, K) of each head.
        """
        total = pictures.new_zeros(())
        for wanted, own in zip(self.answers(pictures), logits, strict=True):
            if wanted is not None:
                said = (own / self._temperature).log_softmax(dim=1)
                total = total + nn.functional.kl_div(said, wanted, reduction="batchmean")
        return total * self._temperature**2

    @torch.no_grad()
    def answers(self, pictures: Tensor) -> list[Tensor | None]:
        """Return each head's (N, K) mean of its teachers' softened answers; None for no teacher."""
        found: list[list[Tensor]] = [[] for _ in range(self._count)]
        for network, heads, sizes in self._groups:
            logits = network.to(pictures.device)(pictures).float() / self._temperature
            for head, part in zip(heads, torch.split(logits, list(sizes), dim=1), strict=True):
                found[head].append(part.softmax(dim=1))
        return [torch.stack(said).mean(dim=0) if said else None for said in found]
