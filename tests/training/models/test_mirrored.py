"""A picture and its mirror image answered for together: the formula, the file, what is refused."""

import dataclasses
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from fer_live.errors import FerLiveError, ModelError
from fer_live.labels import LABELS
from fer_live.training.cli import app
from fer_live.training.models.checkpoint import Checkpoint, Head
from fer_live.training.models.predictors import predictor_of
from fer_live.training.networks import build
from fer_live.training.pruning.subject import open_subject

pytestmark = pytest.mark.training

WIDTHS = (8, 8, 16, 24, 24, 16, 32, 32, 40)


def two_heads() -> Checkpoint:
    torch.manual_seed(5)
    whole = build("compact-tiny", WIDTHS, 15).state_dict()
    whole = {k: v * 3 if k.startswith("out") else v for k, v in whole.items()}
    heads = tuple(
        Head(labels, (1 / len(labels),) * len(labels), "noise", temperature=1.3)
        for labels in (LABELS, LABELS[:7])
    )
    return Checkpoint("two", "compact-tiny", WIDTHS, heads, whole)


def pictures() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(0, 256, (9, 48, 48), np.uint8)


@pytest.mark.parametrize("head", [0, 1])
def test_the_answer_is_the_mean_of_both_and_the_same_for_both(head: int) -> None:
    plain = two_heads()
    both, alone = (
        predictor_of(dataclasses.replace(plain, mirrored=True), head),
        predictor_of(plain, head),
    )
    turned = pictures()[..., ::-1].copy()
    said, theirs = alone.logits(pictures()), alone.logits(turned)
    np.testing.assert_allclose(both.logits(pictures()), (said + theirs) / 2, atol=1e-5)
    np.testing.assert_allclose(both.logits(pictures()), both.logits(turned), atol=1e-5)
    assert np.abs(said - theirs).max() > 0.005  # five hundred times the tolerance
    assert both.card.sha256 != plain.weights_sha256()


def test_the_command_turns_it_on_and_off_for_both_heads(tmp_path: Path) -> None:
    plain = two_heads()
    plain.save(tmp_path / "best.ckpt")
    result = CliRunner().invoke(app, ["mirror", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "answers for the picture and its mirror image" in result.output
    back = Checkpoint.load(tmp_path / "best.ckpt")
    assert (back.mirrored, [head.temperature for head in back.heads]) == (True, [1.0, 1.0])
    again = CliRunner().invoke(app, ["mirror", str(tmp_path)])
    assert "answers already" in again.output
    result = CliRunner().invoke(app, ["mirror", str(tmp_path), "--off"])
    assert result.exit_code == 0, result.output
    back = Checkpoint.load(tmp_path / "best.ckpt")
    assert not back.mirrored
    assert back.weights_sha256() == plain.weights_sha256()


@pytest.mark.parametrize("name", ["a run", "a run/best.ckpt"])
def test_what_looks_at_both_is_not_pruned_and_the_advice_works_when_typed(
    tmp_path: Path, name: str
) -> None:
    model = tmp_path / name
    (tmp_path / "a run").mkdir()
    two_heads().with_mirror().save(tmp_path / "a run" / "best.ckpt")
    with pytest.raises(ModelError, match="answers for the mirror image, too") as refused:
        open_subject(model, tmp_path)
    command, *words = shlex.split(str(refused.value).rpartition(": ")[2])
    assert command == "fer-train"
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    with pytest.raises(FerLiveError) as further:
        open_subject(model, tmp_path)
    assert "mirror" not in str(further.value)
