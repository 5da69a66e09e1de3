"""A run that is killed and taken up again ends where an unbroken one does."""

import csv
import dataclasses
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pytest
import torch

from fer_live.errors import SettingsError
from fer_live.training.config.experiment import Experiment, read_experiment
from fer_live.training.fitting import callbacks
from fer_live.training.fitting.fit import Running, fit
from fer_live.training.models.checkpoint import Checkpoint
from tests.support.data_sets import fer2013_table

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]

EPOCHS = 4
STEPS_AN_EPOCH = 5
QUIET = Running(progress=False)


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    emotions = [k % 7 for k in range(54)]
    usages = ["Training"] * 40 + ["PublicTest"] * 14
    fer2013_table(tmp_path / "fer2013.csv.bz2", emotions, usages)
    return tmp_path


def experiment() -> Experiment:
    """CNN6 with everything that has a state: momentum, schedule, averaging, augmentation."""
    path = Path(__file__).parents[3] / "experiments" / "cnn6-fer2013.toml"
    whole = read_experiment(path)
    return dataclasses.replace(
        whole,
        network=dataclasses.replace(whole.network, widths=(4, 4, 8, 8, 8)),
        augment=dataclasses.replace(whole.augment, mixup=0.2, noise=0.05),
        fit=dataclasses.replace(whole.fit, epochs=EPOCHS, batch=8, average=0.9),
        angles=dataclasses.replace(whole.angles, every=1, probe=8),
    )


class Killed(Exception):  # noqa: N818 (not an error of the program)
    """Stands for the power going off."""


def fit_until(step: int, faces: Path, runs: Path) -> None:
    """Train, and die at a step in the middle of an epoch."""

    def die(self: Any, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.global_step >= step:
            raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(callbacks.EpochOrder, "on_train_batch_start", die, raising=False)
        fit(experiment(), data=faces, runs=runs, running=QUIET)


@pytest.mark.parametrize("step", [1, STEPS_AN_EPOCH + 2, 3 * STEPS_AN_EPOCH + 4])
def test_a_killed_run_ends_with_the_same_weights(step: int, faces: Path) -> None:
    unbroken = fit(experiment(), data=faces, runs=faces / "a", running=QUIET)
    with pytest.raises(Killed):
        fit_until(step, faces, faces / "b")
    resumed = fit(experiment(), data=faces, runs=faces / "b", running=QUIET)
    one, other = (torch.load(f.folder / "checkpoints" / "last.ckpt") for f in (unbroken, resumed))
    assert one["global_step"] == other["global_step"] == EPOCHS * STEPS_AN_EPOCH
    for key, value in one["current_model_state"].items():
        torch.testing.assert_close(value, other["current_model_state"][key], rtol=0, atol=0)
    for key, value in unbroken.checkpoint.weights.items():
        torch.testing.assert_close(value, resumed.checkpoint.weights[key], rtol=0, atol=0)


def test_the_log_of_a_resumed_run_has_each_epoch_once(
    faces: Path,
) -> None:
    with pytest.raises(Killed):
        fit_until(2 * STEPS_AN_EPOCH + 1, faces, faces)
    folder = fit(experiment(), data=faces, runs=faces, running=QUIET).folder
    with (folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(EPOCHS))
    assert all(np.isfinite(float(row["loss"])) for row in rows)


def test_a_finished_run_is_left_as_it_is(faces: Path) -> None:
    first = fit(experiment(), data=faces, runs=faces, running=QUIET)
    again = fit(experiment(), data=faces, runs=faces, running=QUIET)
    assert again.checkpoint.weights_sha256() == first.checkpoint.weights_sha256()


def test_other_settings_do_not_go_on_with_a_run(faces: Path) -> None:
    fit(experiment(), data=faces, runs=faces, running=QUIET)
    other = experiment()
    other = dataclasses.replace(other, fit=dataclasses.replace(other.fit, learning_rate=0.01))
    with pytest.raises(SettingsError, match="started with other settings of fit"):
        fit(other, data=faces, runs=faces, running=QUIET)


def test_seeds_differ_and_repeat(faces: Path) -> None:
    def weights(seed: int, folder: str) -> str:
        one = experiment()
        one = dataclasses.replace(one, fit=dataclasses.replace(one.fit, seed=seed, epochs=1))
        run = fit(one, data=faces, runs=faces / folder, running=QUIET)
        return Checkpoint.load(run.folder / "best.ckpt").weights_sha256()

    assert weights(0, "a") == weights(0, "b") != weights(1, "c")
