"""Repeats of one experiment, and two processes that train one network."""

import subprocess
import sys
from pathlib import Path

import pytest

from fer_live.errors import SettingsError
from fer_live.training.config.experiment import (
    DataSettings,
    Experiment,
    NetworkSettings,
    SplitSettings,
)
from fer_live.training.config.repeats import repeats_of
from fer_live.training.models.checkpoint import Checkpoint
from tests.support.training_runs import small_data

pytestmark = [pytest.mark.training]


def experiment(split: SplitSettings) -> Experiment:
    return Experiment("x", DataSettings("folders"), NetworkSettings("cnn6"), split)


def test_each_seed_is_a_run_of_its_own_that_divides_anew() -> None:
    made = repeats_of(experiment(SplitSettings("fractions")), (0, 1, 2))
    assert [one.name for one in made] == ["x", "x-seed1", "x-seed2"]
    assert [(one.fit.seed, one.split.seed) for one in made] == [(0, 0), (1, 1), (2, 2)]


def test_folds_are_of_one_division() -> None:
    made = repeats_of(experiment(SplitSettings("k-fold", folds=3)), (5,), (0, 1, 2))
    assert [one.name for one in made] == ["x-seed5", "x-fold1-seed5", "x-fold2-seed5"]
    assert {one.split.seed for one in made} == {0}
    assert [one.split.fold for one in made] == [0, 1, 2]
    with pytest.raises(SettingsError, match=r"--fold needs split\.how"):
        repeats_of(experiment(SplitSettings()), (), (1,))
    with pytest.raises(SettingsError, match=r"fold must be in 0\.\.folds-1"):
        repeats_of(experiment(SplitSettings("k-fold", folds=3)), (), (3,))


def test_what_the_file_says_keeps_its_name() -> None:
    own = experiment(SplitSettings("fractions", seed=4))
    assert repeats_of(own, ()) == (own,)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_processes_train_one_network(tmp_path: Path) -> None:
    """Lightning starts the second process by the very command, so this needs one."""
    small_data(tmp_path / "data")
    text = """
name = "two"
[data]
kind = "fer2013"
path = "fer2013.csv"
labels = ["angry", "happy", "neutral"]
[network]
architecture = "cnn6"
widths = [4, 4, 4, 4, 8]
[fit]
epochs = 2
batch = 5
"""
    path = tmp_path / "two.toml"
    path.write_text(text)
    code = "from fer_live.training.cli import app; app()"
    script = tmp_path / "train.py"  # a file: the launcher repeats the command line
    script.write_text(code)
    words = ["fit", str(path), "--data", str(tmp_path / "data"), "--runs", str(tmp_path / "runs")]
    done = subprocess.run(
        [sys.executable, str(script), *words, "--devices", "2", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("best.ckpt after") == 1  # only the first process tells and writes
    folder = tmp_path / "runs" / "two"
    assert Checkpoint.load(folder / "best.ckpt").labels == ("angry", "happy", "neutral")
    rows = (folder / "metrics.csv").read_text().splitlines()
    step = rows[0].split(",").index("step")
    assert [row.split(",")[step] for row in rows[1:]] == ["2", "4"]  # 20 pictures, 2 x 5 a step
