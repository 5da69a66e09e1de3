"""Recovery training of a pruned network from its unpruned parent and the labels.

Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", at temperature 1: there the
loss is the cross entropy with a mixture of both as its target.
"""

import copy
import io
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from fer_live.errors import ModelError, SettingsError
from fer_live.files import write_whole
from fer_live.progress import phase
from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.config.experiment import FitSettings
from fer_live.training.data.augmentation.augment import augment
from fer_live.training.data.batches import mixed_seed
from fer_live.training.data.network_input import as_batch, fitted_to
from fer_live.training.fitting.learner import optimiser_of, schedule_of
from fer_live.training.fitting.run_files import read_state
from fer_live.training.pruning.subject import Subject, targets_for

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecoverySettings:
    """How a pruned network is retrained.

    Attributes:
        epochs: Passes over the training part.
        learning_rate: Peak rate; it falls to 0 along a cosine after one epoch of warm-up.
        batch: Pictures per step.
        distilled: Share of the target that is the parent's output; the rest is the label.
        average: Decay per step of the exponential average of the weights, which is the result; it
            rises to this value from the first step on, so that short recoveries are not dominated
            by their start. 0 for none.
        precision: "32", or "bf16": products in bfloat16, sums and weights in float32; about twice
            as fast if the processor multiplies bfloat16 natively.
        seed: Determines order and augmentation.
    """

    epochs: int = 4
    learning_rate: float = 0.02
    batch: int = 128
    distilled: float = 0.5
    average: float = 0.998
    precision: Literal["32", "bf16"] = "32"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            SettingsError: A value makes no sense.
        """
        if self.epochs < 0 or not 0 <= self.distilled <= 1 or self.batch < 2:  # noqa: PLR2004
            raise SettingsError(
                "recovery takes 0 or more epochs, batches of 2 or more, and a distilled share in "
                f"[0, 1]; got {self}"
            )
        if not 0 <= self.average < 1:
            raise SettingsError(f"recovery averages with a decay in [0, 1), not {self.average}")

    def __str__(self) -> str:
        return (
            f"{self.epochs} epochs, learning rate {self.learning_rate:g}, "
            f"{self.distilled:.0%} of the target from the parent, averaged by {self.average:g}, "
            f"precision {self.precision}, seed {self.seed}"
        )


def recover(
    network: nn.Module,
    subject: Subject,
    settings: RecoverySettings,
    *,
    told: Callable[[int, float], None] | None = None,
    state: Path | None = None,
) -> None:
    """Train a pruned network in place on the subject's training part; it ends in eval mode.

    A killed recovery ends with the same result as an undisturbed one when it is resumed from its
    `state`: pictures, their order and their augmentation depend only on seed and epoch.

    Args:
        network: The pruned one.
        subject: Its parent, which is the teacher.
        settings: How to train.
        told: Called with the epoch, from 1, and its mean loss.
        state: File that is written after each epoch and resumed from; None for neither.

    Raises:
        SinkError: `state` cannot be written.
    """
    network.to(memory_format=torch.channels_last)  # a fifth to a third faster on CPUs
    kept = AveragedModel(network, avg_fn=_averaging(settings.average), use_buffers=True)
    lessons = _Lessons(subject, settings)
    fit = FitSettings(
        epochs=max(1, settings.epochs), learning_rate=settings.learning_rate, weight_decay=5e-4
    )
    optimiser = optimiser_of(list(network.parameters()), fit)
    schedule = schedule_of(optimiser, fit, lessons.steps * settings.epochs)
    moving: dict[str, Any] = {"network": network, "kept": kept}
    moving |= {"optimiser": optimiser, "schedule": schedule}
    first = _resumed(moving, state)
    with phase("learning again") as to:
        for epoch in range(first, settings.epochs):
            network.train()
            total = 0.0
            for step, (pictures, aim) in enumerate(lessons.of(epoch)):
                total += _learned(network, optimiser, pictures, aim, settings)
                schedule.step()
                kept.update_parameters(network)
                to((epoch - first + step / lessons.steps) / (settings.epochs - first))
            if told is not None:
                told(epoch + 1, total / max(1, lessons.steps))
            if state is not None:
                _keep(moving, epoch, state)
    if settings.epochs and settings.average:
        network.load_state_dict(kept.module.state_dict())
    network.to(memory_format=torch.contiguous_format).eval()


def _learned(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    pictures: Tensor,
    aim: tuple[Tensor, ...],
    settings: RecoverySettings,
) -> float:
    """Take one step; return its loss, the sum of the heads'."""
    with torch.autocast("cpu", torch.bfloat16, enabled=settings.precision == "bf16"):
        logits = network(pictures)
    each = torch.split(logits.float(), [part.shape[1] for part in aim], dim=1)
    pairs = zip(each, aim, strict=True)
    loss = torch.stack([nn.functional.cross_entropy(*pair) for pair in pairs]).sum()
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]  # torch's own
    optimiser.step()
    return float(loss.detach())


