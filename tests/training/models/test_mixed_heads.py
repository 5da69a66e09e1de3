"""Two heads read as one: the formula, the priors, the file, and what is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from fer_live.errors import ModelError
from fer_live.labels import LABELS
from fer_live.training.data.heads import head_weights
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.models.joined_heads import mix_heads, mixture
from fer_live.training.models.mixed_heads import Mixing
from fer_live.training.models.predictors import judge_of
from fer_live.training.networks import build
from fer_live.training.pruning.subject import open_subject

pytestmark = pytest.mark.training

WIDTHS = (8, 8, 16, 24, 24, 16, 32, 32, 40)


def two_heads() -> tuple[Checkpoint, Checkpoint]:
    torch.manual_seed(5)
    whole = build("compact-tiny", WIDTHS, 15).state_dict()
    whole = {k: v * 3 if k.startswith("out") else v for k, v in whole.items()}
    made = []
    for place, labels in enumerate((LABELS, LABELS[:7])):
        uneven = np.arange(1, len(labels) + 1)[:: 1 - 2 * place]
        made.append(
            Checkpoint(
                name="two" if not place else "two-second",
                architecture="compact-tiny",
                widths=WIDTHS,
                labels=labels,
                weights=head_weights(whole, "compact-tiny", WIDTHS, (8, 7), place),
                prior=tuple((uneven / uneven.sum()).tolist()),
                data="votes" if not place else "labels",
                temperature=1.3 - place / 2,
            )
        )
    return made[0], made[1]


def pictures() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(0, 256, (9, 48, 48), np.uint8)


def test_a_mixture_says_what_the_formula_says_at_both_priors() -> None:
    heads = two_heads()
    weight = 0.3
    first, second = (judge_of(head) for head in heads)
    ours = first.card.probabilities(first.logits(pictures()), "balanced")
    theirs = second.card.probabilities(second.logits(pictures()), "balanced")
    alone = ours[:, 7:]
    due = np.hstack([(1 - weight) * ours[:, :7] + weight * (1 - alone) * theirs, alone])
    assert np.allclose(due.sum(axis=1), 1)
    both = judge_of(mixture(*heads, weight))
    said = both.logits(pictures())
    assert np.allclose(both.card.probabilities(said, "balanced"), due, atol=1e-5)
    natural = due * np.array(heads[0].prior)
    natural /= natural.sum(axis=1, keepdims=True)
    assert np.allclose(both.card.probabilities(said, "natural"), natural, atol=1e-5)
    assert np.abs(due - ours).max() > 0.02


def test_a_run_is_mixed_saved_opened_and_mixed_again(tmp_path: Path) -> None:
    heads = two_heads()
    heads[0].save(tmp_path / "best.ckpt")
    heads[1].save(tmp_path / "second.ckpt")
    path = mix_heads(tmp_path, 0.3)
    back = Checkpoint.load(path)
    assert back.labels == LABELS
    assert back.temperature == 1.0
    assert back.mixed == Mixing(LABELS[:7], heads[1].prior, (1.3, 0.8), 0.3)
    kept = Checkpoint.load(tmp_path / "first.ckpt")
    assert kept.mixed is None
    assert kept.weights_sha256() == heads[0].weights_sha256()
    assert Checkpoint.load(mix_heads(tmp_path, 0.6)).mixed == dataclasses.replace(
        back.mixed, weight=0.6
    )
    assert judge_of(back.halved()).logits(pictures()).shape == (9, 8)


def test_what_cannot_be_mixed_is_refused_in_one_sentence(tmp_path: Path) -> None:
    first, second = two_heads()
    with pytest.raises(ModelError, match="two cannot be mixed"):
        mixture(second, first, 0.5)
    with pytest.raises(ModelError, match=r"share is 1; give one in \(0, 1\)"):
        mixture(first, second, 1)
    strange = dataclasses.replace(second, weights=build("compact-tiny", WIDTHS, 7).state_dict())
    with pytest.raises(ModelError, match="not two heads of one training"):
        mixture(first, strange, 0.5)
    with pytest.raises(ModelError, match="a mixture already"):
        mixture(mixture(first, second, 0.5), second, 0.5)
    mixture(first, second, 0.5).save(tmp_path / "best.ckpt")
    with pytest.raises(ModelError, match=r"prune the first\.ckpt beside it"):
        open_subject(tmp_path / "best.ckpt", tmp_path)


def test_a_run_with_one_head_is_told_how_to_get_two(tmp_path: Path) -> None:
    two_heads()[0].save(tmp_path / "best.ckpt")
    with pytest.raises(ModelError, match=r"has one head, nothing to mix it with; train with"):
        mix_heads(tmp_path, 0.5)
    assert not (tmp_path / "first.ckpt").exists()
