"""A model with two heads is scored, calibrated and exported head by head; a file is studied."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from fer_live.training.cli import app
from fer_live.training.data.transforms.found_faces import Faces
from fer_live.training.evaluation.open_model import Wanted, evaluate_model, open_model
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.reporting.finish import finish_run
from tests.support.training_runs import small_data, small_run, two_headed_run

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return small_data(tmp_path / "data")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return small_run(tmp_path / "runs")


def test_each_head_is_scored_on_the_labels_that_it_learned(data: Path, tmp_path: Path) -> None:
    run = two_headed_run(tmp_path / "runs")
    log = tmp_path / "log.md"
    words = ["evaluate", str(run), "--data", str(data), "--log", str(log)]
    result = CliRunner().invoke(app, [*words, "--final", "--record"])
    assert result.exit_code == 0, result.output
    assert "two on FER+ PrivateTest, majority" in result.output
    assert "two-second on FER2013 PrivateTest" in result.output
    assert len([row for row in log.read_text().splitlines() if row.startswith("| 20")]) == 2
    first, second = (
        json.loads((run / f"report-test{suffix}.json").read_text()) for suffix in ("", "-second")
    )
    assert (len(first["labels"]), len(second["labels"])) == (8, 7)
    kept = Checkpoint.load(run / "best.ckpt").heads[1].metrics
    assert {m.data.split(",")[0] for m in kept} == {"FER2013 PrivateTest"}
    only = CliRunner().invoke(app, [*words, "--labels"])
    assert "two-second" not in only.output
    assert "two on FER2013 PublicTest" in only.output


def test_each_head_is_calibrated_alone(data: Path, tmp_path: Path) -> None:
    run = two_headed_run(tmp_path / "runs")
    result = CliRunner().invoke(app, ["calibrate", str(run), "--data", str(data)])
    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.output.splitlines()] == ["two", "two-second"]
    kept = [head.temperature for head in Checkpoint.load(run / "best.ckpt").heads]
    assert 1.0 not in kept
    found, files = finish_run(run, data)
    assert found.data == "FER+ PublicTest, majority"
    assert files[0] == run / "report-validation.json"
    assert (run / "report-validation-second.json").is_file()


def test_a_file_with_both_heads_scores_as_its_checkpoint(data: Path, tmp_path: Path) -> None:
    export = pytest.importorskip("fer_live.export.conversion.checkpoint")
    run = two_headed_run(tmp_path / "runs")
    checkpoint = Checkpoint.load(run / "best.ckpt")
    exported = export.export_checkpoint(checkpoint, tmp_path / "both.onnx")
    opened = open_model(exported.path, runs=tmp_path / "runs")
    for head, own in zip(opened.heads, open_model(run, runs=run.parent).heads, strict=True):
        one, other = (evaluate_model(each, Wanted(data), "validation") for each in (head, own))
        assert (one.data, one.labels, one.named) == (other.data, other.labels, other.named)
        assert one.balanced.macro_f1 == other.balanced.macro_f1
        assert head.suffix == own.suffix


def test_an_onnx_file_is_studied_unless_that_is_not_wanted(
    run: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = pytest.importorskip("fer_live.export.conversion.checkpoint")
    path = tmp_path / "small.onnx"
    export.export_checkpoint(Checkpoint.load(run / "best.ckpt"), path)
    monkeypatch.setattr("fer_live.training.evaluation.studies.faces_in", _no_faces)
    out = tmp_path / "out"
    words = ["evaluate", str(path), "--data", str(data), "--out", str(out)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    for title in ("Each label", "Spoiled pictures", "By what the pictures are like", "Framing"):
        assert title in result.output
        assert f"## {title}" in (out / "report-validation.md").read_text()
    report = json.loads((out / "report-validation.json").read_text())
    assert {cell["n"] for cell in report["studies"]["robustness"]} == {20}
    assert "<h2>Spoiled pictures</h2>" in (out / "report-validation.html").read_text()
    brief = CliRunner().invoke(app, [*words, "--brief"])
    assert "Spoiled pictures" not in brief.output


def _no_faces(pixels: NDArray[np.uint8]) -> Faces:
    """What is found in pictures of noise; MediaPipe need not be asked."""
    nowhere = np.full((len(pixels), 3, 2), np.nan)
    return Faces(nowhere, nowhere)
