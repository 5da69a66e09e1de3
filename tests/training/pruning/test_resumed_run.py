"""A pruning that is killed goes on where it was, and one that takes nothing says why."""

import dataclasses
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.pruning.planning.budget import BudgetSettings
from fer_live.training.pruning.planning.threshold import ThresholdSettings
from fer_live.training.pruning.prune import PruneSettings, prune
from fer_live.training.pruning.run import prune_run
from fer_live.training.pruning.surgery.recover import RecoverySettings
from fer_live.training.pruning.surgery.stopping import StopRule
from tests.support.pruning_subjects import made_subject

pytestmark = pytest.mark.training

HALF = PruneSettings(BudgetSettings(0.5, allocation="uniform"), compensation="ls", multiple=8)
RECOVERY = RecoverySettings(epochs=3, batch=8)
CODE = """
import sys
from pathlib import Path
from tests.training.pruning.test_resumed_run import run

run(Path(sys.argv[1]), slowly=True)
"""


def run(folder: Path, *, slowly: bool = False) -> list[str]:
    """Prune twice and recover after each; slowly enough to be killed between two epochs."""
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        print(line, flush=True)  # noqa: T201 (the parent process reads it)
        if slowly and "epoch" in line:
            time.sleep(0.3)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums of several threads differ in their last bits from sums of one
    try:
        prune_run(made_subject("cnn6", images=24), HALF, RECOVERY, folder, rounds=2, told=tell)
    finally:
        torch.set_num_threads(threads)
    return told


def killed_at(folder: Path, line: str, *, times: int) -> None:
    """Run in a process of its own and kill it as it says a line for the so-manieth time."""
    command = [sys.executable, "-c", CODE, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for said in process.stdout:
            times -= line in said
            if times == 0:
                time.sleep(0.15)  # the state of the epoch before is on disk
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken") / "half"
    run(folder)
    return folder


@pytest.mark.parametrize(
    ("line", "times"), [("epoch 2", 1), ("round 2, pruned", 1), ("epoch 3", 2)]
)
def test_a_killed_run_goes_on_and_ends_as_an_unbroken_one(
    line: str, times: int, unbroken: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "half"
    killed_at(folder, line, times=times)
    assert not (folder / "best.ckpt").exists()
    told = run(folder)
    assert told[0].startswith("resuming the run in")
    assert "round 1, pruned" not in "\n".join(told)
    one, other = (Checkpoint.load(path / "best.ckpt") for path in (unbroken, folder))
    for key, value in one.weights.items():
        assert torch.equal(value, other.weights[key])
    assert one.pruning == other.pruning
    for name in ("pruning.json", "pruning.txt", "plan-1.json", "plan-2.json"):
        assert (unbroken / name).read_text() == (folder / name).read_text()
    assert not (folder / "unfinished").exists()


def test_a_run_with_other_settings_begins_anew(tmp_path: Path) -> None:
    killed_at(tmp_path / "half", "epoch 1", times=1)
    told: list[str] = []
    other = dataclasses.replace(HALF, importance="l2")
    subject = made_subject("cnn6", images=24)
    prune_run(subject, other, RECOVERY, tmp_path / "half", rounds=2, told=told.append)
    assert told[0].startswith("parent: accuracy")
    rows = json.loads((tmp_path / "half" / "pruning.json").read_text())["rows"]
    assert [row["what"].partition(",")[0] for row in rows] == [
        "parent",
        *["round 1"] * 2,
        *["round 2"] * 2,
    ]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            PruneSettings(ThresholdSettings(60.0), multiple=256),
            "at most .* of a layer, but widths end on multiples of 256",
        ),
        (PruneSettings(ThresholdSettings(0.0)), "no two channels .* nearer than 0 degrees"),
        (PruneSettings(BudgetSettings(1.0)), "within 100% of its macs as it is"),
        (
            PruneSettings(
                BudgetSettings(0.0), stop=StopRule(loss_rise=0.0, every=1), compensation="ls"
            ),
            "the stop rules already refused",
        ),
    ],
)
def test_a_pruning_that_takes_nothing_says_why(
    settings: PruneSettings, sentence: str, tmp_path: Path
) -> None:
    subject = made_subject("cnn6", images=16)
    settings = dataclasses.replace(settings, compensation="ls")
    told: list[str] = []
    prune_run(subject, settings, RecoverySettings(epochs=0), tmp_path / "same", told=told.append)
    (line,) = [one for one in told if one.startswith("nothing was removed")]
    assert re.search(sentence, line)
    assert line in (tmp_path / "same" / "pruning.txt").read_text()


def test_a_pruning_that_takes_something_says_nothing_of_the_kind() -> None:
    assert prune(made_subject("cnn6", images=16), HALF).note == ""
