"""Callbacks of training: set the epoch, log metrics, stop diverged runs."""

import csv
import io
import math
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Final

import lightning
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    TQDMProgressBar,
)
from torch import nn

from fer_live.errors import DataError
from fer_live.files import write_whole
from fer_live.training.config.experiment import FitSettings
from fer_live.training.data.batches import Batches

_WEIGHTED: Final = (nn.Conv2d, nn.Linear, nn.BatchNorm1d, nn.BatchNorm2d)


class TrainingWatcher(Callback, ABC):
    """A callback that has a sentence to report at the end of training."""

    @abstractmethod
    def summary(self) -> str:
        """Return that sentence."""


class EpochOrder(Callback):
    """Tells the batches which epoch it is, and which of several processes this is."""

    def __init__(self, train: Batches) -> None:
        self._train = train

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Set the epoch before the first batch is taken."""
        self._train.epoch = trainer.current_epoch
        self._train.rank, self._train.world = trainer.global_rank, trainer.world_size


class EpochLog(Callback):
    """Writes one row per epoch to a csv; a resumed run continues where it was interrupted.

    Columns are epoch (from 0), step, seconds of training and validation, learning_rate, and every
    figure that the learner logs. It also stops a run whose loss is not a number.

    Args:
        path: The csv.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[dict[str, Any]] = []
        self._begun = 0.0

    def on_fit_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Read what an interrupted run has left."""
        if self._path.is_file():
            with self._path.open(newline="", encoding="utf-8") as file:
                self._rows = list(csv.DictReader(file))

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Drop the rows of epochs that are run again."""
        self._begun = time.monotonic()
        self._rows = [row for row in self._rows if int(row["epoch"]) < trainer.current_epoch]

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Write the epoch's row, replacing the file atomically."""
        figures = {key: float(value) for key, value in trainer.callback_metrics.items()}
        if not math.isfinite(figures.get("loss", 0.0)):
            raise DataError(
                f"the loss of epoch {trainer.current_epoch} is {figures['loss']}; a smaller "
                "fit.learning_rate keeps it finite"
            )
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        row = {
            "epoch": trainer.current_epoch,
            "step": trainer.global_step,
            "seconds": round(time.monotonic() - self._begun, 3),
            "learning_rate": rate,
            **figures,
        }
        self._rows.append(row)
        if trainer.is_global_zero:
            self._write()

    def _write(self) -> None:
        columns = list(dict.fromkeys(key for row in self._rows for key in row))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(self._rows)
        write_whole(self._path, text.getvalue())


class HeldAtZero(Callback):
    """Keeps some units of the first layer dead: their weights are fixed at zero.

    Args:
        fraction: Of the units, rounded up.
    """

    def __init__(self, fraction: float) -> None:
        self._fraction = fraction

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Zero the weights before training."""
        self._hold(pl_module)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        *_: Any,
    ) -> None:
        """Zero the weights again after each step."""
        self._hold(pl_module)

    def _hold(self, learner: lightning.LightningModule) -> None:
        """Zero the first units of the first layer, and of a batch norm right behind it."""
        first, *others = [m for m in learner.modules() if isinstance(m, _WEIGHTED)]
        count = math.ceil(self._fraction * first.weight.shape[0])
        behind = [m for m in others[:1] if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
        with torch.no_grad():
            for parameter in (p for layer in (first, *behind) for p in layer.parameters()):
                parameter[:count] = 0


class StepClock(TrainingWatcher):
    """Times forward, backward and optimiser step separately from the rest of each training epoch.

    An epoch lasts from the request of its first batch to the end of its last step: it includes
    reading batches, augmentation and callbacks, but not validation. A step is `training_step`,
    `backward` and the optimiser.
    """

    def __init__(self) -> None:
        self._whole = self._steps = self._begun = self._step_begun = 0.0

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Start the epoch's clock."""
        self._begun = time.perf_counter()

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Start the step's clock."""
        self._step_begun = time.perf_counter()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *_: Any
    ) -> None:
        """Stop both."""
        ended = time.perf_counter()
        self._steps += ended - self._step_begun
        self._whole += ended - self._begun
        self._begun = ended

    def summary(self) -> str:
        """Return the sentence that is printed."""
        share = self._steps / self._whole if self._whole else 0.0
        return f"{share:.1%} of {self._whole:.1f} s was in training steps."


def callbacks_of(settings: FitSettings, *, progress: bool) -> list[Callback]:
    """Return weight averaging, early stopping and progress bar according to the settings."""
    chosen: list[Callback] = []
    if settings.average:
        chosen.append(EMAWeightAveraging(decay=settings.average))
    if settings.patience is not None:
        mode = "min" if settings.select == "loss" else "max"
        chosen.append(
            EarlyStopping(f"val_{settings.select}", patience=settings.patience, mode=mode)
        )
    if progress:
        chosen.append(TQDMProgressBar(refresh_rate=20))
    return chosen
