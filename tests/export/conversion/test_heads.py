"""One file with two heads: the first as ever, the second for evaluation, nothing else changed."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from fer_live.contract import FORMAT, Metric, SecondHead, as_fields, from_metadata, to_metadata
from fer_live.errors import ModelError
from fer_live.export.check import check_model
from fer_live.export.conversion.checkpoint import Exported, export_checkpoint
from fer_live.export.conversion.cost import cost_of
from fer_live.export.conversion.crops import made_crops
from fer_live.export.conversion.precision import to_fp16, to_int8
from fer_live.export.shipping.card import card_markdown
from fer_live.labels import LABELS
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.training.models.checkpoint import Checkpoint, Head
from fer_live.training.models.predictors import OnnxPredictor, Predictor, predictor_of
from fer_live.training.networks import build
from tests.export.conftest import WIDTHS
from tests.support.tiny_models import CONTRACT

pytestmark = pytest.mark.training

SEVEN = LABELS[:7]
OUTPUTS = ("last.", "last_norm.")
"""Layers of a cnn6 that have a row for each label."""


def two_heads(architecture: str, widths: tuple[int, ...]) -> Checkpoint:
    """What a training with two heads leaves behind."""
    torch.manual_seed(3)
    heads = []
    for place, labels in enumerate((LABELS, SEVEN)):
        uneven = np.arange(1, len(labels) + 1)
        heads.append(
            Head(
                labels=labels,
                prior=tuple((uneven / uneven.sum()).tolist()),
                data="votes" if not place else "labels",
                temperature=1.3 + place,
                metrics=(Metric("accuracy", 0.8 - place / 10, f"set {place}", 10),),
            )
        )
    weights = build(architecture, widths, 15).state_dict()
    return Checkpoint("two", architecture, widths, tuple(heads), weights)


@pytest.fixture(scope="module")
def two() -> Checkpoint:
    return two_heads("cnn6", WIDTHS)


@pytest.fixture(scope="module")
def both(two: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("both") / "both.onnx"
    export_checkpoint(two, path)
    return path


@pytest.mark.parametrize(
    ("architecture", "widths"), [("cnn6", WIDTHS), ("compact-small", ()), ("mini-xception", ())]
)
def test_each_head_of_the_file_says_what_its_checkpoint_says(
    architecture: str, widths: tuple[int, ...], tmp_path: Path
) -> None:
    checkpoint = two_heads(architecture, widths)
    path = tmp_path / "both.onnx"
    exported = export_checkpoint(checkpoint, path)
    assert exported.parity.holds
    crops = made_crops(exported.contract, 9).crops
    predictor = OnnxPredictor(path)
    assert predictor.second is not None
    predictors: tuple[Predictor, ...] = (predictor, predictor.second)
    for place, one in enumerate(predictors):
        in_torch = predictor_of(checkpoint, place)
        np.testing.assert_allclose(one.logits(crops), in_torch.logits(crops), atol=1e-3)
        assert (one.card.name, one.card.labels) == (in_torch.card.name, in_torch.card.labels)
        np.testing.assert_allclose(
            one.card.probabilities(one.logits(crops), "balanced"),
            in_torch.card.probabilities(in_torch.logits(crops), "balanced"),
            atol=1e-4,
        )


def test_the_live_path_sees_no_difference(both: Path, two: Checkpoint, tmp_path: Path) -> None:
    first = {k: v[:8] if k.startswith(OUTPUTS) and v.ndim else v for k, v in two.weights.items()}
    one = dataclasses.replace(two, heads=two.heads[:1], weights=first)
    export_checkpoint(one, tmp_path / "alone.onnx")
    alone, beside = (
        OnnxClassifier(str(path), device="cpu") for path in (tmp_path / "alone.onnx", both)
    )
    crops = made_crops(alone.contract, 5).crops
    due, given = alone.classify(crops), beside.classify(crops)
    np.testing.assert_allclose(given.probabilities, due.probabilities, atol=1e-6)
    np.testing.assert_allclose(given.logits, due.logits, atol=1e-4)
    bound = beside.bind(crops)
    np.testing.assert_array_equal(bound.classify(crops)[0], beside.classify(crops).probabilities)
    with pytest.raises(ModelError, match="has no second head"):
        alone.second_logits(crops)
    assert beside.second_logits(crops[:0]).shape == (0, 7)


def test_the_second_head_costs_its_own_rows_and_no_more(both: Path, two: Checkpoint) -> None:
    contract = OnnxClassifier(str(both), device="cpu").contract
    cost = cost_of(onnx.load(both))
    assert (cost.macs, cost.parameters) == (contract.macs, contract.parameters)
    assert contract.second is not None
    assert contract.second.labels == SEVEN
    assert [m.data for m in contract.metrics] == ["set 0", "set 1, second head"]
    assert contract.accuracy == two.heads[0].metrics[0]
    theirs = dataclasses.replace(contract, metrics=contract.metrics[1:])
    assert theirs.accuracy is None


def test_check_finds_nothing_wrong_and_another_second_head_out(both: Path, two: Checkpoint) -> None:
    crops = made_crops(OnnxClassifier(str(both), device="cpu").contract, 12)
    found = check_model(str(both), crops=crops, checkpoint=two)
    assert [f.said for f in found if not f.holds] == []
    assert "logits" in found[-1].said
    other = two.with_head(1, dataclasses.replace(two.heads[1], temperature=9.0))
    found = check_model(str(both), crops=crops, checkpoint=other)
    assert [f.subject for f in found if not f.holds] == ["second"]


@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_a_smaller_copy_keeps_both_heads(precision: str, both: Path, tmp_path: Path) -> None:
    content, contract = both.read_bytes(), OnnxClassifier(str(both), device="cpu").contract
    crops = made_crops(contract).crops
    copy = to_fp16(content) if precision == "fp16" else to_int8(content, crops, reduce_range=True)
    path = tmp_path / "copy.onnx"
    path.write_bytes(copy)
    smaller, whole = (OnnxClassifier(str(p), device="cpu") for p in (path, both))
    assert smaller.contract.second == contract.second
    scale = np.abs(whole.second_logits(crops)).max()
    np.testing.assert_allclose(
        smaller.second_logits(crops), whole.second_logits(crops), atol=0.1 * float(scale) + 1e-3
    )


def test_a_model_file_holds_no_third_head(two: Checkpoint, tmp_path: Path) -> None:
    three = dataclasses.replace(
        two, heads=(*two.heads, two.heads[1]), weights=build("cnn6", WIDTHS, 22).state_dict()
    )
    with pytest.raises(ModelError, match="has 3 heads; a model file holds two"):
        export_checkpoint(three, tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"labels": ("happy",)}, "fewer than two labels"),
        ({"labels": ("happy", "happy")}, "a label occurs twice"),
        ({"prior": (0.2, 0.9)}, "does not sum to 1"),
        ({"temperature": 0.0}, "its temperature is 0.0"),
        ({"uncertain_below": 2.0}, "uncertain_below is 2.0"),
    ],
)
def test_a_second_head_that_makes_no_sense_is_refused(
    changes: dict[str, Any], sentence: str
) -> None:
    head = SecondHead(("happy", "sad"), (0.5, 0.5))
    whole = dataclasses.replace(CONTRACT, second=head)
    assert from_metadata(to_metadata(whole)) == whole
    with pytest.raises(ModelError, match=sentence):
        dataclasses.replace(CONTRACT, second=dataclasses.replace(head, **changes))
    told = to_metadata(whole) | {"fer_live.second": '{"labels": 3}'}
    with pytest.raises(ModelError, match="of the wrong kind"):
        from_metadata(told)


def test_a_contract_without_a_second_head_is_written_as_before_there_were_any(
    exported: Exported,
) -> None:
    told = to_metadata(CONTRACT)
    assert "fer_live.second" not in told
    assert json.loads(told["fer_live.format"]) == FORMAT
    assert from_metadata(told) == CONTRACT
    assert exported.contract.second is None


def test_a_mirror_view_is_in_the_graph_and_its_cost_and_its_card(
    two: Checkpoint, exported: Exported, tmp_path: Path
) -> None:
    both = dataclasses.replace(two, mirrored=True)
    mirrored = export_checkpoint(both, tmp_path / "both.onnx")
    assert mirrored.parity.holds
    assert mirrored.contract.mirrored
    assert not exported.contract.mirrored
    alone = export_checkpoint(two, tmp_path / "alone.onnx").contract
    assert mirrored.contract.macs == 2 * alone.macs
    assert mirrored.contract.parameters == alone.parameters
    assert from_metadata(to_metadata(mirrored.contract)) == mirrored.contract
    assert "mirrored" not in as_fields(alone)
    assert "the mean of a face and its mirror image" in card_markdown(
        mirrored.contract, sha256="0" * 64, size_bytes=mirrored.bytes
    )
    model = OnnxClassifier(str(mirrored.path))
    crops = made_crops(mirrored.contract).crops[:5]
    turned = np.ascontiguousarray(crops[..., ::-1])
    assert np.allclose(model.classify(crops).logits, model.classify(turned).logits, atol=1e-4)
    assert np.allclose(model.second_logits(crops), predictor_of(both, 1).logits(crops), atol=1e-4)
    told = to_metadata(mirrored.contract) | {"fer_live.mirrored": '"yes"'}
    with pytest.raises(ModelError, match="neither true nor false"):
        from_metadata(told)
