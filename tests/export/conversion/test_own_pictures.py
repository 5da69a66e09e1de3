"""Whoever has pictures of their own and no FER2013 calibrates, checks and quantises on these."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_live.errors import DataError
from fer_live.export.cli import app
from fer_live.export.conversion.checkpoint import Exported
from fer_live.export.conversion.crops import Place, crops_at
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.training.cli import app as train
from fer_live.training.models.checkpoint import Checkpoint
from tests.support.data_sets import folder_of, picture, write

pytestmark = pytest.mark.training

RAF = {"1": "surprise", "4": "happy", "7": "neutral"}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in RAF-DB's layout: numbers for classes, in colour, of another size."""
    monkeypatch.setenv("FER_LIVE_CACHE", str(tmp_path / "cache"))
    for seed in range(24):
        name = f"{'train' if seed % 2 else 'test'}/{(*RAF,)[seed % 3]}/{seed}.png"
        write(tmp_path / "raf" / name, picture(seed, 100, 100, colour=True))
    return tmp_path / "raf"


def options(words: dict[str, str]) -> list[str]:
    return [part for pair in words.items() for part in ("--map", "=".join(pair))]


def test_pictures_are_brought_to_what_the_model_takes(exported: Exported, own: Path) -> None:
    found = crops_at(exported.contract, Place(own, label_map=RAF), part="test")
    assert found.crops.shape == (12, *exported.contract.input_shape)
    assert found.crops.dtype == np.uint8
    named = {exported.contract.labels[k] for k in found.majority.tolist()}
    assert named == {"surprise", "happy", "neutral"}
    assert str(found) == "12 images of raf test"


def test_a_set_without_parts_is_taken_whole(exported: Exported, tmp_path: Path) -> None:
    folder_of(tmp_path / "mine", [f"happy/{k}.png" for k in range(6)])
    assert len(crops_at(exported.contract, Place(tmp_path / "mine"), part="test")) == 6
    write(tmp_path / "wide/happy/1.png", picture(0, 48, 96))
    with pytest.raises(DataError, match="name a preprocessing step that cuts them"):
        crops_at(exported.contract, Place(tmp_path / "wide"))


def test_int8_is_calibrated_on_them(exported: Exported, own: Path, tmp_path: Path) -> None:
    folder_of(tmp_path / "mine", [f"{word}/{k}.png" for word in ("joy", "sad") for k in range(20)])
    out = tmp_path / "int8.onnx"
    words = ["quantize", str(exported.path), str(out), "--data"]
    mine = [str(tmp_path / "mine"), "--map", "joy=happy", "--step", "gray"]
    done = CliRunner().invoke(app, [*words, *mine])
    assert done.exit_code == 0, done.output
    assert "20 images of mine" in done.output
    assert OnnxClassifier(str(out), device="cpu").contract.precision == "int8"
    refused = CliRunner().invoke(app, [*words, str(own)])
    assert refused.exit_code == 1
    assert "the class '1' is unknown; so are '4'" in refused.output.replace("\n", " ")


def test_a_file_is_checked_on_them(exported: Exported, tmp_path: Path) -> None:
    folder_of(tmp_path / "mine", [f"happy/{k}.png" for k in range(9)])
    words = ["check", str(exported.path), "--data", str(tmp_path / "mine")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output


def test_temperature_and_threshold_are_fitted_on_them(
    checkpoint: Checkpoint, own: Path, tmp_path: Path
) -> None:
    path = tmp_path / "best.ckpt"
    checkpoint.save(path)
    words = ["calibrate", str(path), "--data", str(own), "--step", "gray"]
    refused = CliRunner().invoke(train, words)
    assert refused.exit_code == 1
    (own / "test").rename(own / "val")
    done = CliRunner().invoke(train, [*words, *options(RAF)])
    assert done.exit_code == 0, done.output
    assert Checkpoint.load(path).heads[0].temperature != checkpoint.heads[0].temperature
