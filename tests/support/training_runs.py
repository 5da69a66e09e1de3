"""A small checkpoint and a small FER2013 that it can be scored on."""

import dataclasses
from pathlib import Path

import numpy as np
import torch

from fer_live.labels import LABELS
from fer_live.training.config.experiment import DataSettings, Experiment, NetworkSettings
from fer_live.training.config.loader import as_table
from fer_live.training.models.checkpoint import Checkpoint, Head
from fer_live.training.networks import build
from tests.support.data_sets import fer2013_table, votes_table

WIDTHS = (4, 4, 4, 4, 8)
COUNT = 60
USAGES = ["Training"] * 20 + ["PublicTest"] * 20 + ["PrivateTest"] * 20
WORDS = ("anger", "happiness", "neutral")


def small_checkpoint(name: str = "small", *, seed: int = 0, settings: bool = True) -> Checkpoint:
    """A network that has learned nothing."""
    torch.manual_seed(seed)
    data = DataSettings("ferplus", "fer2013.csv", votes="fer2013new.csv")
    experiment = Experiment(name, data, NetworkSettings("cnn6", WIDTHS))
    return Checkpoint(
        name=name,
        architecture="cnn6",
        widths=WIDTHS,
        weights=build("cnn6", WIDTHS).state_dict(),
        heads=(Head(LABELS, (0.2, 0.1, 0.1, 0.2, 0.1, 0.1, 0.2, 0.0), "nothing"),),
        settings=as_table(experiment) if settings else {},
    )


def small_data(folder: Path) -> Path:
    """FER2013 and FER+ in small: 20 pictures a part, three labels in turn."""
    folder.mkdir(exist_ok=True)
    fer2013_table(folder / "fer2013.csv", [(0, 3, 6)[k % 3] for k in range(COUNT)], USAGES)
    votes_table(folder / "fer2013new.csv", [{WORDS[k % 3]: 10} for k in range(COUNT)])
    return folder


def small_run(runs: Path, name: str = "small", *, seed: int = 0) -> Path:
    """A run's folder, as a training leaves it."""
    folder = runs / name
    folder.mkdir(parents=True)
    small_checkpoint(name, seed=seed).save(folder / "best.ckpt")
    (folder / "experiment.json").write_text("{}")
    rows = ["epoch,step,loss,val_loss,val_accuracy"]
    rows += [f"{k},{10 * k},,{2 - k / 9},{k / 10}\n{k},{10 * k},{2 - k / 8},," for k in range(5)]
    (folder / "metrics.csv").write_text("\n".join(rows) + "\n")
    return folder


def two_headed_run(runs: Path, name: str = "two") -> Path:
    """A run's folder, as a training with two heads leaves it."""
    folder = runs / name
    folder.mkdir(parents=True)
    torch.manual_seed(1)
    whole = build("cnn6", WIDTHS, 15).state_dict()
    checkpoint = small_checkpoint(name)
    experiment = {**checkpoint.settings, "second": as_table(DataSettings("fer2013", "fer2013.csv"))}
    heads = tuple(
        Head(labels, (1 / len(labels),) * len(labels), "nothing") for labels in (LABELS, LABELS[:7])
    )
    two = dataclasses.replace(checkpoint, heads=heads, weights=whole, settings=experiment)
    two.save(folder / "best.ckpt")
    (folder / "experiment.json").write_text("{}")
    return folder


def share_of(named: tuple[int, ...], truth: tuple[int, ...]) -> float:
    """How many are right."""
    return float((np.array(named) == np.array(truth)).mean())
