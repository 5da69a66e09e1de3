"""Distillation from teachers that see the same augmented pictures as the student.

Hinton et al. 2015, "Distilling the Knowledge in a Neural Network". Beyer et al. 2022 ("A good
teacher is patient and consistent") found that teacher and student must see the same picture,
including its augmentation.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fer_live.errors import ModelError
from fer_live.training.models.checkpoint import Checkpoint


class Teachers:
    """Teacher networks, run on each batch.

    Args:
        checkpoints: Each of their heads teaches the head with the same labels; one whose labels the
            student does not have is ignored.
        labels: Of each head of the student.
        temperature: The logits of both sides are divided by this before the softmax.

    Raises:
        ModelError: No head of a teacher has labels of the student.
    """

    def __init__(
        self,
        checkpoints: Sequence[Checkpoint],
        labels: Sequence[tuple[str, ...]],
        temperature: float,
    ) -> None:
        self._temperature = temperature
        self._count = len(labels)
        self._teachers: list[tuple[nn.Module, tuple[tuple[int, slice], ...]]] = []
        for one in checkpoints:
            known = [head.labels for head in one.heads]
            taught = tuple(
                (place, one.columns(known.index(wanted)))
                for place, wanted in enumerate(labels)
                if wanted in known
            )
            if not taught:
                told = " and ".join(", ".join(own) for own in known)
                raise ModelError(f"{one.name} teaches {told}: no head learns these")
            network = one.network().to(memory_format=torch.channels_last)
            self._teachers.append((network, taught))

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
        for network, taught in self._teachers:
            logits = network.to(pictures.device)(pictures).float() / self._temperature
            for place, columns in taught:
                found[place].append(logits[:, columns].softmax(dim=1))
        return [torch.stack(said).mean(dim=0) if said else None for said in found]
