"""A file is what was exported, to the last bit, or it is refused."""

import logging
from pathlib import Path

import onnx
import pytest

from fer_live.errors import ModelError
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.model_file import read_model_file, with_digest
from tests.support.tiny_models import CONTRACT, first_format_bytes, tiny_bytes


def test_a_digest_is_of_graph_weights_and_contract() -> None:
    file = read_model_file(tiny_bytes())
    assert file.contract == CONTRACT
    assert file.digest is not None
    assert read_model_file(tiny_bytes()).digest == file.digest
    assert read_model_file(tiny_bytes(seed=1)).digest != file.digest


def test_a_bit_that_fell_over_anywhere_is_noticed() -> None:
    good = tiny_bytes()
    undetected = []
    for place in range(len(good) * 8):
        damaged = bytearray(good)
        damaged[place // 8] ^= 1 << place % 8
        try:
            read_model_file(bytes(damaged))
        except ModelError:
            continue
        undetected.append(place)
    assert undetected == []


def test_a_tool_that_copies_every_field_keeps_a_file_whole() -> None:
    copied = onnx.load_from_string(tiny_bytes()).SerializeToString()
    assert read_model_file(copied).digest == read_model_file(tiny_bytes()).digest


def test_a_file_of_the_first_format_is_used_with_a_remark(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = tmp_path / "old.onnx", tmp_path / "new.onnx"
    old.write_bytes(first_format_bytes())
    new.write_bytes(tiny_bytes())
    with caplog.at_level(logging.WARNING):
        assert OnnxClassifier(str(new), device="cpu").contract == CONTRACT
        assert caplog.messages == []
        assert OnnxClassifier(str(old), device="cpu").contract == CONTRACT
    assert len(caplog.messages) == 1
    assert str(old) in caplog.messages[0]
    assert "fer-export upgrade" in caplog.messages[0]


def test_a_digest_in_a_file_of_the_first_format_counts_as_well() -> None:
    sealed = with_digest(first_format_bytes())
    assert read_model_file(sealed).digest is not None
    model = onnx.load_from_string(sealed)
    model.graph.node[0].name = "another"
    with pytest.raises(ModelError, match="changed or damaged"):
        read_model_file(model.SerializeToString())
