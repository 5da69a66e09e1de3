"""`check` finds what is wrong with a file that the runtime would still accept."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from fer_live.contract import ModelContract
from fer_live.crop import CropGeometry
from fer_live.export.check import check_model
from fer_live.export.conversion.checkpoint import Exported, export_checkpoint
from fer_live.export.conversion.crops import made_crops
from fer_live.labels import LABELS
from fer_live.training.models.checkpoint import Checkpoint
from tests.export.conftest import used_network
from tests.support.bad_models import BAD_FILES
from tests.support.tiny_models import CONTRACT, as_bytes, first_format_bytes, tiny_bytes, tiny_model

pytestmark = pytest.mark.training


def failed(path: Path) -> set[str]:
    return {finding.subject for finding in check_model(str(path)) if not finding.holds}


def test_nothing_is_wrong_with_what_was_just_exported(
    exported: Exported, checkpoint: Checkpoint
) -> None:
    crops = made_crops(exported.contract, 12)
    findings = check_model(str(exported.path), crops=crops, checkpoint=checkpoint)
    assert [f.said for f in findings if not f.holds] == []
    assert findings[-1].subject == "parity"


def test_another_checkpoint_is_not_what_it_was_made_from(
    exported: Exported, checkpoint: Checkpoint
) -> None:
    other = dataclasses.replace(checkpoint, weights=used_network(seed=1).state_dict())
    crops = made_crops(exported.contract, 12)
    findings = check_model(str(exported.path), crops=crops, checkpoint=other)
    assert [f.subject for f in findings if not f.holds] == ["parity"]


@pytest.mark.parametrize("kind", ["empty", "custom operator", "another temperature"])
def test_what_the_runtime_refuses_is_the_only_finding(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(BAD_FILES[kind][0]())
    findings = check_model(str(path))
    assert [(f.subject, f.holds) for f in findings] == [("runtime", False)]
    assert str(path) in findings[0].said


@pytest.mark.parametrize(
    ("changes", "subject"),
    [({"macs": CONTRACT.macs - 1}, "MACs"), ({"parameters": 5}, "parameters")],
)
def test_a_cost_that_is_not_the_graphs_is_found(
    changes: dict[str, int], subject: str, tmp_path: Path
) -> None:
    contract: ModelContract = dataclasses.replace(CONTRACT, **changes)  # type: ignore[arg-type]  # ints
    (tmp_path / "m.onnx").write_bytes(tiny_bytes(contract))
    assert failed(tmp_path / "m.onnx") == {subject}


def _stack_trace(model: onnx.ModelProto) -> None:
    model.graph.node[0].metadata_props.add(key="pkg.torch.onnx.stack_trace", value="File a.py")


def _path_in_a_remark(model: onnx.ModelProto) -> None:
    model.graph.node[0].doc_string = "/home/somebody/network"


def _path_as_a_name(model: onnx.ModelProto) -> None:
    model.graph.node[0].name = "/home/anna/train.py"


def _stranger_in_the_metadata(model: onnx.ModelProto) -> None:
    model.metadata_props.add(key="made.by", value="somebody")


@pytest.mark.parametrize(
    "remark", [_stack_trace, _path_in_a_remark, _path_as_a_name, _stranger_in_the_metadata]
)
def test_what_tells_where_it_was_made_is_found(
    remark: Callable[[onnx.ModelProto], None], tmp_path: Path
) -> None:
    model = tiny_model()
    remark(model)
    (tmp_path / "m.onnx").write_bytes(as_bytes(model))
    assert failed(tmp_path / "m.onnx") == {"remarks"}


def test_a_stowaway_is_found(tmp_path: Path) -> None:
    model = tiny_model()
    model.graph.doc_string = "x" * 300_000
    (tmp_path / "m.onnx").write_bytes(as_bytes(model))
    assert failed(tmp_path / "m.onnx") == {"size"}


def test_another_operator_set_is_found(tmp_path: Path) -> None:
    model = tiny_model()
    model.opset_import[0].version = 19
    (tmp_path / "m.onnx").write_bytes(as_bytes(model))
    assert failed(tmp_path / "m.onnx") == {"checker"}


def changed_after_export(path: Path, out: Path, change: Callable[[onnx.ModelProto], None]) -> Path:
    model = onnx.load(path)
    change(model)
    onnx.save(model, out)
    return out


def _turn_weights_round(model: onnx.ModelProto) -> None:
    for array in model.graph.initializer:
        if len(array.dims) > 1:
            values = onnx.numpy_helper.to_array(array)
            array.CopyFrom(onnx.numpy_helper.from_array(-values, array.name))


def _swap_two_labels(model: onnx.ModelProto) -> None:
    entry = next(p for p in model.metadata_props if p.key == "fer_live.labels")
    entry.value = entry.value.replace("angry", "x").replace("happy", "angry").replace("x", "happy")


@pytest.mark.parametrize("change", [_turn_weights_round, _swap_two_labels])
def test_a_file_that_was_changed_after_its_export_is_refused(
    change: Callable[[onnx.ModelProto], None], exported: Exported, tmp_path: Path
) -> None:
    path = changed_after_export(exported.path, tmp_path / "changed.onnx", change)
    findings = check_model(str(path))
    assert [(f.subject, f.holds) for f in findings] == [("runtime", False)]
    assert "changed or damaged after it was exported" in findings[0].said


@pytest.mark.parametrize(
    ("subject", "changes"),
    [
        ("labels", {"labels": tuple(reversed(LABELS))}),
        ("prior", {"prior": (1 / 8,) * 8}),
        ("crop", {"crop": CropGeometry(mouth_px=(24.0, 38.0))}),
        ("temperature", {"temperature": 1.6}),
        ("data", {"data": "another set"}),
    ],
)
def test_what_a_contract_says_unlike_its_checkpoint_is_found(
    subject: str, changes: dict[str, Any], checkpoint: Checkpoint, tmp_path: Path
) -> None:
    if subject == "crop":
        lying = dataclasses.replace(checkpoint, **changes)
    else:
        lying = checkpoint.with_head(0, dataclasses.replace(checkpoint.heads[0], **changes))
    written = export_checkpoint(lying, tmp_path / "lying.onnx")
    findings = check_model(str(written.path), checkpoint=checkpoint)
    assert [f.subject for f in findings if not f.holds] == [subject]


def test_parity_is_not_shown_on_crops_that_the_checkpoint_does_not_take(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    larger = dataclasses.replace(checkpoint, crop=CropGeometry(size_px=64))
    written = export_checkpoint(larger, tmp_path / "larger.onnx")
    crops = made_crops(written.contract, 12)
    findings = check_model(str(written.path), crops=crops, checkpoint=checkpoint)
    assert [f.subject for f in findings if not f.holds] == ["crop", "parity"]


def test_a_file_without_a_digest_fails_and_says_how_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "old.onnx").write_bytes(first_format_bytes())
    found = [f for f in check_model(str(tmp_path / "old.onnx")) if not f.holds]
    assert [f.subject for f in found] == ["digest"]
    assert "fer-export upgrade" in found[0].said
