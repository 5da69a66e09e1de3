"""The training step, as Lightning wants it: pictures in, loss out, validation at both priors."""

import math
from collections.abc import Sequence
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as nnf

from fer_live.realtime.inference.priors import balanced_logits
from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.config.experiment import FitSettings
from fer_live.training.data.augmentation.augment import augment, mixup
from fer_live.training.data.batches import mixed_seed
from fer_live.training.data.heads import Heads
from fer_live.training.distillation.teachers import Teachers
from fer_live.training.metrics import classification as metrics


class Learner(lightning.LightningModule):
    """A network, its loss and its optimiser.

    Args:
        network: The network to train.
        fit: The settings of training.
        augmentation: The augmentation of training pictures.
        heads: The labels of each, their frequencies and weights.
        steps: Optimiser steps in the whole run; schedules end there.
        teaching: Online teachers, and their weight in the target.
    """

    def __init__(
        self,
        network: nn.Module,
        fit: FitSettings,
        augmentation: AugmentSettings,
        *,
        heads: Heads,
        steps: int,
        teaching: tuple[Teachers, float] | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self._fit, self._augmentation, self._steps = fit, augmentation, steps
        self._sizes, self._teaching = heads.sizes, teaching
        self._labels = heads.labels
        self.prior: Tensor
        self.class_weights: Tensor
        self.register_buffer("prior", torch.tensor(heads.prior), persistent=False)
        self.learned_prior: Tensor
        self.register_buffer("learned_prior", torch.tensor(heads.learned), persistent=False)
        weights = heads.weights or (1.0,) * len(heads.prior)
        self.register_buffer("class_weights", torch.tensor(weights), persistent=False)
        self._seen: list[tuple[Tensor, Tensor]] = []

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits, in float32 whatever the precision of the network."""
        logits: Tensor = self.network(pictures).float()
        return logits

    def on_train_epoch_start(self) -> None:
        """Seed augmentation and dropout by the epoch, so that a resumed run goes the same way."""
        torch.manual_seed(mixed_seed(self._fit.seed, self.current_epoch, self.global_rank))
        for layer in self.network.modules():  # frozen batch norms keep their statistics too
            own = list(layer.parameters())
            if own and not any(p.requires_grad for p in own):
                layer.eval()

    def on_after_batch_transfer(
        self, batch: tuple[Tensor, Tensor, Tensor], dataloader_idx: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Augment the pictures of a training batch, on its device."""
        pictures, targets, rows = batch
        if self.trainer.training and pictures.ndim == 4:  # noqa: PLR2004 (no table of features)
            pictures = augment(pictures, self._augmentation)
            pictures, targets = mixup(pictures, targets, self._augmentation.mixup)
        return pictures, targets, rows

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], _index: int) -> Tensor:
        """Return the loss of one batch."""
        pictures, targets, _ = batch
        logits = self(pictures)
        prior = self._fit.balance == "balanced-softmax"
        value = self.loss(logits + self.prior.clamp_min(1e-12).log() if prior else logits, targets)
        if self._teaching is not None:
            teachers, share = self._teaching
            taught = teachers.loss(pictures, split(logits, self._sizes))
            value = (1 - share) * value + share * taught
        self.log(
            "loss",
            value,
            prog_bar=True,
            on_step=False,
            on_epoch=True,
            sync_dist=True,
            batch_size=len(logits),
        )
        return value

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the heads' cross entropies, summed; targets are distributions or zeros."""
        parts = (split(each, self._sizes) for each in (logits, targets, self.class_weights))
        smooth = self._fit.label_smoothing
        return sum(
            (cross_entropy(*head, label_smoothing=smooth) for head in zip(*parts, strict=True)),
            start=logits.new_zeros(()),
        )

    def validation_step(self, batch: tuple[Tensor, Tensor, Tensor], _index: int) -> None:
        """Store one batch's logits and targets."""
        pictures, targets, _ = batch
        self._seen.append((self(pictures).cpu(), targets.cpu()))

    def on_validation_epoch_end(self) -> None:
        """Log the figures of the validation part."""
        logits = torch.cat([one for one, _ in self._seen])
        targets = torch.cat([one for _, one in self._seen])
        self._seen.clear()
        prior = self.learned_prior.cpu()
        parts = (split(each, self._sizes) for each in (logits, targets, prior))
        heads = [validation_figures(*head) for head in zip(*parts, self._labels, strict=True)]
        figures = {key: sum(head[key] for head in heads) / len(heads) for key in heads[0]}
        if len(heads) > 1:
            for place, head in enumerate(heads, start=1):
                figures |= {f"{key}_{place}": value for key, value in head.items()}
        self.log_dict({f"val_{k}": v for k, v in figures.items()}, prog_bar=True, sync_dist=True)

    def configure_optimizers(self) -> Any:
        """Return optimiser and schedule."""
        trained = [p for p in self.parameters() if p.requires_grad]
        fit = self._fit
        optimiser = optimiser_of(trained, fit)
        if fit.schedule == "constant":
            return optimiser
        schedule = schedule_of(optimiser, fit, self._steps)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


