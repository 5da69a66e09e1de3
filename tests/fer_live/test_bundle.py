"""Shipped files are what they were when they were shipped, or are refused in a sentence."""

from pathlib import Path

import pytest

from fer_live import bundle
from fer_live.errors import ModelError


@pytest.mark.parametrize("name", sorted(bundle.checksums()))
def test_every_shipped_file_has_the_recorded_checksum(name: str) -> None:
    assert bundle.sha256_of(bundle.read_asset(name)) == bundle.checksums()[name]


def test_the_default_model_is_shipped_and_named_first() -> None:
    assert bundle.model_names()[0] == bundle.DEFAULT_MODEL


def test_one_flipped_bit_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"models/{bundle.DEFAULT_MODEL}.onnx"
    content = bytearray(bundle.asset(name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "models").mkdir()
    (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(bundle, "asset", tmp_path.joinpath)
    with pytest.raises(ModelError, match=r"damaged \(sha256\); install fer-live again"):
        bundle.read_model(bundle.DEFAULT_MODEL)
    (tmp_path / name).unlink()
    with pytest.raises(ModelError, match="is missing; install fer-live again"):
        bundle.read_model(bundle.DEFAULT_MODEL)
