"""The exported file says what the network says, and nothing of where it was made."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from fer_live.errors import ModelError, SinkError
from fer_live.export.conversion.checkpoint import (
    Exported,
    export_checkpoint,
    live_graph,
    trace_checkpoint,
)
from fer_live.export.conversion.crops import made_crops
from fer_live.export.conversion.graph import LiveGraph
from fer_live.export.conversion.parity import compare
from fer_live.export.conversion.to_onnx import seal, trace
from fer_live.files import published
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.priors import softmax
from fer_live.training.models.checkpoint import Checkpoint
from tests.export.conftest import WIDTHS, used_network
from tests.support.shared_data import shared_file

pytestmark = pytest.mark.training


def test_the_runtime_gives_what_the_network_gives(
    exported: Exported, checkpoint: Checkpoint
) -> None:
    crops = made_crops(exported.contract, 20).crops
    given = OnnxClassifier(str(exported.path), device="cpu").classify(crops)
    with torch.inference_mode():
        pixels = torch.from_numpy(crops).unsqueeze(1).float() / 255
        logits = checkpoint.network()(pixels).numpy()
    np.testing.assert_allclose(given.logits, logits, atol=1e-4)
    np.testing.assert_allclose(
        given.probabilities, softmax(logits / checkpoint.heads[0].temperature), atol=1e-5
    )


def test_parity_was_shown_before_the_file_appeared(exported: Exported) -> None:
    assert exported.parity.holds
    assert exported.parity.crops == 64
    assert exported.shown_on == "64 made crops (no data was given)"


def test_parity_holds_on_real_faces(exported: Exported, checkpoint: Checkpoint) -> None:
    from fer_live.export.conversion.crops import fer2013_crops

    folder = shared_file("data/fer2013.csv.bz2").parent
    crops = fer2013_crops(exported.contract, folder, most=40)
    assert str(crops) == "40 images of FER+ PublicTest"
    assert compare(exported.path.read_bytes(), live_graph(checkpoint), crops.crops).holds


def test_the_contract_is_the_checkpoints_own(exported: Exported, checkpoint: Checkpoint) -> None:
    contract = OnnxClassifier(str(exported.path), device="cpu").contract
    assert contract == exported.contract
    assert contract.labels == checkpoint.labels
    assert contract.temperature == checkpoint.heads[0].temperature
    assert contract.pruning == checkpoint.pruning
    assert contract.widths == WIDTHS
    assert min(contract.prior) > 0  # a label never seen in training still has a logarithm
    np.testing.assert_allclose(contract.prior, checkpoint.heads[0].prior, atol=2e-4)


def test_the_cost_is_the_formulas(exported: Exported) -> None:
    sides = [48, 24, 12, 6, 3, 2]
    channels = [1, *WIDTHS, 8]
    layers = list(zip(sides, channels, channels[1:], strict=False))
    assert exported.contract.macs == sum(9 * side**2 * i * o for side, i, o in layers)
    folded = sum(9 * i * o + o for _, i, o in layers)  # a bias each, and no batch norm
    assert exported.contract.parameters == folded


def test_batch_norms_are_folded(exported: Exported) -> None:
    operators = [node.op_type for node in onnx.load(exported.path).graph.node]
    assert operators.count("Conv") == 6
    assert "BatchNormalization" not in operators


def test_the_file_is_one_and_tells_nothing_of_where_it_was_made(exported: Exported) -> None:
    assert [p.name for p in exported.path.parent.iterdir()] == ["small.onnx"]
    content = exported.path.read_bytes()
    for trace_of_home in (str(Path.cwd()), str(Path.home()), "site-packages", "stack_trace"):
        assert trace_of_home.encode() not in content
    model = onnx.load(exported.path)
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)
    assert all(p.key.startswith("fer_live.") for p in model.metadata_props)


def test_exporting_twice_gives_the_same_bytes(exported: Exported, checkpoint: Checkpoint) -> None:
    assert seal(*trace_checkpoint(checkpoint)) == exported.path.read_bytes()


@pytest.mark.long
def test_another_process_gives_the_same_bytes(
    exported: Exported, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    checkpoint.save(tmp_path / "small.ckpt")
    code = "from fer_live.export.cli import app; app()"
    again = tmp_path / "again.onnx"
    command = [sys.executable, "-c", code, "onnx", str(tmp_path / "small.ckpt"), str(again)]
    subprocess.run(command, check=True, capture_output=True)
    assert again.read_bytes() == exported.path.read_bytes()


def test_colour_crops_reach_the_network_channel_by_channel() -> None:
    class Means(nn.Module):
        def forward(self, planes: Tensor) -> Tensor:
            return planes.mean(dim=(2, 3))

    crops = torch.zeros((2, 4, 4, 3), dtype=torch.uint8)
    crops[1, :, :, 2] = 255
    _, logits = LiveGraph(Means(), colour="rgb", temperature=1.0)(crops)
    assert logits.tolist() == [[0, 0, 0], [0, 0, 1]]


def test_a_network_that_no_model_file_may_hold_is_refused() -> None:
    class Sums(nn.Module):
        def forward(self, planes: Tensor) -> Tensor:
            return planes.flatten(1)[:, :8].cumsum(dim=1)

    with pytest.raises(ModelError, match="CumSum"):
        trace(LiveGraph(Sums(), colour="gray", temperature=1.0), (8, 8))


def test_a_contract_that_the_graph_does_not_keep_is_no_parity(
    exported: Exported, checkpoint: Checkpoint
) -> None:
    crops = made_crops(exported.contract).crops
    content = exported.path.read_bytes()
    stranger = dataclasses.replace(checkpoint, weights=used_network(seed=1).state_dict())
    other = compare(content, live_graph(stranger), crops)
    assert not other.holds
    assert other.disagreements > 0
    head = dataclasses.replace(checkpoint.heads[0], temperature=1.6)
    colder = compare(content, live_graph(checkpoint.with_head(0, head)), crops)
    assert not colder.holds  # the labels agree, the probabilities do not
    assert colder.disagreements == 0
    with pytest.raises(ValueError, match="at least one crop"):
        compare(content, live_graph(checkpoint), crops[:0])


def test_a_file_that_fails_its_test_never_appears_and_the_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "models" / "a.onnx"
    with published(path, b"old") as early:
        assert not path.exists()
        assert early.read_bytes() == b"old"
    with pytest.raises(ModelError), published(path, b"new"):
        raise ModelError("it differs")
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["a.onnx"]


def test_a_place_that_cannot_be_written_to_is_a_sentence(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(SinkError, match="cannot be written"),
        published(tmp_path / "file" / "a.onnx", b""),
    ):
        pass
    broken = dataclasses.replace(checkpoint, widths=(8, 8, 8, 8, 8), pruning=None)
    with pytest.raises(ModelError, match="do not fit"):
        export_checkpoint(broken, tmp_path / "a.onnx")
