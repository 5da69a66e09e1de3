"""A training that goes on from another one's weights goes on from both of its heads."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from fer_live.training.config.experiment import (
    DataSettings,
    Experiment,
    FitSettings,
    NetworkSettings,
)
from fer_live.training.fitting.fit import Running, fit
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.models.joined_heads import both_heads, mix_heads
from tests.support.training_runs import small_data

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]

WIDTHS = (4,) * 9
THREE = ("angry", "happy", "neutral")
FIRST = Experiment(
    "first",
    DataSettings("ferplus", "fer2013.csv", votes="fer2013new.csv", labels=THREE),
    NetworkSettings("separable-small", WIDTHS),
    second=DataSettings("fer2013", "fer2013.csv", labels=THREE[:2]),
    fit=FitSettings(epochs=1, batch=5),
)
STILL = FitSettings(epochs=1, batch=5, learning_rate=1e-12, weight_decay=0.0, seed=5)
SECOND = dataclasses.replace(
    FIRST,
    name="second",
    network=NetworkSettings("separable-small", WIDTHS, weights="first/best.ckpt"),
    fit=STILL,
)


def trained(experiment: Experiment, folder: Path) -> tuple[Checkpoint, Checkpoint]:
    """Train it and return its heads."""
    small_data(folder / "data")
    run = fit(experiment, data=folder / "data", runs=folder, running=Running(progress=False)).folder
    return Checkpoint.load(run / "best.ckpt"), Checkpoint.load(run / "second.ckpt")


def outputs_alike(one: Checkpoint, other: Checkpoint) -> bool:
    return torch.allclose(one.weights["out.weight"], other.weights["out.weight"], atol=1e-6)


def test_a_leg_begins_with_the_outputs_of_both_heads(tmp_path: Path) -> None:
    before = trained(FIRST, tmp_path)
    after = trained(SECOND, tmp_path)
    assert all(outputs_alike(a, b) for a, b in zip(before, after, strict=True))


def test_other_heads_begin_at_random_on_the_trunk_they_are_given(tmp_path: Path) -> None:
    before = trained(FIRST, tmp_path)
    turned = dataclasses.replace(
        SECOND, second=DataSettings("fer2013", "fer2013.csv", labels=THREE)
    )
    after = trained(turned, tmp_path)
    assert not outputs_alike(before[0], after[0])
    trunks = [one.weights["stem.1.weight"] for one in (before[0], after[0])]
    torch.testing.assert_close(trunks[0], trunks[1])


def test_whole_networks_are_those_of_runs_alone(tmp_path: Path) -> None:
    trained(FIRST, tmp_path)
    run, labels = tmp_path / "first", (THREE, THREE[:2])
    whole = both_heads(run / "best.ckpt", labels)
    assert whole is not None
    assert whole.labels == (*THREE, *THREE[:2])
    assert both_heads(run / "second.ckpt", labels) is None
    assert both_heads(run / "best.ckpt", labels[::-1]) is None
    shutil.copy(run / "best.ckpt", tmp_path / "best.ckpt")
    assert both_heads(tmp_path / "best.ckpt", labels) is None
    mix_heads(run, 0.3)
    assert both_heads(run / "best.ckpt", labels) is None
