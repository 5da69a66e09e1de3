"""One experiment from settings to a checkpoint: read, divide, build, train, keep the best."""

import json
import logging
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
    TQDMProgressBar,
)
from lightning.pytorch.loggers import CSVLogger

from fer_live.crop import CropGeometry
from fer_live.errors import DataError
from fer_live.training.batches import Batches
from fer_live.training.checkpoint import Checkpoint
from fer_live.training.data.readers import read_samples
from fer_live.training.data.samples import PARTS, Samples
from fer_live.training.learner import Learner
from fer_live.training.networks import architecture, build
from fer_live.training.settings import Experiment, FitSettings
from fer_live.training.tables import as_table

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a finished training left behind.

    Attributes:
        folder: The run's folder.
        checkpoint: The network of the best epoch.
        seconds: Time spent training, validation included.
    """

    folder: Path
    checkpoint: Checkpoint
    seconds: float


def fit(
    experiment: Experiment,
    *,
    data: Path,
    runs: Path = Path("runs"),
    max_steps: int | None = None,
    progress: bool = True,
) -> Fitted:
    """Train one experiment, or go on with it where it was interrupted.

    Args:
        experiment: What to do.
        data: The folder that `experiment.data.path` is relative to.
        runs: Where the run's folder, named after the experiment, is made.
        max_steps: Stop after so many steps, for trying things out.
        progress: Whether to show a progress bar.

    Raises:
        DataError: The data cannot be read, or a part or class is empty.
        SettingsError: The architecture or its widths are unknown.
    """
    samples = read_samples(experiment.data, root=data)
    parts = {part: samples.part(part) for part in PARTS}
    _check_parts(parts["train"], parts["validation"].scored())
    folder = runs / experiment.name
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "experiment.json", as_table(experiment))
    begun = time.monotonic()
    learner = _train(experiment, parts, folder, max_steps=max_steps, progress=progress)
    seconds = time.monotonic() - begun
    checkpoint = _published(experiment, learner, parts, folder)
    checkpoint.save(folder / "best.ckpt")
    return Fitted(folder, checkpoint, seconds)


def _check_parts(train: Samples, validation: Samples) -> None:
    """Refuse an empty part, or a class that nothing can be learned of."""
    for name, part in (("training", train), ("validation", validation)):
        if not len(part):
            raise DataError(f"{part.source}: the {name} part is empty; check data and split")
    empty = [
        k for k, total in zip(train.labels, train.targets.sum(axis=0), strict=True) if not total
    ]
    if empty:
        raise DataError(
            f"{train.source}: no training picture shows {', '.join(empty)}; leave it out of "
            "data.labels or add pictures"
        )


def _train(
    experiment: Experiment,
    parts: dict[Any, Samples],
    folder: Path,
    *,
    max_steps: int | None,
    progress: bool,
) -> Learner:
    """Run Lightning over the parts and return the learner with its best epoch's weights."""
    settings = experiment.fit
    torch.manual_seed(settings.seed)
    train = Batches(parts["train"], settings.batch, seed=settings.seed)
    validation = Batches(parts["validation"].scored(), 256)
    steps = len(train) * settings.epochs
    learner = Learner(
        build(
            experiment.network.architecture, experiment.network.widths, len(samples_labels(parts))
        ),
        settings,
        experiment.augment,
        prior=torch.tensor(prior_of(parts["train"])),
        steps=steps,
    ).to(memory_format=torch.channels_last)  # a fifth to a third faster on CPUs
    keep = ModelCheckpoint(
        folder / "checkpoints",
        filename="best",
        monitor=f"val_{settings.select}",
        mode="min" if settings.select == "loss" else "max",
        save_last=True,
        enable_version_counter=False,
    )
    trainer = lightning.Trainer(
        accelerator="auto",
        max_epochs=settings.epochs,
        max_steps=max_steps or -1,
        callbacks=[keep, EpochOrder(train), *_callbacks(settings, progress=progress)],
        logger=CSVLogger(folder, name="", version=""),
        enable_progress_bar=progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=50,
    )
    last = folder / "checkpoints" / "last.ckpt"
    with warnings.catch_warnings():
        # Batches come from memory, so the advice to add loader processes does not apply.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        trainer.fit(learner, train, validation, ckpt_path=last if last.is_file() else None)
    if Path(keep.best_model_path).is_file():
        best = torch.load(keep.best_model_path, map_location="cpu", weights_only=True)
        learner.load_state_dict(best["state_dict"], strict=True)
    return learner


class EpochOrder(Callback):
    """Tells the batches which epoch it is, so that each has an order of its own."""

    def __init__(self, train: Batches) -> None:
        self._train = train

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Set the epoch before the first batch is taken."""
        self._train.epoch = trainer.current_epoch


def _callbacks(settings: FitSettings, *, progress: bool) -> list[Callback]:
    """Return weight averaging, early stopping and progress bar as the settings want them."""
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


def samples_labels(parts: dict[Any, Samples]) -> tuple[str, ...]:
    """Return the labels that all parts share."""
    return parts["train"].labels


def prior_of(train: Samples) -> tuple[float, ...]:
    """Return how frequent each label is among the targets, summing to 1."""
    total = train.targets.sum(axis=0, dtype=np.float64)
    return tuple((total / total.sum()).tolist())


def _published(
    experiment: Experiment, learner: Learner, parts: dict[Any, Samples], folder: Path
) -> Checkpoint:
    """Make the checkpoint of the trained network, with its figures on the validation part."""
    known = architecture(experiment.network.architecture)
    train, validation = parts["train"], parts["validation"].scored()
    return Checkpoint(
        name=experiment.name,
        architecture=experiment.network.architecture,
        widths=experiment.network.widths or known.widths,
        labels=train.labels,
        weights=learner.network.to(memory_format=torch.contiguous_format).state_dict(),
        prior=prior_of(train),
        data=f"{train.source}, {len(train):,} training pictures; chosen by "
        f"{experiment.fit.select} on {len(validation):,} validation pictures",
        crop=CropGeometry(),
        colour="rgb" if known.channels > 1 else "gray",
        settings=as_table(experiment),
    )


def _write_json(path: Path, value: Any) -> None:
    """Write JSON that a person can read."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
