"""Rare labels come to count, and only in the training part; heads learn only what they know."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as nnf

from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.data.balance import (
    class_weights,
    drawing_weights,
    heads_of,
    with_rare_copies,
)
from fer_live.training.data.batches import Batches
from fer_live.training.data.heads import Lessons, lessons_of
from fer_live.training.data.samples import Samples, one_hot
from fer_live.training.fitting.learner import cross_entropy

pytestmark = pytest.mark.training
LABELS = ("angry", "happy", "contempt")


def samples(counts: tuple[int, ...], *, begin: int = 0, labels: tuple[str, ...] = ()) -> Samples:
    majority = np.repeat(np.arange(len(counts)), counts)
    count = len(majority)
    generator = np.random.default_rng(begin)
    return Samples(
        pixels=generator.integers(0, 256, (count, 8, 8), np.uint8),
        targets=one_hot(majority, len(counts)),
        majority=majority,
        parts=np.full(count, "train"),
        names=np.array([f"row {begin + k}" for k in range(count)]),
        people=np.full(count, ""),
        labels=labels or tuple(f"label {k}" for k in range(len(counts))),
        source="noise",
    )


def test_copies_even_labels_out_up_to_the_factor_and_are_called_copies() -> None:
    even = with_rare_copies(
        samples((10, 30, 2), labels=LABELS), 5, AugmentSettings(noise=0.1), seed=0
    )
    assert even.counts() == {"angry": 30, "happy": 30, "contempt": 10}
    assert len(set(even.names.tolist())) == len(even)
    copies = even.take([k for k, name in enumerate(even.names) if name.startswith("copy of ")])
    assert len(copies) == 28
    assert not any(
        (copies.pixels == one).all(axis=(1, 2)).any()
        for one in samples((10, 30, 2), labels=LABELS).pixels
    )


def test_copying_is_repeatable_and_leaves_other_randomness_alone() -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    one, other = (
        with_rare_copies(samples((3, 9, 1)), 20, AugmentSettings(flip=0.5), seed=4)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert torch.equal(torch.get_rng_state(), before)


@given(st.lists(st.integers(1, 60), min_size=2, max_size=8))
def test_weighted_labels_count_alike(counts: list[int]) -> None:
    weights = class_weights(lessons_of([samples(tuple(counts))]), most=1e9)
    np.testing.assert_allclose(np.mean(weights), 1)
    parts = np.array(weights) * counts
    np.testing.assert_allclose(parts, parts[0])


def test_no_label_weighs_more_than_allowed() -> None:
    weights = class_weights(lessons_of([samples((1000, 1))]), most=20)
    assert max(weights) / min(weights) == pytest.approx(20)


def test_drawing_gives_every_label_alike() -> None:
    lessons = lessons_of([samples((300, 30, 3))])
    weighted = dataclasses.replace(lessons, weights=drawing_weights(lessons))
    batches = Batches(weighted, 111, seed=0)
    drawn = np.zeros(3)
    for epoch in range(30):
        batches.epoch = epoch
        drawn += sum(targets.sum(dim=0).numpy() for _, targets, _ in batches)
    np.testing.assert_allclose(drawn / drawn.sum(), 1 / 3, atol=0.02)


def test_the_prior_that_is_learned_follows_what_was_done() -> None:
    lessons = lessons_of([samples((60, 30, 10))])
    assert heads_of(lessons, (LABELS,), "none", 20).learned == pytest.approx((0.6, 0.3, 0.1))
    assert heads_of(lessons, (LABELS,), "class-weights", 20).learned == pytest.approx((1 / 3,) * 3)
    assert heads_of(lessons, (LABELS,), "balanced-softmax", 20).learned == pytest.approx(
        (1 / 3,) * 3
    )
    weighted = dataclasses.replace(lessons, weights=drawing_weights(lessons))
    assert heads_of(weighted, (LABELS,), "sampling", 20).learned == pytest.approx((1 / 3,) * 3)


def test_processes_share_an_epoch_without_overlap() -> None:
    lessons = lessons_of([samples((20, 20, 20))])
    rows = [
        {int(row) for _, _, own in Batches(lessons, 10, seed=3, rank=rank, world=2) for row in own}
        for rank in range(2)
    ]
    assert len(rows[0]) == len(rows[1]) == 30
    assert not rows[0] & rows[1]


def test_heads_share_pictures_by_name_and_know_only_their_own() -> None:
    votes, seven = samples((4, 4, 2)), samples((3, 5), begin=6, labels=("sad", "fear"))
    both = lessons_of([votes, seven])
    assert both.sizes == (3, 2)
    assert len(both) == 14  # rows 0 to 9 and 6 to 13
    known = both.targets[:, :3].sum(axis=1), both.targets[:, 3:].sum(axis=1)
    np.testing.assert_array_equal(known[0], [1] * 10 + [0] * 4)
    np.testing.assert_array_equal(known[1], [0] * 6 + [1] * 8)


def test_a_row_of_zeros_counts_for_nothing() -> None:
    logits, targets = torch.randn(6, 4), torch.eye(4)[[0, 1, 2, 3, 0, 1]]
    targets[4:] = 0
    ones = torch.ones(4)
    for smooth in (0.0, 0.1):
        wanted = nnf.cross_entropy(logits[:4], targets[:4], label_smoothing=smooth)
        got = cross_entropy(logits, targets, ones, label_smoothing=smooth)
        torch.testing.assert_close(got, wanted)


def test_lessons_know_their_prior_head_by_head() -> None:
    lessons = Lessons(
        np.zeros((2, 4, 4), np.uint8),
        np.array([[1, 0, 0.25, 0.75], [1, 0, 0, 0]], np.float32),
        (2, 2),
        np.array(["a", "b"]),
    )
    assert lessons.prior() == pytest.approx((1, 0, 0.25, 0.75))
