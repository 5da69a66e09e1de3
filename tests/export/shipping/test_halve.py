"""Weights in half precision: half the file, the same answers, the same card."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from typer.testing import CliRunner

from fer_live.bundle import sha256_of
from fer_live.errors import ModelError
from fer_live.export.check import check_model
from fer_live.export.cli import app
from fer_live.export.conversion.checkpoint import Exported
from fer_live.export.conversion.crops import made_crops
from fer_live.export.conversion.to_onnx import seal
from fer_live.export.shipping.halve import halve
from fer_live.export.shipping.ship import write_card
from fer_live.realtime.inference.classifier import OnnxClassifier
from tests.export.conftest import write_table

pytestmark = pytest.mark.training


@pytest.fixture
def assets(exported: Exported, tmp_path: Path) -> Path:
    """A folder of shipped files with one model."""
    folder = tmp_path / "assets"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "small.onnx").write_bytes(exported.path.read_bytes())
    write_card(folder, "small", exported.contract, exported.path.read_bytes())
    return folder


def test_file_card_and_checksum_follow_and_the_answers_stay(
    assets: Path, exported: Exported, tmp_path: Path
) -> None:
    write_table(tmp_path, rows=24)
    words = ["halve", "small", "--data", str(tmp_path), "--assets", str(assets)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    path = assets / "models" / "small.onnx"
    assert exported.bytes - path.stat().st_size > 1.5 * exported.contract.parameters
    digest = sha256_of(path.read_bytes())
    assert json.loads((assets / "checksums.json").read_text()) == {"models/small.onnx": digest}
    card = json.loads(path.with_suffix(".json").read_text())
    assert (card["precision"], card["name"], card["sha256"]) == ("fp16", "small", digest)
    assert card["parameters"] == exported.contract.parameters
    assert [f.said for f in check_model(str(path)) if not f.holds] == []
    crops = made_crops(exported.contract).crops
    before = OnnxClassifier(str(exported.path), device="cpu").classify(crops).probabilities
    after = OnnxClassifier(str(path), device="cpu").classify(crops).probabilities
    np.testing.assert_allclose(before, after, atol=5e-3)
    with pytest.raises(ModelError, match="is fp16 already"):
        halve("small", tmp_path, assets=assets)


def test_a_label_that_would_change_leaves_everything_as_it_was(
    assets: Path, exported: Exported, tmp_path: Path
) -> None:
    """Labels whose weights differ by less than half precision can tell."""
    write_table(tmp_path, rows=24)
    path = assets / "models" / "small.onnx"
    model = onnx.load_from_string(exported.path.read_bytes())
    last = next(node for node in reversed(model.graph.node) if node.op_type == "Conv")
    named = {one.name: one for one in model.graph.initializer}
    weights = numpy_helper.to_array(named[last.input[1]]).copy()
    weights[:] = weights.mean(axis=0)
    weights[1] *= 1 + 1e-5  # it wins by so little where the sum is positive
    weights[2] *= 1 - 1e-5  # and this one where it is negative
    named[last.input[1]].CopyFrom(numpy_helper.from_array(weights, last.input[1]))
    bias = np.zeros(len(weights), np.float32)
    named[last.input[2]].CopyFrom(numpy_helper.from_array(bias, last.input[2]))
    path.write_bytes(seal(model, exported.contract))
    write_card(assets, "small", exported.contract, path.read_bytes())
    before = {file: file.read_bytes() for file in assets.rglob("*") if file.is_file()}
    with pytest.raises(ModelError, match="pictures would get another label"):
        halve("small", tmp_path, assets=assets)
    assert {file: file.read_bytes() for file in assets.rglob("*") if file.is_file()} == before


def test_a_file_that_is_not_the_recorded_one_is_refused(assets: Path, tmp_path: Path) -> None:
    path = assets / "models" / "small.onnx"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(ModelError, match="is not the file whose checksum is recorded"):
        halve("small", tmp_path, assets=assets)
