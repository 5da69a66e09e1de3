"""Parts share nothing, hold what they should, and come out the same each time."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_live.errors import DataError
from fer_live.training.config.experiment import SplitSettings
from fer_live.training.data.samples import PARTS, Samples, one_hot
from fer_live.training.data.splits import DataParts, divided

pytestmark = pytest.mark.training

LABELS = ("angry", "happy", "sad")


def made(
    labels: list[int], *, parts: list[str] | None = None, people: list[str] | None = None
) -> Samples:
    """Samples whose pictures matter to nobody."""
    majority = np.array(labels, np.int64)
    count = len(labels)
    return Samples(
        pixels=np.zeros((count, 2, 2), np.uint8),
        targets=one_hot(majority, len(LABELS)),
        majority=majority,
        parts=np.array(parts or ["train"] * count),
        names=np.array([f"picture {k}" for k in range(count)]),
        people=np.array(people or [""] * count),
        labels=LABELS,
        source="made",
    )


def names(parts: DataParts) -> list[set[str]]:
    """What lies in each part."""
    return [set(parts[part].names.tolist()) for part in PARTS]


@settings(max_examples=50, deadline=None)
@given(
    counts=st.tuples(*[st.integers(10, 60)] * 3),
    fractions=st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.25, 0.25), (0.6, 0.2, 0.2)]),
    seed=st.integers(0, 99),
)
def test_fractions_divide_class_by_class_without_loss(
    counts: tuple[int, ...], fractions: tuple[float, float, float], seed: int
) -> None:
    samples = made([k for k, count in enumerate(counts) for _ in range(count)])
    wanted = SplitSettings("fractions", fractions, seed=seed)
    parts = divided(samples, wanted)
    found = names(parts)
    assert all(not one & other for one, other in combinations(found, 2))
    assert set.union(*found) == set(samples.names.tolist())
    for part, fraction in zip(PARTS, fractions, strict=True):
        for label, count in enumerate(counts):
            share = (parts[part].majority == label).sum()
            assert abs(share - fraction * count) <= 1
    assert names(divided(samples, wanted)) == found


def test_another_seed_divides_otherwise() -> None:
    samples = made([0, 1, 2] * 40)
    one, other = (divided(samples, SplitSettings("fractions", seed=seed)) for seed in (1, 2))
    assert names(one) != names(other)


@pytest.mark.parametrize("fractions", [(0.8, 0.0, 0.2), (0.5, 0.0, 0.5)])
def test_without_a_validation_part_the_test_part_is_watched_and_the_report_says_so(
    fractions: tuple[float, float, float],
) -> None:
    parts = divided(made([0, 1] * 50), SplitSettings("fractions", fractions))
    assert names(parts)[1] == names(parts)[2]
    assert any("flatter" in note for note in parts.notes)
    assert f"{100 * fractions[0]:g}/{100 * fractions[2]:g}" in parts.split


@settings(max_examples=30, deadline=None)
@given(folds=st.integers(3, 8), seed=st.integers(0, 99))
def test_every_picture_is_tested_in_exactly_one_fold(folds: int, seed: int) -> None:
    samples = made([0, 1, 2, 2] * 20)
    parts = [
        divided(samples, SplitSettings("k-fold", folds=folds, fold=k, seed=seed))
        for k in range(folds)
    ]
    tested = [name for one in parts for name in one.test.names.tolist()]
    assert sorted(tested) == sorted(samples.names.tolist())
    for one in parts:
        assert not any(a & b for a, b in combinations(names(one), 2))


@pytest.mark.parametrize("how", ["by-person", "k-fold"])
def test_nobody_is_in_two_parts(how: str) -> None:
    people = [f"S{k % 17:03}" for k in range(200)]
    samples = made([k % 3 for k in range(200)], people=people)
    wanted = SplitSettings("by-person" if how == "by-person" else "k-fold", seed=3)
    parts = divided(samples, wanted)
    found = [set(parts[part].people.tolist()) for part in PARTS]
    assert all(one for one in found)
    assert all(not one & other for one, other in combinations(found, 2))
    assert "by person" in parts.split


def test_people_that_are_not_told_cannot_be_kept_whole() -> None:
    with pytest.raises(DataError, match=r"does not tell who is shown \(30 of 30"):
        divided(made([0] * 30), SplitSettings("by-person"))


def test_official_parts_stay_and_a_missing_one_to_watch_is_taken_from_training() -> None:
    own = ["train"] * 60 + ["validation"] * 20 + ["test"] * 20
    parts = divided(made([0, 1] * 50, parts=own), SplitSettings())
    assert [len(parts[part]) for part in PARTS] == [60, 20, 20]
    assert parts.split == "official parts"
    without = ["train"] * 80 + ["test"] * 20
    parts = divided(made([0, 1] * 50, parts=without), SplitSettings())
    assert [len(parts[part]) for part in PARTS] == [72, 8, 20]
    assert "10% of training kept to watch" in parts.split


def test_a_set_without_parts_has_no_official_ones() -> None:
    with pytest.raises(DataError, match=r'no parts of its own; set split\.how to "fractions"'):
        divided(made([0] * 30), SplitSettings())


def test_a_part_left_empty_is_refused() -> None:
    with pytest.raises(DataError, match=r"leaves the validation part empty"):
        divided(made([0, 0, 0]), SplitSettings("fractions", (0.98, 0.01, 0.01)))
