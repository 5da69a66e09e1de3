"""A training that goes on from another one's weights goes on from both of its heads."""

import dataclasses
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


def trained(experiment: Experiment, folder: Path) -> Checkpoint:
    """Train it and return its network."""
    small_data(folder / "data")
    run = fit(experiment, data=folder / "data", runs=folder, running=Running(progress=False)).folder
    return Checkpoint.load(run / "best.ckpt")


def outputs_alike(one: Checkpoint, other: Checkpoint) -> bool:
    return torch.allclose(one.weights["out.weight"], other.weights["out.weight"], atol=1e-6)


def test_a_stage_begins_with_the_outputs_of_both_heads(tmp_path: Path) -> None:
    before = trained(FIRST, tmp_path)
    after = trained(SECOND, tmp_path)
    assert before.sizes == after.sizes == (3, 2)
    assert outputs_alike(before, after)


@pytest.mark.parametrize("labels", [THREE, ("happy", "angry")])
def test_other_heads_begin_at_random_on_the_trunk_they_are_given(
    labels: tuple[str, ...], tmp_path: Path
) -> None:
    before = trained(FIRST, tmp_path)
    turned = dataclasses.replace(
        SECOND, second=DataSettings("fer2013", "fer2013.csv", labels=labels)
    )
    after = trained(turned, tmp_path)
    first = slice(0, 3)  # the rows of the head that both have
    assert not torch.allclose(
        before.weights["out.weight"][first], after.weights["out.weight"][first]
    )
    trunks = [one.weights["stem.1.weight"] for one in (before, after)]
    torch.testing.assert_close(trunks[0], trunks[1])
