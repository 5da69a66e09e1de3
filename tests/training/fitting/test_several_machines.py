"""One training on two machines: here two process groups that meet on the loopback."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from fer_live.training.models.checkpoint import Checkpoint
from tests.support.training_runs import small_data

pytestmark = [pytest.mark.training, pytest.mark.long, pytest.mark.timeout(900)]

SETTINGS = """
name = "two"
[data]
kind = "fer2013"
path = "fer2013.csv"
labels = ["angry", "happy", "neutral"]
[network]
architecture = "cnn6"
widths = [4, 4, 4, 4, 8]
[fit]
epochs = {epochs}
batch = 5
"""


def start(
    folder: Path, runs: str, *options: str, variables: Mapping[str, str]
) -> subprocess.Popen[str]:
    script = folder / "train.py"  # a file: the launcher of several devices repeats the command line
    script.write_text("from fer_live.training.cli import app; app()")
    words = ["fit", "two.toml", "--data", "data", "--runs", runs, "--quiet", *options]
    return subprocess.Popen(
        [sys.executable, str(script), *words],
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def two_machines(folder: Path, runs: str) -> list[subprocess.Popen[str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [
        start(folder, runs, "--nodes", "2", variables={**meeting, "NODE_RANK": str(rank)})
        for rank in (0, 1)
    ]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(Checkpoint.load(folder / "two" / "best.ckpt").weights)


def prepared(folder: Path, epochs: int) -> Path:
    small_data(folder / "data")
    (folder / "two.toml").write_text(SETTINGS.format(epochs=epochs))
    return folder


def test_two_machines_learn_what_two_devices_of_one_learn(tmp_path: Path) -> None:
    folder = prepared(tmp_path, epochs=3)
    both = two_machines(folder, "machines")
    said = [one.communicate(timeout=800) for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert "best.ckpt after" in said[0][0]
    assert said[1][0] == ""  # only the first tells and writes
    alone = start(folder, "devices", "--devices", "2", variables={})
    output = alone.communicate(timeout=800)
    assert alone.returncode == 0, output
    ours, theirs = weights(folder / "machines"), weights(folder / "devices")
    for name, found in ours.items():
        torch.testing.assert_close(found, theirs[name], rtol=1e-5, atol=1e-6, msg=name)


def test_a_machine_that_is_lost_ends_the_others_in_a_sentence_and_all_go_on(tmp_path: Path) -> None:
    folder = prepared(tmp_path, epochs=30)
    first, second = two_machines(folder, "killed")
    state = folder / "killed" / "two" / "checkpoints" / "last.ckpt"
    ends = time.monotonic() + 600
    while not state.is_file() and time.monotonic() < ends:
        time.sleep(0.05)
    second.kill()
    second.communicate()
    _, said = first.communicate(timeout=300)
    assert first.returncode == 1, said
    assert "another process of this training has ended" in said
    assert "Traceback" not in said
    assert state.is_file()
    again = two_machines(folder, "killed")
    told = [one.communicate(timeout=800) for one in again]
    assert [one.returncode for one in again] == [0, 0], told
    undisturbed = two_machines(folder, "undisturbed")
    told = [one.communicate(timeout=800) for one in undisturbed]
    assert [one.returncode for one in undisturbed] == [0, 0], told
    ours, theirs = weights(folder / "killed"), weights(folder / "undisturbed")
    for name, found in ours.items():
        torch.testing.assert_close(found, theirs[name], rtol=1e-5, atol=1e-6, msg=name)