def split(each: Tensor, sizes: tuple[int, ...]) -> tuple[Tensor, ...]:
    """Return the heads' parts of the last dimension."""
    return torch.split(each, list(sizes), dim=-1)


def cross_entropy(
    logits: Tensor, targets: Tensor, weights: Tensor, *, label_smoothing: float = 0.0
) -> Tensor:
    """Return the mean cross entropy of one head.

    Args:
        logits: (N, K).
        targets: (N, K) distributions; a row of zeros counts for nothing.
        weights: (K,) of each label.
        label_smoothing: Share of each target that is spread over all labels.
    """
    spread = targets * (1 - label_smoothing)
    spread = spread + targets.sum(dim=1, keepdim=True) * (label_smoothing / targets.shape[1])
    weighted = spread * weights
    return -(weighted * logits.log_softmax(dim=1)).sum() / weighted.sum().clamp_min(1e-12)


def validation_figures(
    logits: Tensor, targets: Tensor, prior: Tensor, labels: Sequence[str]
) -> dict[str, float]:
    """Return accuracy and loss, and macro F1 at the natural and the balanced prior.

    Args:
        logits: (N, K).
        targets: (N, K), 1 at the majority label; rows of zeros are not scored.
        prior: (K,).
        labels: (K,) names.
    """
    scored = targets.sum(dim=1) > 0
    logits, targets = logits[scored], targets[scored]
    truth = targets.argmax(dim=1).numpy().astype(np.int64)
    raw = logits.numpy().astype(np.float64)
    classes = raw.shape[1]
    natural = metrics.confusion(truth, raw.argmax(axis=1), classes)
    even = balanced_logits(raw, prior.tolist(), labels).argmax(axis=1)
    balanced = metrics.confusion(truth, even, classes)
    return {
        "accuracy": metrics.accuracy(natural),
        "loss": float(nnf.cross_entropy(logits, targets)),
        "macro_f1": metrics.macro_f1(natural),
        "balanced_macro_f1": metrics.macro_f1(balanced),
    }


def optimiser_of(trained: list[nn.Parameter], fit: FitSettings) -> torch.optim.Optimizer:
    """Return the optimiser that the settings name."""
    rate, decay = fit.learning_rate, fit.weight_decay
    spared = [p for p in trained if fit.decayed == "mixing" and not _mixes(p)]
    left = {id(p) for p in spared}
    groups: list[dict[str, Any]] = [{"params": [p for p in trained if id(p) not in left]}]
    groups += [{"params": spared, "weight_decay": 0.0}] if spared else []
    if fit.optimiser == "sgd":
        return torch.optim.SGD(
            groups, lr=rate, momentum=0.9, nesterov=True, weight_decay=decay, foreach=True
        )
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "adadelta": torch.optim.Adadelta}
    made: torch.optim.Optimizer = kinds[fit.optimiser](groups, lr=rate, weight_decay=decay)
    return made


def _mixes(parameter: nn.Parameter) -> bool:
    """Return whether each output channel has weights from more than one input channel or unit."""
    return parameter.ndim > 1 and parameter.shape[1] > 1


def schedule_of(
    optimiser: torch.optim.Optimizer, fit: FitSettings, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return "cosine", warmed up for one epoch, or "one-cycle" (Smith & Topin 2018)."""
    if fit.schedule == "one-cycle":
        return torch.optim.lr_scheduler.OneCycleLR(optimiser, fit.learning_rate, total_steps=steps)
    warm = max(1, steps // fit.epochs) if fit.epochs > 1 else 0

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm))) / 2

    return torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
