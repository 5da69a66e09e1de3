"""The risk-coverage curve: laws that any curve keeps, and a small one done by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.training.metrics.risk import selective

ANSWERS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def test_a_curve_done_by_hand() -> None:
    found = selective(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, True]))
    assert found.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert found.best_aurc == pytest.approx(1 / 16)
    assert [point.error for point in found.points] == pytest.approx([1 / 4, 1 / 4, 1 / 3, 1 / 3])
    assert [point.threshold for point in found.points] == [0.6, 0.6, 0.7, 0.7]


@given(ANSWERS)
def test_showing_all_is_the_plain_error_and_the_area_has_bounds(
    answers: list[tuple[float, bool]],
) -> None:
    confidence, right = (np.array(column) for column in zip(*answers, strict=True))
    found = selective(confidence, right)
    assert found.points[0].coverage == 1
    assert found.points[0].error == pytest.approx(1 - right.mean())
    assert found.points[0].threshold == pytest.approx(confidence.min())
    assert found.curve[-1] == found.points[0].error
    assert found.best_aurc <= found.aurc + 1e-12
    assert 0 <= found.aurc <= 1


@given(ANSWERS, st.randoms())
def test_the_order_of_the_pictures_is_nothing(
    answers: list[tuple[float, bool]], random: object
) -> None:
    shuffled = list(answers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    first, second = (
        selective(*(np.array(column) for column in zip(*some, strict=True)))
        for some in (answers, shuffled)
    )
    assert first.aurc == pytest.approx(second.aurc)
    assert first.curve == pytest.approx(second.curve)


def test_confidence_that_says_nothing_gives_the_plain_error_everywhere() -> None:
    found = selective(np.full(50, 0.5), np.arange(50) % 5 > 0)
    assert found.curve == pytest.approx([0.2] * 100)
    assert found.aurc == pytest.approx(0.2)


def test_a_perfect_model_has_no_risk() -> None:
    found = selective(np.linspace(0.3, 1, 40), np.ones(40, bool))
    assert (found.aurc, found.best_aurc, max(found.curve)) == (0, 0, 0)


def test_a_smaller_coverage_never_has_a_lower_threshold() -> None:
    rng = np.random.default_rng(0)
    found = selective(rng.uniform(0, 1, 500), rng.uniform(0, 1, 500) > 0.3)
    thresholds = [point.threshold for point in found.points]
    assert thresholds == sorted(thresholds)
