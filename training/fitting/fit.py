"""Train one experiment: read and split the data, build, train, keep the best epoch."""

import dataclasses
import json
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from fer_live.errors import FerLiveError, SettingsError
from fer_live.files import write_whole
from fer_live.training.config.experiment import Experiment, FitSettings
from fer_live.training.config.loader import as_table
from fer_live.training.data.batches import Batches
from fer_live.training.distillation.teachers import Teachers
from fer_live.training.fitting.callbacks import (
    EpochLog,
    EpochOrder,
    HeldAtZero,
    StepClock,
    TrainingWatcher,
    callbacks_of,
)
from fer_live.training.fitting.learner import Learner
from fer_live.training.fitting.prepare import Prepared, prepare
from fer_live.training.fitting.publish import pruned_before, published
from fer_live.training.fitting.run_files import (
    BEFORE,
    LAST,
    WholeCheckpoints,
    read_state,
    to_go_on_from,
)
from fer_live.training.models.checkpoint import BEST, Checkpoint
from fer_live.training.networks import build, train_last
from fer_live.training.networks.initial_weights import load_weights

_FORESEEN: Final = (
    ".*does not have many workers.*",  # batches come from memory
    ".*Checkpoint directory .* exists and is not empty.*",  # that of an interrupted run
    ".*LeafSpec.*is deprecated.*",  # Lightning 2.6 on torch 2.14
    ".*could not find the monitored key.*",  # stopped by max_steps before the first validation
)
"""Warnings of Lightning that tell the user nothing."""

_LOST: Final = (
    "Connection closed by peer",
    "Connection reset by peer",
    "Timed out waiting",
    "NCCL",
)
"""Messages of torch.distributed, from gloo or NCCL, when another process of a training is gone."""


class ProcessLostError(FerLiveError):
    """A process of a training on several machines or devices ended before the others."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder}: another process of this training has ended; see its own output for the"
            " reason; the same command on every machine resumes from the last complete epoch"
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """The result of a training.

    Attributes:
        folder: The run's folder.
        checkpoint: The network of the best epoch.
        seconds: Time spent training, validation included.
        notes: Further remarks, in sentences.
        rank: Of this process; only the first has written files.
    """

    folder: Path
    checkpoint: Checkpoint
    seconds: float
    notes: tuple[str, ...] = ()
    rank: int = 0


Watching: TypeAlias = Callable[[Experiment, Prepared, Path], Sequence[TrainingWatcher]]
"""Returns additional callbacks for an experiment, its data and its folder."""


@dataclass(frozen=True, slots=True)
class Running:
    """How a training runs; only `max_steps` changes what is learned.

    Attributes:
        max_steps: Stop after this many steps, for trying things out.
        devices: Processes on each machine: one per GPU, or CPU processes.
        nodes: Number of machines.
        progress: Whether to show a progress bar.
        profile: Whether to time forward, backward and optimiser step separately.
        watching: Returns additional callbacks; None for none.
    """

    max_steps: int | None = None
    devices: int = 1
    nodes: int = 1
    progress: bool = True
    profile: bool = False
    watching: Watching | None = None


def fit(
    experiment: Experiment,
    *,
    data: Path,
    runs: Path = Path("runs"),
    running: Running | None = None,
) -> Fitted:
    """Train one experiment, or resume it where it was interrupted.

    Args:
        experiment: The experiment.
        data: The folder that `experiment.data.path` is relative to.
        runs: Where the run's folder, named after the experiment, is created.
        running: Processes, progress and the like.

    Raises:
        DataError: The data cannot be read, or a part or class is empty.
        SettingsError: The architecture or its widths are unknown.
        ModelError: An interrupted run has left no readable state.
        SinkError: A file of the run cannot be written, such as on a full disk.
        ProcessLostError: Another process of this training has ended.
    """
    prepared = prepare(experiment, data, runs)
    folder = runs / experiment.name
    folder.mkdir(parents=True, exist_ok=True)
    settle(experiment, folder)
    begun = time.monotonic()
    learner, notes = _train(experiment, prepared, folder, running or Running())
    seconds = time.monotonic() - begun
    before = pruned_before(experiment, runs / experiment.network.weights)
    best = published(experiment, learner.network, prepared, before=before)
    rank = learner.trainer.global_rank
    if rank == 0:
        best.save(folder / BEST)
    return Fitted(folder, best, seconds, notes, rank)


def _train(
    experiment: Experiment, prepared: Prepared, folder: Path, running: Running
) -> tuple[Learner, tuple[str, ...]]:
    """Run Lightning; return the learner with the weights of its best epoch, and notes."""
    settings = experiment.fit
    train = Batches(prepared.train, settings.batch, takes=prepared.takes, seed=settings.seed)
    train.world = running.devices * running.nodes
    validation = Batches(prepared.validation, 256, takes=prepared.takes)
    learner = _learner(experiment, prepared, folder.parent, steps=len(train) * settings.epochs)
    best, latest = _saved_epochs(folder / "checkpoints", select=settings.select)
    clock = StepClock()
    watchers = running.watching(experiment, prepared, folder) if running.watching else ()
    beside = [best, latest, EpochOrder(train), EpochLog(folder / "metrics.csv"), *watchers]
    if running.profile:
        beside.append(clock)
    if experiment.network.dead_units:
        beside.append(HeldAtZero(experiment.network.dead_units))
    trainer = _trainer(settings, running, beside)
    state = to_go_on_from(folder / "checkpoints")
    with warnings.catch_warnings():
        for foreseen in _FORESEEN:
            warnings.filterwarnings("ignore", message=foreseen)
        try:
            trainer.fit(learner, train, validation, ckpt_path=state)
        except RuntimeError as error:
            if train.world > 1 and any(one in str(error) for one in _LOST):
                raise ProcessLostError(folder) from error
            raise
    if Path(best.best_model_path).is_file():
        weights = read_state(Path(best.best_model_path))["state_dict"]
        learner.load_state_dict(weights, strict=True)
    notes = [one.summary() for one in watchers]
    return learner, (*notes, clock.summary()) if running.profile else tuple(notes)


def _saved_epochs(folder: Path, *, select: str) -> tuple[ModelCheckpoint, ModelCheckpoint]:
    """Return the callbacks that save the best epoch, and the latest one to resume from."""
    best = ModelCheckpoint(
        folder,
        filename="best",
        monitor=f"val_{select}",
        mode="min" if select == "loss" else "max",
        enable_version_counter=False,
    )
    latest = ModelCheckpoint(  # of every epoch, which `save_last` of the other is not
        folder,
        filename=LAST.removesuffix(".ckpt"),
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    return best, latest


def _trainer(
    settings: FitSettings, running: Running, beside: Sequence[lightning.Callback]
) -> lightning.Trainer:
    """Return Lightning's trainer, silent except for the progress bar."""
    return lightning.Trainer(
        accelerator="auto",
        devices=running.devices,
        num_nodes=running.nodes,
        strategy="ddp" if running.devices * running.nodes > 1 else "auto",
        max_epochs=settings.epochs,
        max_steps=running.max_steps or -1,
        precision="bf16-mixed" if settings.precision == "bf16" else "32-true",
        callbacks=[*beside, *callbacks_of(settings, progress=running.progress)],
        plugins=[WholeCheckpoints()],
        logger=False,
        enable_progress_bar=running.progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )


