"""A pruned network learns again, from its unpruned parent and from the labels.

Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", at temperature 1: there the
loss is the cross entropy with a mixture of both as its target.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from fer_live.errors import SettingsError
from fer_live.training.augment import augment
from fer_live.training.batches import mixed_seed
from fer_live.training.learner import optimiser_of, schedule_of
from fer_live.training.pictures import as_batch, fitted_to
from fer_live.training.pruning.subject import Subject, targets_for
from fer_live.training.settings import AugmentSettings, FitSettings


@dataclass(frozen=True, slots=True)
class RecoverySettings:
    """How a pruned network learns again.

    Attributes:
        epochs: Passes over the training part.
        learning_rate: At the start; it falls to 0 along a cosine after one epoch's warm-up.
        batch: Pictures a step.
        distilled: Share of the target that is the parent's answer; the rest is the label.
        seed: Decides order and augmentation.
    """

    epochs: int = 4
    learning_rate: float = 0.02
    batch: int = 128
    distilled: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what the types do not say.

        Raises:
            SettingsError: A value makes no sense.
        """
        if self.epochs < 0 or not 0 <= self.distilled <= 1 or self.batch < 2:  # noqa: PLR2004
            raise SettingsError(
                "recovery takes 0 or more epochs, batches of 2 or more, and a distilled share in "
                f"[0, 1]; got {self}"
            )

    def __str__(self) -> str:
        return (
            f"{self.epochs} epochs, learning rate {self.learning_rate:g}, "
            f"{self.distilled:.0%} of the target from the parent, seed {self.seed}"
        )


def recover(
    network: nn.Module,
    subject: Subject,
    settings: RecoverySettings,
    *,
    told: Callable[[int, float], None] | None = None,
) -> None:
    """Train a pruned network in place on the subject's training part; it ends in eval mode.

    Args:
        network: The pruned one.
        subject: Its parent, which teaches.
        settings: How.
        told: Called with the epoch, from 1, and its mean loss.
    """
    augmentation = augmentation_of(subject)
    fit = FitSettings(
        epochs=max(1, settings.epochs), learning_rate=settings.learning_rate, weight_decay=5e-4
    )
    optimiser = optimiser_of(list(network.parameters()), fit)
    steps = len(subject.train) // settings.batch
    schedule = schedule_of(optimiser, fit, steps * settings.epochs)
    targets = torch.from_numpy(targets_for(subject.checkpoint, subject.train))
    for epoch in range(settings.epochs):
        torch.manual_seed(mixed_seed(settings.seed, epoch))
        network.train()
        total = 0.0
        order = torch.randperm(len(subject.train))
        for rows in torch.split(order[: steps * settings.batch], settings.batch):
            pixels = fitted_to(subject.train.pixels[rows.numpy()], subject.takes)
            pictures = augment(as_batch(pixels), augmentation)
            aim = _aim(subject.network, pictures, targets[rows], settings.distilled)
            loss = nn.functional.cross_entropy(network(pictures), aim)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        if told is not None:
            told(epoch + 1, total / max(1, steps))
    network.eval()


def augmentation_of(subject: Subject) -> AugmentSettings:
    """Return what varied in the parent's training pictures; nothing where it does not tell."""
    return AugmentSettings(**subject.checkpoint.settings.get("augment", {}))


@torch.no_grad()
def _aim(parent: nn.Module, pictures: Tensor, targets: Tensor, distilled: float) -> Tensor:
    """Return the mixture of the parent's answer and the label."""
    if distilled == 0:
        return targets
    answer: Tensor = parent(pictures).softmax(dim=1)
    return distilled * answer + (1 - distilled) * targets
