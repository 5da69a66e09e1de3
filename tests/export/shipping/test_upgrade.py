"""Files of the format before get a digest, and nothing else changes."""

import json
from pathlib import Path

import onnx
import pytest
from typer.testing import CliRunner

from fer_live.bundle import sha256_of
from fer_live.errors import ModelError
from fer_live.export.check import check_model
from fer_live.export.cli import app
from fer_live.export.shipping.ship import write_card
from fer_live.export.shipping.upgrade import upgrade
from fer_live.realtime.inference.model_file import read_model_file
from tests.support.tiny_models import CONTRACT, first_format_bytes

pytestmark = pytest.mark.training


def old_assets(folder: Path) -> Path:
    """A folder of shipped files, from before there were digests."""
    path = folder / "models" / "tiny.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(first_format_bytes())
    write_card(folder, "tiny", CONTRACT, path.read_bytes())
    return path


def test_graph_and_contract_stay_and_a_digest_comes(tmp_path: Path) -> None:
    path = tmp_path / "old.onnx"
    path.write_bytes(first_format_bytes())
    done = CliRunner().invoke(app, ["upgrade", str(path)])
    assert done.exit_code == 0, done.output
    file = read_model_file(path.read_bytes())
    assert file.digest is not None
    assert file.contract == CONTRACT
    assert onnx.load(path).graph == onnx.load_from_string(first_format_bytes()).graph
    assert [f.said for f in check_model(str(path)) if not f.holds] == []
    once = path.read_bytes()
    assert upgrade(str(path)) is None
    assert path.read_bytes() == once


def test_a_shipped_models_card_and_checksum_follow(tmp_path: Path) -> None:
    path = old_assets(tmp_path)
    assert upgrade("tiny", assets=tmp_path) == path
    digest = sha256_of(path.read_bytes())
    assert json.loads((tmp_path / "checksums.json").read_text()) == {"models/tiny.onnx": digest}
    card = json.loads(path.with_suffix(".json").read_text())
    assert (card["sha256"], card["bytes"]) == (digest, path.stat().st_size)
    assert digest in path.with_suffix(".md").read_text()


def test_a_digest_does_not_vouch_for_a_shipped_file_that_is_not_the_recorded_one(
    tmp_path: Path,
) -> None:
    path = old_assets(tmp_path)
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ModelError, match="whose checksum is recorded"):
        upgrade("tiny", assets=tmp_path)
    assert path.read_bytes() == damaged


def test_what_the_runtime_refuses_is_not_upgraded(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match=r"bad\.onnx cannot be used"):
        upgrade(str(tmp_path / "bad.onnx"))
    assert [p.name for p in tmp_path.iterdir()] == ["bad.onnx"]
