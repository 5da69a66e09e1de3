"""A picture and its mirror image answered for together: the formula, the file, what is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_live.errors import ModelError
from fer_live.training.cli import app
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.models.joined_heads import differing_in, mirror_heads, mix_heads, mixture
from fer_live.training.models.predictors import judge_of
from fer_live.training.pruning.subject import open_subject
from tests.training.models.test_mixed_heads import pictures, two_heads

pytestmark = pytest.mark.training


def test_the_answer_is_the_mean_of_both_and_the_same_for_both() -> None:
    plain = two_heads()[0]
    both = judge_of(dataclasses.replace(plain, mirrored=True))
    turned = pictures()[..., ::-1].copy()
    said, theirs = judge_of(plain).logits(pictures()), judge_of(plain).logits(turned)
    np.testing.assert_allclose(both.logits(pictures()), (said + theirs) / 2, atol=1e-5)
    np.testing.assert_allclose(both.logits(pictures()), both.logits(turned), atol=1e-5)
    assert np.abs(said - theirs).max() > 0.005  # five hundred times the tolerance
    assert both.card.sha256 != plain.weights_sha256()


def test_a_mixture_mixes_heads_that_look_at_both() -> None:
    plain = two_heads()
    heads = tuple(dataclasses.replace(one, mirrored=True) for one in plain)
    both = judge_of(mixture(heads[0], heads[1], 0.3))
    turned = pictures()[..., ::-1].copy()
    np.testing.assert_allclose(both.logits(pictures()), both.logits(turned), atol=1e-5)
    assert differing_in(heads[0], plain[1]) == ("mirrored",)
    with pytest.raises(ModelError, match="they differ in mirrored"):
        mixture(heads[0], plain[1], 0.3)


def test_the_command_turns_it_on_and_off_for_both_heads(tmp_path: Path) -> None:
    heads = two_heads()
    for name, head in zip(("best.ckpt", "second.ckpt"), heads, strict=True):
        head.save(tmp_path / name)
    result = CliRunner().invoke(app, ["mirror", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert result.output.count("answers for the picture and its mirror image") == 2
    back = Checkpoint.load(tmp_path / "second.ckpt")
    assert (back.mirrored, back.temperature) == (True, 1.0)
    assert mirror_heads(tmp_path) == ()
    result = CliRunner().invoke(app, ["mirror", str(tmp_path), "--off"])
    assert result.exit_code == 0, result.output
    back = Checkpoint.load(tmp_path / "best.ckpt")
    assert not back.mirrored
    assert back.weights_sha256() == heads[0].weights_sha256()


def test_what_cannot_be_done_is_one_sentence(tmp_path: Path) -> None:
    for name, head in zip(("best.ckpt", "second.ckpt"), two_heads(), strict=True):
        head.save(tmp_path / name)
    mirror_heads(tmp_path)
    with pytest.raises(ModelError, match=r"fer-train mirror RUN --off makes it so"):
        open_subject(tmp_path / "best.ckpt", tmp_path)
    mix_heads(tmp_path, 0.5)
    with pytest.raises(ModelError, match="mirror them first and mix them then"):
        mirror_heads(tmp_path, mirrored=False)
