"""Models are scored on the part that was asked for, and what is reported says on what."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_live.errors import DataError, FerLiveError, ModelError
from fer_live.labels import LABELS
from fer_live.training.cli import app
from fer_live.training.config.experiment import (
    DataSettings,
    Experiment,
    FitSettings,
    NetworkSettings,
    SplitSettings,
)
from fer_live.training.evaluation.calibrate import calibrated
from fer_live.training.evaluation.evaluate import evaluate
from fer_live.training.evaluation.open_model import (
    Wanted,
    calibrate_file,
    evaluate_model,
    open_model,
    recorded,
)
from fer_live.training.fitting.prepare import parts_of
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.models.predictors import predictor_of
from fer_live.training.reporting.finish import finish_run
from tests.support.data_sets import folder_of
from tests.support.training_runs import WIDTHS, share_of, small_checkpoint

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]


def test_a_run_is_scored_on_its_own_data(run: Path, data: Path) -> None:
    opened = open_model(run, runs=run.parent)
    found = evaluate_model(opened, Wanted(data), "validation")
    assert found.data == "FER+ PublicTest, majority"
    assert (found.split, found.natural.n, len(found.training)) == ("official parts", 20, 5)
    assert found.natural.accuracy.value == pytest.approx(share_of(found.named, found.truth))
    assert found.training[3]["val_accuracy"] == pytest.approx(0.3)
    assert found.training[3]["loss"] == pytest.approx(2 - 3 / 8)
    other = evaluate_model(opened, Wanted(data, votes=False), "test")
    assert other.data == "FER2013 PrivateTest"
    assert other.labels == LABELS[:7]
    assert any("contempt" in note for note in other.notes)


def test_a_checkpoint_and_its_onnx_file_score_alike(run: Path, data: Path, tmp_path: Path) -> None:
    export = pytest.importorskip("fer_live.export.conversion.checkpoint")
    checkpoint = Checkpoint.load(run / "best.ckpt")
    colder = dataclasses.replace(checkpoint.heads[0], temperature=1.7, uncertain_below=0.15)
    checkpoint = checkpoint.with_head(0, colder)
    exported = export.export_checkpoint(checkpoint, tmp_path / "small.onnx")
    predictor = open_model(exported.path, runs=tmp_path).predictor
    parts = parts_of(*_own(checkpoint), data)
    from_onnx = evaluate(predictor, parts, "validation")
    from_torch = evaluate(predictor_of(checkpoint), parts, "validation")
    assert from_onnx.named == from_torch.named
    assert from_onnx.natural.shown == from_torch.natural.shown
    assert from_onnx.natural.shown.threshold == 0.15
    for one, other in zip(
        from_onnx.natural.reliability, from_torch.natural.reliability, strict=True
    ):
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)


def _own(checkpoint: Checkpoint) -> tuple[Experiment, DataSettings]:
    """What a checkpoint was trained by."""
    data = DataSettings("ferplus", "fer2013.csv", votes="fer2013new.csv")
    return Experiment(checkpoint.name, data, NetworkSettings("cnn6", WIDTHS)), data


def test_twins_of_training_are_left_out_of_the_clean_figure(data: Path) -> None:
    parts = parts_of(*_own(small_checkpoint()), data)
    pixels = parts.validation.pixels.copy()
    pixels[:5] = parts.train.pixels[:5]
    twinned = dataclasses.replace(
        parts, validation=dataclasses.replace(parts.validation, pixels=pixels)
    )
    found = evaluate(predictor_of(small_checkpoint()), twinned, "validation")
    assert found.clean is not None
    assert (found.natural.n, found.clean.n) == (20, 15)


def test_any_layout_can_be_scored(run: Path, tmp_path: Path) -> None:
    folder_of(tmp_path / "set", ["happy/1.png", "anger/2.png", "sad/3.png"])
    found = evaluate_model(open_model(run, runs=tmp_path), Wanted(tmp_path / "set"), "validation")
    assert (found.data, found.split, found.natural.n) == ("set validation", "whole set", 3)
    assert found.clean is None
    halves = Wanted(tmp_path / "set", split=SplitSettings("fractions", (0.5, 0.0, 0.5)))
    with pytest.raises(DataError, match="leaves the train part empty"):
        evaluate_model(open_model(run, runs=tmp_path), halves, "test")


def test_numbered_classes_are_scored_with_a_map(run: Path, tmp_path: Path) -> None:
    folder_of(tmp_path / "set", ["4/1.png", "6/2.png", "6/3.png"])
    words = ["evaluate", str(run), "--data", str(tmp_path / "set"), "--out", str(tmp_path / "o")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "the class '4' is unknown" in result.output
    result = CliRunner().invoke(app, [*words, "--map", "4=happy", "--map", "6=angry"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "o" / "report-validation.json").read_text())
    assert {one["label"]: one["support"] for one in report["natural"]["per_class"]} == {
        "angry": 2,
        "happy": 1,
    }


def test_pictures_of_labels_that_a_model_lacks_are_counted(tmp_path: Path) -> None:
    plain = small_checkpoint(settings=False)
    turned = ("happy", *LABELS[1:3], "angry", *LABELS[4:])
    six = plain.with_head(0, dataclasses.replace(plain.heads[0], labels=turned))
    folder_of(tmp_path / "set", ["angry/1.png", "happy/2.png", "happy/3.png"])
    six.save(tmp_path / "odd.ckpt")
    found = evaluate_model(
        open_model(tmp_path / "odd.ckpt", runs=tmp_path), Wanted(tmp_path / "set"), "validation"
    )
    assert found.labels == ("angry", "happy")
    assert found.truth == (0, 1, 1)


def test_leaking_is_said_and_can_be_seen(data: Path) -> None:
    settings = DataSettings("fer2013", "fer2013.csv", labels=("angry", "happy"))
    leaking = Experiment(
        "leaks",
        settings,
        NetworkSettings("cnn6", WIDTHS),
        split=SplitSettings("fractions", leak=True),
        fit=FitSettings(rare_factor=3),
    )
    parts = parts_of(leaking, settings, data)
    assert "leaks" in parts.split
    found = evaluate(predictor_of(small_checkpoint()), parts, "test")
    assert any("leaks" in note for note in found.notes)


def test_calibration_is_kept_in_the_file_and_changes_no_answer(run: Path, data: Path) -> None:
    before = evaluate_model(open_model(run, runs=run.parent), Wanted(data), "validation")
    fitted = calibrate_file(open_model(run, runs=run.parent), Wanted(data))
    kept = Checkpoint.load(run / "best.ckpt").heads[0]
    assert (kept.temperature, kept.uncertain_below) == (
        fitted.temperature,
        fitted.shown.threshold,
    )
    after = evaluate_model(open_model(run, runs=run.parent), Wanted(data), "validation")
    assert after.named == before.named
    assert after.sha256 == before.sha256
    assert after.natural.shown == fitted.shown


def test_confidence_is_fitted_on_a_second_domain_as_well(run: Path, data: Path) -> None:
    opened = open_model(run, runs=run.parent)
    alone = calibrate_file(opened, Wanted(data))
    again = calibrate_file(opened, Wanted(data), second=Wanted(data, among=("angry", "happy")))
    assert again.n[:1] == alone.n
    assert 0 < again.n[1] < alone.n[0]  # angry and happy faces alone
    assert Checkpoint.load(run / "best.ckpt").heads[0].temperature == again.temperature
    assert again.shown != alone.shown  # other pictures are among those shown


def test_a_finished_run_is_calibrated_and_explains_itself(run: Path, data: Path) -> None:
    found, files = finish_run(run, data)
    assert found.part == "validation"
    assert found.temperature == Checkpoint.load(run / "best.ckpt").heads[0].temperature != 1
    assert all(file.is_file() and file.parent == run for file in files)


def test_what_was_fitted_before_does_not_matter(data: Path) -> None:
    checkpoint = small_checkpoint()
    validation = parts_of(*_own(checkpoint), data).validation
    fitted = dataclasses.replace(checkpoint.heads[0], temperature=4.0, uncertain_below=0.9)
    again = checkpoint.with_head(0, fitted)
    assert calibrated(checkpoint, validation)[1] == calibrated(again, validation)[1]


def test_recorded_figures_replace_older_ones_on_the_same_data(run: Path, data: Path) -> None:
    for part in ("validation", "test", "test"):
        opened = open_model(run, runs=run.parent)
        recorded(opened, evaluate_model(opened, Wanted(data), part))
    kept = Checkpoint.load(run / "best.ckpt").heads[0].metrics
    named = [(metric.measure, metric.data, metric.prior) for metric in kept]
    assert len(named) == len(set(named))
    assert {metric.data.split(",")[0] for metric in kept} == {
        "FER+ PublicTest",
        "FER+ PrivateTest",
    }
    assert all(metric.n == 20 for metric in kept)


def test_among_some_labels_only_these_are_scored_and_answered(run: Path, data: Path) -> None:
    opened = open_model(run, runs=run.parent)
    whole = evaluate_model(opened, Wanted(data), "validation")
    two = whole.labels[:2]
    some = evaluate_model(opened, Wanted(data, among=two), "validation")
    assert some.labels == two
    assert some.natural.n == sum(whole.labels[k] in two for k in whole.truth)
    assert set(some.named) <= {0, 1}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["evaluate", "none.ckpt"], "no model at none.ckpt"),
        (["evaluate", "{run}", "--data", "none"], "none does not exist"),
        (
            ["evaluate", "{run}", "--data", "{data}", "--among", "happy,joy"],
            "the model knows no joy",
        ),
        (["evaluate", "{run}", "--prevalence", "joy=1"], "the label is one of angry"),
        (["evaluate", "{run}", "--prevalence", "happy"], "is not LABEL=SHARE"),
        (["evaluate", "{run}", "--data", "{data}", "--step", "blur"], "no step 'blur'"),
        (["calibrate", "{data}"], "no model at"),
        (["compare", "{run}", "{run}"], "make it with: fer-train evaluate"),
        (["data", "inspect", "{run}"], "holds no picture"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    words: list[str], sentence: str, run: Path, data: Path
) -> None:
    given = [word.format(run=run, data=data) for word in words]
    result = CliRunner().invoke(app, given)
    assert result.exit_code in (1, 2)
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_an_onnx_file_is_finished(tmp_path: Path) -> None:
    with pytest.raises(FerLiveError):
        open_model(tmp_path / "none.onnx", runs=tmp_path)


def test_a_foreign_file_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "x.ckpt").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="not a fer-live checkpoint"):
        open_model(tmp_path / "x.ckpt", runs=tmp_path)


def test_probabilities_are_a_distribution_at_either_prior() -> None:
    card = predictor_of(small_checkpoint()).card
    logits = np.random.default_rng(0).normal(0, 3, (30, 8))
    for prior in ("natural", "balanced"):
        shares = card.probabilities(logits, prior)
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        assert (shares >= 0).all()