def _keep(moving: Mapping[str, Any], epoch: int, state: Path) -> None:
    """Write everything that moves as it is after an epoch."""
    content = io.BytesIO()
    torch.save({name: one.state_dict() for name, one in moving.items()} | {"epoch": epoch}, content)
    write_whole(state, content.getvalue())


def _resumed(moving: Mapping[str, Any], state: Path | None) -> int:
    """Put everything that moves where a killed recovery left it; return the epoch to begin with."""
    if state is None or not state.is_file():
        return 0
    try:
        found = read_state(state)
    except ModelError as error:
        _log.warning("%s; recovery begins again", error)
        return 0
    for name, one in moving.items():
        one.load_state_dict(found[name])
    return int(found["epoch"]) + 1


def _averaging(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """Return how an average takes in the next weights, the count of which it is told."""

    def taken_in(average: Tensor, new: Tensor, count: Tensor | int) -> Tensor:
        held = min(decay, (1 + float(count)) / (10 + float(count)))
        return average + (new - average) * (1 - held)

    return taken_in


class _Lessons:
    """The training part, varied, with what the network is to say to it."""

    def __init__(self, subject: Subject, settings: RecoverySettings) -> None:
        self._subject, self._settings = subject, settings
        self._augmentation = augmentation_of(subject)
        self._targets = torch.from_numpy(targets_for(subject.checkpoint, subject.train))
        self._parent = copy.deepcopy(subject.network).to(memory_format=torch.channels_last).eval()
        self._size = min(settings.batch, len(subject.train))  # a small set is one batch
        self.steps = len(subject.train) // self._size

    def of(self, epoch: int) -> Iterator[tuple[Tensor, tuple[Tensor, ...]]]:
        """Yield (B, C, H, W) pictures and each head's (B, K) targets; the same for an epoch."""
        torch.manual_seed(mixed_seed(self._settings.seed, epoch))
        size = self._size
        order = torch.randperm(len(self._targets))
        for rows in torch.split(order[: self.steps * size], size):
            pixels = fitted_to(self._subject.train.pixels[rows.numpy()], self._subject.takes)
            pictures = augment(as_batch(pixels), self._augmentation)
            yield pictures, self._aim(pictures, self._targets[rows])

    @torch.no_grad()
    def _aim(self, pictures: Tensor, targets: Tensor) -> tuple[Tensor, ...]:
        """Return the first head's mixture of the parent's answer and the label.

        A further head has the parent's answer alone: the pictures' labels are the first head's.
        """
        share, sizes = self._settings.distilled, self._subject.checkpoint.sizes
        if share == 0 and len(sizes) == 1:
            return (targets,)
        with torch.autocast("cpu", torch.bfloat16, enabled=self._settings.precision == "bf16"):
            answer: Tensor = self._parent(pictures)
        first, *others = torch.split(answer.float(), list(sizes), dim=1)
        mixed = share * first.softmax(dim=1) + (1 - share) * targets
        return (mixed, *(other.softmax(dim=1) for other in others))


def augmentation_of(subject: Subject) -> AugmentSettings:
    """Return what varied in the parent's training pictures; nothing where it does not tell."""
    return AugmentSettings(**subject.checkpoint.settings.get("augment", {}))
