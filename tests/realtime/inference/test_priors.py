"""How frequent labels are taken to be."""

import numpy as np
import pytest

from fer_live.labels import LABELS
from fer_live.realtime.inference.priors import (
    ONLY_IF_CLEAR,
    RAREST,
    balanced_logits,
    balancing_divisor,
    softmax,
)

FOUR = ("angry", "happy", "sad", "neutral")


def test_the_balanced_prior_forgets_how_frequent_labels_were() -> None:
    prior = (0.7, 0.1, 0.15, 0.05)
    evidence = np.random.default_rng(0).normal(0, 1, (50, 4))
    trained = evidence + np.log(prior)
    np.testing.assert_allclose(balanced_logits(trained, prior, FOUR), evidence, atol=1e-12)
    assert np.isfinite(balanced_logits(trained, (0.5, 0.5, 0.0, 0.0), FOUR)).all()


def test_contempt_has_to_be_four_times_as_likely_as_another_label_to_be_named() -> None:
    even = (1 / len(LABELS),) * len(LABELS)
    shares = softmax(balanced_logits(np.zeros((1, len(LABELS))), even, LABELS))[0]
    others = np.delete(shares, LABELS.index("contempt"))
    assert shares[LABELS.index("contempt")] == pytest.approx(others[0] / 4)
    np.testing.assert_allclose(others, others[0])
    assert ONLY_IF_CLEAR == {"contempt": 0.25}


def test_what_probabilities_are_divided_by_is_what_logits_are_adjusted_by() -> None:
    prior = (0.5, 0.3, 0.2, 0.0)
    labels = ("angry", "happy", "sad", "contempt")
    logits = np.random.default_rng(1).normal(0, 1, (20, 4))
    divided = softmax(logits) / balancing_divisor(prior, labels)
    adjusted = softmax(balanced_logits(logits, prior, labels))
    np.testing.assert_allclose(divided / divided.sum(axis=1, keepdims=True), adjusted)
    assert balancing_divisor(prior, labels)[3] == 4 * RAREST
