"""int8 and fp16 copies keep the contract, and what they cost and gain is told as it is."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import onnx
import pytest

from fer_live.contract import Metric
from fer_live.errors import ModelError
from fer_live.export.conversion.checkpoint import Exported
from fer_live.export.conversion.cost import cost_of
from fer_live.export.conversion.crops import CropSet, fer2013_crops, made_crops
from fer_live.export.conversion.precision import contract_in, to_fp16, to_int8
from fer_live.export.trade import Trade, measure_trade, stating_accuracy
from fer_live.realtime.inference.classifier import OnnxClassifier
from tests.export.conftest import write_table

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def copies(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("copies")
    content = exported.path.read_bytes()
    made = {
        "int8": to_int8(content, made_crops(exported.contract).crops, reduce_range=True),
        "fp16": to_fp16(content),
    }
    for precision, data in made.items():
        (folder / f"{precision}.onnx").write_bytes(data)
    return {precision: folder / f"{precision}.onnx" for precision in made}


@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_a_copy_keeps_the_contract(
    precision: str, exported: Exported, copies: dict[str, Path]
) -> None:
    contract = OnnxClassifier(str(copies[precision]), device="cpu").contract
    assert contract.precision == precision
    assert contract.name == f"small-{precision}"
    as_before = {"name", "precision", "operators", "metrics"}
    for field in {f.name for f in dataclasses.fields(contract)} - as_before:
        assert getattr(contract, field) == getattr(exported.contract, field)


@pytest.mark.parametrize("precision", ["int8", "fp16"])
def test_a_copy_costs_the_same_multiply_adds_and_parameters(
    precision: str, exported: Exported, copies: dict[str, Path]
) -> None:
    cost = cost_of(onnx.load(copies[precision]))
    assert (cost.macs, cost.parameters) == (exported.contract.macs, exported.contract.parameters)


def test_making_a_copy_again_gives_the_same_bytes(
    exported: Exported, copies: dict[str, Path]
) -> None:
    content = exported.path.read_bytes()
    crops = made_crops(exported.contract).crops
    assert to_int8(content, crops, reduce_range=True) == copies["int8"].read_bytes()
    assert to_fp16(content) == copies["fp16"].read_bytes()


@pytest.mark.parametrize(("narrow", "most"), [(True, 64), (False, 127)])
def test_a_reduced_range_leaves_a_bit_of_each_weight_free(
    narrow: bool, most: int, exported: Exported
) -> None:
    crops = made_crops(exported.contract, 8).crops
    content = to_int8(exported.path.read_bytes(), crops, reduce_range=narrow)
    initializers = onnx.load_from_string(content).graph.initializer
    weights = [onnx.numpy_helper.to_array(i) for i in initializers if len(i.dims) == 4]
    eight_bit = [w for w in weights if w.dtype == np.int8]
    assert len(eight_bit) == 5  # all but the last product
    assert most - 1 <= max(int(np.abs(w.astype(int)).max()) for w in eight_bit) <= most


def test_a_copy_of_a_copy_is_refused(copies: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="is int8 already; give the fp32 file"):
        to_fp16(copies["int8"].read_bytes())


def test_a_copy_states_its_own_accuracy_where_its_original_states_one(
    exported: Exported, copies: dict[str, Path], tmp_path: Path
) -> None:
    write_table(tmp_path, rows=24)
    crops = fer2013_crops(exported.contract, tmp_path, part="test")
    named = OnnxClassifier(str(exported.path)).classify(crops.crops).probabilities.argmax(axis=1)
    right = float((named == crops.majority).mean())
    due = Metric("accuracy", right, "FER2013 PrivateTest, majority", 8)
    wrong = dataclasses.replace(due, value=0.123)
    original = dataclasses.replace(exported.contract, metrics=(wrong,))
    copy = copies["fp16"].read_bytes()
    stated = contract_in(stating_accuracy(copy, original, tmp_path))
    assert stated.metrics == (due,)
    assert dataclasses.replace(stated, metrics=()) == contract_in(copy)
    assert stating_accuracy(copy, exported.contract, tmp_path) == copy


def test_the_trade_tells_agreement_accuracy_and_size(
    exported: Exported, copies: dict[str, Path]
) -> None:
    crops = made_crops(exported.contract, 24)
    original = OnnxClassifier(str(exported.path), device="cpu")
    truth = original.classify(crops.crops).probabilities.argmax(axis=1).astype(np.int64)
    truth[:12] = (truth[:12] + 1) % 8
    truth[0] = -1
    known = CropSet(crops.crops, truth, "made crops")
    trade = measure_trade(str(exported.path), copies["fp16"], known, calls=5)
    assert trade.scored == 23
    assert trade.accuracy[0] == pytest.approx(12 / 23)
    assert trade.agreement >= 22 / 24
    assert trade.worst_probability < 0.01
    assert trade.bytes == (exported.bytes, copies["fp16"].stat().st_size)
    assert min(*trade.best_ms, *trade.median_ms) > 0
    unknown = measure_trade(str(exported.path), copies["int8"], crops, calls=5)
    assert unknown.scored == 0
    assert math.isnan(unknown.accuracy[0])
    assert "have no labels" in "\n".join(unknown.lines())


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "gains no speed on this processor (1.00 times as fast); use it only where 2.0 times"),
        ({"bytes": (1000, 1000)}, "keep net: net-int8 gains no speed"),
        ({"best_ms": (1.2, 1.0)}, "use net-int8 on this processor: 1.20 times as fast"),
        ({"best_ms": (2.0, 1.0), "accuracy": (0.85, 0.84)}, "keep net: net-int8 loses 1.00 points"),
        ({"best_ms": (2.0, 1.0), "accuracy": (0.84, 0.85)}, "use net-int8"),
        ({"scored": 0, "agreement": 0.9}, "keep net: net-int8 loses 10.00 points"),
        ({"scored": 0, "best_ms": (2.0, 1.0)}, "use net-int8"),
    ],
)
def test_the_verdict_weighs_accuracy_before_speed_before_size(
    changes: dict[str, object], verdict: str
) -> None:
    even = Trade(
        original="net",
        copy="net-int8",
        processor="any",
        source="images",
        crops=100,
        agreement=1.0,
        worst_probability=0.0,
        scored=100,
        accuracy=(0.85, 0.85),
        best_ms=(1.0, 1.0),
        median_ms=(1.0, 1.0),
        bytes=(1000, 500),
    )
    assert verdict in dataclasses.replace(even, **changes).verdict  # type: ignore[arg-type]  # any field
