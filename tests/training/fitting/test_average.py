"""Runs of one experiment averaged into one network."""

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from fer_live.errors import ModelError, SettingsError
from fer_live.training.cli import app
from fer_live.training.config.experiment import Experiment, SplitSettings, read_experiment
from fer_live.training.config.repeats import repeats_of
from fer_live.training.fitting.average import average_runs, mean_of
from fer_live.training.fitting.fit import Running, fit
from fer_live.training.models.checkpoint import Checkpoint
from tests.support.training_runs import small_data

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]

THREE = ("angry", "happy", "neutral")
TEXT = """
name = "one"
[data]
kind = "ferplus"
path = "fer2013.csv"
votes = "fer2013new.csv"
labels = ["angry", "happy", "neutral"]
[second]
kind = "fer2013"
path = "fer2013.csv"
labels = ["angry", "happy"]
[network]
architecture = "cnn6"
widths = [4, 4, 4, 4, 8]
[fit]
epochs = 1
batch = 5
"""


@pytest.fixture
def trained(tmp_path: Path) -> Experiment:
    """Two runs, each with two heads, seeds 0 and 1."""
    small_data(tmp_path / "data")
    (tmp_path / "one.toml").write_text(TEXT)
    experiment = read_experiment(tmp_path / "one.toml")
    quiet = Running(progress=False)
    for one in repeats_of(experiment, (0, 1)):
        fit(one, data=tmp_path / "data", runs=tmp_path / "runs", running=quiet)
    return experiment


def average(experiment: Experiment, folder: Path, *seeds: int) -> Path:
    return average_runs(experiment, seeds, data=folder / "data", runs=folder / "runs")


def test_the_mean_is_that_of_every_weight_and_batch_norms_are_measured_anew(
    trained: Experiment, tmp_path: Path
) -> None:
    run = average(trained, tmp_path, 0, 1, 1)
    assert run == tmp_path / "runs" / "one-mean"
    first, other, mean = (
        Checkpoint.load(tmp_path / "runs" / name / "best.ckpt")
        for name in ("one", "one-seed1", "one-mean")
    )
    assert [head.labels for head in mean.heads] == [THREE, THREE[:2]]
    for own, its in zip(mean.heads, first.heads, strict=True):
        assert own.prior == its.prior
        assert own.data.endswith("mean of the weights of seeds 0, 1")
    learned = [key for key in mean.weights if "running" not in key and "num" not in key]
    assert len(learned) > 8
    for key in learned:
        due = (first.weights[key] + other.weights[key]) / 2
        torch.testing.assert_close(mean.weights[key], due)
        assert not torch.equal(mean.weights[key], first.weights[key])
    network = mean.network()
    first_norm = next(m for m in network.modules() if isinstance(m, nn.BatchNorm2d))
    assert isinstance(first_norm.running_mean, torch.Tensor)
    key = next(k for k in mean.weights if k.endswith("running_mean"))
    blended = (first.weights[key] + other.weights[key]) / 2
    assert not torch.allclose(first_norm.running_mean, blended)


def test_whole_numbers_are_not_averaged() -> None:
    one, other = {"n": torch.tensor(3), "w": torch.ones(2).half()}, {}
    other = {"n": torch.tensor(8), "w": 2 * torch.ones(2)}
    found = mean_of([one, other])
    assert found["n"] == 3
    assert found["w"].dtype == torch.float32
    assert found["w"].tolist() == [1.5, 1.5]


def test_the_command_scores_it(trained: Experiment, tmp_path: Path) -> None:
    words = ["average", str(tmp_path / "one.toml"), "--seed", "0", "--seed", "1"]
    words += ["--data", str(tmp_path / "data"), "--runs", str(tmp_path / "runs")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "n = 20" in result.output
    names = {path.name for path in (tmp_path / "runs" / "one-mean").iterdir()}
    assert {"report-validation.json", "report-validation-second.json"} <= names
    assert "experiment.json" in names, "by which later reports know their folder"


def test_what_has_no_mean_is_refused(trained: Experiment, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="two runs or more"):
        average(trained, tmp_path, 1, 1)
    with pytest.raises(ModelError, match="one-seed2"):
        average(trained, tmp_path, 0, 2)
    divided = dataclasses.replace(trained, second=None, split=SplitSettings("fractions"))
    with pytest.raises(SettingsError, match="divides its set differently"):
        average(divided, tmp_path, 0, 1)
    wider = dataclasses.replace(trained.network, widths=(4, 4, 4, 4, 6))
    other = dataclasses.replace(trained, name="one-seed2", network=wider)
    fit(other, data=tmp_path / "data", runs=tmp_path / "runs", running=Running(1, progress=False))
    with pytest.raises(ModelError, match="another network than"):
        average(trained, tmp_path, 0, 2)
    path = tmp_path / "runs" / "one-seed1" / "best.ckpt"
    Checkpoint.load(path).with_mirror().save(path)
    with pytest.raises(ModelError, match="average first, then mirror"):
        average(trained, tmp_path, 0, 1)
