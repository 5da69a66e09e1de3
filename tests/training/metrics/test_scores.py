"""Figures against another library's, against their definitions, and at their edges."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import nll_loss
from torchmetrics.classification import MulticlassCalibrationError, MulticlassF1Score

from fer_live.realtime.inference.priors import softmax
from fer_live.training.metrics import classification as metrics
from fer_live.training.metrics import confidence
from fer_live.training.metrics.classification import ClassFigures
from fer_live.training.metrics.scores import scores_of

pytestmark = pytest.mark.training

LABELS = ("angry", "happy", "sad", "neutral")
FEW = ClassFigures("contempt", 1.0, 2 / 13, 4 / 15, 13, 0.0)


def guesses(
    seed: int, n: int = 500
) -> tuple[metrics.Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Probabilities that are right more often than not, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(4, n, p=(0.5, 0.3, 0.15, 0.05))
    logits = rng.normal(0, 1, (n, 4))
    logits[np.arange(n), truth] += 1.5
    return softmax(logits), truth.astype(np.int64)


@pytest.mark.parametrize("seed", range(3))
def test_macro_f1_and_calibration_error_are_torchmetrics(seed: int) -> None:
    shares, truth = guesses(seed)
    found = scores_of(shares, truth, LABELS, "natural")
    tensors = torch.from_numpy(shares), torch.from_numpy(truth)
    f1 = MulticlassF1Score(4, average="macro")(*tensors)
    error = MulticlassCalibrationError(4, n_bins=15)(*tensors)
    assert found.macro_f1.value == pytest.approx(float(f1), abs=1e-6)
    assert found.calibration_error == pytest.approx(float(error), abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_cross_entropy_is_torchs_negative_log_likelihood(seed: int) -> None:
    shares, truth = guesses(seed)
    found = scores_of(shares, truth, LABELS, "natural")
    expected = nll_loss(torch.from_numpy(shares).log(), torch.from_numpy(truth))
    assert found.cross_entropy == pytest.approx(float(expected), abs=1e-9)


def test_a_label_ruled_out_costs_much_but_not_everything() -> None:
    shares = np.array([[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
    found = scores_of(shares, np.array([0, 1]), LABELS, "natural")
    assert found.cross_entropy == pytest.approx(-np.log(1e-12) / 2)


@pytest.mark.parametrize("seed", range(3))
def test_every_figure_lies_in_its_interval_and_n_adds_up(seed: int) -> None:
    shares, truth = guesses(seed)
    found = scores_of(shares, truth, LABELS, "natural", uncertain_below=0.5)
    for figure in (found.accuracy, found.balanced_accuracy, found.macro_f1):
        assert 0 <= figure.low < figure.value < figure.high <= 1
    assert found.n == sum(map(sum, found.confusion)) == sum(b.count for b in found.reliability)
    assert [one.support for one in found.per_class] == [sum(row) for row in found.confusion]
    assert found.balanced_accuracy.value == pytest.approx(
        np.mean([one.recall for one in found.per_class if one.recall is not None])
    )
    certain = shares.max(axis=1) >= 0.5
    assert found.shown.coverage == pytest.approx(certain.mean())
    assert found.shown.accuracy == pytest.approx((shares.argmax(1) == truth)[certain].mean())


def test_a_class_that_never_occurs_divides_by_nothing() -> None:
    shares = np.eye(4)[[0, 0, 1, 3]] * 0.97 + 0.0075
    found = scores_of(shares, np.array([0, 0, 1, 1]), LABELS, "natural")
    sad, neutral = found.per_class[2:]
    assert (sad.precision, sad.recall, sad.f1, sad.support) == (None, None, 0.0, 0)
    assert (neutral.precision, neutral.recall) == (0.0, None)
    assert found.macro_f1.value == pytest.approx((1 + 2 / 3) / 2)


def test_wilson_is_the_published_interval() -> None:
    low, high = metrics.wilson(81, 263)  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert metrics.wilson(0, 10)[0] == 0
    assert metrics.wilson(10, 10)[1] == 1


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 999), scale=st.floats(0.3, 3.0))
def test_the_temperature_undoes_a_scale(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (2000, 4))
    cumulative = softmax(logits).cumsum(axis=1)
    truth = (rng.random((2000, 1)) > cumulative[:, :3]).sum(axis=1).astype(np.int64)
    own = confidence.fitted_temperature(logits, truth)
    assert own == pytest.approx(1, abs=0.2)
    assert confidence.fitted_temperature(logits * scale, truth) == pytest.approx(
        own * scale, rel=1e-3
    )


def test_a_shared_temperature_lies_between_those_of_each_set() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 3000)
    sets = []
    for scale in (1.0, 3.0):
        logits = scale * (rng.normal(0, 1, (3000, 4)) + 1.5 * np.eye(4)[truth])
        sets.append(confidence.ScaledAnswers(logits, truth))
    low, high = (confidence.shared_temperature([one]) for one in sets)
    assert low * 1.2 < confidence.shared_temperature(sets) < high / 1.2
    assert confidence.shared_temperature([sets[0], sets[0]]) == pytest.approx(low, rel=1e-6)


def test_of_several_sets_each_picture_counts_alike() -> None:
    sure, torn = np.array([[0.9, 0.1]]), np.array([[0.6, 0.4]])
    truth = np.zeros(1, np.int64)
    sets = [(sure.repeat(9, axis=0), truth.repeat(9)), (torn, truth)]
    assert confidence.shown_of_all(sets, 0.7) == confidence.ThresholdPoint(0.7, 0.9, 1.0)
    assert confidence.shown_of_all([(torn, truth)], 0.7).accuracy is None


@given(seed=st.integers(0, 99), right=st.floats(0.5, 1), least=st.floats(0.2, 1))
@settings(max_examples=50, deadline=None)
def test_the_threshold_is_the_lowest_that_does_or_the_highest_allowed(
    seed: int, right: float, least: float
) -> None:
    shares, truth = guesses(seed, 200)
    found = confidence.fitted_threshold([(shares, truth)], right=right, least_coverage=least)
    shown = confidence.shown_above(shares, truth, found)
    assert shown.coverage >= least
    lower = confidence.shown_above(shares, truth, found - 0.01)
    higher = confidence.shown_above(shares, truth, found + 0.01)
    assert shown.accuracy is not None
    if shown.accuracy >= right:
        assert found == 0 or (lower.accuracy or 0) < right
    else:
        assert higher.coverage < least


def test_being_right_when_named_depends_on_how_frequent_a_class_is() -> None:
    one = ClassFigures("contempt", 0.9, 0.98, 0.94, 100, 0.02)
    assert metrics.right_when_named(one, 0.0007) == pytest.approx(0.0332, abs=1e-3)
    assert metrics.right_when_named(one, 0.0) == 0
    assert metrics.right_when_named(one, 1.0) == 1


def test_a_class_never_named_wrongly_in_few_pictures_is_not_sure() -> None:
    assert metrics.right_when_named(FEW, 0.0007) == 1
    span = metrics.range_when_named(FEW, 3199, 0.0007)
    assert span is not None
    assert span[0] < 0.05
    assert span[1] == 1


def test_at_the_measured_prevalence_it_is_the_precision() -> None:
    shares, truth = guesses(1)
    for one in scores_of(shares, truth, LABELS, "natural").per_class:
        found = metrics.right_when_named(one, one.support / len(truth))
        assert found is not None
        assert one.precision is not None
        assert math.isclose(found, one.precision)
