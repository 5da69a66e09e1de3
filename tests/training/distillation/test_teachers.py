"""A student learns what its teachers say, whether they are asked or were written down."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as nnf

from fer_live.errors import DataError, ModelError
from fer_live.labels import LABELS
from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.data.heads import head_weights
from fer_live.training.data.samples import Samples, one_hot
from fer_live.training.distillation.teachers import SoftLabels, Teachers, blended, soften
from fer_live.training.metrics.classification import softmax
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.models.joined_heads import joined, with_one_trunk
from fer_live.training.models.predictors import judge_of
from fer_live.training.networks import build

pytestmark = pytest.mark.training
SEVEN = LABELS[:7]


def teacher(seed: int, labels: tuple[str, ...] = SEVEN) -> Checkpoint:
    torch.manual_seed(seed)
    widths = (4, 4, 4, 4, 4)
    weights = build("cnn6", widths, len(labels)).state_dict()
    prior = (1 / len(labels),) * len(labels)
    return Checkpoint(f"teacher{seed}", "cnn6", widths, labels, weights, prior, "noise")


def pictures(count: int = 5) -> Samples:
    generator = np.random.default_rng(0)
    majority = np.arange(count) % 7
    return Samples(
        pixels=generator.integers(0, 256, (count, 48, 48), np.uint8),
        targets=one_hot(majority, 7),
        majority=majority,
        parts=np.full(count, "train"),
        names=np.array([f"row {k}" for k in range(count)]),
        people=np.full(count, ""),
        labels=SEVEN,
        source="noise",
    )


def test_soft_labels_are_the_mean_of_the_teachers_and_come_back_from_disk(tmp_path: Path) -> None:
    judges = [judge_of(teacher(seed)) for seed in (1, 2)]
    soft = soften(judges, pictures())
    shares = [softmax(judge.logits(pictures().pixels)) for judge in judges]
    np.testing.assert_allclose(soft.shares, (shares[0] + shares[1]) / 2, atol=1e-6)
    soft.save(tmp_path / "soft.npz")
    again = SoftLabels.load(tmp_path / "soft.npz")
    assert again.labels == SEVEN
    np.testing.assert_allclose(again.shares, soft.shares, atol=1e-3)


def test_views_are_moved_pictures_and_the_plain_one_counts_among_them() -> None:
    judge, moved = judge_of(teacher(1)), AugmentSettings(flip=1.0)
    mirrored = softmax(judge.logits(np.ascontiguousarray(pictures().pixels[:, :, ::-1])))
    plain = softmax(judge.logits(pictures().pixels))
    soft = soften([judge], pictures(), views=2, moved=moved)
    np.testing.assert_allclose(soft.shares, (plain + 2 * mirrored) / 3, atol=1e-5)
    shifted = AugmentSettings(shift=0.2)
    first, again, other = (
        soften([judge], pictures(), views=3, moved=shifted, seed=seed) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.shares, again.shares)
    assert not np.allclose(first.shares, other.shares)


def test_a_table_of_features_has_no_views() -> None:
    features = dataclasses.replace(pictures(), pixels=np.zeros((5, 10), np.uint8))
    with pytest.raises(DataError, match="features"):
        soften([judge_of(teacher(1))], features, views=1)


def test_share_0_changes_nothing_and_share_1_at_temperature_1_is_the_teacher() -> None:
    soft = soften([judge_of(teacher(1))], pictures())
    untouched = blended(pictures(), soft, share=0, temperature=3)
    np.testing.assert_allclose(untouched.targets, pictures().targets)
    all_soft = blended(pictures(), soft, share=1, temperature=1)
    np.testing.assert_allclose(all_soft.targets, soft.shares, atol=1e-6)
    mixed = blended(pictures(), soft, share=0.4, temperature=3)
    np.testing.assert_allclose(mixed.targets.sum(axis=1), 1, atol=1e-6)


def test_a_picture_without_a_soft_label_is_named() -> None:
    soft = soften([judge_of(teacher(1))], pictures(3))
    with pytest.raises(DataError, match=r"2 pictures of noise have no soft label, such as row 3"):
        blended(pictures(5), soft, share=0.5, temperature=1)


def test_something_else_is_no_file_of_soft_labels(tmp_path: Path) -> None:
    (tmp_path / "x.npz").write_bytes(b"no")
    for name in ("x.npz", "gone.npz"):
        with pytest.raises(DataError, match="holds no soft labels"):
            SoftLabels.load(tmp_path / name)


def test_each_teacher_teaches_the_head_with_its_labels() -> None:
    batch = torch.rand(4, 1, 48, 48)
    one = teacher(1)
    teachers = Teachers([one], [LABELS, SEVEN], temperature=2)
    right = one.network()(batch).detach()
    votes = torch.randn(4, 8)
    assert float(teachers.loss(batch, (votes, right))) == pytest.approx(0, abs=1e-5)
    other = torch.randn(4, 7)
    wanted = nnf.kl_div((other / 2).log_softmax(1), (right / 2).softmax(1), reduction="batchmean")
    assert float(teachers.loss(batch, (votes, other))) == pytest.approx(4 * float(wanted), rel=1e-4)


def test_heads_that_were_trained_together_answer_in_one_pass() -> None:
    torch.manual_seed(0)
    widths = (4, 4, 4, 4, 4)
    both = build("cnn6", widths, 15).state_dict()
    heads = [
        Checkpoint(
            f"head{place}",
            "cnn6",
            widths,
            labels,
            head_weights(both, "cnn6", widths, (8, 7), place),
            (1 / len(labels),) * len(labels),
            "noise",
        )
        for place, labels in enumerate((LABELS, SEVEN))
    ]
    assert [len(group) for group in with_one_trunk([*heads, teacher(1)])] == [2, 1]
    assert [len(group) for group in with_one_trunk([*heads, *heads])] == [2, 2], "asked twice"
    again = joined(heads)
    assert again.weights.keys() == both.keys()
    assert all(torch.equal(again.weights[key], both[key]) for key in both)
    batch = torch.rand(4, 1, 48, 48)
    student = torch.randn(4, 8), torch.randn(4, 7)
    together = Teachers(heads, [LABELS, SEVEN], 2).loss(batch, student)
    apart = sum(Teachers([head], [LABELS, SEVEN], 2).loss(batch, student) for head in heads)
    torch.testing.assert_close(together, apart)


def test_a_teacher_of_other_labels_is_refused() -> None:
    with pytest.raises(ModelError, match="teaches angry, disgust: no head learns these"):
        Teachers([teacher(1, ("angry", "disgust"))], [SEVEN], temperature=1)