def settle(experiment: Experiment, folder: Path) -> None:
    """Create the run's folder, or refuse an existing one with other settings.

    Raises:
        SettingsError: The folder contains a run of the same name with other settings.
    """
    path = folder / "experiment.json"
    table = json.loads(json.dumps(as_table(experiment)))
    begun = any((folder / "checkpoints" / name).is_file() for name in (LAST, BEFORE))
    if path.is_file() and begun:
        before = json.loads(path.read_text(encoding="utf-8"))
        if differing := [key for key in table if before.get(key) != table[key]]:
            raise SettingsError(
                f"{folder} was started with other settings of {', '.join(differing)}; give the "
                "experiment another name, or delete the folder"
            )
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(table, indent=2, ensure_ascii=False) + "\n")


def _learner(experiment: Experiment, prepared: Prepared, runs: Path, *, steps: int) -> Learner:
    """Build the network and what trains it."""
    settings, wanted, taught = experiment.fit, experiment.network, experiment.distil
    torch.manual_seed(settings.seed)
    network = build(wanted.architecture, wanted.widths, prepared.outputs)
    if wanted.weights:
        here = runs / wanted.weights
        path = here if here.is_file() else prepared.root / wanted.weights
        load_weights(network, path, labels=prepared.labels)
    if wanted.train_last is not None:
        train_last(network, wanted.train_last)
    teaching = None
    if taught.teachers and not taught.views:
        checkpoints = [Checkpoint.load(runs / path) for path in taught.teachers]
        teaching = Teachers(checkpoints, prepared.labels, taught.temperature), taught.share
    varied = experiment.augment
    if prepared.train.views:  # varied already
        varied = dataclasses.replace(experiment.degrade, mixup=varied.mixup)
    return Learner(
        network,
        settings,
        varied,
        heads=prepared.heads,
        steps=steps,
        teaching=teaching,
    ).to(memory_format=torch.channels_last)  # a fifth to a third faster on CPUs
