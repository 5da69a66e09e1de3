"""A full disk or a damaged file costs a run an epoch at most, and a sentence."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fer_live.errors import ModelError
from fer_live.training.fitting.run_files import BEFORE, LAST, WholeCheckpoints, to_go_on_from
from fer_live.training.models.checkpoint import Checkpoint
from tests.support.data_sets import fer2013_table

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]

EXPERIMENT = """
name = "small"
[data]
kind = "fer2013"
path = "fer2013.csv"
[network]
architecture = "cnn6"
widths = [4, 4, 8, 8, 8]
[fit]
epochs = 3
batch = 8
"""


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    usages = ["Training"] * 40 + ["PublicTest"] * 14
    fer2013_table(tmp_path / "fer2013.csv", [k % 7 for k in range(54)], usages)
    return tmp_path


def fit(faces: Path, *, most_bytes: int = -1) -> "subprocess.CompletedProcess[str]":
    """`fer-train fit` in a process of its own, whose files may not be larger than so many bytes."""
    (faces / "small.toml").write_text(EXPERIMENT)
    words = ["fit", "small.toml", "--data", ".", "--quiet"]
    code = "from fer_live.training.cli import app; app()"
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=faces,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes)),
    )


def test_a_disk_that_takes_no_state_is_a_sentence_and_the_run_goes_on_later(faces: Path) -> None:
    full = fit(faces, most_bytes=20_000)
    assert full.returncode == 1
    assert "small/checkpoints/best.ckpt cannot be written: File too large" in full.stderr
    assert "Traceback" not in full.stderr
    left = [path.name for path in (faces / "runs").rglob("*") if path.is_file()]
    assert not [name for name in left if name.endswith(".ckpt") or name.startswith(".")]
    again = fit(faces)
    assert again.returncode == 0, again.stderr
    assert len(Checkpoint.load(faces / "runs/small/best.ckpt").labels) == 7


def test_a_state_that_was_cut_is_told_and_the_one_before_is_taken(faces: Path) -> None:
    assert fit(faces).returncode == 0
    states = faces / "runs/small/checkpoints"
    whole = (states / LAST).read_bytes()
    (states / LAST).write_bytes(whole[: len(whole) // 2])
    again = fit(faces)
    assert again.returncode == 0, again.stderr
    assert f"{LAST} cannot be read; it was cut short or damaged; the one before" in again.stderr
    epochs = [torch.load(states / name, weights_only=True)["epoch"] for name in (LAST, BEFORE)]
    assert epochs == [2, 1]


def test_states_none_of_which_can_be_read_are_a_sentence(faces: Path) -> None:
    assert fit(faces).returncode == 0
    for name in (LAST, BEFORE):
        (faces / "runs/small/checkpoints" / name).write_bytes(b"PK\3\4")
    again = fit(faces)
    assert again.returncode == 1
    assert "Traceback" not in again.stderr
    assert "and there is no state before it; delete " in again.stderr


def test_the_state_before_stays_when_the_next_one_is_written(tmp_path: Path) -> None:
    writer = WholeCheckpoints()
    assert to_go_on_from(tmp_path) is None
    for epoch in range(3):
        writer.save_checkpoint({"epoch": epoch}, tmp_path / LAST)
    assert to_go_on_from(tmp_path) == tmp_path / LAST
    (tmp_path / LAST).unlink()
    found = to_go_on_from(tmp_path)
    assert found == tmp_path / BEFORE
    assert torch.load(found, weights_only=True) == {"epoch": 1}
    (tmp_path / BEFORE).write_bytes(b"")
    with pytest.raises(ModelError, match="delete"):
        to_go_on_from(tmp_path)
